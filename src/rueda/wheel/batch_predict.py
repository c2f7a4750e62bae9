"""Batch prediction: a file through the path that online requests take, row by row accounted for."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from rueda.artifacts.release import Release
from rueda.artifacts.rows import RowReader, Unknown
from rueda.artifacts.strict_json import Fault
from rueda.artifacts.version import version_name
from rueda.kernel.digest import Digest, Json
from rueda.kernel.errors import BrokenInput, UnfitData
from rueda.kernel.home import Home
from rueda.kernel.record import Note, utc_text
from rueda.serving.loaded import Loaded, Servable
from rueda.wheel.promotion import release_of
from rueda.wheel.table_file import FileRow, read_rows

_UNSAFE = re.compile(r"[^\w.+-]+")


@dataclass(frozen=True, slots=True)
class FilePrediction:
    """What came of a file: rows = predicted + quarantined."""

    output: Path
    quarantine: Path | None
    version: str
    release: Digest
    rows: int
    predicted: int
    quarantined: int


def predict_file(
    home: Home,
    which: str,
    source: Path,
    output: Path,
    *,
    keep: Sequence[str] = (),
    unknown: Unknown = "other",
    opener: Callable[[Digest], Servable] | None = None,
) -> FilePrediction:
    """Predict the rows of ``source`` by the release that ``which`` names, in bounded memory.

    Parameters
    ----------
    output
        A ``.csv``, ``.parquet`` or ``.jsonl`` file; it appears whole, or not at all. Rows that do
        not fit the signature go to ``OUTPUT.quarantine.jsonl`` beside it, with the reason.
    keep
        Columns of ``source`` to carry into ``output``, such as a key.

    Raises
    ------
    BrokenInput
        ``output`` has an extension of none of the formats.
    """
    artifact = release_of(home, which)
    release = (opener or (lambda digest: Release.open(home.store, digest)))(artifact.digest)
    version = version_name(home.ledger, release.name, artifact.digest)
    loaded = Loaded(
        artifact.digest, version, release, RowReader(release.signature, unknown=unknown)
    )
    rejected = output.with_name(output.name + ".quarantine.jsonl")
    predicted = quarantined = 0
    with _replacing(output) as draft, _replacing(rejected) as refused:
        writer = _writer(output, draft)
        with refused.open("wb") as reasons:
            for group in read_rows(source, release.signature, keep):
                good, bad = _apart(loaded, group)
                table, failed = _answer(loaded, good)
                writer.write(table)
                predicted += table.num_rows
                for row in (*bad, *failed):
                    reasons.write(_reason(row))
                    quarantined += 1
        writer.close(_schema(loaded, keep))
    if not quarantined:
        rejected.unlink()
    done = FilePrediction(
        output,
        rejected if quarantined else None,
        version,
        artifact.digest,
        predicted + quarantined,
        predicted,
        quarantined,
    )
    _note(home, done, source)
    return done


def _apart(loaded: Loaded, group: Sequence[FileRow]) -> tuple[list[FileRow], list[FileRow]]:
    good: list[FileRow] = []
    bad: list[FileRow] = []
    for row in group:
        faults = row.faults or tuple(loaded.reader.faults(row.inputs))
        (bad if faults else good).append(replace(row, faults=faults))
    return good, bad


def _answer(loaded: Loaded, rows: Sequence[FileRow]) -> tuple[pa.Table, list[FileRow]]:
    """The answers to ``rows``, and the rows for which the model has no number."""
    if not rows:
        return _table(loaded, (), np.zeros((0, len(loaded.release.classes)))), []
    try:
        scores = loaded.release.score(loaded.reader.arrow([row.inputs for row in rows]))
    except UnfitData as error:
        if len(rows) == 1:
            fault = Fault("no-answer", "", error.expected, error.got)
            return _answer(loaded, ())[0], [replace(rows[0], faults=(fault,))]
        # One row spoils a batch: halves find it in a few steps.
        half = len(rows) // 2
        left, lost = _answer(loaded, rows[:half])
        right, more = _answer(loaded, rows[half:])
        tables = [table for table in (left, right) if table.num_rows]
        return (pa.concat_tables(tables) if tables else left), lost + more
    return _table(loaded, rows, scores), []


def _table(loaded: Loaded, rows: Sequence[FileRow], scores: np.ndarray) -> pa.Table:
    columns: dict[str, Json] = {"row": pa.array([row.number for row in rows], pa.int64())}
    for name in rows[0].kept if rows else ():
        columns[name] = pa.array([_kept_text(row.kept[name]) for row in rows], pa.string())
    if loaded.release.task == "regression":
        columns["value"] = pa.array(scores.reshape(-1), pa.float64())
    else:
        columns["label"] = pa.array(loaded.labels(scores)) if rows else pa.array([], pa.null())
        for i, label in enumerate(loaded.release.classes):
            columns[_score_name(label)] = pa.array(scores[:, i], pa.float64())
    columns["release"] = pa.array([loaded.version] * len(rows), pa.string())
    return pa.table(columns)


def _schema(loaded: Loaded, keep: Sequence[str]) -> pa.Schema:
    """The columns of an output without rows."""
    names = ["row", *keep]
    if loaded.release.task == "regression":
        names.append("value")
    else:
        names += ["label", *map(_score_name, loaded.release.classes)]
    return pa.schema([(name, pa.string()) for name in [*names, "release"]])


def _score_name(label: Json) -> str:
    text = str(label).lower() if isinstance(label, bool) else str(label)
    return f"score_{_UNSAFE.sub('_', text)}"


def _kept_text(value: Json) -> str | None:
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()


def _reason(row: FileRow) -> bytes:
    errors = [fault.to_json() for fault in row.faults]
    line = {"row": row.number, "errors": errors, "input": row.inputs}
    try:
        return msgspec.json.encode(line) + b"\n"
    except UnicodeEncodeError:  # A lone surrogate is what is wrong with it.
        return msgspec.json.encode({**line, "input": repr(row.inputs)}) + b"\n"


class _Lines:
    def __init__(self, draft: Path) -> None:
        self._file = draft.open("wb")

    def write(self, table: pa.Table) -> None:
        self._file.writelines(msgspec.json.encode(row) + b"\n" for row in table.to_pylist())

    def close(self, empty: pa.Schema) -> None:  # noqa: ARG002
        self._file.close()


class _Columns:
    """Parquet or CSV, opened by the first rows."""

    def __init__(self, draft: Path, make: Callable[[Path, pa.Schema], Json]) -> None:
        self._draft = draft
        self._make = make
        self._open: Json = None

    def write(self, table: pa.Table) -> None:
        if not table.num_rows:
            return
        if self._open is None:
            self._open = self._make(self._draft, table.schema)
        self._open.write_table(table)

    def close(self, empty: pa.Schema) -> None:
        if self._open is None:
            self._open = self._make(self._draft, empty)
        self._open.close()


def _writer(output: Path, draft: Path) -> _Lines | _Columns:
    if output.suffix in (".jsonl", ".ndjson"):
        return _Lines(draft)
    if output.suffix == ".parquet":
        return _Columns(draft, lambda path, schema: pq.ParquetWriter(path, schema))
    if output.suffix == ".csv":
        return _Columns(draft, lambda path, schema: pc.CSVWriter(path, schema))
    raise BrokenInput(
        f"cannot write {output.name}",
        expected=".csv, .parquet, .jsonl or .ndjson",
        got=output.suffix or "no extension",
    )


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A draft that becomes ``path``, durably, when the block ends well; else it is removed."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        yield draft
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        draft.unlink(missing_ok=True)


def _note(home: Home, done: FilePrediction, source: Path) -> None:
    body = {
        "source": str(source),
        "output": str(done.output),
        "release": done.release,
        "rows": done.rows,
        "predicted": done.predicted,
        "quarantined": done.quarantined,
    }
    identity = f"batch-prediction/{secrets.token_hex(8)}"
    note = Note(identity, "batch-prediction", done.version, utc_text(), body)
    home.ledger.append(note, actor="predict", why=f"{done.predicted} of {done.rows} rows")
