"""F1 and F16: `kill -9` at every boundary of every stage, and two runs of one lifecycle at once."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.faults.wheel_process import POINTS

from rueda.kernel.home import open_home
from rueda.kernel.record import Execution, Run
from rueda.lifecycle import STAGE_NAMES
from rueda.wheel.fsck import check

SCRIPT = Path(__file__).with_name("wheel_process.py")
ROUNDS = int(os.environ.get("RUEDA_F16_ROUNDS", "12"))
"""FAULTS asks for 100 rounds of two runs at once; this many are run by default."""


def start(home: Path, log: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), str(home), str(log), *words]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def outcome(process: subprocess.Popen[str]) -> dict[str, list[str]]:
    out, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    return {line.split()[0]: line.split()[1:] for line in out.splitlines()}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    folder = tmp_path_factory.mktemp("uninterrupted")
    return {
        stage: told[1:] for stage, told in outcome(start(folder / "home", folder / "log")).items()
    }


@pytest.mark.parametrize("point", POINTS)
def test_f1_killed_at_each_boundary_resumes(tmp_path, point, uninterrupted):
    for stage in STAGE_NAMES:
        home, log = tmp_path / stage, tmp_path / f"{stage}.log"
        killed = start(home, log, stage, point)
        killed.communicate(timeout=60)
        assert killed.returncode == -signal.SIGKILL
        finished = log.read_text().split() if log.exists() else []
        began = time.monotonic()
        resumed = outcome(start(home, log))
        assert time.monotonic() - began < 30, "resuming waits for the dead process's lease"
        assert {s: told[1:] for s, told in resumed.items()} == uninterrupted
        again = log.read_text().split()[len(finished) :]
        done = set(finished) if point == POINTS[3] else set(finished) - {stage}
        assert not done & set(again), "a finished stage ran again"
        opened = open_home(home)
        assert not opened.ledger.find(Run, state="running")
        assert not opened.ledger.find(Execution, state="running")
        assert [r.state for r in opened.ledger.find(Run)] == ["succeeded", "abandoned"]
        assert not check(opened).problems


def test_f1_finds_a_wheel_that_forgets(tmp_path, uninterrupted):
    """The planted fault: without its ledger a resumed run starts over, and the log shows it."""
    home, log = tmp_path / "home", tmp_path / "log"
    start(home, log, "train", POINTS[3]).communicate(timeout=60)
    for file in home.glob("ledger.db*"):
        file.unlink()
    outcome(start(home, log))
    assert log.read_text().split().count("extract") == 2


def test_f16_two_runs_at_once_run_each_stage_once(tmp_path):
    for round_number in range(ROUNDS):
        home, log = tmp_path / f"home-{round_number}", tmp_path / f"log-{round_number}"
        pair = [start(home, log, SLOWLY="0.02") for _ in range(2)]
        one, other = (outcome(process) for process in pair)
        assert sorted(log.read_text().split()) == sorted(STAGE_NAMES)
        for stage in STAGE_NAMES:
            assert one[stage][1:] == other[stage][1:]
            assert sorted((one[stage][0], other[stage][0])) == ["ran", "reused"]


def test_f16_finds_a_wheel_without_leases(tmp_path):
    """The planted fault: two runs that do not see each other run stages twice."""
    home, log = tmp_path / "home", tmp_path / "log"
    pair = [start(home, log, SLOWLY="0.3", FORGET_LEASES="yes") for _ in range(2)]
    for process in pair:
        process.communicate(timeout=60)
    assert len(log.read_text().split()) > len(STAGE_NAMES)


def test_kill_at_random_moments_leaves_nothing_running(tmp_path):
    home, log = tmp_path / "home", tmp_path / "log"
    for delay in itertools.islice(itertools.cycle([0.35, 0.5, 0.7, 0.9]), 4):
        process = start(home, log, SLOWLY="0.05")
        time.sleep(delay)
        process.kill()
        process.communicate(timeout=60)
    outcome(start(home, log))
    opened = open_home(home)
    assert not opened.ledger.find(Run, state="running")
    assert not check(opened).problems
