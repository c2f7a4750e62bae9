"""Wire: how one protocol writes questions and answers. What happens between is the same in all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from rueda.artifacts.strict_json import Fault, Refused, brief, pointer
from rueda.kernel.digest import Json
from rueda.serving.answer import Answered
from rueda.serving.http import Headers, Request
from rueda.serving.loaded import Live

Written = tuple[bytes, Headers]
"""A body, and the headers that say what it is."""

Rows = tuple[Sequence[Mapping[str, Json]], pa.RecordBatch]
"""Rows as they are logged, and the same rows as the stable release reads them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request asks about, and how its answer is to be written."""

    rows: Sequence[Mapping[str, Json]]
    batch: pa.RecordBatch
    write: Callable[[Answered], Written]


@dataclass(frozen=True, slots=True)
class Wire:
    """A protocol.

    Attributes
    ----------
    name
        Its name in the metrics.
    kinds
        The content types that it reads; the empty one is a request that names none.
    read
        A live model, a request and its body to what is asked; raises ``Refused``.
    """

    name: str
    kinds: frozenset[bytes]
    read: Callable[[Live, Request, bytes], Asked]


def members(tree: Json, needed: Sequence[str], others: Sequence[str], where: str = "") -> None:
    """Refuse ``tree`` unless it is an object with all ``needed`` members and none but ``others``
    beside them.
    """
    if not isinstance(tree, dict):
        expected = f"an object with {', '.join(needed)}"
        raise Refused([Fault("wrong-type", where, expected, brief(tree))])
    for name in needed:
        if name not in tree:
            place, expected = where + pointer(name), f"an object with {name!r}"
            raise Refused([Fault("missing-member", place, expected, "none")])
    for name in tree:
        if name not in needed and name not in others:
            expected = ", ".join([*needed, *others])
            raise Refused([Fault("extra-member", where + pointer(name), expected, brief(name))])


def no_parameters(tree: Mapping[str, Json], name: str) -> None:
    """Refuse parameters: an answer depends on nothing but its rows, and what is ignored in silence
    would seem to work.
    """
    given = tree.get(name)
    if given is not None and not isinstance(given, dict):
        raise Refused([Fault("wrong-type", pointer(name), "an object", brief(given))])
    for key in given or ():
        place = pointer(name, key)
        raise Refused([Fault("unknown-parameter", place, "no parameters", brief(key))])
