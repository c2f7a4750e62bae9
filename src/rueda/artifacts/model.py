"""Model: what a trainer fitted, with the parameters and trials that led to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rueda.kernel.artifact import Artifact, Manifest, read_file, read_manifest, write_artifact
from rueda.kernel.digest import Digest, Json
from rueda.kernel.plugins import load_plugin
from rueda.kernel.seams import Fitted, Store

KIND = "model"
TASKS = ("binary", "multiclass", "regression")


@dataclass(frozen=True)
class Model:
    """A model artifact, opened.

    Attributes
    ----------
    task
        ``binary``, ``multiclass`` or ``regression``.
    classes
        The label's values in the order of their numbers; the positive class of a binary task is the
        last. Empty for a regression.
    features
        The names of the matrix's columns.
    """

    artifact: Artifact
    store: Store
    manifest: Manifest

    @classmethod
    def open(cls, store: Store, artifact: Artifact | Digest) -> Model:
        digest = artifact.digest if isinstance(artifact, Artifact) else artifact
        return cls(Artifact(KIND, digest), store, read_manifest(store, digest))

    @property
    def task(self) -> str:
        return str(self.manifest.meta["task"])

    @property
    def classes(self) -> tuple[Json, ...]:
        return tuple(self.manifest.meta["classes"])

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(self.manifest.meta["features"])

    @property
    def trainer(self) -> str:
        """The trainer plugin that fitted the model and loads it."""
        return str(self.manifest.meta["trainer"])

    @property
    def params(self) -> Mapping[str, Json]:
        """The parameters that the search chose; empty without a search."""
        return cast("Mapping[str, Json]", self.manifest.meta["params"])

    @property
    def trials(self) -> Sequence[Mapping[str, Json]]:
        """What was tried: number, params, score and state; what it cost stands in ``Trials``."""
        return cast("Sequence[Mapping[str, Json]]", self.manifest.meta["trials"])

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """The verified files that hold the model."""
        return {f.name: read_file(self.store, self.manifest, f.name) for f in self.manifest.files}

    @cached_property
    def fitted(self) -> Fitted:
        """The model itself, loaded on first use."""
        return cast(Fitted, load_plugin("trainer", self.trainer)().load(self.files))

    def score(self, matrix: np.ndarray) -> np.ndarray:
        """Probabilities of shape (rows, classes), or predictions of shape (rows,)."""
        return self.fitted.score(matrix)

    def label_numbers(self, label: pa.Array) -> np.ndarray:
        """The label as this model was trained on it: class numbers (-1 for a value that is no
        class), or float64 for a regression.
        """
        return label_numbers(label, None if self.task == "regression" else self.classes)


def label_numbers(label: pa.Array, classes: Sequence[Json] | None) -> np.ndarray:
    """``label`` as class numbers (int64, -1 outside ``classes``); as float64 without classes."""
    if pa.types.is_dictionary(label.type):
        label = label.dictionary_decode()
    if classes is None:
        return np.asarray(label.cast(pa.float64()).to_numpy(zero_copy_only=False))
    found = pc.index_in(label, value_set=pa.array(list(classes), label.type))
    return np.asarray(pc.fill_null(found.cast(pa.int64()), -1).to_numpy(zero_copy_only=False))


def write_model(
    store: Store, fitted: Fitted, *, trainer: str, task: str, classes: Sequence[Json],
    features: Sequence[str], params: Mapping[str, Json], trials: Sequence[Mapping[str, Json]],
    **more: Any,
) -> Artifact:  # fmt: skip
    """Put ``fitted`` into ``store``, with what is known of it; ``more`` is kept beside."""
    meta = {
        **more,
        "trainer": trainer,
        "task": task,
        "classes": list(classes),
        "features": list(features),
        "params": dict(params),
        "trials": [dict(trial) for trial in trials],
    }
    return write_artifact(store, KIND, dict(fitted.to_files()), meta)
