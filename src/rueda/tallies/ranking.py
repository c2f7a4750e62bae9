"""Ranking: metrics that the order of the scores alone decides, from one sort."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rueda.tallies.answers import Answers
from rueda.tallies.estimate import Estimate, Measured, Undefined, mean


def roc_auc(answers: Answers) -> Measured:
    """The chance that a positive row is scored above a negative one, ties counting half.

    Many classes: the average of each class against the rest. Its variance is DeLong's.

    References
    ----------
    DeLong, DeLong, Clarke-Pearson 1988, doi:10.2307/2531595; Sun and Xu 2014 (by ranks),
    doi:10.1109/LSP.2014.2337313.
    """
    return _one_against_rest(answers, _auc)


def average_precision(answers: Answers) -> Measured:
    """The precision averaged over the positive rows, each at its own score as the threshold.

    Many classes: the average of each class against the rest.
    """
    return _one_against_rest(answers, _precision)


def roc_curve(positive: np.ndarray, score: np.ndarray, points: int = 200) -> dict[str, list[float]]:
    """The ROC curve: at most ``points`` of its corners, both ends among them."""
    order = np.argsort(-score, kind="stable")
    hits, ends = np.cumsum(positive[order]), _group_ends(score[order])
    true = np.concatenate([[0], hits[ends]])
    false = np.concatenate([[0], ends + 1 - hits[ends]])
    pick = np.unique(np.linspace(0, len(true) - 1, min(points, len(true))).round().astype(int))
    return {
        "false_positive_rate": (false[pick] / max(1, false[-1])).tolist(),
        "true_positive_rate": (true[pick] / max(1, true[-1])).tolist(),
        # The first corner lies above every score.
        "threshold": [1.0, *score[order][ends][pick[1:] - 1].tolist()],
    }


_Metric = Callable[[np.ndarray, np.ndarray, np.ndarray], Estimate]


def _one_against_rest(answers: Answers, metric: _Metric) -> Measured:
    if answers.task == "binary":
        positive = answers.truth == 1
        if reason := _one_sided(positive):
            return Undefined(reason)
        return metric(positive, answers.scores[:, 1], answers.ascending)
    parts, fewest = [], len(answers)
    for number in range(answers.classes):
        positive = answers.truth == number
        if _one_sided(positive):
            return Undefined(f"class number {number} has all of these rows, or none of them")
        score = answers.scores[:, number]
        parts.append(metric(positive, score, np.argsort(score, kind="stable")))
        fewest = min(fewest, parts[-1].trials)
    return mean(parts, "unit", fewest)


def _one_sided(positive: np.ndarray) -> str:
    if not len(positive):
        return "no rows"
    hits = int(positive.sum())
    return "all rows are of one class" if hits in (0, len(positive)) else ""


def _auc(positive: np.ndarray, score: np.ndarray, ascending: np.ndarray) -> Estimate:
    hits = int(positive.sum())
    misses = len(positive) - hits
    sorted_positive = positive[ascending]
    ends = _group_ends(score[ascending])
    sizes = np.diff(ends, prepend=-1)
    below_or_level = np.cumsum(sorted_positive)[ends]
    positives = np.diff(below_or_level, prepend=0)
    negatives = sizes - positives
    negatives_below = np.cumsum(negatives) - negatives
    positives_above = hits - below_or_level
    # The placement of each row among the rows of the other class (Sun and Xu).
    of_positive = np.repeat((negatives_below + negatives / 2) / misses, sizes)
    of_negative = np.repeat((positives_above + positives / 2) / hits, sizes)
    value = float(of_positive[sorted_positive].sum() / hits)
    placement = np.where(
        sorted_positive,
        (of_positive - value) * _share(len(positive), hits),
        (of_negative - value) * _share(len(positive), misses),
    )
    influence = np.empty(len(positive))
    influence[ascending] = placement
    return Estimate(value, influence, "unit", min(hits, misses))


def _share(rows: int, group: int) -> float:
    """What weighs a row of a group in an average over it; DeLong's variances divide by ``group -
    1``.
    """
    unbiased = np.sqrt(group / (group - 1)) if group > 1 else 1.0
    return float(rows / group * unbiased)


def _precision(positive: np.ndarray, score: np.ndarray, ascending: np.ndarray) -> Estimate:
    order = ascending[::-1]
    hit = positive[order]
    hits, rows = int(hit.sum()), len(hit)
    ends = _group_ends(score[order])
    sizes = np.diff(ends, prepend=-1)
    taken, true = ends + 1.0, np.cumsum(hit)[ends].astype(np.float64)
    found = np.diff(true, prepend=0)
    precision = true / taken
    value = float((found * precision).sum() / hits)
    # One more row at this score lowers the precision of every positive row at or below it by
    # T / N², and raises it by 1 / N if the row is positive itself.
    lost = _sum_from_end(found * precision / taken)
    gained = _sum_from_end(found / taken)
    if_positive = np.repeat(precision - value + gained - lost, sizes)
    influence = np.empty(rows)
    influence[order] = np.where(hit, if_positive, -np.repeat(lost, sizes)) * (rows / hits)
    return Estimate(value, influence, "unit", min(hits, rows - hits))


def _group_ends(ordered: np.ndarray) -> np.ndarray:
    """The last place of each run of equal scores."""
    return np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)


def _sum_from_end(x: np.ndarray) -> np.ndarray:
    return np.cumsum(x[::-1])[::-1]
