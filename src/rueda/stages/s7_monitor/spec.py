"""Monitor: what is watched, how often a false alarm may come, and what an alarm starts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rueda.kernel.digest import Json
from rueda.kernel.errors import SpecError, UnknownName
from rueda.tallies.metric import known_metric

KINDS = ("drift", "prediction drift", "quality")
SEVERITIES = ("low", "medium", "high")
MEASURES = ("js", "linf", "psi")
YEAR_S = 365.25 * 86_400
_SPAN = re.compile(r"([1-9]\d*)([smhdw])")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True)
class OnAlarm:
    """Start a new turn of the lifecycle when an alarm comes.

    Parameters
    ----------
    kinds
        Which kinds of alarm count: ``drift``, ``prediction drift``, ``quality``.
    severity
        The mildest one that counts: ``low``, ``medium``, ``high``.
    """

    kinds: tuple[str, ...] = KINDS
    severity: str = "low"

    def __post_init__(self) -> None:
        if isinstance(self.kinds, str):
            object.__setattr__(self, "kinds", (self.kinds,))
        object.__setattr__(self, "kinds", tuple(self.kinds))
        for kind in self.kinds:
            if kind not in KINDS:
                raise UnknownName.among("kind of alarm", kind, KINDS)
        if self.severity not in SEVERITIES:
            raise UnknownName.among("severity", self.severity, SEVERITIES)

    def wants(self, alarm: Mapping[str, Json]) -> bool:
        """Whether ``alarm`` is to start a turn."""
        severe = SEVERITIES.index(alarm["severity"]) >= SEVERITIES.index(self.severity)
        return severe and alarm["kind"] in self.kinds


@dataclass(frozen=True)
class Monitor:
    """What is watched in production, window by window.

    Parameters
    ----------
    drift
        Whether features and predictions are compared with those of training.
    quality
        The metric that is followed once labels come; the usual one of the task when None.
    retrain
        When a new turn starts by itself; never when None.
    measure
        How far two distributions lie apart: ``js`` (Jensen-Shannon divergence, base 2), ``linf``
        (largest difference of a share) or ``psi`` (population stability index).
    window
        How long a window usually is: ``30d``, ``12h``.
    false_alarms_a_year
        How many alarms a model may raise in a year in which nothing but chance and the usual
        ups and downs of the training period is at work. Half of it goes to drift, shared among the
        features, half to quality.
    min_rows
        Windows with fewer rows are not judged.
    smallest
        Distances up to this are never worth an alarm: 0.01 of ``js`` is a shift of the mean by
        about a quarter of the standard deviation.

    Raises
    ------
    UnknownName, SpecError
        There is no such metric or measure, or a number is out of its range.
    """

    drift: bool = True
    quality: str | None = None
    retrain: OnAlarm | None = None
    measure: str = "js"
    window: str = "30d"
    false_alarms_a_year: float = 1.0
    min_rows: int = 200
    smallest: float = 0.01

    def __post_init__(self) -> None:
        if self.quality is not None:
            known_metric(self.quality)
        if self.measure not in MEASURES:
            raise UnknownName.among("measure of drift", self.measure, MEASURES)
        if self.retrain is not None and not isinstance(self.retrain, OnAlarm):
            raise SpecError("retrain= is no trigger", expected="OnAlarm()", got=repr(self.retrain))
        if not _SPAN.fullmatch(self.window):
            raise SpecError(
                f"{self.window!r} is no length of time",
                expected="a number and s, m, h, d or w, as in 30d",
                got=repr(self.window),
            )
        ranges = (
            ("false_alarms_a_year", self.false_alarms_a_year > 0, "more than 0"),
            ("min_rows", self.min_rows >= 30, "30 or more: less shows nothing"),
            ("smallest", self.smallest >= 0, "0 or more"),
        )
        for name, fits, expected in ranges:
            if not fits:
                raise SpecError(
                    f"{name} is out of its range", expected=expected, got=f"{getattr(self, name)}"
                )

    @property
    def window_s(self) -> float:
        """``window`` in seconds."""
        match = _SPAN.fullmatch(self.window)
        assert match is not None
        return float(match[1]) * _UNIT_S[match[2]]

    def error_rate(self, window_s: float) -> float:
        """The chance of a false alarm that one window of this length may have: drift and quality
        half of it each.
        """
        return min(0.2, self.false_alarms_a_year * window_s / YEAR_S)
