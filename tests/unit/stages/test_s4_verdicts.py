"""Verdicts: promotions by mistake are as rare as stated, and advice on more rows is right."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rueda.stages.s4_evaluate.fit import fit_verdict
from rueda.stages.s4_evaluate.gates import AtLeast, AtMost, NotWorseThan
from rueda.stages.s4_evaluate.verdicts import Evidence, combine, judge
from rueda.tallies.answers import Answers
from rueda.tallies.estimate import Estimate, Measured, Undefined
from rueda.tallies.metric import measure


def pair(n: int, seed: int, better: float = 0.0) -> tuple[Answers, Answers]:
    """A candidate and a champion on the same rows; equally good unless ``better``."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    shared = rng.normal(size=n) + truth
    found = []
    for extra in (better, 0.0):
        score = 1 / (1 + np.exp(-(shared + extra * truth + 0.7 * rng.normal(size=n) - 0.5)))
        found.append(Answers("binary", truth, np.column_stack([1 - score, score])))
    return found[0], found[1]


def evidence(mine: Answers, theirs: Answers | None, *names: str) -> Evidence:
    def measured(answers: Answers) -> dict[str, Measured]:
        return {name: measure(name, answers) for name in names}

    return Evidence(
        names[0], len(mine), 0.95, measured(mine), None if theirs is None else measured(theirs)
    )


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss", "f1", "average_precision"])
def test_equals_are_promoted_by_mistake_as_rarely_as_stated(metric: str) -> None:
    gate = NotWorseThan("champion", metric)
    verdicts = [judge(gate, evidence(*pair(400, seed), metric))["verdict"] for seed in range(600)]
    # Stated: 2.5 of 100. 600 trials: 7 to 25 in 99.9 of 100 cases.
    assert verdicts.count("yes") <= 25
    assert verdicts.count("no") <= 25


def test_a_better_one_is_promoted() -> None:
    gate = NotWorseThan("champion", "roc_auc")
    verdicts = [
        judge(gate, evidence(*pair(2000, seed, better=0.4), "roc_auc"))["verdict"]
        for seed in range(50)
    ]
    assert verdicts.count("yes") >= 45


def test_a_margin_lets_equals_pass() -> None:
    gate = NotWorseThan("champion", "roc_auc", margin=0.05)
    told = [judge(gate, evidence(*pair(2000, s), "roc_auc")) for s in range(50)]
    assert [one["verdict"] for one in told].count("yes") >= 45
    alike = [one["sentence"] for one in told if " is close to the champion's " in one["sentence"]]
    assert len(alike) >= 40, "an interval with zero in it is called neither better nor worse"
    assert not [one for one in alike if "(-" not in one]


def test_the_advice_on_rows_is_right() -> None:
    """With about as many rows as advised, the same difference is settled."""
    mine = Estimate(0.70, np.tile([0.5, -0.5], 500))
    gate = AtLeast("roc_auc", 0.69)
    found = Evidence("roc_auc", 1000, 0.95, {"roc_auc": mine}, None)
    said = judge(gate, found)
    assert said["verdict"] == "cannot tell"
    match = re.search(r"about ([\d,]+) more", said["sentence"])
    assert match
    more = int(match[1].replace(",", ""))
    for factor, verdict in ((0.9, "cannot tell"), (1.1, "yes")):
        rows = int(1000 + factor * more) // 2 * 2
        again = Estimate(0.70, np.tile([0.5, -0.5], rows // 2))
        assert (
            judge(gate, Evidence("roc_auc", rows, 0.95, {"roc_auc": again}, None))["verdict"]
            == verdict
        )


def test_hopeless_cases_say_so() -> None:
    mine = Estimate(0.7, np.tile([0.5, -0.5], 500))
    found = Evidence("roc_auc", 1000, 0.95, {"roc_auc": mine}, None)
    assert "even 100 times" in judge(AtLeast("roc_auc", 0.7), found)["sentence"]


def test_less_is_better_for_losses() -> None:
    better, worse = pair(3000, 1, better=1.0)
    found = evidence(better, worse, "log_loss")
    said = judge(NotWorseThan("champion"), found)
    assert said["gate"] == "log_loss not worse than the champion's by more than 0"
    assert said["verdict"] == "yes"
    assert judge(NotWorseThan("champion"), evidence(worse, better, "log_loss"))["verdict"] == "no"
    assert judge(AtMost("log_loss", 5.0), found)["verdict"] == "yes"
    assert judge(AtMost("log_loss", 0.01), found)["verdict"] == "no"


def test_what_cannot_be_measured_is_never_a_yes() -> None:
    found = Evidence(
        "roc_auc", 9, 0.95, {"roc_auc": Undefined("one class")}, {"roc_auc": Undefined("x")}
    )
    for gate in (AtLeast("roc_auc", 0), AtMost("roc_auc", 1), NotWorseThan("champion", "roc_auc")):
        said = judge(gate, found)
        assert (said["verdict"], "one class" in said["sentence"]) == ("cannot tell", True)


def test_one_no_outweighs_all() -> None:
    def gates(*verdicts: str) -> list[dict[str, str]]:
        return [{"gate": v, "verdict": v, "sentence": f"said {v}"} for v in verdicts]

    assert combine(gates("yes", "cannot tell", "no")) == ("no", "said no")
    assert combine(gates("yes", "cannot tell")) == ("cannot tell", "said cannot tell")
    assert combine(gates("yes", "yes")) == ("yes", "said yes; said yes")
    assert combine([])[0] == "yes"


def test_fit_where_nothing_can_be_measured() -> None:
    known = Estimate(0.7, np.tile([0.5, -0.5], 500))
    said = fit_verdict("roc_auc", known, Undefined("no rows"), known, 0.95)
    assert said == {"verdict": "cannot tell", "sentence": "roc_auc cannot be measured: no rows"}
