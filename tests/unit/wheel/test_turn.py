"""One turn of the wheel over stages that do nothing: reuse, resume, failure, cancellation."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.lifecycles import CountingLifecycle, slowly

from rueda.kernel.errors import Defect, NotFound, UnknownName
from rueda.kernel.home import Home
from rueda.kernel.plugins import load_plugin
from rueda.kernel.record import Edge, Execution, Made, Run, utc_text
from rueda.lifecycle import STAGE_NAMES
from rueda.wheel.settle import Heartbeat, settle
from rueda.wheel.turn import turn


def go(lifecycle: CountingLifecycle, home: Home, **options):
    engine = load_plugin("engine", "threads")()
    return turn(lifecycle, home, engine, actor="tester", **options)


@pytest.fixture
def lifecycle(tmp_path: Path) -> CountingLifecycle:
    return CountingLifecycle(tmp_path)


def states(executions: list[Execution]) -> list[str]:
    return [execution.state for execution in executions]


def test_all_seven_stages_run_in_order_and_are_recorded(home, lifecycle):
    run, executions = go(lifecycle, home)
    assert [e.stage for e in executions] == list(STAGE_NAMES) == lifecycle.ran
    assert states(executions) == ["ran"] * 7
    assert run.state == "succeeded"
    assert home.ledger.find(Run, id=run.id)[0].state == "succeeded"
    assert {e.id for e in home.ledger.find(Execution, run=run.id)} == {e.id for e in executions}
    for execution in executions:
        for digest in execution.outputs.values():
            assert home.store.has(digest)
            assert home.ledger.find(Made, id=digest)
            assert home.ledger.find(Edge, artifact=digest, direction="out")


def test_nothing_changed_reuses_everything(home, lifecycle):
    _, first = go(lifecycle, home)
    run, second = go(lifecycle, home)
    assert states(second) == ["reused"] * 7
    assert len(lifecycle.ran) == 7
    assert [e.outputs for e in first] == [e.outputs for e in second]
    assert len(home.ledger.find(Execution, run=run.id, state="reused")) == 7


def test_a_changed_spec_runs_that_stage_and_what_follows(home, lifecycle):
    go(lifecycle, home)
    lifecycle.values["evaluate"] = 1
    _, executions = go(lifecycle, home)
    assert states(executions) == ["reused"] * 3 + ["ran"] * 4


def test_early_cut_off_when_a_rerun_gives_the_same_artifact(home, lifecycle):
    go(lifecycle, home)
    _, executions = go(lifecycle, home, fresh=["train"])
    assert states(executions) == ["reused", "reused", "ran", "reused", "reused", "reused", "reused"]


def test_a_lost_blob_makes_its_stage_run_again(home, lifecycle):
    _, first = go(lifecycle, home)
    lost = first[3].outputs["evaluate-made"]
    keep = {d for e in first for d in e.outputs.values()} - {lost}
    assert lost in {blob.digest for blob in home.store.sweep(keep, dry_run=False)}
    # The sweep took the shared file as well, which manifests do not keep by themselves.
    _, executions = go(lifecycle, home)
    assert executions[3].state == "ran"


def test_until_stops_and_says_skipped(home, lifecycle):
    _, executions = go(lifecycle, home, until="train")
    assert states(executions) == ["ran"] * 3 + ["skipped"] * 4
    assert [e.stage for e in executions] == list(STAGE_NAMES)


def test_an_unknown_stage_is_refused_with_advice(home, lifecycle):
    with pytest.raises(UnknownName, match="did you mean 'train'"):
        go(lifecycle, home, fresh=["trian"])
    assert not lifecycle.ran


def test_a_failure_is_recorded_and_the_next_turn_resumes(home, lifecycle):
    def fail(stage: str) -> None:
        if stage == "register":
            raise ZeroDivisionError("nothing left")

    lifecycle.act = fail
    with pytest.raises(Defect, match="ZeroDivisionError in stage register"):
        go(lifecycle, home)
    failed = home.ledger.find(Run, lifecycle="counting")[0]
    assert failed.state == "failed"
    told = {e.stage: e.state for e in home.ledger.find(Execution, run=failed.id)}
    assert told["register"] == "failed"
    assert told["monitor"] == "skipped"
    lifecycle.act = lambda _: None
    _, executions = go(lifecycle, home)
    assert states(executions) == ["reused"] * 4 + ["ran"] * 3


def test_an_interrupt_is_recorded_as_cancelled(home, lifecycle):
    def interrupt(stage: str) -> None:
        if stage == "train":
            raise KeyboardInterrupt

    lifecycle.act = interrupt
    with pytest.raises(KeyboardInterrupt):
        go(lifecycle, home)
    run = home.ledger.find(Run, lifecycle="counting")[0]
    assert run.state == "cancelled"
    assert home.ledger.find(Execution, run=run.id, stage="train")[0].state == "cancelled"
    assert not list(home.scratch.glob("train-*"))


def test_two_turns_at_once_run_each_stage_once(home, tmp_path):
    """F16 in one process; the faults suite does it with processes and more rounds."""
    for round_number in range(3):
        values = dict.fromkeys(STAGE_NAMES, round_number)
        ours = CountingLifecycle(tmp_path, values=values, act=slowly(0.02))
        theirs = CountingLifecycle(tmp_path, values=values, act=slowly(0.02), ran=ours.ran)
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda lifecycle: go(lifecycle, home), (ours, theirs)))
        assert sorted(ours.ran) == sorted(STAGE_NAMES)
        (_, one), (_, other) = done
        assert [e.outputs for e in one] == [e.outputs for e in other]
        for left, right in zip(one, other, strict=True):
            assert {left.state, right.state} == {"ran", "reused"}


def test_a_dead_run_is_settled_and_a_living_one_is_not(home):
    record = Run("20130101-000000-aaaaaa", "counting", "running", "2013-01-01T00:00:00.000000Z")
    stage = Execution(
        f"{record.id}/train", record.id, "train", "0" * 64, "running", record.started_at
    )
    home.ledger.append(record, stage, actor="tester")
    with Heartbeat(home.ledger, f"run/{record.id}"):
        other = threading.Thread(target=settle, args=(home.ledger,))
        other.start()
        other.join()
        assert home.ledger.find(Run, id=record.id)[0].state == "running"
    assert settle(home.ledger) == [record.id]
    assert home.ledger.find(Run, id=record.id)[0].state == "abandoned"
    assert home.ledger.find(Execution, id=stage.id)[0].state == "abandoned"
    assert settle(home.ledger) == []


def test_what_a_dead_run_left_in_scratch_is_removed_and_a_living_one_s_is_not(home, lifecycle):
    dead, living = (Run(name, "m", "running", utc_text()) for name in ("dead", "living"))
    home.ledger.append(dead, living, actor="tester")
    for run in (dead, living):
        (home.scratch / f"{run.id}.extract.x1" / "spool").mkdir(parents=True)
    with Heartbeat(home.ledger, "run/living"):
        go(lifecycle, home)
        assert [folder.name for folder in home.scratch.iterdir()] == ["living.extract.x1"]


def test_outputs_other_than_promised_are_a_defect(home, lifecycle):
    original = lifecycle._run
    lifecycle._run = lambda name: (
        (lambda spec, inputs, context: {}) if name == "prepare" else original(name)
    )
    with pytest.raises(Defect, match="stage prepare made"):
        go(lifecycle, home)


def test_opened_runs_know_what_they_made(home, lifecycle):
    from rueda.wheel.opened import TurnedRun

    run, _ = go(lifecycle, home)
    opened = TurnedRun.open(home, run.id)
    assert [e.stage for e in opened.executions] == list(STAGE_NAMES)
    assert opened.artifact("train-made").digest == opened.outputs["train-made"]
    with pytest.raises(NotFound, match="made no scorecard"):
        opened.artifact("scorecard")
    with pytest.raises(NotFound):
        TurnedRun.open(home, "1999")
