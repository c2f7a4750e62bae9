"""Preparation: the one function from raw columns to a model's matrix: training, batch, serving."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from rueda.artifacts.preparation.layout import FLAG, NUMBER, Layout, span
from rueda.artifacts.preparation.planes import Operation, Planes, planes_batch
from rueda.artifacts.preparation.reader import Reader, raw_kind
from rueda.artifacts.preparation.step import FittedStep, step_from_json, step_to_json
from rueda.artifacts.signature import Field
from rueda.kernel.artifact import Artifact, read_file, read_manifest, write_artifact
from rueda.kernel.digest import Digest, Json, canonical_json
from rueda.kernel.seams import Store

KIND = "preparation"
FILE = "preparation.json"


@dataclass(frozen=True)
class Preparation:
    """A fitted preparation: raw columns in, a float32 matrix out, row for row.

    Attributes
    ----------
    inputs
        The raw columns that it reads. Other columns of a batch are ignored.
    steps
        What is done, in order.

    Notes
    -----
    Numbers are computed in float64 and rounded to float32 once, at the end. A row's answer does not
    depend on the rows beside it. Nulls that no step filled are NaN in the matrix. Dates and
    timestamps that no step turned into numbers are left out. Safe for many threads.
    """

    inputs: tuple[Field, ...]
    steps: tuple[FittedStep, ...]
    _bound: _Bound = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_bound", _Bound(self.inputs, self.steps))

    @classmethod
    def open(cls, store: Store, artifact: Artifact | Digest) -> Preparation:
        manifest = read_manifest(store, artifact)
        return cls.from_json(json.loads(read_file(store, manifest, FILE)))

    @classmethod
    def from_json(cls, tree: Mapping[str, Json]) -> Preparation:
        inputs = tuple(Field(f["name"], f["type"], f["nullable"]) for f in tree["inputs"])
        return cls(inputs, tuple(step_from_json(step) for step in tree["steps"]))

    def to_json(self) -> dict[str, Json]:
        """The preparation as plain JSON, ``outputs`` for the reader's sake."""
        return {
            "inputs": [
                {"name": f.name, "type": f.type, "nullable": f.nullable} for f in self.inputs
            ],
            "steps": [step_to_json(step) for step in self.steps],
            "outputs": list(self.outputs),
        }

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the matrix's columns."""
        return self._bound.outputs

    @property
    def layout(self) -> Layout:
        """The columns after the last step. Not to be changed."""
        return self._bound.layout

    def matrix(self, batch: pa.RecordBatch) -> np.ndarray:
        """The rows of ``batch`` as the model sees them: float32, C-contiguous.

        Raises
        ------
        SchemaMismatch
            The batch lacks an input, or has it as another kind of column.
        """
        # What leaves float32 is infinity, as a scaled value may; the model decides what it takes.
        with np.errstate(over="ignore", invalid="ignore"):
            planes = self._bound.run(batch)
            return planes.numbers[self._bound.out].T.astype(np.float32, order="C")

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """``matrix`` as a batch of float32 columns."""
        matrix = self.matrix(batch)
        columns = [pa.array(np.ascontiguousarray(column)) for column in matrix.T]
        return pa.RecordBatch.from_arrays(columns, names=list(self.outputs))

    def columns(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """All columns after the last step, before rounding: what a further step would see."""
        with np.errstate(over="ignore", invalid="ignore"):
            return planes_batch(self._bound.run(batch), self.layout)

    def describe(self) -> list[str]:
        """What each step does, one line each."""
        return [step.describe() for step in self.steps]

    def __reduce__(self) -> tuple[Callable[..., Preparation], tuple[Any, ...]]:
        return Preparation, (self.inputs, self.steps)


class _Bound:
    """The steps bound to places, ready to run."""

    def __init__(self, inputs: tuple[Field, ...], steps: tuple[FittedStep, ...]) -> None:
        self._inputs = inputs
        raw = [(f.name, raw_kind(f.type)) for f in inputs]
        self._raw = Layout(raw)
        self.layout = Layout(raw)
        self._operations: list[Operation] = [step.bind(self.layout) for step in steps]
        # Steps add planes behind those of the raw columns.
        self._raw.size = self.layout.size
        self.outputs = self.layout.names(NUMBER, FLAG)
        self.out = span([self.layout.plane(name) for name in self.outputs])
        self._reader: Reader | None = None

    def run(self, batch: pa.RecordBatch) -> Planes:
        reader = self._reader
        if reader is None or not reader.schema.equals(batch.schema):
            # Threads may both make one: they are equal.
            reader = self._reader = Reader(self._inputs, self._raw, batch.schema)
        planes = reader.read(batch)
        for operation in self._operations:
            operation(planes)
        return planes


def write_preparation(store: Store, preparation: Preparation) -> Artifact:
    """Put ``preparation`` into ``store``."""
    content = canonical_json(preparation.to_json())
    meta = {"inputs": len(preparation.inputs), "outputs": len(preparation.outputs)}
    return write_artifact(store, KIND, {FILE: content}, meta)
