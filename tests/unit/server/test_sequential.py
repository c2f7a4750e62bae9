"""Sequential tests: false alarms stay under the stated rate although one looks all the time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate

from rueda.server import sequential
from rueda.server.sequential import Sample, rate_verdict, shift_verdict, worst

ALPHA = 0.0025


def stop_at(bad: np.ndarray, **limits: float) -> tuple[str, int]:
    total = 0
    for n, is_bad in enumerate(bad, 1):
        total += int(is_bad)
        verdict = rate_verdict(total, n, alpha=ALPHA, **limits)
        if verdict == "no":
            return verdict, n
    return verdict, n


@pytest.mark.parametrize(("rate", "within"), [(1.0, 5), (0.2, 200), (0.05, 1500)])
def test_failures_are_found_within_the_stated_number_of_answers(rate: float, within: int) -> None:
    dice = np.random.default_rng(1)
    for _ in range(30):
        verdict, n = stop_at(dice.random(within) < rate, tolerated=0.005, unacceptable=0.05)
        assert (verdict, n <= within) == ("no", True)


def test_a_tolerated_rate_is_not_called_bad_by_looking_after_every_answer() -> None:
    dice = np.random.default_rng(2)
    ends = [
        stop_at(dice.random(1000) < 0.005, tolerated=0.005, unacceptable=0.05)[0]
        for _ in range(100)
    ]
    assert ends.count("no") <= 2
    assert ends.count("yes") >= 95


def test_the_evidence_is_the_mixture_that_it_claims_to_be() -> None:
    for bad, rows, limit in ((3, 50, 0.02), (0, 20, 0.05), (7, 7, 0.3)):

        def ratio(p: float, bad=bad, rows=rows, limit=limit) -> float:
            return (p / limit) ** bad * ((1 - p) / (1 - limit)) ** (rows - bad)

        above = integrate.quad(ratio, limit, 1)[0] / (1 - limit)
        below = integrate.quad(ratio, 0, limit)[0] / limit
        found = [sequential._log_evidence(bad, rows, limit, above=side) for side in (True, False)]
        assert found == pytest.approx([math.log(above), math.log(below)], rel=1e-6)


def aa_false_alarms(rounds: int, *, shift: float = 0.0, margin: float = 0.01) -> int:
    """Rollouts of 2,000 candidate answers at 10 %, looked at 20 times, that end in ``no``."""
    dice = np.random.default_rng(3)
    alarms = 0
    for _ in range(rounds):
        stable = dice.beta(1, 4, 18_000)
        candidate = np.clip(dice.beta(1, 4, 2_000) + shift, 0, 1)
        for n in range(100, 2_001, 100):
            a = Sample.of(candidate[:n], np.arange(n))
            b = Sample.of(stable[: 9 * n], np.arange(9 * n))
            if shift_verdict(a, b, margin=margin, alpha=ALPHA)[0] == "no":
                alarms += 1
                break
    return alarms


def test_equal_releases_are_rarely_told_apart_although_one_peeks() -> None:
    assert aa_false_alarms(200, margin=1e-3) <= 2


def test_a_shift_of_five_points_is_found_within_2000_answers() -> None:
    assert aa_false_alarms(50, shift=0.05) >= 45


def test_the_aa_suite_would_notice_a_test_that_may_not_be_peeked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fixed_size(candidate: Sample, stable: Sample, *, margin: float, alpha: float) -> float:
        return 1.96 * math.sqrt(candidate.variance + stable.variance)

    monkeypatch.setattr(sequential, "difference", fixed_size)
    assert aa_false_alarms(200, margin=1e-3) > 10


def test_rows_of_one_request_count_for_less_than_as_many_requests() -> None:
    dice = np.random.default_rng(4)
    level = np.repeat(dice.random(100), 50)
    alone = Sample.of(level, np.arange(5_000))
    together = Sample.of(level, np.repeat(np.arange(100), 50))
    assert together.variance > 40 * alone.variance
    assert together.variance == pytest.approx(level.reshape(100, 50)[:, 0].var() / 100, rel=0.1)


def test_too_few_requests_tell_nothing() -> None:
    few = Sample.of(np.ones(1000), np.zeros(1000, dtype=int))
    many = Sample.of(np.zeros(1000), np.arange(1000))
    assert shift_verdict(few, many, margin=0.1, alpha=ALPHA)[0] == "cannot tell"
    none = Sample.of(np.zeros(0), np.zeros(0, dtype=int))
    assert shift_verdict(none, many, margin=0.1, alpha=ALPHA)[0] == "cannot tell"


def test_one_sided_differences_forgive_an_improvement() -> None:
    better = Sample.of(np.zeros(1000), np.arange(1000))
    worse = Sample.of(np.ones(1000), np.arange(1000))
    one = {"margin": 0.02, "alpha": ALPHA, "one_sided": True}
    assert shift_verdict(better, worse, **one)[0] == "yes"
    assert shift_verdict(worse, better, **one)[0] == "no"


def test_the_worst_verdict_wins() -> None:
    assert worst(["yes", "no", "cannot tell"]) == "no"
    assert worst(["yes", "cannot tell"]) == "cannot tell"
    assert worst(["yes", "yes"]) == "yes"
