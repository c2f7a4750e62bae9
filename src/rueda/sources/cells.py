"""What the text cells of a column are: whole numbers, numbers, dates … or text.

A column gets the most exact type that all of its cells fit. A few cells that do not fit (at most
``RARE`` of them) are faults of their rows; more of them make the column text. Nothing becomes null
because it did not parse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

RARE = 0.02
SETTLED = 1000
"""After so many cells, a column of which most fit no type stays text, whatever comes."""

_PROBE = 64

_NULLS = (
    ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NAN", "-nan", "-NaN"),
    ("null", "NULL", "Null", "None", "none", "\\N", "?", "-"),
)
NULL_TEXTS = pa.array([text for group in _NULLS for text in group])
"""What stands for a missing value in a column of numbers, truths or dates. In a column of text only
the empty cell does: ``NA`` may be Namibia."""

_GRAMMARS = {
    "bool": r"(?i)^(true|false)$",
    "int64": r"^-?[0-9]{1,19}$",
    "double": r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$|^[+-]?(?i:inf|infinity)$",
    "date32[day]": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "timestamp[us]": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9:.]+)?$",
    "timestamp[us, tz=UTC]": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:.]+(Z|[+-][0-9:]+)$",
}
ARROW = {
    "bool": pa.bool_(),
    "int64": pa.int64(),
    "double": pa.float64(),
    "date32[day]": pa.date32(),
    "timestamp[us]": pa.timestamp("us"),
    "timestamp[us, tz=UTC]": pa.timestamp("us", "UTC"),
    "string": pa.string(),
}
KINDS = tuple(_GRAMMARS)
"""The types of cells by the text that Arrow prints for them, the more exact before the less."""

_IMPLIED = {"int64": "double", "date32[day]": "timestamp[us]"}
"""Whoever fits the first fits the second."""


@dataclass
class ColumnEvidence:
    """How many cells of one column fit each type, over the blocks seen so far."""

    cells: int = 0
    zero_led: int = 0
    fits: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))

    @property
    def is_text(self) -> bool:
        """Whether no later block can change that this is text."""
        best = max(self.fits.values())
        return self.cells > SETTLED and best < self.cells / 2

    def see(self, found: Mapping[str, int]) -> None:
        """Add what ``look`` found in one block."""
        self.cells += found["cells"]
        self.zero_led += found["zero_led"]
        for kind in KINDS:
            self.fits[kind] += found[kind]

    def kind(self) -> str:
        """The type of the column."""
        best = max(KINDS, key=lambda kind: self.fits[kind])  # the first of equals
        if not self.cells or self.cells - self.fits[best] > tolerated(self.cells):
            return "string"
        # 00501 is a code, whatever it looks like.
        if best in ("int64", "double") and self.zero_led > tolerated(self.cells):
            return "string"
        return best


def tolerated(cells: int) -> int:
    """How many of ``cells`` may fail to fit before it is the type that is wrong."""
    return max(int(cells * RARE), 1 if cells >= 20 else 0)


def look(column: pa.Array) -> dict[str, int]:
    """How many cells of a text ``column`` fit each type: 0 for the types that are out of question
    because a less exact one is needed anyway.
    """
    found = dict.fromkeys((*KINDS, "cells", "zero_led"), 0)
    found["cells"] = len(column) - column.null_count
    if not found["cells"]:
        return found
    for texts in (column, plain(column)):
        for kind in KINDS:
            if _converted(texts, kind) is not None:
                found["cells"] = len(texts) - texts.null_count
                for fitting in (kind, _IMPLIED.get(kind, kind)):
                    found[fitting] = found["cells"]
                found["zero_led"] = _zero_led(texts) if kind in ("int64", "double") else 0
                return found
    found["cells"] = len(texts) - texts.null_count
    for kind in KINDS:
        found[kind] = pc.sum(fitting_cells(texts, kind)).as_py() or 0
    found["zero_led"] = _zero_led(texts)
    return found


def plain(column: pa.Array) -> pa.Array:
    """The cells without the white space around them, and nulls for what stands for one."""
    trimmed = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.is_in(trimmed, NULL_TEXTS), pa.scalar(None, pa.string()), trimmed)


def convert(column: pa.Array, kind: str) -> tuple[pa.Array, pa.Array | None]:
    """``column`` as ``kind``, and which cells did not fit (None: all did); those are null in it."""
    if kind == "string":
        return column, None
    for texts in (column, plain(column)):
        values = _converted(texts, kind)
        if values is not None:
            return values, None
    fits = pc.fill_null(fitting_cells(texts, kind), True)
    kept = pc.if_else(fits, texts, pa.scalar(None, pa.string()))
    return _converted(kept, kind), pc.invert(fits)


def fitting_cells(column: pa.Array, kind: str) -> pa.Array:
    """Which cells of ``column`` fit ``kind``; null where the cell is."""
    matches = pc.match_substring_regex(column, _GRAMMARS[kind])
    chosen = pc.fill_null(matches, False)
    right = _bisect(column.filter(chosen), kind)
    return pc.if_else(chosen, _spread(right, chosen), matches)


def _bisect(texts: pa.Array, kind: str) -> list[bool]:
    """Which of ``texts`` convert, by halves: few do not, the grammar having matched."""
    if not len(texts):
        return []
    if _converted(texts, kind) is not None:
        return [True] * len(texts)
    if len(texts) == 1:
        return [False]
    half = len(texts) // 2
    return _bisect(texts[:half], kind) + _bisect(texts[half:], kind)


def _spread(right: list[bool], chosen: pa.Array) -> pa.Array:
    """``right`` at the places where ``chosen``, False elsewhere."""
    return pc.replace_with_mask(
        pa.array([False] * len(chosen), pa.bool_()), chosen, pa.array(right, pa.bool_())
    )


def _converted(texts: pa.Array, kind: str) -> pa.Array | None:
    """All of ``texts`` as ``kind``; None when one does not fit."""
    change = _CONVERSIONS.get(kind, _by_cast)
    try:
        change(texts[:_PROBE], kind)  # most columns of another kind are found out by few cells
        return change(texts, kind)
    except pa.ArrowInvalid:
        return None


def _by_cast(texts: pa.Array, kind: str) -> pa.Array:
    return texts.cast(ARROW[kind])


def _to_bool(texts: pa.Array, kind: str) -> pa.Array:
    lower = pc.utf8_lower(texts)
    if not pc.all(pc.is_in(lower, pa.array(["true", "false", None])), min_count=0).as_py():
        raise pa.ArrowInvalid("neither true nor false")
    return texts.cast(ARROW[kind])


def _to_int(texts: pa.Array, kind: str) -> pa.Array:
    values = texts.cast(ARROW[kind])
    # Arrow reads 0x1F as 31.
    if pc.any(pc.starts_with(texts, "0x", ignore_case=True)).as_py():
        raise pa.ArrowInvalid("hexadecimal")
    return values


def _to_double(texts: pa.Array, kind: str) -> pa.Array:
    values = texts.cast(ARROW[kind])
    if pc.any(pc.is_nan(values)).as_py() or pc.any(pc.is_inf(values)).as_py():
        # NaN stands for a missing value; 1e999 is no infinity, but a number that is lost.
        if not pc.all(pc.match_substring_regex(texts, _GRAMMARS[kind])).as_py():
            raise pa.ArrowInvalid("nan")
        lost = pc.and_(pc.is_inf(values), pc.match_substring_regex(texts, "[0-9]"))
        if pc.any(lost).as_py():
            raise pa.ArrowInvalid("beyond the largest number")
    longest = pc.max(pc.binary_length(texts)).as_py() or 0
    # A whole number with more digits than a double keeps is an identifier.
    if longest > 17 and pc.any(pc.match_substring_regex(texts, r"^[+-]?[0-9]{18,}$")).as_py():
        raise pa.ArrowInvalid("more digits than a number keeps")
    return values


_CONVERSIONS: dict[str, Callable[[pa.Array, str], pa.Array]] = {
    "bool": _to_bool,
    "int64": _to_int,
    "double": _to_double,
}


def _zero_led(texts: pa.Array) -> int:
    led = pc.starts_with(texts, "0")
    if not pc.any(led).as_py():
        return 0
    return pc.sum(pc.match_substring_regex(texts, "^0[0-9]")).as_py() or 0
