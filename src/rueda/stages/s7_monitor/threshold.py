"""Threshold: how far a window may lie from training before it is no longer the usual.

Rows of one day are alike, and seasons pass: a window of 4,000 rows lies much farther from the whole
year than 4,000 rows drawn at random. So the usual is learned from the reference itself: it is cut
into blocks of time as long as the window, each brought to the window's number of rows, and each
compared with all the other blocks. The logarithms of these distances are taken for normal; their
spread, known from few blocks only, is moderated by that of the other features; and the threshold is
the bound of a prediction interval for one more block.

What this promises: if a window differs from the blocks no more than these differ from one another,
the chance of any alarm for drift in it is at most the stated one, over all features together. What
it does not: training rows of one season say nothing of the next, so a first summer is drift, and
truly so: the model has not seen one. Where fewer than six windows fit into the reference the blocks
are shorter than the window, and differ more: the thresholds are then too high rather than too low.
Where one day resembles the next for longer than a block lasts, blocks are no independent witnesses
of each other, and false alarms come up to twice as often as stated (simulated: 6.7 % for 4 %, days
that correlate over ten days, blocks of fifteen; 3.7 % where they correlate over three, blocks of
seven). Without a time column the blocks are random rows, and every dependence between rows looks
like drift.

References
----------
Smyth 2004, "Linear models and empirical Bayes methods", doi:10.2202/1544-6115.1027 (moderation).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping

import numpy as np

from rueda.stages.s7_monitor.measure import apart
from rueda.tallies.column import Array

FEWEST_BLOCKS = 6
DRAWS = 64
_TRACE = 1e-8
"""Variances below it are those of features that do not move at all; they tell nothing of others."""


def usual_distances(
    name: str, counts: Array, measure: str, *, length: int, rows: int, seed: int
) -> Array:
    """The distances of the blocks of a reference from the rest of it.

    Parameters
    ----------
    counts
        Rows by slot and bin.
    length
        Slots to a block.
    rows
        A block is brought down to so many rows, at random, by ``seed``.
    """
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])
    total = counts.sum(axis=0)
    found = []
    for block in _blocks(counts, length, rows, random):
        rest = total - block
        if block.sum() and rest.sum():
            sample = random.multivariate_hypergeometric(block, min(rows, int(block.sum())))
            found.append(apart(measure, sample, rest))
    return np.array(found)


def _blocks(counts: Array, length: int, rows: int, random: np.random.Generator) -> list[Array]:
    if len(counts) > 1:
        starts = range(0, len(counts) - length + 1, length)
        return [counts[start : start + length].sum(axis=0) for start in starts]
    total = counts[0]
    size = min(rows, int(total.sum()) // 2)
    return [random.multivariate_hypergeometric(total, size) for _ in range(DRAWS)]


def block_length(window_s: float, slot_s: float, slots: int) -> int:
    """How many slots make a block: the window's length, or less where too few would fit."""
    return max(1, min(round(window_s / slot_s), slots // FEWEST_BLOCKS))


def thresholds(distances: Mapping[str, Array], rows: int, error_rate: float) -> dict[str, float]:
    """The distance that a window of ``rows`` rows passes by chance, in any of the features, with
    probability ``error_rate``. Features with fewer than two blocks have none.
    """
    from scipy.special import stdtrit

    known = {name: values for name, values in distances.items() if len(values) > 1}
    if not known:
        return {}
    # One row's worth keeps the logarithm of features that never differ finite.
    logs = {name: np.log(values + 1 / rows) for name, values in known.items()}
    spread = np.array([_upward_variance(values) for values in logs.values()])
    freedom = np.array([len(values) - 1.0 for values in logs.values()])
    prior, prior_freedom = _prior(spread, freedom)
    found = {}
    for (name, values), own, own_freedom in zip(logs.items(), spread, freedom, strict=True):
        together = own_freedom + prior_freedom
        moderated = (own_freedom * own + prior_freedom * prior) / together
        quantile = float(stdtrit(together, 1 - error_rate / len(known)))
        reach = quantile * math.sqrt(moderated * (1 + 1 / len(values)))
        found[name] = math.exp(min(float(values.mean()) + reach, 50.0)) - 1 / rows
    return found


def _upward_variance(values: Array) -> float:
    """The variance, or that of the upper side where it is wider: where a few blocks stand out, the
    logarithm is skewed to the side that alarms lie on.
    """
    off = values - values.mean()
    above = off[off > 0]
    upper = float(np.square(above).mean()) if len(above) else 0.0
    return max(float(np.var(values, ddof=1)), upper)


_MOST_FREEDOM = 1e4
"""Stands for infinity: spreads that differ by chance alone."""


def _prior(spread: Array, freedom: Array) -> tuple[float, float]:
    """What the variances of all features say of any one: its usual value, and how much that is
    worth in degrees of freedom (Smyth, equations of section 6.2).
    """
    from scipy.special import digamma, polygamma

    moving = spread > _TRACE
    if moving.sum() < 3:
        return 0.0, 0.0
    half = freedom[moving] / 2
    logs = np.log(spread[moving]) - digamma(half) + np.log(half)
    extra = float(np.var(logs, ddof=1) - polygamma(1, half).mean())
    if extra <= 0:
        return float(np.exp(logs.mean())), _MOST_FREEDOM
    prior_freedom = min(2 * _trigamma_inverse(extra), _MOST_FREEDOM)
    usual = logs.mean() + digamma(prior_freedom / 2) - math.log(prior_freedom / 2)
    return float(np.exp(usual)), prior_freedom


def _trigamma_inverse(x: float) -> float:
    """Newton's method on 1 / trigamma, which is convex (Smyth's appendix)."""
    from scipy.special import polygamma

    y = 0.5 + 1 / x
    for _ in range(50):
        trigamma = float(polygamma(1, y))
        step = trigamma * (1 - trigamma / x) / float(polygamma(2, y))
        y += step
        if -step / y < 1e-8:
            break
    return y
