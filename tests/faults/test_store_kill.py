"""F2 and F6 for the store: ``kill -9``, or EIO, at every system call that changes something."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.faults import store_work

Inject = Callable[..., list[Path]]

KILLED_AT = ("openat", "flock", "write", "fsync", "rename", "unlink", "mkdir")
FAILED_AT = ("write", "fsync", "rename")
POINTS_AT_LEAST = 300


def said(point: Path) -> list[str]:
    return (point / "said").read_text().split() if (point / "said").exists() else []


@pytest.mark.slow
def test_f2_a_kill_leaves_the_old_or_the_new_state(inject: Inject) -> None:
    points = 0
    for syscall in KILLED_AT:
        for point in inject("store_work", "sound", syscall, "signal=SIGKILL"):
            points += 1
            wrong = store_work.faults_in(point / "home", said(point))
            assert not wrong, f"killed at {syscall} number {point.name}: {wrong}"
    assert points >= POINTS_AT_LEAST
    print(f"F2: {points} of {points} kill points of the store left the old or the new state")


def test_f2_the_next_run_finishes(inject: Inject) -> None:
    """With no repair by hand."""
    for point in inject("store_work", "sound", "rename", "signal=SIGKILL"):
        lines: list[str] = []
        store_work.sound(point / "home", lines.append)
        assert "refused" not in lines
        assert not store_work.faults_in(point / "home", lines)


def test_f2_finds_a_store_that_writes_in_place(inject: Inject) -> None:
    points = inject("store_work", "in_place", "write", "signal=SIGKILL", limit=40)
    wrong = [store_work.faults_in(point / "home", said(point)) for point in points]
    assert any("visible and torn" in line for lines in wrong for line in lines)


@pytest.mark.slow
def test_f6_every_error_of_the_device_is_said(inject: Inject) -> None:
    points = 0
    for syscall in FAILED_AT:
        for point in inject("store_work", "sound", syscall, "error=EIO"):
            points += 1
            lines = said(point)
            wrong = store_work.faults_in(point / "home", lines)
            assert not wrong, f"EIO at {syscall} number {point.name}: {wrong}"
            assert lines.count("refused") == 1, f"EIO at {syscall} number {point.name} was hidden"
    print(f"F6: {points} of {points} injected errors of the device were reported as failures")


def test_f6_finds_a_store_that_tries_fsync_again(inject: Inject) -> None:
    points = inject("store_work", "stubborn", "fsync", "error=EIO", limit=5)
    assert points
    assert any("refused" not in said(point) for point in points)


@pytest.fixture(autouse=True)
def _figures_of_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """``sound`` sets small figures; here they end with the test."""
    monkeypatch.setattr(store_work.local, "SPOOL_BYTES", store_work.local.SPOOL_BYTES)
    monkeypatch.setattr(store_work.local, "BLOCK_BYTES", store_work.local.BLOCK_BYTES)
