"""Dates: the parts of a moment that repeat."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
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
        columns: list[tuple[str, list[tuple[str, int, bool]]]] = []
        for name in [n for n in self.columns if n in layout]:
            columns.append((name, [self._place(layout, name, part) for part in self.parts]))
            layout.remove(name)

        def apply(planes: Planes) -> None:
            for name, places in columns:
                calendar = Calendar(planes.times[name])
                for part, plane, turns in places:
                    numbers = _PARTS[part](calendar)
                    if turns:
                        circle = circles[part][:, np.where(calendar.null, -1, numbers)]
                        planes.numbers[plane : plane + 2] = circle
                    else:
                        planes.numbers[plane] = np.where(calendar.null, np.nan, numbers)

        return apply

    def _place(self, layout: Layout, name: str, part: str) -> tuple[str, int, bool]:
        """The part, its (first) plane, and whether it gives a sine and a cosine."""
        if self.cyclic and _PERIODS[part] is not None:
            plane = layout.add(f"{name}.{part}.sin", NUMBER, source=name)
            layout.add(f"{name}.{part}.cos", NUMBER, source=name)
            return part, plane, True
        kind = FLAG if part == "weekend" else NUMBER
        return part, layout.add(f"{name}.{part}", kind, source=name), False

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


class Calendar:
    """Moments as whole days, months and seconds; where ``null``, the numbers mean nothing.

    Integers, because each conversion of ``datetime64`` costs a microsecond of a request.
    """

    def __init__(self, moments: np.ndarray) -> None:
        import numpy as np

        self.null = np.isnat(moments)
        self._micros = moments.astype("datetime64[us]").view(np.int64)
        self.seconds = self._micros // 1_000_000
        self.days = self.seconds // 86_400

    @cached_property
    def months(self) -> np.ndarray:
        """Since January 1970."""
        months: np.ndarray = self._days_as("M").view("int64")
        return months

    @property
    def day(self) -> np.ndarray:
        day: np.ndarray = self.days - self._first_day(self._days_as("M")) + 1
        return day

    @property
    def day_of_year(self) -> np.ndarray:
        day: np.ndarray = self.days - self._first_day(self._days_as("Y")) + 1
        return day

    @property
    def weekday(self) -> np.ndarray:
        # 1970-01-01 was a Thursday, day 3 of a week that starts on Monday.
        weekday: np.ndarray = (self.days + 3) % 7
        return weekday

    @property
    def week(self) -> np.ndarray:
        # The ISO week is that of the week's Thursday.
        thursday = self.days - self.weekday + 3
        year = thursday.view("datetime64[D]").astype("datetime64[Y]")
        week: np.ndarray = (thursday - self._first_day(year)) // 7 + 1
        return week

    @property
    def days_since(self) -> np.ndarray:
        days: np.ndarray = self._micros / 86_400e6
        return days

    def _days_as(self, unit: str) -> np.ndarray:
        moments: np.ndarray = self.days.view("datetime64[D]").astype(f"datetime64[{unit}]")
        return moments

    @staticmethod
    def _first_day(moments: np.ndarray) -> np.ndarray:
        first: np.ndarray = moments.astype("datetime64[D]").view("int64")
        return first


_PARTS: dict[str, Callable[[Calendar], np.ndarray]] = {
    "year": lambda c: c.months // 12 + 1970,
    "quarter": lambda c: c.months % 12 // 3 + 1,
    "month": lambda c: c.months % 12 + 1,
    "week": lambda c: c.week,
    "day": lambda c: c.day,
    "day_of_year": lambda c: c.day_of_year,
    "weekday": lambda c: c.weekday,
    "weekend": lambda c: c.weekday >= 5,
    "hour": lambda c: c.seconds // 3_600 % 24,
    "minute": lambda c: c.seconds // 60 % 60,
    "second": lambda c: c.seconds % 60,
    "days": lambda c: c.days_since,
}
