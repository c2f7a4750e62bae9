"""Metrics equal scikit-learn's; intervals hold the truth as often as they say."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from rueda.kernel.errors import SpecError, UnknownName
from rueda.tallies.answers import Answers
from rueda.tallies.estimate import Estimate, Undefined, difference, measurement, wilson
from rueda.tallies.metric import BY_TASK, METRICS, check_task, known_metric, measure
from rueda.tallies.ranking import roc_curve

CLOSE = 1e-12


def binary(n: int, seed: int, digits: int = 8, pull: float = 1.0) -> Answers:
    """Made-up answers; few ``digits`` make ties, ``pull`` makes them good."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    score = np.round(1 / (1 + np.exp(-(rng.normal(size=n) + pull * (truth - 0.5)))), digits)
    return Answers("binary", truth, np.column_stack([1 - score, score]))


def multiclass(n: int, seed: int, classes: int = 4) -> Answers:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, n)
    raw = rng.random((n, classes)) + np.eye(classes)[truth] * 0.5
    return Answers("multiclass", truth, raw / raw.sum(axis=1, keepdims=True))


def regression(n: int, seed: int) -> Answers:
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n) * 3
    return Answers("regression", truth, truth + rng.normal(size=n))


def value(name: str, answers: Answers) -> float:
    measured = measure(name, answers)
    assert isinstance(measured, Estimate)
    return measured.value


OF_BINARY: dict[str, Callable[[Answers], float]] = {
    "roc_auc": lambda a: sk.roc_auc_score(a.truth, a.scores[:, 1]),
    "average_precision": lambda a: sk.average_precision_score(a.truth, a.scores[:, 1]),
    "log_loss": lambda a: sk.log_loss(a.truth, a.scores),
    "brier": lambda a: sk.brier_score_loss(a.truth, a.scores[:, 1]),
    "accuracy": lambda a: sk.accuracy_score(a.truth, a.decided),
    "balanced_accuracy": lambda a: sk.balanced_accuracy_score(a.truth, a.decided),
    "f1": lambda a: sk.f1_score(a.truth, a.decided),
    "precision": lambda a: sk.precision_score(a.truth, a.decided),
    "recall": lambda a: sk.recall_score(a.truth, a.decided),
}
OF_MANY: dict[str, Callable[[Answers], float]] = {
    "roc_auc": lambda a: sk.roc_auc_score(a.truth, a.scores, multi_class="ovr"),
    "average_precision": lambda a: sk.average_precision_score(a.truth, a.scores),
    "log_loss": lambda a: sk.log_loss(a.truth, a.scores),
    "brier": lambda a: sk.brier_score_loss(a.truth, a.scores),
    "accuracy": lambda a: sk.accuracy_score(a.truth, a.decided),
    "balanced_accuracy": lambda a: sk.balanced_accuracy_score(a.truth, a.decided),
    "f1": lambda a: sk.f1_score(a.truth, a.decided, average="macro"),
    "precision": lambda a: sk.precision_score(a.truth, a.decided, average="macro"),
    "recall": lambda a: sk.recall_score(a.truth, a.decided, average="macro"),
}
OF_NUMBERS: dict[str, Callable[[Answers], float]] = {
    "rmse": lambda a: sk.root_mean_squared_error(a.truth, a.scores),
    "mae": lambda a: sk.mean_absolute_error(a.truth, a.scores),
    "r2": lambda a: sk.r2_score(a.truth, a.scores),
}


@settings(max_examples=40, deadline=None)
@given(n=st.integers(12, 400), seed=st.integers(0, 10_000), digits=st.integers(1, 8))
def test_two_classes_as_scikit_learn(n: int, seed: int, digits: int) -> None:
    answers = binary(n, seed, digits)
    for name, expected in OF_BINARY.items():
        measured = measure(name, answers)
        if isinstance(measured, Estimate):
            assert measured.value == pytest.approx(expected(answers), abs=CLOSE), name


@settings(max_examples=25, deadline=None)
@given(n=st.integers(40, 400), seed=st.integers(0, 10_000))
def test_many_classes_as_scikit_learn(n: int, seed: int) -> None:
    answers = multiclass(n, seed)
    for name, expected in OF_MANY.items():
        assert value(name, answers) == pytest.approx(expected(answers), abs=CLOSE), name


@settings(max_examples=25, deadline=None)
@given(n=st.integers(2, 400), seed=st.integers(0, 10_000))
def test_numbers_as_scikit_learn(n: int, seed: int) -> None:
    answers = regression(n, seed)
    for name, expected in OF_NUMBERS.items():
        assert value(name, answers) == pytest.approx(expected(answers), abs=CLOSE, rel=CLOSE), name


def test_every_metric_is_compared() -> None:
    assert set(METRICS) == {*OF_BINARY, *OF_NUMBERS, "ece"}
    assert all(name in METRICS for names in BY_TASK.values() for name in names)


def test_calibration_error_by_its_definition() -> None:
    answers = binary(5000, 1, 2)
    said, true = answers.scores[:, 1], answers.truth
    expected = 0.0
    for low in np.arange(10) / 10:
        inside = (said >= low) & ((said < low + 0.1) | (low > 0.85))
        inside &= np.floor(said * 10).clip(max=9) == round(low * 10)
        if inside.any():
            expected += inside.mean() * abs(true[inside].mean() - said[inside].mean())
    assert value("ece", answers) == pytest.approx(expected, abs=CLOSE)


