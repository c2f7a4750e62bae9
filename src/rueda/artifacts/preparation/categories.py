"""Categories: names of values, and what one-hot and ordinal share."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

Value = str | float | None
"""A category: a string, a number, or null."""


def value_name(value: Hashable) -> str:
    """``value`` as part of a column's name: whole numbers without a fraction."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def by_frequency(counts: Mapping[Value, int]) -> list[Value]:
    """The values, the most frequent first; equals keep their order."""
    return sorted(counts, key=lambda value: -counts[value])
