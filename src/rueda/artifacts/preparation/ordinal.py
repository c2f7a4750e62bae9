"""Ordinal: a number for each category."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rueda.artifacts.preparation.categories import Value, by_frequency
from rueda.artifacts.preparation.layout import FLAG, NUMBER, TEXT
from rueda.artifacts.preparation.step import Gather, check_choice, declare, shorten

if TYPE_CHECKING:
    from rueda.artifacts.preparation.layout import Layout
    from rueda.artifacts.preparation.planes import Operation, Planes


@dataclass(frozen=True, init=False)
class Ordinal:
    """Replace each category by its number: 0, 1, 2 …

    Parameters
    ----------
    columns
        What to turn; all texts when none is named. Numbers and flags may be named.
    order
        ``"value"``: in the order of the values; ``"frequency"``: the most frequent first.
    unseen
        The number of a category that training did not have; None for null.

    Notes
    -----
    Null stays null.
    """

    columns: tuple[str, ...]
    order: str
    unseen: float | None

    def __init__(self, *columns: str, order: str = "value", unseen: float | None = -1.0) -> None:
        check_choice(self, "order", order, ("value", "frequency"))
        declare(self, columns, order=order, unseen=None if unseen is None else float(unseen))

    def fit(self, layout: Layout, gather: Gather) -> FittedOrdinal:
        from rueda.artifacts.preparation.seen import Seen

        names = layout.choose("Ordinal", self.columns, (TEXT, NUMBER, FLAG), (TEXT,))
        if not names:
            return FittedOrdinal({}, self.unseen)
        categories = {}
        for name, counts in gather(Seen(names)).items():
            counts.pop(None, None)
            categories[name] = by_frequency(counts) if self.order == "frequency" else list(counts)
        return FittedOrdinal(categories, self.unseen)


@dataclass(frozen=True)
class FittedOrdinal:
    """The categories of each column in the order of their numbers."""

    categories: dict[str, list[Value]]
    unseen: float | None

    def bind(self, layout: Layout) -> Operation:
        import numpy as np

        tables: list[tuple[str, int | None, int, dict[Value, int], np.ndarray]] = []
        for name in [n for n in self.categories if n in layout]:
            source = None if layout.kind(name) == TEXT else layout.plane(name)
            if source is None:
                layout.remove(name)
                plane = layout.add(name, NUMBER, source=name)
            else:
                plane = source
            values = self.categories[name]
            unseen = np.nan if self.unseen is None else self.unseen
            numbers = np.array([*range(len(values)), unseen, np.nan])
            table: dict[Value, int] = {v: i for i, v in enumerate(values)}
            table[None] = len(values) + 1
            tables.append((name, source, plane, table, numbers))

        def apply(planes: Planes) -> None:
            for name, source, plane, table, numbers in tables:
                places = planes.levels(name, source).look_up(table, len(table) - 1)
                planes.numbers[plane] = numbers[places]

        return apply

    def describe(self) -> str:
        parts = [f"{n} ({len(values)} categories)" for n, values in self.categories.items()]
        return f"number the categories of {shorten(parts)}"
