"""The store against ``sha256sum`` and ``cp``: one large file, then many at once. Times in one run.

``python bench/hashing.py [MEGABYTES] [ROUNDS] [FOLDER]``: each way takes its turn in every round,
and the table shows the best time of each, so that a busy machine shows less.
"""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rueda.kernel.seams import Blob
from rueda.stores.local import LocalStore

PARTS = 8
COPY = "cp, then sync"


@dataclass(frozen=True)
class Way:
    """One way to take in or give out the file; ``prepare`` is not timed."""

    name: str
    run: Callable[[], object]
    prepare: Callable[[], object] = lambda: None


def main(megabytes: int, rounds: int, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        best: dict[str, float] = {}
        ways = make_ways(Path(scratch), megabytes)
        for way in ways * rounds:
            way.prepare()
            begun = time.perf_counter()
            way.run()
            seconds = time.perf_counter() - begun
            best[way.name] = min(seconds, best.get(way.name, seconds))
    show(megabytes, best)


def make_ways(scratch: Path, megabytes: int) -> list[Way]:
    large, copy = scratch / "large", scratch / "copy"
    parts = [scratch / f"part{i}" for i in range(PARTS)]
    write_random(large, megabytes)
    for part in parts:
        write_random(part, megabytes // PARTS)
    store = LocalStore(scratch / "store")
    blob = put(store, large)

    def copy_and_sync() -> None:
        shutil.copyfile(large, copy)
        with copy.open("rb") as copied:
            os.fsync(copied.fileno())

    def put_parts() -> None:
        with ThreadPoolExecutor(PARTS) as threads:
            list(threads.map(lambda part: put(store, part), parts))

    return [
        Way("sha256sum", lambda: run("sha256sum", large)),
        Way("hashlib, one pass", lambda: hash_file(large)),
        Way(COPY, copy_and_sync, lambda: copy.unlink(missing_ok=True)),
        Way("store: put, new", lambda: put(store, large), lambda: empty(store)),
        Way("store: put, again", lambda: put(store, large)),
        Way("store: open and read", lambda: read(store, blob)),
        Way(f"sha256sum, {PARTS} parts", lambda: run("sha256sum", *parts)),
        Way(f"store: put, {PARTS} parts again", put_parts, put_parts),
    ]


def write_random(path: Path, megabytes: int) -> None:
    with path.open("wb") as target:
        for _ in range(megabytes):
            target.write(os.urandom(2**20))


def empty(store: LocalStore) -> None:
    list(store.sweep((), dry_run=False))


def read(store: LocalStore, blob: Blob) -> None:
    buffer = bytearray(2**20)
    with store.open(blob.digest) as stream:
        while stream.readinto(buffer):  # type: ignore[attr-defined]
            pass


def run(*command: str | Path) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def hash_file(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def put(store: LocalStore, path: Path) -> Blob:
    with path.open("rb") as source:
        return store.put(source)


def show(megabytes: int, best: dict[str, float]) -> None:
    table = Table("way", "seconds", "MB/s", "of sha256sum", "of cp", title=f"{megabytes} MiB")
    for name, seconds in best.items():
        table.add_row(
            name,
            f"{seconds:.2f}",
            f"{megabytes * 1.048576 / seconds:,.0f}",
            f"{seconds / best['sha256sum']:.2f}",
            f"{seconds / best[COPY]:.2f}",
        )
    console = Console()
    console.print(table)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(f"peak memory of the process {peak_mb:.0f} MB, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    arguments = sys.argv[1:] + ["1024", "3", tempfile.gettempdir()][len(sys.argv) - 1 :]
    main(int(arguments[0]), int(arguments[1]), Path(arguments[2]))
