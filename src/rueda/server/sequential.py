"""Sequential: tests that may be looked at after every row without spending their error rate.

Each builds a nonnegative process that is a martingale while nothing is wrong, so that it reaches
1/alpha at any time with probability alpha at most (Ville). Three answers: ``no`` where a limit is
exceeded, ``yes`` where it is kept, ``cannot tell`` until one of them is shown.

References
----------
Howard, Ramdas, McAuliffe, Sekhon 2021, doi:10.1214/20-AOS1991 (time-uniform confidence sequences).
Johari, Koomen, Pekelis, Walsh 2022, doi:10.1287/opre.2021.2135 (mixture tests for A/B tests).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Verdict = Literal["yes", "no", "cannot tell"]

_CLUSTERS = 20
"""Requests from which a variance between requests can be trusted."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The mean of a measure over rows that came in requests.

    Attributes
    ----------
    mean, variance
        Of the rows; and the variance of the mean, between requests: rows of one request resemble
        one another, and count for less than as many requests.
    spread
        The standard deviation of the rows.
    """

    rows: int
    requests: int
    mean: float
    variance: float
    spread: float

    @classmethod
    def of(cls, values: np.ndarray, requests: np.ndarray) -> Sample:
        """The sample of ``values``; ``requests`` holds a number from 0 for each row's request."""
        rows = len(values)
        if rows == 0:
            return cls(0, 0, 0.0, math.inf, 0.0)
        mean = float(values.mean())
        groups = np.bincount(requests, weights=values - mean)
        largest = float(np.bincount(requests).max())
        clusters = len(groups)
        # A pseudo-request at the greatest distance seen keeps the first few from looking certain.
        reach = float(np.abs(values - mean).max()) * largest
        variance = (float((groups**2).sum()) + reach**2) / rows**2
        return cls(rows, clusters, mean, variance, float(values.std()))


def rate_verdict(
    bad: int, rows: int, *, tolerated: float, unacceptable: float, alpha: float
) -> Verdict:
    """Whether ``bad`` of ``rows`` show a rate above ``tolerated`` (no) or below ``unacceptable``
    (yes).
    """
    if _log_evidence(bad, rows, tolerated, above=True) >= -math.log(alpha):
        return "no"
    if _log_evidence(bad, rows, unacceptable, above=False) >= -math.log(alpha):
        return "yes"
    return "cannot tell"


def _log_evidence(bad: int, rows: int, limit: float, *, above: bool) -> float:
    """The logarithm of the likelihood of ``bad`` of ``rows``, averaged over all rates above (or
    below) ``limit``, over that at ``limit``.
    """
    from scipy.special import betainc, betaincc, betaln

    share = (betaincc if above else betainc)(bad + 1, rows - bad + 1, limit)
    if share <= 0:
        return -math.inf
    width = 1 - limit if above else limit
    mixed = float(betaln(bad + 1, rows - bad + 1)) + math.log(share) - math.log(width)
    return mixed - bad * math.log(limit) - (rows - bad) * math.log1p(-limit)


def difference(candidate: Sample, stable: Sample, *, margin: float, alpha: float) -> float:
    """Half the width of the confidence sequence of ``candidate.mean - stable.mean``, sharpest where
    the difference is near ``margin``; infinite while there are too few requests.
    """
    if min(candidate.requests, stable.requests) < _CLUSTERS:
        return math.inf
    variance = candidate.variance + stable.variance
    if variance == 0:
        return 0.0
    prior = margin**2
    spent = -2 * math.log(alpha) + math.log1p(prior / variance)
    return math.sqrt(variance * (variance + prior) / prior * spent)


def shift_verdict(
    candidate: Sample, stable: Sample, *, margin: float, alpha: float, one_sided: bool = False
) -> tuple[Verdict, float, float]:
    """Whether the means differ by more than ``margin`` (no) or by less (yes); with the difference
    and its uncertainty. ``one_sided``: only a candidate above the stable release is wrong.
    """
    found = candidate.mean - stable.mean
    width = difference(candidate, stable, margin=margin, alpha=alpha)
    distance = found if one_sided else abs(found)
    if distance - width > margin:
        return "no", found, width
    if distance + width <= margin:
        return "yes", found, width
    return "cannot tell", found, width


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """``no`` if any is, else ``cannot tell`` if any is, else ``yes``."""
    for verdict in ("no", "cannot tell"):
        if verdict in verdicts:
            return verdict
    return "yes"
