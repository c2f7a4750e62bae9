"""Heartbeats and the settling of dead runs: nothing stays "running", or on the disk, for ever."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from rueda.kernel.errors import LeaseHeld, LeaseLost, RuedaError
from rueda.kernel.home import Home
from rueda.kernel.record import Execution, Lease, Run, utc_text
from rueda.kernel.seams import Ledger

TTL_S = 10.0
"""A process that has not renewed its lease for this long is taken for dead, wherever it ran."""


_OWNER = re.compile(r"(?P<process>(?P<host>.*) pid (?P<pid>\d+) since (?P<since>\d+)) \S+")


def process_text() -> str:
    """This process as people read it in "held by …"; unique on this machine since it booted."""
    return f"{socket.gethostname()} pid {os.getpid()} since {_started(os.getpid())}"


def _started(pid: int) -> int:
    """When ``pid`` began, in ticks since boot: numbers of processes are used again, this pair is
    not.

    0 where the kernel does not tell; then only the lease's expiry says that its owner is dead.
    """
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    # The second field is the program's name in parentheses, and may hold anything.
    return int(status.rpartition(")")[2].split()[19])


def _is_dead(owner: str) -> bool:
    """Whether ``owner`` was a process of this machine that is certainly gone."""
    found = _OWNER.fullmatch(owner)
    if found is None or found["host"] != socket.gethostname() or found["since"] == "0":
        return False
    return _started(int(found["pid"])) != int(found["since"])


def _take(ledger: Ledger, name: str, owner: str, ttl_s: float) -> Lease:
    """Take the lease ``name``, at once if its holder was a process of this machine that is gone."""
    try:
        return ledger.lease(name, owner, ttl_s)
    except LeaseHeld:
        held = ledger.find(Lease, name=name, limit=1)
        if not held or not _is_dead(held[0].owner):
            raise
    with suppress(LeaseLost):
        # Two may bury the same process; the token tells who was first.
        ledger.lease(name, held[0].owner, 0, token=held[0].token)
    return ledger.lease(name, owner, ttl_s)


class Heartbeat:
    """A lease that renews itself in the background while the ``with`` block runs.

    Raises
    ------
    LeaseHeld
        On entering, while somebody else holds it.
    """

    def __init__(self, ledger: Ledger, name: str, ttl_s: float = TTL_S) -> None:
        self._ledger = ledger
        self._name = name
        self._ttl_s = ttl_s
        self._owner = f"{process_text()} {secrets.token_hex(4)}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease {name}", daemon=True)
        self.lease: Lease | None = None

    def __enter__(self) -> Lease:
        self.lease = _take(self._ledger, self._name, self._owner, self._ttl_s)
        self._thread.start()
        return self.lease

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        assert self.lease is not None
        try:
            self._ledger.lease(self._name, self._owner, 0, token=self.lease.token)
        except LeaseLost:
            # It expired and was taken over: whatever we would write next is fenced off by its
            # token.
            return

    def _beat(self) -> None:
        assert self.lease is not None
        while not self._stop.wait(self._ttl_s / 3):
            try:
                self._ledger.lease(self._name, self._owner, self._ttl_s, token=self.lease.token)
            except LeaseLost:
                return
            except RuedaError:
                # A busy or full disk now may be fine at the next beat; the token still fences us.
                continue


def settle(ledger: Ledger) -> list[str]:
    """Mark runs whose process died as ``abandoned``, their running stages too, and give their ids.

    A run is dead when its lease can be taken. Idempotent; two processes may settle at once.
    """
    settled = []
    for run in ledger.find(Run, state="running", limit=1000):
        try:
            with Heartbeat(ledger, f"run/{run.id}") as lease:
                now = utc_text()
                open_stages = [
                    replace(e, state="abandoned", error="the process ended without a word")
                    for e in ledger.find(Execution, run=run.id, limit=100)
                    if e.state == "running"
                ]
                dead = replace(run, state="abandoned", ended_at=now)
                current = ledger.find(Run, id=run.id, limit=1)
                if current and current[0].state == "running":
                    ledger.append(
                        dead, *open_stages, actor="rueda", why="its lease ran out", lease=lease
                    )
                    settled.append(run.id)
        except LeaseHeld:
            continue
    return settled


def sweep_scratch(home: Home) -> None:
    """Remove what runs that ended without unwinding left in the scratch folder of ``home``."""
    for folder in home.scratch.glob("*.*.*"):
        run = home.ledger.find(Run, id=folder.name.partition(".")[0], limit=1)
        if run and run[0].state != "running":
            shutil.rmtree(folder, ignore_errors=True)