def test_the_variance_of_the_auc_is_delongs() -> None:
    """By the definition of DeLong, DeLong and Clarke-Pearson, over all pairs."""
    first, second = binary(80, 3, 1), binary(80, 4, 1)
    second = Answers("binary", first.truth, second.scores)
    positive = first.truth == 1
    placed = []
    for answers in (first, second):
        up, down = answers.scores[positive, 1], answers.scores[~positive, 1]
        wins = (up[:, None] > down) + 0.5 * (up[:, None] == down)
        placed.append((wins.mean(axis=1), wins.mean(axis=0)))
    m, n = positive.sum(), (~positive).sum()
    by_positive, by_negative = np.cov([p for p, _ in placed]), np.cov([q for _, q in placed])
    covariance = by_positive / m + by_negative / n
    mine, other = (measure("roc_auc", a) for a in (first, second))
    assert isinstance(mine, Estimate)
    assert isinstance(other, Estimate)
    slack = 80 / 79  # the influences' own correction
    assert mine.error**2 == pytest.approx(covariance[0, 0] * slack, rel=1e-9)
    paired = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    assert difference(mine, other).error ** 2 == pytest.approx(paired * slack, rel=1e-9)


@pytest.mark.parametrize("name", sorted({*OF_BINARY, *OF_NUMBERS}))
def test_influences_are_the_derivative_in_a_rows_weight(name: str) -> None:
    """One row doubled among many moves the metric by its influence over the number of rows."""
    answers = regression(300, 2) if name in OF_NUMBERS else binary(300, 2, 2)
    whole = measure(name, answers)
    assert isinstance(whole, Estimate)
    copies = 300
    for row in (0, 7, 120):
        many = np.append(np.tile(np.arange(300), copies), row)
        moved = (value(name, answers.take(many)) - whole.value) * 300 * copies
        assert moved == pytest.approx(whole.influence[row], rel=0.02, abs=0.02)
    assert whole.influence.mean() == pytest.approx(0, abs=1e-9)


COVERED: dict[str, tuple[int, Callable[[int, int], Answers]]] = {
    **dict.fromkeys(OF_BINARY, (300, binary)),
    **dict.fromkeys(OF_NUMBERS, (300, regression)),
}


@pytest.mark.parametrize("name", sorted(COVERED))
def test_intervals_hold_the_truth_in_95_of_100(name: str) -> None:
    rows, make = COVERED[name]
    truth = value(name, make(400_000, 99))
    held = 0
    for seed in range(400):
        measured = measure(name, make(rows, seed))
        assert isinstance(measured, Estimate)
        low, high = measured.interval(0.95)
        held += low <= truth <= high
    # 400 trials of 0.95: 372 to 390 in 95 of 100 cases, 367 to 393 in 99.9.
    assert 367 <= held <= 393


def calibrated(n: int, seed: int, power: float) -> Answers:
    """Probabilities that come true as said with ``power`` 1, more seldom above."""
    rng = np.random.default_rng(seed)
    said = rng.beta(1, 2, n)
    truth = (rng.random(n) < said**power).astype(np.int64)
    return Answers("binary", truth, np.column_stack([1 - said, said]))


@pytest.mark.parametrize("power", [1.0, 1.3])
def test_the_calibration_errors_interval(power: float) -> None:
    truth = value("ece", calibrated(400_000, 99, power)) if power > 1 else 0.0
    held = 0
    for seed in range(300):
        found = measurement(measure("ece", calibrated(500, seed, power)), 0.95)
        held += found["low"] <= truth <= found["high"]
    # 300 trials of 0.95: 271 to 296 in 99.9 of 100 cases.
    assert held >= 271


def test_a_perfect_score_is_no_certainty() -> None:
    truth = np.array([0, 1] * 10)
    answers = Answers("binary", truth, np.column_stack([1 - truth, truth]).astype(float))
    for name in ("roc_auc", "average_precision", "accuracy", "f1", "balanced_accuracy"):
        found = measurement(measure(name, answers), 0.95)
        assert found["value"] == 1
        assert 0.6 < found["low"] < 0.95
        assert found["high"] == pytest.approx(1)


@pytest.mark.parametrize("name", sorted(METRICS))
@pytest.mark.parametrize("rows", [0, 1])
def test_few_rows_are_null_with_a_reason_never_nan(name: str, rows: int) -> None:
    task = METRICS[name].tasks[0]
    answers = (regression(5, 1) if task == "regression" else binary(5, 1)).take(np.arange(rows))
    measured = measure(name, answers)
    found = measurement(measured, 0.95)
    if rows == 0:
        assert isinstance(measured, Undefined)
    assert found["value"] is not None or found["reason"]
    for number in (found["value"], found["low"], found["high"]):
        assert number is None or math.isfinite(number)


def test_one_class_has_no_ranking() -> None:
    answers = Answers("binary", np.ones(9, np.int64), np.full((9, 2), 0.5))
    assert measure("roc_auc", answers) == Undefined("all rows are of one class")
    assert measure("average_precision", answers) == Undefined("all rows are of one class")


def test_the_curve_ends_at_its_corners_and_holds_the_area() -> None:
    answers = binary(5000, 5)
    curve = roc_curve(answers.truth == 1, answers.scores[:, 1])
    x, y = curve["false_positive_rate"], curve["true_positive_rate"]
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert len(x) == len(y) == len(curve["threshold"]) <= 200
    assert np.trapezoid(y, x) == pytest.approx(value("roc_auc", answers), abs=0.005)


def test_wilson_against_statsmodels_figures() -> None:
    # Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8, table I: 81 of 263, and 0 of 20.
    assert wilson(81 / 263, 263, 0.95) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20, 0.95) == pytest.approx((0, 0.1611), abs=5e-5)


def test_names() -> None:
    with pytest.raises(UnknownName, match="did you mean 'roc_auc'"):
        known_metric("roc_acu")
    with pytest.raises(SpecError, match="regression"):
        check_task("roc_auc", "regression")
