"""Lightness: keep what a server does not need out of its memory and its first answer."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder

import pyarrow as pa


class _Absent(MetaPathFinder):
    def find_spec(self, fullname: str, *_: object, **__: object) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is not needed here", name=fullname)


def without_pandas() -> None:
    """Let pyarrow conclude, once and for all, that pandas is not installed.

    The first Python list that becomes an Arrow array makes pyarrow look for pandas, which costs a
    second and 40 MB where it happens to be installed. Others may import it later.
    """
    if "pandas" in sys.modules:
        return
    finder = _Absent()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([None])
    finally:
        sys.meta_path.remove(finder)
