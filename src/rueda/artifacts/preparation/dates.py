"""Dates: the parts of a moment that repeat."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rueda.artifacts.preparation.layout import FLAG, NUMBER, TIME
from rueda.artifacts.preparation.step import Gather, check_choice, declare, shorten

if TYPE_CHECKING:
    import numpy as np

    from rueda.artifacts.preparation.layout import Layout
    from rueda.artifacts.preparation.planes import Operation, Planes

_PERIODS: dict[str, tuple[int, int] | None] = {
    # part: first value and length of its cycle; None where it does not come round.
    "year": None,
    "quarter": (1, 4),
    "month": (1, 12),
    "week": (1, 53),
    "day": (1, 31),
    "day_of_year": (1, 366),
    "weekday": (0, 7),
    "weekend": None,
    "hour": (0, 24),
    "minute": (0, 60),
    "second": (0, 60),
    "days": None,
}


@dataclass(frozen=True, init=False)
class Dates:
    """Replace dates and timestamps by numbers that a model can learn from.

    Parameters
    ----------
    columns
        What to turn; all dates and timestamps when none is named.
    parts
        Of ``year``, ``quarter``, ``month`` (1 to 12), ``week`` (ISO), ``day`` (of the month),
        ``day_of_year``, ``weekday`` (Monday is 0), ``weekend`` (a flag), ``hour``, ``minute``,
        ``second``, ``days`` (since 1970-01-01, with its fraction).
    cyclic
        Give the sine and cosine of each part that comes round, instead of its number.

    Notes
    -----
    A timestamp with a zone is read on the clock of its zone (Arrow knows the rules of a zone up to
    the year 2037). Null gives null. The new columns are
    called ``"<column>.<part>"``, cyclic ones with ``.sin`` and ``.cos``.
    """

    columns: tuple[str, ...]
    parts: tuple[str, ...]
    cyclic: bool

    def __init__(
        self,
        *columns: str,
        parts: tuple[str, ...] | list[str] = ("month", "day", "weekday", "hour"),
        cyclic: bool = False,
    ) -> None:
        for part in parts:
            check_choice(self, "parts", part, tuple(_PERIODS))
        declare(self, columns, parts=tuple(parts), cyclic=cyclic)

    def fit(self, layout: Layout, gather: Gather) -> FittedDates:  # noqa: ARG002 - no pass needed
        names = layout.choose("Dates", self.columns, (TIME,), (TIME,))
        return FittedDates(list(names), list(self.parts), self.cyclic)


@dataclass(frozen=True)
class FittedDates:
    """The columns and the parts that are taken of them."""

    columns: list[str]
    parts: list[str]
    cyclic: bool

    def bind(self, layout: Layout) -> Operation:
        import numpy as np

        circles = {part: np.array(_circle(part)) for part in self.parts}
        planes_of: list[tuple[str, list[tuple[str, list[int]]]]] = []
        for name in [n for n in self.columns if n in layout]:
            places = [(part, self._places(layout, name, part)) for part in self.parts]
            layout.remove(name)
            planes_of.append((name, places))

        def apply(planes: Planes) -> None:
            for name, places in planes_of:
                moments = planes.times[name]
                null = np.isnat(moments)
                for part, (first, *second) in places:
                    numbers = _PARTS[part](moments)
                    if second:
                        circle = circles[part][:, np.where(null, -1, numbers)]
                        planes.numbers[[first, *second]] = circle
                    else:
                        planes.numbers[first] = np.where(null, np.nan, numbers)

        return apply

    def _places(self, layout: Layout, name: str, part: str) -> list[int]:
        if self.cyclic and _PERIODS[part] is not None:
            ends = (".sin", ".cos")
            return [layout.add(f"{name}.{part}{end}", NUMBER, source=name) for end in ends]
        return [layout.add(f"{name}.{part}", FLAG if part == "weekend" else NUMBER, source=name)]

    def describe(self) -> str:
        turned = " as sine and cosine" if self.cyclic else ""
        return f"{', '.join(self.parts)} of {shorten(self.columns)}{turned}"


def _circle(part: str) -> tuple[list[float], list[float]]:
    """Sine and cosine of each value of ``part``, NaN last: a table, so that no bit depends on how
    many rows come at once.
    """
    start, length = _PERIODS[part] or (0, 0)
    angles = [2 * math.pi * (value - start) / length for value in range(start + length)]
    return [*map(math.sin, angles), math.nan], [*map(math.cos, angles), math.nan]


def _whole(moments: np.ndarray, unit: str, since: str) -> np.ndarray:
    """How many ``unit`` lie between the start of the ``since`` and each moment."""
    import numpy as np

    start = moments.astype(f"datetime64[{since}]")
    past = moments.astype(f"datetime64[{unit}]") - start.astype(f"datetime64[{unit}]")
    return np.asarray(past.astype("int64"))


def _weekday(moments: np.ndarray) -> np.ndarray:
    # 1970-01-01 was a Thursday, day 3 of a week that starts on Monday.
    return (moments.astype("datetime64[D]").astype("int64") + 3) % 7


def _week(moments: np.ndarray) -> np.ndarray:
    # The ISO week is that of the week's Thursday.
    thursday = moments.astype("datetime64[D]") + (3 - _weekday(moments))
    return _whole(thursday, "D", "Y") // 7 + 1


def _days(moments: np.ndarray) -> np.ndarray:
    return moments.astype("datetime64[us]").astype("int64") / 86_400e6


_PARTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "year": lambda m: m.astype("datetime64[Y]").astype("int64") + 1970,
    "quarter": lambda m: _whole(m, "M", "Y") // 3 + 1,
    "month": lambda m: _whole(m, "M", "Y") + 1,
    "week": _week,
    "day": lambda m: _whole(m, "D", "M") + 1,
    "day_of_year": lambda m: _whole(m, "D", "Y") + 1,
    "weekday": _weekday,
    "weekend": lambda m: _weekday(m) >= 5,
    "hour": lambda m: _whole(m, "h", "D"),
    "minute": lambda m: _whole(m, "m", "h"),
    "second": lambda m: _whole(m, "s", "m"),
    "days": _days,
}
