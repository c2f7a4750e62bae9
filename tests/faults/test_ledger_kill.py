"""F2 and F6 for the ledger: ``kill -9``, or EIO, at every system call that changes its file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.faults import ledger_work

from rueda.ledgers.sql import open_sqlite

Inject = Callable[[str, str, str, str], list[Path]]

KILLED_AT = {
    "making": ("pwrite64", "fdatasync"),
    "turning": ("pwrite64", "fdatasync", "ftruncate", "unlink"),
}
FAILED_AT = ("pwrite64", "fdatasync")


@pytest.fixture
def inject_ledger(inject: Inject, memory: Path) -> Inject:
    """As ``inject``, with a ledger prepared for the workload."""
    open_sqlite(memory / "prepared.db").close()
    return inject


def said(point: Path) -> list[str]:
    return (point / "said").read_text().split() if (point / "said").exists() else []


@pytest.mark.slow
@pytest.mark.parametrize("variant", KILLED_AT)
def test_f2_a_kill_leaves_the_old_or_the_new_state(inject_ledger: Inject, variant: str) -> None:
    count = 0
    for syscall in KILLED_AT[variant]:
        for point in inject_ledger("ledger_work", variant, syscall, "signal=SIGKILL"):
            count += 1
            wrong = ledger_work.faults_in(point / "home", said(point))
            assert not wrong, f"killed at {syscall} number {point.name}: {wrong}"
    print(f"F2: {count} of {count} kill points of the ledger left the old or the new state")
    assert count >= 100


def test_f2_finds_a_ledger_that_appends_one_by_one(inject_ledger: Inject) -> None:
    points = inject_ledger("ledger_work", "one_by_one", "fdatasync", "signal=SIGKILL")
    wrong = [ledger_work.faults_in(point / "home", said(point)) for point in points]
    assert any("of 1 runs" in line for lines in wrong for line in lines)


@pytest.mark.slow
def test_f6_every_error_of_the_device_is_said(inject_ledger: Inject) -> None:
    for syscall in FAILED_AT:
        points = inject_ledger("ledger_work", "turning", syscall, "error=EIO")
        assert points
        for point in points:
            lines = said(point)
            wrong = ledger_work.faults_in(point / "home", lines)
            assert not wrong, f"EIO at {syscall} number {point.name}: {wrong}"
            assert len(lines) == 2 or "refused" in lines, "what was not done was refused"
