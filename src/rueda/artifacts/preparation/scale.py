"""Scale: numbers of one size."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rueda.artifacts.preparation.layout import FLAG, NUMBER, span
from rueda.artifacts.preparation.step import Gather, check_choice, declare, shorten
from rueda.kernel.digest import Json

if TYPE_CHECKING:
    from rueda.artifacts.preparation.layout import Layout
    from rueda.artifacts.preparation.planes import Operation, Planes


@dataclass(frozen=True, init=False)
class Scale:
    """Subtract a center, divide by a width.

    Parameters
    ----------
    columns
        What to scale; all numbers when none is named. Flags (zeros and ones, one-hot columns too)
        are scaled only where named.
    by
        ``"standard"``: mean and standard deviation; ``"minmax"``: training minimum to 0 and maximum
        to 1; ``"robust"``: median and interquartile range (both exact).

    Notes
    -----
    A width of zero counts as 1. Nulls stay null.
    """

    columns: tuple[str, ...]
    by: str

    def __init__(self, *columns: str, by: str = "standard") -> None:
        check_choice(self, "by", by, ("standard", "minmax", "robust"))
        declare(self, columns, by=by)

    def fit(self, layout: Layout, gather: Gather) -> FittedScale:
        names = layout.choose("Scale", self.columns, (NUMBER, FLAG), (NUMBER,))
        if not names:
            return FittedScale([], [], [])
        pairs = self._robust(names, gather) if self.by == "robust" else self._by(names, gather)
        return FittedScale(
            list(names), [pairs[n][0] + 0.0 for n in names], [pairs[n][1] or 1.0 for n in names]
        )

    def _by(self, names: tuple[str, ...], gather: Gather) -> dict[str, tuple[float, float]]:
        from rueda.tallies.moments import Moments

        moments = gather(Moments(names))
        measure = _minmax if self.by == "minmax" else _standard
        return {n: measure(m) if m["count"] else (0.0, 1.0) for n, m in moments.items()}

    def _robust(self, names: tuple[str, ...], gather: Gather) -> dict[str, tuple[float, float]]:
        from rueda.artifacts.preparation.rank import exact_quantiles

        found = exact_quantiles(names, (0.25, 0.5, 0.75), gather)
        return {n: (0.0, 1.0) if q is None else (q[1], q[2] - q[0]) for n, q in found.items()}


def _standard(moments: Mapping[str, Json]) -> tuple[float, float]:
    n, std = moments["count"], moments["std"]
    if std is None or moments["min"] == moments["max"]:
        return moments["mean"], 0.0
    # The spread of the rows themselves, as scikit-learn takes it; `std` estimates that of others.
    return moments["mean"], std * math.sqrt((n - 1) / n)


def _minmax(moments: Mapping[str, Json]) -> tuple[float, float]:
    return float(moments["min"]), float(moments["max"]) - float(moments["min"])


@dataclass(frozen=True)
class FittedScale:
    """A center and a width for each column."""

    columns: list[str]
    center: list[float]
    width: list[float]

    def bind(self, layout: Layout) -> Operation:
        import numpy as np

        live = [i for i, name in enumerate(self.columns) if name in layout]
        index = span([layout.plane(self.columns[i]) for i in live])
        center = np.array([self.center[i] for i in live], dtype=np.float64)[:, None]
        width = np.array([self.width[i] for i in live], dtype=np.float64)[:, None]

        def apply(planes: Planes) -> None:
            block = planes.numbers[index]
            planes.numbers[index] = (block - center) / width

        return apply

    def describe(self) -> str:
        return f"scale {shorten(self.columns)}"
