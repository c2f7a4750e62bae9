"""Fit: steps as declared and training rows to a preparation, by tallies alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa

from rueda.artifacts.preparation.layout import FLAG, NUMBER, OTHER, TEXT, Layout
from rueda.artifacts.preparation.preparation import Preparation
from rueda.artifacts.preparation.step import FittedStep, Gather, Step
from rueda.artifacts.signature import Field
from rueda.kernel.digest import Digest
from rueda.kernel.errors import SpecError, UnfitData
from rueda.kernel.seams import Chunk, Engine
from rueda.kernel.tally import State, Tally
from rueda.tallies.column import ColumnTally

R = TypeVar("R")


def fit_preparation(
    steps: Sequence[Step], schema: pa.Schema, chunks: Sequence[Chunk], engine: Engine
) -> Preparation:
    """The preparation that ``steps`` make of the training rows in ``chunks``.

    Parameters
    ----------
    steps
        In the order in which they are applied. Each is fitted on rows that went through the steps
        before it.
    schema
        The feature columns; ``chunks`` may hold more.

    Raises
    ------
    UnknownName, SpecError
        A step does not fit the columns, or a text column is left over.
    UnfitData
        No feature is left.
    """
    inputs = tuple(Field(f.name, str(f.type), f.nullable) for f in schema)
    fitted: list[FittedStep] = []
    for step in steps:
        before = Preparation(inputs, tuple(fitted))
        fitted.append(step.fit(before.layout, _gather(before, chunks, engine)))
    whole = Preparation(inputs, tuple(fitted))
    _check_leftovers(whole.layout, schema.names)
    # Columns that no output needs are neither read nor asked for when serving.
    wanted = {whole.layout.source(name) for name in whole.outputs}
    return Preparation(tuple(f for f in inputs if f.name in wanted), tuple(fitted))


def _check_leftovers(layout: Layout, given: Sequence[str]) -> None:
    left = layout.names(TEXT, OTHER)
    if left:
        texts = [name for name in left if layout.kind(name) == TEXT]
        advice = f'OneHot("{left[0]}"), Ordinal("{left[0]}") or ' if texts else ""
        raise SpecError(
            "columns are left that are no numbers: " + ", ".join(left),
            expected="every feature turned into numbers, or dropped",
            got=f"{left[0]!r} of kind {layout.kind(left[0])} after the last step",
            do=f'add {advice}Drop("{left[0]}") to Prepare',
        )
    if not layout.names(NUMBER, FLAG):
        dates = layout.names()
        raise UnfitData(
            "no feature is left for the model",
            expected="one number column or more after the last step",
            got="dates alone" if dates else f"all dropped: {', '.join(given) or 'no column'}",
            do=_advice(given) if not dates else "add Dates() to Prepare",
        )


def _advice(dropped: Sequence[str]) -> str:
    if not dropped:
        return "bring a column beside the label"
    return (
        "columns of one value, and texts that name rows, are dropped unless Prepare has steps: "
        f'bring others, or keep one with rd.Prepare(rd.Ordinal("{dropped[0]}"))'
    )


def _gather(before: Preparation, chunks: Sequence[Chunk], engine: Engine) -> Gather:
    def gather(tally: ColumnTally[R]) -> dict[str, R]:
        # A pass reads and prepares only the columns that it is about.
        sources = {before.layout.source(name) for name in tally.columns}
        inputs = tuple(field for field in before.inputs if field.name in sources)
        after = After(Preparation(inputs, before.steps), tally)
        narrow = [Narrow(chunk, tuple(field.name for field in inputs)) for chunk in chunks]
        return after.result(engine.tally(after, narrow))

    return gather


@dataclass(frozen=True)
class Narrow:
    """Some columns of a chunk."""

    chunk: Chunk
    columns: tuple[str, ...]

    @property
    def digest(self) -> Digest:
        return self.chunk.digest

    @property
    def rows(self) -> int:
        return self.chunk.rows

    def batch(self, columns: Sequence[str] | None = None) -> pa.RecordBatch:
        return self.chunk.batch(self.columns if columns is None else columns)


@dataclass(frozen=True)
class After(Tally[dict[str, R]]):
    """``tally`` over batches that went through ``before``."""

    before: Preparation
    tally: ColumnTally[R]

    def empty(self) -> State:
        return self.tally.empty()

    def add(self, state: State, batch: pa.RecordBatch) -> State:
        return self.tally.add(state, self.before.columns(batch))

    def merge(self, left: State, right: State) -> State:
        return self.tally.merge(left, right)

    def result(self, state: State) -> dict[str, R]:
        return self.tally.result(state)
