"""Assemble: the files and the metadata of a release."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rueda.artifacts.dataset import Dataset, Split
from rueda.artifacts.golden import Golden, wire_rows
from rueda.artifacts.model import Model
from rueda.artifacts.preparation.preparation import FILE as PREPARATION_FILE
from rueda.artifacts.preparation.preparation import Preparation
from rueda.artifacts.profile import Profile
from rueda.artifacts.release import CARD_FILE, GOLDEN_FILE, SIGNATURE_FILE
from rueda.artifacts.scorecard import Scorecard
from rueda.artifacts.signature import Signature
from rueda.kernel.artifact import Artifact
from rueda.kernel.digest import Json, canonical_json
from rueda.kernel.stage import Context
from rueda.stages.s5_register.card import write_card
from rueda.stages.s5_register.needs import requirements
from rueda.stages.s5_register.package import Package, package
from rueda.stages.s5_register.probe import answered, probes
from rueda.stages.s5_register.proof import answer_range
from rueda.stages.s5_register.sample import sample
from rueda.stages.s5_register.sign import sign, with_value
from rueda.stages.s5_register.spec import Register
from rueda.stages.s5_register.trees import thresholds, trees_of

BASE_ROWS = 20_000
"""Real rows that made-up ones start from."""


@dataclass(frozen=True)
class _Material:
    """What a release is made of, opened."""

    dataset: Dataset
    profile: Profile
    preparation: Preparation
    model: Model
    scorecard: Scorecard

    @property
    def rows(self) -> Split:
        """The rows to prove on: the holdout; without one, the training rows."""
        holdout = self.dataset.split("holdout")
        return holdout if holdout.rows else self.dataset.split("train")

    def row(self) -> pa.RecordBatch:
        """One row, as it comes in."""
        batch = next(self.rows.batches([f.name for f in self.preparation.inputs]))
        return batch.slice(0, 1)

    def answered(self, rows: pa.RecordBatch) -> np.ndarray:
        """For each of ``rows``, whether the trained model answers it."""
        return answered(self.model.fitted, self.preparation.matrix(rows))


def assemble(
    spec: Register, inputs: Mapping[str, Artifact], context: Context
) -> tuple[dict[str, bytes], dict[str, Json]]:
    """Files and metadata of the release."""
    made = _open(inputs, context)
    model = made.model
    packaged = package(spec, model, lambda: _matrices(made))
    row = made.row()
    signature = sign(made.preparation, made.profile, made.answered, row, model.task, model.classes)
    golden, scale = _golden(spec, made, signature)
    meta = _meta(spec, made, inputs, packaged, scale)
    card = write_card(
        spec.name, made.dataset, made.preparation, model, made.scorecard, signature, meta
    )
    files = {
        **packaged.files,
        PREPARATION_FILE: canonical_json(made.preparation.to_json()),
        SIGNATURE_FILE: canonical_json(signature.to_json()),
        GOLDEN_FILE: golden.to_bytes(),
        CARD_FILE: card.encode("utf-8"),
    }
    return files, meta


def _open(inputs: Mapping[str, Artifact], context: Context) -> _Material:
    store = context.store
    return _Material(
        Dataset.open(store, inputs["dataset"]),
        Profile.open(store, inputs["profile"]),
        Preparation.open(store, inputs["preparation"]),
        Model.open(store, inputs["model"]),
        Scorecard.open(store, inputs["scorecard"]),
    )


def _matrices(made: _Material) -> Iterator[np.ndarray]:
    """The whole holdout as the model sees it, then made-up rows."""
    names = [f.name for f in made.preparation.inputs]
    base: list[np.ndarray] = []
    for batch in made.rows.batches(names):
        matrix = made.preparation.matrix(batch)
        if sum(map(len, base)) < BASE_ROWS:
            base.append(matrix[:BASE_ROWS])
        yield matrix
    cuts = thresholds(list(trees_of(getattr(made.model.fitted, "estimator", None))))
    real = np.concatenate(base)[:BASE_ROWS]
    yield from probes(real, cuts, _holes(made, real))


def _holes(made: _Material, real: np.ndarray) -> np.ndarray:
    """The columns of the matrix in which a null that comes in stays one, and the model takes it."""
    empty = made.row()
    for field in made.preparation.inputs:
        empty = with_value(empty, field.name, None)
    open_to_null = np.isnan(made.preparation.matrix(empty)[0]) | np.isnan(real).any(axis=0)
    columns = np.flatnonzero(open_to_null)
    rows = np.repeat(real[:1], len(columns), axis=0)
    rows[np.arange(len(columns)), columns] = np.nan
    return columns[answered(made.model.fitted, rows)] if len(columns) else columns


def _golden(spec: Register, made: _Material, signature: Signature) -> tuple[Golden, float]:
    batch = sample(made.rows, signature, spec.golden_rows)
    fits = made.answered(batch)
    for field, column in zip(signature.inputs, batch.columns, strict=True):
        if not field.nullable:
            fits &= column.is_valid().to_numpy(zero_copy_only=False)
    scores = made.model.score(made.preparation.matrix(batch)[fits])
    rows = list(itertools.compress(wire_rows(batch), fits))
    return Golden(rows, scores), answer_range(scores)


def _meta(
    spec: Register,
    made: _Material,
    inputs: Mapping[str, Artifact],
    packaged: Package,
    scale: float,
) -> dict[str, Json]:
    packaging = {"scale": scale, **packaged.packaging}
    return {
        "name": spec.name,
        "task": made.model.task,
        "classes": list(made.model.classes),
        "threshold": 0.5,
        "time": made.dataset.time,
        "trainer": made.model.trainer,
        "packaging": packaging,
        "traces": {name: artifact.digest for name, artifact in sorted(inputs.items())},
        "requirements": requirements(packaging["format"]),
    }
