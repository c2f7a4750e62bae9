"""Convert: a fitted scikit-learn estimator as an ONNX graph over the float32 matrix."""

from __future__ import annotations

import warnings
from typing import Any

from rueda.stages.s5_register.trees import mend, trees_of

OPSET = {"": 18, "ai.onnx.ml": 3}
"""Old enough for every runtime of the last years, new enough for every converter."""

PRECISIONS = ("float32", "float64")
MATRIX = "matrix"


class NoConversion(Exception):
    """There is no ONNX form of this model; the message says why."""


def to_onnx(estimator: Any, columns: int, precision: str) -> bytes:
    """``estimator`` as the bytes of a graph from a float32 matrix of ``columns`` columns.

    Parameters
    ----------
    precision
        What the graph computes in: ``float32``, or ``float64`` after a cast, for models whose sums
        need it.

    Raises
    ------
    NoConversion
        The converter knows no such model, or fails.
    """
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    _refuse_known_troubles(estimator)
    trees = list(trees_of(estimator))
    if trees and precision == "float64":
        # The runtime's trees answer in float32 whatever they are given, and the converter never
        # returns from an infinite float64 threshold.
        raise NoConversion("trees give float32")
    kind = FloatTensorType if precision == "float32" else DoubleTensorType
    # Without this a classifier answers a list of dictionaries.
    options = {id(estimator): {"zipmap": False}} if hasattr(estimator, "classes_") else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = convert_sklearn(
                estimator,
                name="model",  # a random name otherwise: other bytes each time
                initial_types=[(MATRIX, kind([None, columns]))],
                options=options,
                target_opset=OPSET,
            )
    except Exception as error:
        # Converters raise whatever they like, NameError and RuntimeError among it.
        raise NoConversion(_first_line(error)) from error
    if precision == "float32":
        mend(model, trees)
    else:
        _cast_input(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _refuse_known_troubles(estimator: Any) -> None:
    for part in _parts(estimator):
        if getattr(part, "_fit_X", None) is not None or hasattr(part, "X_train_"):
            raise NoConversion(
                f"{type(part).__name__} compares with every training row: slower in a graph"
            )
        if getattr(part, "is_categorical_", None) is not None and any(part.is_categorical_):
            raise NoConversion(
                f"{type(part).__name__} with categorical_features is converted wrongly"
            )


def _parts(value: Any, depth: int = 4) -> list[Any]:
    """``value`` and the fitted estimators inside it."""
    if isinstance(value, (list, tuple)):
        return [part for item in value for part in _parts(item, depth)]
    if not hasattr(value, "get_params") or depth == 0:
        return []
    inside = [_parts(item, depth - 1) for item in vars(value).values()]
    return [value, *(part for parts in inside for part in parts)]


def _cast_input(model: Any) -> None:
    """Let ``model`` take float32 and compute in float64."""
    from onnx import TensorProto, helper

    graph = model.graph
    wide = f"{MATRIX}_float64"
    _rename(graph, MATRIX, wide)
    (entry,) = [i for i in graph.input if i.name == MATRIX]
    entry.type.tensor_type.elem_type = TensorProto.FLOAT
    cast = helper.make_node("Cast", [MATRIX], [wide], name="widen", to=TensorProto.DOUBLE)
    graph.node.insert(0, cast)


def _rename(graph: Any, old: str, new: str) -> None:
    for node in graph.node:
        for number, name in enumerate(node.input):
            if name == old:
                node.input[number] = new
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _rename(attribute.g, old, new)


def _first_line(error: Exception) -> str:
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text[:160]}" if text else type(error).__name__
