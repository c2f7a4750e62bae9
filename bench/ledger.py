"""The ledger on SQLite against plain ``sqlite3`` that flushes as often. Times in one run.

``python bench/ledger.py [FOLDER]``: the floor writes the same text into one table without an index,
a chain or a check, which is the least that a durable write costs here.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from rueda.kernel.digest import digest_json
from rueda.kernel.record import Execution, Made, Note, Run, utc_text
from rueda.ledgers.sql import open_sqlite

RUNS = 100_000
BATCH = 500
SINGLES = 1_000
WRITERS = 16
WRITES = int(os.environ.get("RUEDA_BENCH_WRITES", "200"))
FORK = multiprocessing.get_context("fork")


def main(folder: Path) -> None:
    table = Table("", "plain sqlite3", "ledger", "ratio", title="ledger on SQLite")
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        ours, floor = Path(scratch) / "ledger.db", Path(scratch) / "floor.db"
        make_floor(floor)
        open_sqlite(ours).close()
        for name, unit, plain, rueda in (
            ("append one (median)", "ms", floor_single(floor), single(ours)),
            ("append 500 at once, each", "ms", floor_batch(floor), batch(ours)),
            *reading(ours, floor),
            *contention(ours, floor),
        ):
            table.add_row(
                name, f"{plain:.3g} {unit}", f"{rueda:.3g} {unit}", f"{rueda / plain:.2f}"
            )
    Console().print(table)


def run(i: int, lifecycle: str = "flights") -> Run:
    state = "failed" if i % 100 == 0 else "succeeded"
    return Run(f"run-{i}", lifecycle, state, utc_text(), note={"rows": i})


def single(path: Path) -> float:
    with open_sqlite(path) as ledger:
        return median_ms(lambda i: ledger.append(run(-1 - i), actor="bench"), SINGLES)


def batch(path: Path) -> float:
    """All runs of the later readings are written here."""
    with open_sqlite(path) as ledger:
        started = time.perf_counter()
        for start in range(0, RUNS, BATCH):
            ledger.append(*map(run, range(start, start + BATCH)), actor="bench")
        return 1000 * (time.perf_counter() - started) / RUNS


def reading(path: Path, floor: Path) -> list[tuple[str, str, float, float]]:
    """Lists and look-ups among 100,000 runs."""
    keys = [digest_json(i) for i in range(2_000)]
    with open_sqlite(path) as ledger, closing(sqlite3.connect(floor)) as plain:
        stages = [Execution(k, "run-1", "train", k, "ran", utc_text()) for k in keys]
        ledger.append(*stages, *(Made(k, "model", k, utc_text()) for k in keys), actor="bench")
        page = "SELECT * FROM rows ORDER BY id DESC LIMIT 100"
        one = "SELECT * FROM rows WHERE id = ?"
        listed = median_ms(lambda _: plain.execute(page).fetchall(), 100)
        found = median_ms(lambda i: plain.execute(one, (i,)).fetchall(), 300)
        ways: list[tuple[str, float, Callable[[int], Any]]] = [
            ("list 100 runs of 100,000", listed, lambda _: ledger.find(Run)),
            ("… of a lifecycle", listed, lambda _: ledger.find(Run, lifecycle="flights")),
            ("… that failed", listed, lambda _: ledger.find(Run, state="failed")),
            (
                "… of a lifecycle, that failed",
                listed,
                lambda _: ledger.find(Run, lifecycle="flights", state="failed"),
            ),
            (
                "find an execution by key",
                found,
                lambda i: ledger.find(Execution, key=keys[i], state="ran", limit=1),
            ),
            ("find an artifact", found, lambda i: ledger.find(Made, id=keys[i])),
        ]
        return [(name, "ms", least, median_ms(way, 100)) for name, least, way in ways]


def contention(path: Path, floor: Path) -> list[tuple[str, str, float, float]]:
    """Sixteen processes append one by one."""
    plain_rate, plain = together(floor_writer, floor)
    rate, ours = together(writer, path)
    return [
        ("16 writers, appends in a second", "", plain_rate, rate),
        ("16 writers, p99", "ms", percentile(plain, 99), percentile(ours, 99)),
        ("16 writers, longest", "ms", max(plain), max(ours)),
    ]


def together(work: Callable[[Path, int, Any], None], path: Path) -> tuple[float, list[float]]:
    results = FORK.Queue()
    processes = [FORK.Process(target=work, args=(path, i, results)) for i in range(WRITERS)]
    started = time.perf_counter()
    for process in processes:
        process.start()
    times = [ms for _ in processes for ms in results.get()]
    for process in processes:
        process.join()
    return len(times) / (time.perf_counter() - started), times


def writer(path: Path, number: int, results: Any) -> None:
    with open_sqlite(path) as ledger:
        results.put(
            times_ms(
                lambda i: ledger.append(Note(f"{number}-{i}", "k", "s", utc_text()), actor="w"),
                WRITES,
            )
        )


def make_floor(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT)")


def floor_open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def floor_append(connection: sqlite3.Connection, rows: Sequence[Run | Note]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    bodies = [(json.dumps(asdict(row)),) for row in rows]
    connection.executemany("INSERT INTO rows (body) VALUES (?)", bodies)
    connection.execute("COMMIT")


def floor_single(path: Path) -> float:
    with closing(floor_open(path)) as connection:
        return median_ms(lambda i: floor_append(connection, [run(i)]), SINGLES)


def floor_batch(path: Path) -> float:
    with closing(floor_open(path)) as connection:
        started = time.perf_counter()
        for start in range(0, RUNS, BATCH):
            floor_append(connection, [run(i) for i in range(start, start + BATCH)])
        return 1000 * (time.perf_counter() - started) / RUNS


def floor_writer(path: Path, number: int, results: Any) -> None:
    with closing(floor_open(path)) as connection:
        row = Note(str(number), "k", "s", utc_text())
        results.put(times_ms(lambda _: floor_append(connection, [row]), WRITES))


def times_ms(call: Callable[[int], Any], times: int) -> list[float]:
    taken = []
    for i in range(times):
        started = time.perf_counter()
        call(i)
        taken.append(1000 * (time.perf_counter() - started))
    return taken


def median_ms(call: Callable[[int], Any], times: int) -> float:
    return statistics.median(times_ms(call, times))


def percentile(values: list[float], percent: int) -> float:
    return sorted(values)[len(values) * percent // 100]


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
