"""Release: preparation and packaged model, which answer raw rows, with proofs and traces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from rueda.artifacts.golden import Golden
from rueda.artifacts.preparation.preparation import FILE as PREPARATION_FILE
from rueda.artifacts.preparation.preparation import Preparation
from rueda.artifacts.rows import RowReader
from rueda.artifacts.scorer import ONNX_FILE, OnnxScorer, open_scorer
from rueda.artifacts.signature import Signature
from rueda.kernel.artifact import Artifact, Manifest, read_file, read_manifest
from rueda.kernel.digest import Digest, Json
from rueda.kernel.errors import Defect, UnfitData
from rueda.kernel.seams import Fitted, Store

KIND = "release"
SIGNATURE_FILE = "signature.json"
GOLDEN_FILE = "golden.json"
CARD_FILE = "card.md"
_OWN = frozenset({PREPARATION_FILE, SIGNATURE_FILE, GOLDEN_FILE, CARD_FILE})


@dataclass(frozen=True, eq=False)
class Answers:
    """What a release says of some rows.

    Attributes
    ----------
    scores
        Probabilities of shape (rows, classes), or predictions of shape (rows,); float64.
    labels
        The class of each row; None for a regression.
    values
        The prediction of each row; None for a classification.
    """

    scores: np.ndarray
    labels: np.ndarray | None
    values: np.ndarray | None


@dataclass(frozen=True)
class Release:
    """A release artifact, opened; all its bytes are verified.

    Attributes
    ----------
    signature
        What it takes and gives.
    preparation
        Raw rows to the matrix; the object that the model was trained with.
    """

    artifact: Artifact
    manifest: Manifest
    signature: Signature
    preparation: Preparation
    _files: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def open(cls, store: Store, artifact: Artifact | Digest) -> Release:
        digest = artifact.digest if isinstance(artifact, Artifact) else artifact
        manifest = read_manifest(store, digest)
        if manifest.kind != KIND:
            raise Defect(f"not a {KIND}", expected=KIND, got=manifest.kind)
        files = {f.name: read_file(store, manifest, f.name) for f in manifest.files}
        return cls(
            artifact=Artifact(KIND, digest),
            manifest=manifest,
            signature=Signature.from_json(json.loads(files[SIGNATURE_FILE])),
            preparation=Preparation.from_json(json.loads(files[PREPARATION_FILE])),
            _files=files,
        )

    @property
    def meta(self) -> Mapping[str, Json]:
        """``name``, ``task``, ``classes``, ``threshold``, ``time``, ``trainer``, ``packaging``,
        ``traces``, ``requirements``.
        """
        return self.manifest.meta

    @property
    def name(self) -> str:
        return str(self.meta["name"])

    @property
    def task(self) -> str:
        """``binary``, ``multiclass`` or ``regression``."""
        return str(self.meta["task"])

    @property
    def classes(self) -> tuple[Json, ...]:
        """The label's values, in the order of the scores' columns; empty for a regression."""
        return tuple(self.meta["classes"])

    @property
    def threshold(self) -> float:
        """From which probability on a row of a binary task is of the positive class."""
        return float(self.meta["threshold"])

    @property
    def time(self) -> str | None:
        """The column that says when a row happened, if there is one."""
        name = self.meta["time"]
        return None if name is None else str(name)

    @property
    def card(self) -> str:
        """The model card, in Markdown."""
        return self._files[CARD_FILE].decode("utf-8")

    @cached_property
    def golden(self) -> Golden:
        """Rows and the scores that they must get."""
        return Golden.from_bytes(self._files[GOLDEN_FILE])

    @cached_property
    def scorer(self) -> OnnxScorer | Fitted:
        """The packaged model, loaded on first use."""
        packaged = str(self.meta["packaging"]["format"])
        files = {name: content for name, content in self._files.items() if name not in _OWN}
        return open_scorer(packaged, str(self.meta["trainer"]), files)

    def score(self, batch: pa.RecordBatch) -> np.ndarray:
        """Probabilities of shape (rows, classes), or predictions of shape (rows,); float64.

        Raises
        ------
        SchemaMismatch
            The batch lacks a column, or has it as another kind.
        UnfitData
            The model gives something that is no number.
        """
        scores = self.scorer.score(self.preparation.matrix(batch))
        if not np.isfinite(scores).all():
            raise UnfitData(
                "the model gives no number for a row",
                expected="finite scores",
                got="NaN or infinity",
                do="send a value where the model knows no null, or impute it in Prepare",
            )
        return scores

    def predict(self, batch: pa.RecordBatch) -> Answers:
        """Scores of ``batch``, and what they mean: labels, or values."""
        scores = self.score(batch)
        if self.task == "regression":
            return Answers(scores, None, scores)
        return Answers(scores, self.labels(scores), None)

    def labels(self, scores: np.ndarray) -> np.ndarray:
        """The class of each row of ``scores``."""
        if self.task == "binary":
            numbers = (scores[:, 1] >= self.threshold).astype(np.int64)
        else:
            numbers = scores.argmax(axis=1)
        return _column(self.classes)[numbers]

    def check_golden(self) -> None:
        """Answer the golden sample as a server does, from JSON on.

        Raises
        ------
        Defect
            An answer differs from that of the training path by more than the stated tolerance.
        """
        batch = RowReader(self.signature).batch(list(self.golden.rows))
        packaging = self.meta["packaging"]
        found = difference(self.golden.scores, self.score(batch), packaging["scale"])
        if not found <= packaging["tolerance"]:
            raise Defect(
                f"the release of {self.name!r} does not answer its golden sample as the trained "
                "model did",
                expected=f"differences up to {packaging['tolerance']:g}",
                got=f"{found:g}",
                do="compare the versions installed here with the release's requirements",
            )


def difference(expected: np.ndarray, got: np.ndarray, scale: float) -> float:
    """The largest difference of two arrays of scores, in units of ``scale`` (of the value itself
    where that is larger). NaN and infinity equal themselves only.
    """
    if expected.shape != got.shape:
        return float("inf")
    if not expected.size:
        return 0.0
    with np.errstate(invalid="ignore"):
        apart = np.abs(expected - got) / np.maximum(scale, np.abs(expected))
    same = (expected == got) | (np.isnan(expected) & np.isnan(got))
    return float(np.where(same, 0.0, np.where(np.isnan(apart), np.inf, apart)).max())


def _column(classes: tuple[Any, ...]) -> np.ndarray:
    # Without a type given, numpy would make ["1", 2] strings.
    return np.array(classes, dtype=None if len({type(c) for c in classes}) == 1 else object)


__all__ = ["KIND", "ONNX_FILE", "Answers", "Release", "difference"]
