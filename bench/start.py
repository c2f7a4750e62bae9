"""Starting up: `import rueda` and `rueda --help` against a Python that does nothing."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 15
RUEDA = str(Path(sys.executable).with_name("rueda"))
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import rueda": [sys.executable, "-c", "import rueda"],
    "rueda --help": [RUEDA, "--help"],
    "rueda plugins": [RUEDA, "plugins"],
}


def measure(command: list[str]) -> tuple[float, float]:
    """Median wall and CPU milliseconds of whole processes."""
    walls, cpus = [], []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        walls.append(time.perf_counter() - began)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(walls) * 1000, statistics.median(cpus) * 1000


def main() -> None:
    floor = None
    print(f"{'command':<18}{'wall ms':>9}{'cpu ms':>9}{'x floor':>9}   (medians of {RUNS})")
    for name, command in COMMANDS.items():
        wall, cpu = measure(command)
        floor = floor or cpu
        print(f"{name:<18}{wall:>9.0f}{cpu:>9.0f}{cpu / floor:>9.1f}")


if __name__ == "__main__":
    main()
