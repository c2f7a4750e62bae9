"""Impute: values for the nulls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rueda.artifacts.preparation.categories import Value
from rueda.artifacts.preparation.layout import FLAG, NUMBER, TEXT, span
from rueda.artifacts.preparation.step import Gather, check_choice, declare, shorten
from rueda.kernel.errors import SpecError

if TYPE_CHECKING:
    from rueda.artifacts.preparation.layout import Layout
    from rueda.artifacts.preparation.planes import Operation, Planes


@dataclass(frozen=True, init=False)
class Impute:
    """Put a value in the place of each null.

    Parameters
    ----------
    columns
        What to fill; all numbers, flags and texts when none is named.
    numeric
        ``"median"`` (exact), ``"mean"`` or ``"constant"``. Flags take their most frequent value
        instead of a median.
    categorical
        ``"most_frequent"`` (the smallest of equals) or ``"constant"``.
    fill
        The constant: a number for numbers (default 0), a string for texts (default "missing").
    indicator
        Add a flag ``"<column> is null"`` for each column that has nulls in training.

    Notes
    -----
    NaN, infinities and numbers beyond float32 are read as null. A number column without any value
    in training is filled with 0, a text column with "missing".
    """

    columns: tuple[str, ...]
    numeric: str
    categorical: str
    fill: float | str | None
    indicator: bool

    def __init__(
        self,
        *columns: str,
        numeric: str = "median",
        categorical: str = "most_frequent",
        fill: float | str | None = None,
        indicator: bool = False,
    ) -> None:
        check_choice(self, "numeric", numeric, ("median", "mean", "constant"))
        check_choice(self, "categorical", categorical, ("most_frequent", "constant"))
        if fill is not None and "constant" not in (numeric, categorical):
            raise SpecError(
                "Impute has a fill that nothing uses",
                expected='numeric="constant" or categorical="constant" beside fill',
                got=f"numeric={numeric!r}, categorical={categorical!r}, fill={fill!r}",
            )
        declare(
            self,
            columns,
            numeric=numeric,
            categorical=categorical,
            fill=fill,
            indicator=indicator,
        )

    def fit(self, layout: Layout, gather: Gather) -> FittedImpute:
        kinds = (NUMBER, FLAG, TEXT)
        chosen = layout.choose("Impute", self.columns, kinds, kinds)
        of = {kind: [n for n in chosen if layout.kind(n) == kind] for kind in kinds}
        numbers: dict[str, float] = {}
        numbers.update(self._numbers(of[NUMBER], gather))
        numbers.update(self._frequent_flags(of[FLAG], gather))
        texts = self._texts(of[TEXT], gather)
        marked = _with_nulls(chosen, layout, gather) if self.indicator else []
        return FittedImpute(numbers, texts, marked)

    def _numbers(self, names: list[str], gather: Gather) -> Mapping[str, float]:
        if not names:
            return {}
        if self.numeric == "mean":
            from rueda.tallies.moments import Moments

            moments = gather(Moments(tuple(names)))
            return {n: (m["mean"] or 0.0) + 0.0 for n, m in moments.items()}
        if self.numeric == "median":
            from rueda.artifacts.preparation.rank import exact_quantiles

            found = exact_quantiles(tuple(names), (0.5,), gather)
            # Of whole numbers the median is one; beyond 2^53 it would have no canonical form.
            return {n: 0.0 if q is None else float(q[0]) for n, q in found.items()}
        fill = 0.0 if self.fill is None or isinstance(self.fill, str) else float(self.fill)
        return dict.fromkeys(names, fill)

    def _frequent_flags(self, names: list[str], gather: Gather) -> Mapping[str, float]:
        if not names:
            return {}
        from rueda.artifacts.preparation.seen import Seen

        seen = gather(Seen(tuple(names)))
        return {n: float(_most_frequent(counts, 0.0) or 0.0) for n, counts in seen.items()}

    def _texts(self, names: list[str], gather: Gather) -> dict[str, str]:
        constant = self.fill if isinstance(self.fill, str) else "missing"
        if not names or self.categorical == "constant":
            return dict.fromkeys(names, constant)
        from rueda.artifacts.preparation.seen import Seen

        seen = gather(Seen(tuple(names)))
        return {n: str(_most_frequent(counts, constant)) for n, counts in seen.items()}


def _with_nulls(names: tuple[str, ...], layout: Layout, gather: Gather) -> list[str]:
    from rueda.artifacts.preparation.seen import Seen
    from rueda.tallies.moments import Moments

    texts = tuple(n for n in names if layout.kind(n) == TEXT)
    moments = gather(Moments(tuple(n for n in names if n not in texts)))
    nulls = {n: m["nulls"] for n, m in moments.items()}
    if texts:
        nulls |= {n: counts.get(None, 0) for n, counts in gather(Seen(texts)).items()}
    return [n for n in names if nulls[n]]


def _most_frequent(counts: Mapping[Value, int], default: Value) -> Value:
    present = {value: count for value, count in counts.items() if value is not None}
    # `Seen` orders values, and `max` keeps the first of equals.
    return max(present, key=lambda value: present[value]) if present else default


@dataclass(frozen=True)
class FittedImpute:
    """The values that stand for null, and the columns that are marked."""

    numbers: dict[str, float]
    texts: dict[str, str]
    marked: list[str]

    def bind(self, layout: Layout) -> Operation:
        import numpy as np

        # Numbers first, so that their marks are neighbors.
        names = [n for n in self.numbers if n in layout]
        texts = {n: fill for n, fill in self.texts.items() if n in layout}
        index = span([layout.plane(n) for n in names])
        fills = np.array([self.numbers[n] for n in names], dtype=np.float64)[:, None]
        marked = sorted((n for n in self.marked if n in layout), key=lambda n: n in texts)
        marks = {n: layout.add(f"{n} is null", FLAG, source=n) for n in marked}
        rows = np.array([names.index(n) for n in marks if n in self.numbers], dtype=np.intp)
        number_marks = span([plane for n, plane in marks.items() if n in self.numbers])

        def apply(planes: Planes) -> None:
            if names:
                block = planes.numbers[index]
                holes = np.isnan(block)
                if len(rows):
                    planes.numbers[number_marks] = holes[rows]
                planes.numbers[index] = np.where(holes, fills, block)
            for name, fill in texts.items():
                levels = planes.texts[name]
                if name in marks:
                    planes.numbers[marks[name]] = levels.look_up({None: 1}, 0)
                planes.texts[name] = levels.fill(fill)

        return apply

    def describe(self) -> str:
        filled = [f"{n} = {v:.6g}" for n, v in self.numbers.items()]
        filled += [f"{n} = {v!r}" for n, v in self.texts.items()]
        marked = f"; marked: {shorten(self.marked)}" if self.marked else ""
        return f"fill nulls: {shorten(filled)}{marked}"
