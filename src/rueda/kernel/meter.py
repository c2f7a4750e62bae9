"""Meter: what a stage or a trial cost."""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

_EVERY_S = 0.02
_STATM = Path("/proc/self/statm")


class Meter:
    """Wall time, processor time and peak memory between entering and leaving.

    Notes
    -----
    Processor time is of all threads of the process. Peak memory is the largest resident size of the
    process that a sample every 20 ms saw; where the system has no ``/proc``, the largest since the
    process began.
    """

    seconds = 0.0
    cpu_seconds = 0.0
    peak_bytes = 0

    def __enter__(self) -> Meter:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        self._done = threading.Event()
        self.peak_bytes = _resident_bytes()
        self._watch = threading.Thread(target=self._sample, daemon=True)
        self._watch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.seconds = time.perf_counter() - self._wall
        self.cpu_seconds = time.process_time() - self._cpu
        self._done.set()
        self._watch.join()
        self.peak_bytes = max(self.peak_bytes, _resident_bytes())

    def _sample(self) -> None:
        while not self._done.wait(_EVERY_S):
            self.peak_bytes = max(self.peak_bytes, _resident_bytes())


def _resident_bytes() -> int:
    if _STATM.exists():
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    # Kilobytes on Linux, bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
