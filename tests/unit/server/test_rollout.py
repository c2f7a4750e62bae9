"""Rollouts: step by step to the champion, or back; by what stands in the log and the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from rueda.artifacts.deployment import Deployment, Guard
from rueda.artifacts.predictions import Answer, Failure, Label, Prediction, write_labels
from rueda.artifacts.segment import SegmentWriter
from rueda.artifacts.version import standing
from rueda.kernel.digest import Digest
from rueda.kernel.home import Home
from rueda.kernel.record import Note, RefMove, utc_text
from rueda.server.rollout import advance
from rueda.serving.follow import REFUSED
from rueda.testing.marked import MarkedRelease
from rueda.wheel.promotion import apply_deployment, promote, register_version, rollback

Scores = Callable[[np.random.Generator, int], np.ndarray]


def usual(dice: np.random.Generator, n: int) -> np.ndarray:
    return dice.beta(2, 5, n)


@dataclass
class Canary:
    """A canary of m@2 beside m@1, and a log that is written without a server."""

    home: Home
    stable: Digest
    candidate: Digest
    dice: np.random.Generator

    def answers(
        self,
        n: int,
        candidate: Scores = usual,
        *,
        failed: str = "",
        ms: float = 0.1,
        labels: bool = False,
    ) -> None:
        with SegmentWriter(self.home.logs / "m") as log:
            self._write(log, self.stable, 3 * n, usual, 0.1, labels)
            if failed:
                at = utc_text()
                log.append([Failure(f"f{i}-0", at, self.candidate, failed) for i in range(n)])
            else:
                self._write(log, self.candidate, n, candidate, ms, labels)

    def _write(self, log, release, n, scores, ms, labels) -> None:
        entries, truths = [], []
        for positive in scores(self.dice, n).tolist():
            key = f"{self.dice.integers(2**60):x}-0"
            answer = Answer([1 - positive, positive], label=positive > 0.5)
            entries.append(Prediction(key, utc_text(), None, release, {}, answer, ms))
            truths.append(Label(key, bool(self.dice.random() < 0.3), utc_text()))
        log.append(entries)
        if labels:
            write_labels(self.home.logs / "m", truths)

    def champion(self) -> str:
        found = standing(self.home.ledger, "m@champion")
        return {self.stable: "stable", self.candidate: "candidate"}[found]


def start(home: Home, guard: Guard | None = None) -> Canary:
    releases = []
    for mark in (0.2, 0.3):
        meta = {"task": "binary", "classes": [False, True]}
        releases.append(MarkedRelease.write(home.store, "m", mark, **meta))
        register_version(home, releases[-1], actor="test", why="")
    promote(home, "m", "1", actor="test")
    home.ledger.lease("serving/m/test", "test", 60)
    wish = Deployment(
        "m", "promote", releases[1].digest, (5, 25, 100), "good", None, guard or Guard()
    )
    assert apply_deployment(home, wish.write(home.store), actor="test").action == "canary"
    stable, candidate = (release.digest for release in releases)
    return Canary(home, stable, candidate, np.random.default_rng(5))


@pytest.fixture
def canary(home: Home) -> Canary:
    return start(home)


def test_without_answers_nothing_can_be_told(canary: Canary) -> None:
    step = advance(canary.home, "m")
    assert (step.verdict, step.action) == ("cannot tell", "stayed")
    assert step.weights == {"m@1": 95, "m@2": 5}


def test_a_healthy_candidate_goes_up_step_by_step(canary: Canary) -> None:
    canary.answers(120)
    step = advance(canary.home, "m")
    assert (step.action, step.weights) == ("advanced", {"m@1": 75, "m@2": 25})
    assert advance(canary.home, "m").action == "stayed"  # This step needs answers of its own.
    canary.answers(300)
    step = advance(canary.home, "m")
    assert (step.verdict, step.action, step.weights) == ("yes", "promoted", {"m@2": 100})
    assert canary.champion() == "candidate"
    assert advance(canary.home, "m").action == "none"
    assert rollback(canary.home, "m", actor="test").champion == "m@1"


@pytest.mark.parametrize("reason", ["non-finite", "exception", "late"])
def test_five_failed_answers_are_enough_to_go_back(canary: Canary, reason: str) -> None:
    canary.answers(5, failed=reason)
    step = advance(canary.home, "m")
    assert (step.verdict, step.action, step.weights) == ("no", "rolled-back", {"m@1": 100})
    assert reason in step.sentence
    move = canary.home.ledger.find(RefMove, limit=1, name="m@live")[0]
    assert reason in move.why
    assert canary.champion() == "stable"


@pytest.mark.parametrize(
    ("scores", "word"),
    [
        (lambda dice, n: np.clip(usual(dice, n) + 0.3, 0, 1), "moved"),
        (lambda dice, n: np.full(n, 0.285), "same number"),
    ],
)
def test_shifted_or_constant_scores_go_back(canary: Canary, scores: Scores, word: str) -> None:
    canary.answers(400, scores)
    step = advance(canary.home, "m")
    assert step.action == "rolled-back"
    assert word in step.sentence


def test_a_slow_candidate_goes_back(canary: Canary) -> None:
    canary.answers(100, ms=80.0)
    assert "ms" in advance(canary.home, "m").sentence
    assert canary.champion() == "stable"


def test_labels_tell_a_worse_candidate_whose_scores_look_the_same(home: Home) -> None:
    canary = start(home, Guard(shift=0.9))
    canary.answers(600, lambda dice, n: np.clip(dice.beta(2, 5, n) * 1.9, 0, 1), labels=True)
    step = advance(home, "m")
    assert step.action == "rolled-back"
    assert "loss" in step.sentence


def test_a_candidate_that_no_server_can_load_goes_back(canary: Canary) -> None:
    digest = standing(canary.home.ledger, "m@live")
    note = Note(f"{REFUSED}/{digest}", REFUSED, "m", utc_text(), {"reason": "Corrupt: bytes"})
    canary.home.ledger.append(note, actor="serve")
    step = advance(canary.home, "m")
    assert step.action == "rolled-back"
    assert "Corrupt" in step.sentence


def test_doubt_never_makes_a_champion(home: Home) -> None:
    canary = start(home, Guard(shift=0.001))
    canary.answers(150)
    assert advance(home, "m").action == "advanced"
    canary.answers(150)
    step = advance(home, "m")
    assert (step.verdict, step.action) == ("cannot tell", "stayed")
    assert canary.champion() == "stable"


def test_a_promotion_by_hand_ends_the_canary(canary: Canary) -> None:
    promote(canary.home, "m", "2", actor="ana")
    assert advance(canary.home, "m").action == "none"
    assert advance(canary.home, "nobody").action == "none"
