"""Survey: everything that one pass over files tells, in memory that does not grow with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from rueda.artifacts.findings.sample import RowSample
from rueda.kernel.digest import Digest, Json
from rueda.kernel.errors import UnknownName
from rueda.kernel.plugins import load_plugin
from rueda.kernel.seams import Engine, Source
from rueda.kernel.tally import State, Tally
from rueda.tallies.contingency import Contingency
from rueda.tallies.profile import ProfileTally

CHUNK_ROWS = 131_072
CHUNK_BYTES = 32 << 20
GROUP = 4
"""Chunks in memory at once. A power of two, so that the tree of merges is the engine's own."""


@dataclass(frozen=True)
class Survey:
    """What the rows of some files hold: a profile that is kept nowhere.

    Attributes
    ----------
    rows, columns, state
        As in ``rueda.artifacts.profile.Profile``.
    schema
        The columns and their types.
    broken
        Rows that could not be read; they are in nothing else.
    sample
        A few rows from everywhere.
    against_label
        What ``Contingency`` says of each feature; empty without a label.
    """

    rows: int
    columns: Mapping[str, Json]
    state: State = field(repr=False)
    schema: pa.Schema = field(repr=False)
    broken: int = 0
    sample: pa.RecordBatch | None = field(default=None, repr=False)
    label: str | None = None
    against_label: Mapping[str, Json] = field(default_factory=dict, repr=False)


def open_files(path: str, project: Path) -> Source:
    """The source over the file, glob or folder ``path``."""
    files: Source = load_plugin("source", "files")(path, project)
    return files


class Intake:
    """The batches of a source, and how many of its rows were broken."""

    def __init__(self, source: Source) -> None:
        self.broken = 0
        stream = source.batches(self._reject)
        first = next(stream)
        self.schema: pa.Schema = first.schema
        self.batches: Iterator[pa.RecordBatch] = chain([first], stream)

    def _reject(self, row: object) -> None:
        del row
        self.broken += 1


def survey_files(path: str, project: Path, *, label: str | None = None) -> Survey:
    """One pass over the files that ``path`` stands for.

    Raises
    ------
    UnknownName
        There is no column ``label``.
    MissingInput, BrokenInput
        There are no such files, or they do not parse as a whole.
    """
    intake = Intake(open_files(path, project))
    if label is not None and label not in intake.schema.names:
        raise UnknownName.among("column", label, intake.schema.names)
    return survey(intake, intake.schema, intake.batches, label=label)


def survey(
    intake: Intake, schema: pa.Schema, batches: Iterator[pa.RecordBatch], *, label: str | None
) -> Survey:
    """One pass over ``batches`` of ``schema``, which come from ``intake``."""
    profile = ProfileTally.of_schema(schema)
    tallies: list[Tally[Any]] = [profile]
    if label is not None:
        features = tuple(name for name in schema.names if name != label)
        tallies.append(Contingency(features, label))
    sample = RowSample()
    states = tally_stream(tallies, _sampled(batches, sample))
    described = profile.result(states[0])
    return Survey(
        rows=described["rows"],
        columns=described["columns"],
        state=states[0],
        schema=schema,
        broken=intake.broken,
        sample=sample.rows,
        label=label,
        against_label=tallies[1].result(states[1]) if label is not None else {},
    )


def tally_stream(tallies: Sequence[Tally[Any]], batches: Iterator[pa.RecordBatch]) -> list[State]:
    """The state of each tally over ``batches``, which are read once and never kept."""
    engine: Engine = load_plugin("engine", "threads")()
    states = [tally.empty() for tally in tallies]
    chunks = _chunks(batches)
    while group := list(islice(chunks, GROUP)):
        for number, tally in enumerate(tallies):
            states[number] = tally.merge(states[number], engine.tally(tally, group))
    return states


@dataclass(frozen=True, slots=True)
class _Held:
    """A chunk in memory."""

    rows_held: pa.RecordBatch

    @property
    def digest(self) -> Digest:
        raise NotImplementedError("rows that pass by have no digest")

    @property
    def rows(self) -> int:
        return int(self.rows_held.num_rows)

    def batch(self, columns: Sequence[str] | None = None) -> pa.RecordBatch:
        return self.rows_held if columns is None else self.rows_held.select(list(columns))


def _chunks(batches: Iterator[pa.RecordBatch]) -> Iterator[_Held]:
    """``batches`` put together until a chunk is worth a thread's while."""
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        waiting.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= CHUNK_ROWS or size >= CHUNK_BYTES:
            yield _Held(_joined(waiting))
            waiting, rows, size = [], 0, 0
    if waiting:
        yield _Held(_joined(waiting))


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)


def _sampled(batches: Iterator[pa.RecordBatch], sample: RowSample) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        sample.see(batch)
        yield batch
