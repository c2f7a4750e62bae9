"""Every source keeps the laws; a source that breaks one is found out."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rueda.kernel.digest import Digest, digest_bytes
from rueda.kernel.errors import BrokenInput
from rueda.kernel.seams import Rejected, Source
from rueda.sources.files import FileSource
from rueda.sources.sql import SqlSource
from rueda.testing.source import check_source

TABLE = pa.table({"k": range(3000), "x": [i / 3 if i % 7 else None for i in range(3000)]})

Reject = Callable[[Rejected], None] | None


def csv(table: pa.Table) -> bytes:
    rows = (f"{row['k']},{'' if row['x'] is None else row['x']}" for row in table.to_pylist())
    return "\n".join(["k,x", *rows, ""]).encode()


def json_lines(table: pa.Table) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in table.to_pylist()).encode()


def parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=700)
    return sink.getvalue().to_pybytes()


WRITERS = {"csv": csv, "jsonl": json_lines, "parquet": parquet}
BROKEN = {"csv": b"1,2,3\n", "jsonl": b'{"k": \n'}


def changed() -> pa.Table:
    return TABLE.set_column(0, "k", pa.array([*range(2999), 0]))


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize("form", WRITERS)
def test_files_keep_the_laws(tmp_path: Path, form: str, cached: bool) -> None:
    cache = tmp_path / "cache" if cached else None
    (tmp_path / "rows").mkdir()
    write(tmp_path, form, WRITERS[form](TABLE))
    broken = tmp_path / f"broken.{form}"
    broken.write_bytes(WRITERS[form](TABLE) + BROKEN.get(form, b""))
    check_source(
        lambda: FileSource("rows", tmp_path, cache=cache),
        change=lambda: write(tmp_path, form, WRITERS[form](changed())),
        touch=lambda: touch(tmp_path, form),
        broken=(lambda: FileSource(broken.name, tmp_path)) if form in BROKEN else None,
    )


QUERIES = ("FROM 'rows/*.FORM'", "SELECT k % 9 AS m, sum(x) FROM 'rows/a.FORM' GROUP BY m")


@pytest.mark.parametrize("sql", QUERIES)
@pytest.mark.parametrize("form", WRITERS)
def test_sql_keeps_the_laws(tmp_path: Path, form: str, sql: str) -> None:
    (tmp_path / "rows").mkdir()
    write(tmp_path, form, WRITERS[form](TABLE))
    check_source(
        lambda: SqlSource(sql.replace("FORM", form), tmp_path),
        change=lambda: write(tmp_path, form, WRITERS[form](changed())),
        touch=lambda: touch(tmp_path, form),
    )


def write(folder: Path, form: str, content: bytes) -> None:
    (folder / "rows" / f"a.{form}").write_bytes(content)


def touch(folder: Path, form: str) -> None:
    os.utime(folder / "rows" / f"a.{form}", ns=(1, 1))
    (folder / "other.txt").write_text("no row")


class Sound:
    """A source of a few lines that keeps the laws: what is planted below is the only fault."""

    def __init__(self, content: list[int]) -> None:
        self.content = content

    def version(self) -> Digest:
        return digest_bytes(repr(self.content).encode())

    def batches(self, reject: Reject = None) -> Iterator[pa.RecordBatch]:
        for value in self.content:
            if value >= 0:
                yield pa.record_batch({"a": [value]})
            elif reject:
                reject(Rejected("here", str(value), "negative"))
            else:
                raise BrokenInput("negative")


class Counted(Sound):
    """Its version is that of the object."""

    numbers = itertools.count()

    def version(self) -> Digest:
        return digest_bytes(b"%d" % next(self.numbers))


class Constant(Sound):
    """Its version never changes."""

    def version(self) -> Digest:
        return digest_bytes(b"")


class Surrounded(Sound):
    """Its version sees what is not content."""

    touched = 0

    def version(self) -> Digest:
        return digest_bytes(repr((self.content, Surrounded.touched)).encode())


class Shuffled(Sound):
    """Its rows come in another order each time."""

    turns = itertools.count()

    def batches(self, reject: Reject = None) -> Iterator[pa.RecordBatch]:
        batches = list(super().batches(reject))
        turn = next(self.turns) % 2
        return iter(batches[::-1] if turn else batches)


class Motley(Sound):
    """Its batches have different schemas."""

    def batches(self, reject: Reject = None) -> Iterator[pa.RecordBatch]:
        for number, batch in enumerate(super().batches(reject)):
            yield batch if number else batch.cast(pa.schema([("a", pa.float64())]))


class Silent(Sound):
    """It drops what it cannot use."""

    def batches(self, reject: Reject = None) -> Iterator[pa.RecordBatch]:
        return super().batches(reject or (lambda row: None))


class Mute(Sound):
    """It tells nobody what it dropped."""

    def batches(self, reject: Reject = None) -> Iterator[pa.RecordBatch]:
        if reject is None:
            yield from super().batches()
        else:
            yield from super().batches(lambda row: None)


class Shared(Sound):
    """Its readers take the rows from each other."""

    def __init__(self, content: list[int]) -> None:
        super().__init__(content)
        self.at = 0

    def batches(self, reject: Reject = None) -> Iterator[pa.RecordBatch]:
        self.at = 0
        for _ in self.content:
            if self.at < len(self.content):
                yield from Sound([self.content[self.at]]).batches(reject)
            self.at += 1


class Empty(Sound):
    """It yields no batch at all."""

    def batches(self, reject: Reject = None) -> Iterator[pa.RecordBatch]:
        return iter(())


def check(kind: type[Sound]) -> None:
    content = [1, 2, 3]

    def make() -> Source:
        return kind(content)

    def touch_it() -> None:
        Surrounded.touched += 1

    check_source(
        make,
        change=lambda: content.__setitem__(1, 7),
        touch=touch_it,
        broken=lambda: kind([1, -2, 3]),
    )


def test_a_sound_source_passes() -> None:
    check(Sound)


@pytest.mark.parametrize(
    "kind",
    [Counted, Constant, Surrounded, Shuffled, Motley, Silent, Mute, Shared, Empty],
    ids=lambda kind: kind.__name__,
)
def test_a_source_that_breaks_a_law_is_found_out(kind: type[Sound]) -> None:
    with pytest.raises((AssertionError, ValueError)):
        check(kind)
