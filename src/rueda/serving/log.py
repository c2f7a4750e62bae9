"""Log: predictions written before they are answered, made durable in groups."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from rueda.artifacts.segment import Counts, SegmentWriter
from rueda.kernel.errors import WriteRefused

_log = logging.getLogger(__name__)


class PredictionLog:
    """A segment with group commit.

    Parameters
    ----------
    folder
        Where the segments are.
    interval_s
        How long a written line may wait for its fsync: what a power cut can take.
    durable
        Whether ``settled`` waits for the fsync: a power cut takes nothing that was answered.
    refuse
        Whether a full disk refuses requests; else they are answered and counted as unlogged.
    """

    def __init__(
        self, folder: Path, *, interval_s: float = 0.05, durable: bool = False, refuse: bool = False
    ) -> None:
        self._segment = SegmentWriter(folder)
        self._interval_s = interval_s
        self._durable = durable
        self._refuse = refuse
        self._stop = threading.Event()
        self._work = threading.Event()
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._lock = threading.Lock()
        self.failed_syncs = 0
        self._thread = threading.Thread(target=self._commit, name="prediction-log", daemon=True)
        self._thread.start()

    def keep(self, entries: Sequence[object]) -> int:
        """Write ``entries``; a killed process loses none of them.

        Raises
        ------
        WriteRefused
            The disk did not take them, and the log is to refuse rather than to lose.
        """
        try:
            ticket = self._segment.append(entries)
        except WriteRefused:
            if self._refuse or self._durable:
                raise
            return 0
        self._work.set()
        return ticket

    async def settled(self, ticket: int) -> None:
        """Return when ``ticket`` may be answered: at once, or (``durable``) after its fsync.

        Raises
        ------
        WriteRefused
            The device failed.
        """
        if not self._durable:
            return
        done = asyncio.get_running_loop().create_future()
        with self._lock:
            self._waiting.append((ticket, done))
        self._work.set()
        await done

    @property
    def counts(self) -> Counts:
        return self._segment.counts

    def close(self) -> None:
        """Make everything durable and stop."""
        self._stop.set()
        self._work.set()
        self._thread.join()
        with contextlib.suppress(WriteRefused):
            self._segment.close()

    def _commit(self) -> None:
        while not self._stop.is_set():
            self._work.wait()
            self._work.clear()
            if not self._durable:
                self._stop.wait(self._interval_s)
            error: WriteRefused | None = None
            reached = 0
            try:
                reached = self._segment.sync()
            except WriteRefused as refused:
                error = refused
                self.failed_syncs += 1
                _log.error("prediction log: %s", refused)
            self._release(reached, error)

    def _release(self, reached: int, error: WriteRefused | None) -> None:
        with self._lock:
            ready = [(t, f) for t, f in self._waiting if error or t <= reached]
            self._waiting = [(t, f) for t, f in self._waiting if not error and t > reached]
        for _, done in ready:
            # A client that hung up has cancelled its future; its loop may be closing.
            with contextlib.suppress(RuntimeError):
                done.get_loop().call_soon_threadsafe(_finish, done, error)


def _finish(done: asyncio.Future[None], error: WriteRefused | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
