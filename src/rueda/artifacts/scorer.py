"""Scorer: a packaged model in memory: a float32 matrix in, scores out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rueda.artifacts.onnx_audit import audit_onnx
from rueda.kernel.errors import Corrupt
from rueda.kernel.plugins import load_plugin
from rueda.kernel.seams import Fitted

ONNX_FILE = "model.onnx"


class OnnxScorer:
    """A model as an ONNX graph, in one thread that never spins: a server runs one process a core.

    Parameters
    ----------
    content
        The bytes of the graph. Its first input is the matrix; its last output is the scores.

    Raises
    ------
    Corrupt
        The audit refuses the graph, or the runtime cannot load it.
    """

    def __init__(self, content: bytes) -> None:
        import onnxruntime

        audit_onnx(content)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        options.log_severity_level = 4
        try:
            self._session: Any = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            # The runtime's own exceptions share no class below Exception.
            raise Corrupt(
                "the packaged model cannot be loaded",
                expected=f"a graph that onnxruntime {onnxruntime.__version__} runs",
                got=str(error)[:300],
                do="register the model again",
            ) from error
        self._input = self._session.get_inputs()[0].name
        output = self._session.get_outputs()[-1]
        self._outputs = [output.name]
        self._flat = len(self._session.get_outputs()) == 1

    def score(self, matrix: np.ndarray) -> np.ndarray:
        """Probabilities of shape (rows, classes), or predictions of shape (rows,); float64."""
        (found,) = self._session.run(self._outputs, {self._input: matrix})
        scores = np.asarray(found, dtype=np.float64)
        return scores.reshape(-1) if self._flat else scores


def open_scorer(packaged: str, trainer: str, files: Mapping[str, bytes]) -> OnnxScorer | Fitted:
    """The scorer in ``files``: ONNX, or what the trainer's own format holds."""
    if packaged == "onnx":
        return OnnxScorer(files[ONNX_FILE])
    fitted: Fitted = load_plugin("trainer", trainer)().load(files)
    return fitted
