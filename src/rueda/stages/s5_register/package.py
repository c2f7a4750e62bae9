"""Package: the model as ONNX where its answers are proved equal, in its own format otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rueda.artifacts.model import Model
from rueda.artifacts.scorer import ONNX_FILE, OnnxScorer
from rueda.kernel.digest import Json
from rueda.kernel.errors import Corrupt, UnfitData
from rueda.stages.s5_register.convert import PRECISIONS, NoConversion, to_onnx
from rueda.stages.s5_register.proof import Proof, prove
from rueda.stages.s5_register.spec import Register


@dataclass(frozen=True)
class Package:
    """The files of a packaged model, and how they came to be.

    Attributes
    ----------
    packaging
        ``format``, ``reason``, ``tolerance``; of an ONNX graph also ``precision``,
        ``max_difference``, ``rows``, ``ties``, ``scale``.
    """

    files: Mapping[str, bytes]
    packaging: Mapping[str, Json]


def package(spec: Register, model: Model, matrices: Callable[[], Iterable[np.ndarray]]) -> Package:
    """The model as ``spec`` asks for it.

    Parameters
    ----------
    matrices
        The rows to prove equality on, afresh at each call.

    Raises
    ------
    UnfitData
        ``onnx`` was asked for, and cannot be had.
    """
    if spec.format == "native":
        return _native(spec, model, ["asked for"])
    reasons: list[str] = []
    for precision in PRECISIONS:
        try:
            content = to_onnx(_estimator(model), len(model.features), precision)
            proof = prove(model, OnnxScorer(content), matrices(), spec.tolerance)
        except (NoConversion, Corrupt) as trouble:
            reasons.append(f"{precision}: {getattr(trouble, 'got', '') or trouble}")
            continue
        reason = _sentence(proof, spec.tolerance)
        if proof.equal(spec.tolerance):
            return _onnx(spec, content, precision, proof, reason)
        reasons.append(f"{precision}: {reason}")
    if spec.format == "onnx":
        raise UnfitData(
            "the model cannot be packaged as ONNX",
            expected=f"the same answers to within {spec.tolerance:g}",
            got="\n".join(reasons),
            do='use format="auto" to serve it in its own format, or another model',
        )
    return _native(spec, model, reasons)


def _estimator(model: Model) -> Any:
    estimator = getattr(model.fitted, "estimator", None)
    if estimator is None:
        raise NoConversion(f"models of the trainer {model.trainer!r} have no ONNX form")
    numbers = getattr(estimator, "classes_", None)
    if numbers is not None and list(numbers) != list(range(len(model.classes))):
        raise NoConversion("the model was fitted on fewer classes than the label has")
    return estimator


def _sentence(proof: Proof, tolerance: float) -> str:
    if proof.equal(tolerance):
        ties = f", {proof.ties} ties decided otherwise" if proof.ties else ""
        return f"equal to within {proof.max_difference:.1e} on {proof.rows:,} rows{ties}"
    return (
        f"the graph differs by up to {proof.max_difference:.2g} on {proof.rows:,} rows"
        f" and gives {proof.labels_differ:,} of them another label"
    )


def _onnx(spec: Register, content: bytes, precision: str, proof: Proof, reason: str) -> Package:
    packaging = {
        "format": "onnx",
        "precision": precision,
        "max_difference": proof.max_difference,
        "rows": proof.rows,
        "ties": proof.ties,
        "scale": proof.scale,
        "tolerance": spec.tolerance,
        "reason": reason,
    }
    return Package({ONNX_FILE: content}, packaging)


def _native(spec: Register, model: Model, reasons: list[str]) -> Package:
    packaging = {
        "format": "native",
        "max_difference": 0.0,
        "rows": 0,
        "scale": 1.0,
        "tolerance": spec.tolerance,
        "reason": "; ".join(dict.fromkeys(reasons)),
    }
    return Package(dict(model.files), packaging)
