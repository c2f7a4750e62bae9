"""What a stage cost: wall and CPU seconds, and peak memory."""

from __future__ import annotations

import resource
import time
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


class Meter:
    """Starts when it is made; ``read`` gives the cost since then.

    Peak memory is that of the whole process since the start, where the kernel lets us reset its
    high-water mark (Linux); elsewhere it is the mark since the process began.
    """

    def __init__(self) -> None:
        self._wall = time.monotonic()
        self._cpu = time.process_time()
        try:
            _CLEAR.write_text("5", encoding="ascii")
        except OSError:
            # Not Linux, or /proc is closed: the mark since the process began has to do.
            return

    def read(self) -> tuple[float, float, int]:
        """Wall seconds, CPU seconds of all threads, and peak resident bytes."""
        return time.monotonic() - self._wall, time.process_time() - self._cpu, _peak_bytes()


def _peak_bytes() -> int:
    if _STATUS.exists():
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
