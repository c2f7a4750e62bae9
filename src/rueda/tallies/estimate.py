"""Estimate: a metric's value with what each row contributed to it; so intervals and differences.

A metric that is smooth in the weights of the rows moves by ``influence[i] / rows`` when row ``i``
is weighted by one more. The mean square of the influences over the rows is its variance, and two
metrics of the same rows are compared through the difference of their influences: paired, with
no replicate and no second sort. For the AUC this is DeLong's method.

References
----------
Jaeckel 1972, "The infinitesimal jackknife", Bell Laboratories memorandum 72-1215-11.
Wilson 1927, doi:10.1080/01621459.1927.10502953 (proportions).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from rueda.kernel.digest import Json

Scale = Literal["mean", "unit", "positive", "proportion", "fixed"]
"""On which scale an interval is symmetric: ``mean`` as it is, ``unit`` by the logit, ``positive``
by the logarithm, ``proportion`` by Wilson's score; ``fixed`` has its own bounds.
"""


@dataclass(frozen=True, slots=True)
class Undefined:
    """A metric that these rows cannot have, and why."""

    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """A metric of some rows.

    Parameters
    ----------
    value
        The metric.
    influence
        One number a row, of mean zero.
    scale
        How its interval is made.
    trials
        How many rows decide a value between 0 and 1: those of the smaller class for the AUC, those
        decided positive for precision.
    bounds
        The interval itself, for ``fixed``.
    """

    value: float
    influence: np.ndarray
    scale: Scale = "mean"
    trials: int = 0
    bounds: tuple[float, float] | None = None

    @property
    def error(self) -> float:
        """The standard error."""
        return _error(self.influence)

    def interval(self, confidence: float) -> tuple[float, float]:
        """The bounds that hold the metric of the whole population in ``confidence`` of all samples.

        One row alone says nothing about the spread: its interval is infinite, except on (0, 1).
        """
        if self.bounds is not None:
            return self.bounds
        if self.scale in ("unit", "proportion"):
            return self._inside_unit(confidence)
        if len(self.influence) < 2:
            return -math.inf, math.inf
        reach = student(confidence, len(self.influence) - 1) * self.error
        if self.scale == "positive" and self.value > 0:
            factor = math.exp(min(reach / self.value, 700.0))
            return self.value / factor, self.value * factor
        return self.value - reach, self.value + reach

    def _inside_unit(self, confidence: float) -> tuple[float, float]:
        error, value = self.error, self.value
        # At 0, at 1, or where all rows agree, the spread of the sample says nothing.
        if self.scale == "proportion" or error == 0 or not 0 < value < 1:
            return wilson(value, self.trials, confidence)
        slope = value * (1 - value)
        reach = normal(confidence) * error / slope
        center = math.log(value / (1 - value))
        return _logistic(center - reach), _logistic(center + reach)


Measured: TypeAlias = Estimate | Undefined


def measurement(measured: Measured, confidence: float) -> dict[str, Json]:
    """``{"value", "low", "high"}``; null and a ``reason`` where there is no value, and null for an
    open end of the interval.
    """
    if isinstance(measured, Undefined):
        return {"value": None, "low": None, "high": None, "reason": measured.reason}
    low, high = measured.interval(confidence)
    return {
        "value": measured.value,
        "low": low if math.isfinite(low) else None,
        "high": high if math.isfinite(high) else None,
    }


def difference(left: Estimate, right: Estimate) -> Estimate:
    """``left`` minus ``right`` where both were measured on the same rows in the same order."""
    return Estimate(left.value - right.value, left.influence - right.influence)


def mean(estimates: list[Estimate], scale: Scale, trials: int) -> Estimate:
    """The average of metrics of the same rows (macro averages over classes)."""
    value = math.fsum(e.value for e in estimates) / len(estimates)
    influence = np.mean([e.influence for e in estimates], axis=0)
    return Estimate(value, influence, scale, trials)


def wilson(share: float, trials: int, confidence: float) -> tuple[float, float]:
    """The score interval of a proportion; (0, 1) without trials."""
    if trials < 1:
        return 0.0, 1.0
    z2 = normal(confidence) ** 2
    center = share + z2 / (2 * trials)
    reach = math.sqrt(z2 * (share * (1 - share) / trials + z2 / (4 * trials**2)))
    low, high = (center - reach) / (1 + z2 / trials), (center + reach) / (1 + z2 / trials)
    return max(0.0, low), min(1.0, high)


def normal(confidence: float) -> float:
    """The two-sided quantile of the normal distribution."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + confidence / 2))


def student(confidence: float, freedom: float) -> float:
    """The two-sided quantile of Student's distribution."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + confidence / 2))


def _error(influence: np.ndarray) -> float:
    rows = len(influence)
    if rows < 2:
        return 0.0
    return math.sqrt(float(influence @ influence) / (rows * (rows - 1)))


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
