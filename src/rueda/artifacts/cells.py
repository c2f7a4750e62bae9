"""Cells: text of a CSV file to the JSON that a client would send; one reading in files
and online."""

from __future__ import annotations

import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.types as kinds

from rueda.kernel.digest import Json

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"-?\d+", re.ASCII)


def from_text(kind: pa.DataType) -> Callable[[str], Json]:
    """How a cell of a text file becomes JSON; what does not fit stays text, for the check to name.
    An empty cell is null.
    """
    if kinds.is_integer(kind):
        return lambda text: int(text) if _WHOLE.fullmatch(text) and len(text) < 40 else text or None
    if kinds.is_floating(kind):
        return lambda text: float(text) if _NUMBER.fullmatch(text) else text or None
    if kinds.is_boolean(kind):
        return lambda text: {"true": True, "false": False}.get(text.lower(), text or None)
    return lambda text: text or None
