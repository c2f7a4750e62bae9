"""What a profile costs beside decoding the same columns, on a table of mixed types with nulls.

    python bench/profile_table.py [--rows 1000000] [--workers 2]

Prints CPU seconds of the process (user and system), the ratio to decoding by Polars, and the cost
of each column in nanoseconds a value. Ratios mean something, single times little.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from rueda.kernel.plugins import load_plugin
from rueda.tallies.profile import ProfileTally

CHUNK_ROWS = 131_072


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        pq.write_table(table(arguments.rows), path, compression="zstd", row_group_size=CHUNK_ROWS)
        compare(path, arguments.workers)


def compare(path: Path, workers: int) -> None:
    schema = pq.read_schema(path)
    engine = load_plugin("engine", "threads")(workers)
    chunks = [RowGroup(path, number) for number in range(pq.ParquetFile(path).num_row_groups)]
    values = pq.ParquetFile(path).metadata.num_rows
    ways: dict[str, Callable[[], Any]] = {
        "Polars decode": lambda: pl.read_parquet(path, use_pyarrow=False),
        "pyarrow decode, by row group": lambda: [chunk.batch() for chunk in chunks],
        "Rueda profile": lambda: engine.tally(ProfileTally.of_schema(schema), chunks),
        "Polars describe": lambda: pl.read_parquet(path).describe(),
    }
    limit = 0.0
    print(f"{values:,} rows, {len(schema)} columns, {workers} workers")
    for name, way in ways.items():
        cpu_s, wall_s = cost(way)
        limit = limit or cpu_s
        print(f"  {name:<30} {cpu_s:7.2f} CPU s  {wall_s:6.2f} s  {cpu_s / limit:6.1f} x")
    print("nanoseconds a value, one chunk, one thread:")
    batch = chunks[0].batch()
    for field in schema:
        tally = ProfileTally(((field.name, str(field.type)),))
        cpu_s, _ = cost(lambda tally=tally: tally.add(tally.empty(), batch), times=3)
        print(f"  {field.name:<30} {cpu_s / batch.num_rows * 1e9:7.1f}")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def cost(way: Callable[[], object], times: int = 2) -> tuple[float, float]:
    """CPU and wall seconds of the best of ``times``."""
    best = (float("inf"), float("inf"))
    for _ in range(times):
        cpu, wall = time.process_time(), time.perf_counter()
        way()
        best = min(best, (time.process_time() - cpu, time.perf_counter() - wall))
    return best


@dataclass(frozen=True)
class RowGroup:
    """A row group of a Parquet file as a chunk."""

    path: Path
    number: int

    @property
    def digest(self) -> str:
        return str(self.number)

    @property
    def rows(self) -> int:
        return CHUNK_ROWS

    def batch(self, columns: list[str] | None = None) -> pa.RecordBatch:
        with pq.ParquetFile(self.path) as file:
            read = file.read_row_group(self.number, columns=columns, use_threads=False)
        return read.combine_chunks().to_batches()[0]


def table(rows: int) -> pa.Table:
    """22 columns: as many low as high cardinalities, strings, times, nulls."""
    rng = np.random.default_rng(1)
    some = rng.random(rows) < 0.05
    columns: dict[str, Any] = {
        "id": np.arange(rows),
        "user": rng.integers(0, rows // 5 + 1, rows),
        "month": rng.integers(1, 13, rows).astype(np.int8),
        "hour": rng.integers(0, 24, rows).astype(np.int16),
        "minute": rng.integers(0, 60, rows).astype(np.int32),
        "distance": rng.choice(rng.integers(80, 5_000, 214), rows),
        "price": np.round(rng.lognormal(3, 1, rows), 2),
        "delay": rng.normal(5, 40, rows),
        "temperature": np.round(rng.normal(15, 9, rows), 1),
        "humidity": np.round(rng.random(rows) * 100, 2),
        "rain": np.where(rng.random(rows) < 0.93, 0.0, rng.exponential(1, rows)),
        "score": rng.random(rows).astype(np.float32),
        "flag": rng.random(rows) < 0.3,
        "rare": rng.random(rows) < 0.001,
        "day": rng.integers(15_000, 15_365, rows).astype("datetime64[D]"),
        "moment": rng.integers(1_356_998_400_000, 1_388_534_399_000, rows).astype("datetime64[ms]"),
    }
    arrays = {
        name: pa.array(v, mask=some if len(name) % 2 else None) for name, v in columns.items()
    }
    for name, words in {
        "carrier": [f"C{i}" for i in range(16)],
        "origin": ["EWR", "JFK", "LGA"],
        "dest": [f"D{i:03d}" for i in range(105)],
        "tailnum": [f"N{i:05d}" for i in range(4_000)],
        "city": [f"city of the number {i}" for i in range(30_000)],
        "hash": [f"{i:016x}" for i in rng.integers(0, 2**63, rows)],
    }.items():
        index = pa.array(rng.integers(0, len(words), rows), mask=some)
        arrays[name] = pa.array(words).take(index)
    return pa.table(arrays)


if __name__ == "__main__":
    main()
