"""OneHot: a flag for each category."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rueda.artifacts.preparation.categories import Value, by_frequency, value_name
from rueda.artifacts.preparation.layout import FLAG, NOWHERE, NUMBER, TEXT
from rueda.artifacts.preparation.step import Gather, check_choice, declare, shorten
from rueda.kernel.errors import SpecError

if TYPE_CHECKING:
    from rueda.artifacts.preparation.layout import Layout
    from rueda.artifacts.preparation.planes import Operation, Planes


@dataclass(frozen=True, init=False)
class OneHot:
    """Turn each column into flags, one for each category seen in training.

    Parameters
    ----------
    columns
        What to turn; all texts when none is named. Numbers and flags may be named.
    max_categories
        At most so many flags a column, the one for the rest among them; None for no limit. The most
        frequent categories are kept, the smaller value of equals.
    min_fraction
        A category rarer than this fraction of the training rows joins the rest.
    unseen
        What a category does that training did not have: ``"zero"`` sets no flag, ``"other"`` sets
        that of the rest.

    Notes
    -----
    The flags are called ``"<column>=<category>"``; the one for the rest ``"<column> is other"``,
    made where categories were joined or ``unseen`` is ``"other"``. Null is a category
    (``"<column> is null"``) where training has nulls, else it counts as unseen.
    """

    columns: tuple[str, ...]
    max_categories: int | None
    min_fraction: float | None
    unseen: str

    def __init__(
        self,
        *columns: str,
        max_categories: int | None = 100,
        min_fraction: float | None = None,
        unseen: str = "zero",
    ) -> None:
        check_choice(self, "unseen", unseen, ("zero", "other"))
        if max_categories is not None and max_categories < 1:
            raise SpecError("max_categories of OneHot must be 1 or more", got=str(max_categories))
        if min_fraction is not None and not 0 <= min_fraction < 1:
            raise SpecError("min_fraction of OneHot must be within [0, 1)", got=str(min_fraction))
        declare(
            self,
            columns,
            max_categories=max_categories,
            min_fraction=min_fraction,
            unseen=unseen,
        )

    def fit(self, layout: Layout, gather: Gather) -> FittedOneHot:
        from rueda.artifacts.preparation.seen import Seen

        names = layout.choose("OneHot", self.columns, (TEXT, NUMBER, FLAG), (TEXT,))
        if not names:
            return FittedOneHot({}, {}, [])
        seen = gather(Seen(names))
        kept = {n: self._kept(counts) for n, counts in seen.items()}
        joined = {n: [v for v in seen[n] if v not in set(kept[n])] for n in names}
        other = [n for n in names if self.unseen == "other"]
        return FittedOneHot(kept, {n: values for n, values in joined.items() if values}, other)

    def _kept(self, counts: Mapping[Value, int]) -> list[Value]:
        rows = sum(counts.values())
        frequent = [v for v in counts if counts[v] >= (self.min_fraction or 0) * rows]
        flags = len(frequent) + (len(frequent) < len(counts) or self.unseen == "other")
        if self.max_categories is not None and flags > self.max_categories:
            frequent = by_frequency({v: counts[v] for v in frequent})[: self.max_categories - 1]
        return [v for v in counts if v in set(frequent)]


@dataclass(frozen=True)
class FittedOneHot:
    """The categories of each column: kept, joined into the rest, and where unseen joins it too."""

    kept: dict[str, list[Value]]
    joined: dict[str, list[Value]]
    unseen_joins: list[str]

    def bind(self, layout: Layout) -> Operation:
        tables: list[tuple[str, int | None, dict[Value, int], int]] = []
        for name in [n for n in self.kept if n in layout]:
            plane = None if layout.kind(name) == TEXT else layout.plane(name)
            table = {v: layout.add(_flag_name(name, v), FLAG, name) for v in self.kept[name]}
            unseen = NOWHERE
            if name in self.joined or name in self.unseen_joins:
                rest = layout.add(f"{name} is other", FLAG, name)
                table |= dict.fromkeys(self.joined.get(name, ()), rest)
                unseen = rest if name in self.unseen_joins else NOWHERE
            layout.remove(name)
            tables.append((name, plane, table, unseen))

        def apply(planes: Planes) -> None:
            for name, plane, table, unseen in tables:
                places = planes.levels(name, plane).look_up(table, unseen)
                planes.numbers[places, planes.rows] = 1.0

        return apply

    def describe(self) -> str:
        parts = [f"{n} ({len(values)} categories)" for n, values in self.kept.items()]
        return f"one-hot {shorten(parts)}"


def _flag_name(column: str, value: Value) -> str:
    return f"{column} is null" if value is None else f"{column}={value_name(value)}"
