"""Heartbeats and the settling of dead runs: nothing stays "running" for ever."""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import replace
from types import TracebackType

from rueda.kernel.errors import LeaseHeld, LeaseLost, RuedaError
from rueda.kernel.record import Execution, Lease, Run, utc_text
from rueda.kernel.seams import Ledger

TTL_S = 15.0
"""A process that has not renewed its lease for this long is taken for dead."""


def owner_text() -> str:
    """Who works here: host, process and thread, as people read it in "held by …"."""
    return f"{socket.gethostname()} pid {os.getpid()} thread {threading.get_native_id()}"


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
        self._owner = owner_text()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease {name}", daemon=True)
        self.lease: Lease | None = None

    def __enter__(self) -> Lease:
        self.lease = self._ledger.lease(self._name, self._owner, self._ttl_s)
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
