"""Extract at 1 M and 3 M rows of CSV and Parquet: seconds, CPU seconds and peak memory.

    python bench/extract.py [ROWS …]

Each measurement is a process of its own, so that its peak is its own. Memory must not grow with the
rows; for scale, what pyarrow needs to read the same file whole stands beside.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROWS = (1_000_000, 3_000_000)

WHOLE = """
import sys, pyarrow.csv, pyarrow.parquet
path = sys.argv[1]
table = pyarrow.csv.read_csv(path) if path.endswith("csv") else pyarrow.parquet.read_table(path)
"""

EXTRACT = """
import sys, tempfile
from pathlib import Path
from rueda.engines.threads import ThreadEngine
from rueda.kernel.artifact import Artifact
from rueda.kernel.stage import Context
from rueda.stages.s1_extract import EXTRACT, Extract, open_source
from rueda.stores.local import LocalStore
path = Path(sys.argv[1])
spec = Extract(path.name, label="y", **({"time": "when"} if sys.argv[2:] else {"key": "id"}))
with tempfile.TemporaryDirectory(dir=path.parent) as folder:
    home = Path(folder)
    context = Context(LocalStore(home / "store"), ThreadEngine(), path.parent, home / "scratch")
    version = open_source(spec, path.parent, None).version()
    EXTRACT.run(spec, {"source": Artifact("source", version)}, context)
"""

METER = """
import json, resource, time
began = time.perf_counter()
{code}
used = resource.getrusage(resource.RUSAGE_SELF)
seconds = time.perf_counter() - began
# ru_maxrss would be that of the process that forked this one.
(peak,) = (x.split()[1] for x in open("/proc/self/status") if x.startswith("VmHWM"))
print(json.dumps([seconds, used.ru_utime + used.ru_stime, int(peak) / 1024]))
"""


def write(folder: Path, rows: int) -> list[Path]:
    """The same rows as CSV and as Parquet."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    rng = np.random.default_rng(0)
    names = np.array([f"name {i}" for i in range(5000)])
    table = pa.table(
        {
            "id": np.arange(rows),
            "when": pa.array(np.arange(rows) * 10_000_000, pa.timestamp("us")),
            "a": rng.normal(size=rows).round(6),
            "b": rng.integers(0, 1000, rows),
            "c": np.array(["red", "green", "blue", "ünïcode"])[rng.integers(0, 4, rows)],
            "d": pa.array(rng.random(rows).round(4), mask=rng.random(rows) < 0.05),
            "e": names[rng.integers(0, 5000, rows)],
            "f": rng.random(rows) < 0.5,
            "y": rng.integers(0, 2, rows),
        }
    )
    files = [folder / f"{rows}.csv", folder / f"{rows}.parquet"]
    pyarrow.csv.write_csv(table, files[0])
    pyarrow.parquet.write_table(table, files[1])
    return files


def measure(code: str, *words: str) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", METER.format(code=code), *words],
        capture_output=True,
        text=True,
        check=True,
    )
    figures: list[float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    rows = tuple(map(int, sys.argv[1:])) or ROWS
    print(f"{'what':<34}{'rows':>12}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for count in rows:
            for file in write(Path(folder), count):
                kind = file.suffix[1:]
                for what, figures in (
                    (f"pyarrow, whole {kind}", measure(WHOLE, str(file))),
                    (f"extract {kind} by key", measure(EXTRACT, str(file))),
                    (f"extract {kind} by time", measure(EXTRACT, str(file), "time")),
                ):
                    wall, cpu, peak = figures
                    print(f"{what:<34}{count:>12,}{wall:>9.1f}{cpu:>9.1f}{peak:>9.0f}")


if __name__ == "__main__":
    main()
