"""A release: what it loads, what it refuses to load, and what it answers."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from rueda.artifacts import onnx_audit
from rueda.artifacts.golden import Golden, wire_rows
from rueda.artifacts.onnx_audit import audit_onnx
from rueda.artifacts.preparation.preparation import Preparation
from rueda.artifacts.release import Release, difference
from rueda.artifacts.rows import RowReader
from rueda.artifacts.scorer import OnnxScorer
from rueda.artifacts.signature import Field, Signature
from rueda.kernel.artifact import write_artifact
from rueda.kernel.digest import canonical_json
from rueda.kernel.errors import Corrupt, Defect, UnfitData
from rueda.kernel.seams import Store

SCHEMA = pa.schema([("a", pa.float64()), ("b", pa.int32())])


def tensor(name: str = "w", *, outside: bool = False) -> TensorProto:
    made = helper.make_tensor(name, TensorProto.FLOAT, [2, 1], [1.0, 2.0])
    if outside:
        made.ClearField("float_data")
        made.data_location = TensorProto.EXTERNAL
        made.external_data.add(key="location", value="../../etc/passwd")
    return made


def graph(weights: TensorProto, *more: Any) -> onnx.ModelProto:
    """``matrix @ w``: a regression."""
    nodes = [helper.make_node("MatMul", ["matrix", "w"], ["y"]), *more]
    matrix = helper.make_tensor_value_info("matrix", TensorProto.FLOAT, [None, 2])
    answer = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])
    body = helper.make_graph(nodes, "model", [matrix], [answer], [weights])
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def write_release(store: Store, model: bytes, golden: Golden, **meta: Any) -> Any:
    inputs = tuple(Field(f.name, str(f.type)) for f in SCHEMA)
    preparation = Preparation(inputs, ())
    signature = Signature(inputs, (Field("value", "double", nullable=False),))
    files = {
        "model.onnx": model,
        "preparation.json": canonical_json(preparation.to_json()),
        "signature.json": canonical_json(signature.to_json()),
        "golden.json": golden.to_bytes(),
        "card.md": b"# a card\n",
    }
    packaging = {"format": "onnx", "scale": 1.0, "tolerance": 1e-6}
    every = {"name": "m", "task": "regression", "classes": [], "threshold": 0.5, "time": None}
    every |= {"trainer": "sklearn", "packaging": packaging, **meta}
    return write_artifact(store, "release", files, every)


GOLDEN = Golden([{"a": 1.0, "b": 2}, {"a": 0.5, "b": -1}], np.array([5.0, -1.5]))
BATCH = pa.RecordBatch.from_pylist([{"a": 1.0, "b": 2}], SCHEMA)


def test_a_release_answers_rows(store: Store) -> None:
    release = Release.open(store, write_release(store, graph(tensor()).SerializeToString(), GOLDEN))
    release.check_golden()
    answers = release.predict(BATCH)
    assert answers.values is not None
    assert answers.values.tolist() == [5.0]
    assert answers.scores.dtype == np.float64
    assert answers.labels is None
    assert (release.name, release.task, release.classes) == ("m", "regression", ())
    assert release.card == "# a card\n"


def test_a_golden_sample_that_gets_other_answers_is_noticed(store: Store) -> None:
    wrong = Golden(GOLDEN.rows, GOLDEN.scores + np.array([0.0, 1e-4]))
    release = Release.open(store, write_release(store, graph(tensor()).SerializeToString(), wrong))
    with pytest.raises(Defect, match="golden sample"):
        release.check_golden()


def test_an_answer_that_is_no_number_is_an_error(store: Store) -> None:
    release = Release.open(store, write_release(store, graph(tensor()).SerializeToString(), GOLDEN))
    with pytest.raises(UnfitData, match="no number"):
        release.score(pa.RecordBatch.from_pylist([{"a": None, "b": 2}], SCHEMA))


def test_labels_follow_the_threshold_and_the_largest_score(store: Store) -> None:
    model = graph(tensor()).SerializeToString()
    binary = write_release(store, model, GOLDEN, task="binary", classes=[False, True])
    scores = np.array([[0.5, 0.5], [0.6, 0.4], [0.1, 0.9]])
    assert Release.open(store, binary).labels(scores).tolist() == [True, False, True]
    three = write_release(store, model, GOLDEN, task="multiclass", classes=["x", "y", "z"])
    found = Release.open(store, three).labels(np.array([[0.2, 0.5, 0.3]]))
    assert found.tolist() == ["y"]


def test_another_kind_of_artifact_is_refused(store: Store) -> None:
    with pytest.raises(Defect, match="not a release"):
        Release.open(store, write_artifact(store, "model", {}, {}))


def test_the_online_path_loads_no_training_library() -> None:
    code = (
        "import sys, rueda.artifacts.release, onnxruntime, rueda.artifacts.rows\n"
        "heavy = {'sklearn', 'pandas', 'polars', 'scipy', 'onnx', 'skl2onnx', 'skops', 'duckdb'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# The audit of ONNX bytes


def branch(weights: TensorProto) -> onnx.GraphProto:
    answer = helper.make_tensor_value_info("z", TensorProto.FLOAT, None)
    return helper.make_graph(
        [helper.make_node("Identity", ["w"], ["z"])], "b", [], [answer], [weights]
    )


def in_initializer() -> onnx.ModelProto:
    return graph(tensor(outside=True))


def in_attribute() -> onnx.ModelProto:
    return graph(tensor(), helper.make_node("Constant", [], ["c"], value=tensor("c", outside=True)))


def in_list_of_attributes() -> onnx.ModelProto:
    node = helper.make_node("Constant", [], ["c"])
    node.attribute.add(name="x", type=onnx.AttributeProto.TENSORS).tensors.append(
        tensor(outside=True)
    )
    return graph(tensor(), node)


def in_sparse_attribute() -> onnx.ModelProto:
    node = helper.make_node("Constant", [], ["c"])
    made = node.attribute.add(name="x", type=onnx.AttributeProto.SPARSE_TENSOR)
    made.sparse_tensor.values.CopyFrom(tensor(outside=True))
    return graph(tensor(), node)


def in_sparse_initializer() -> onnx.ModelProto:
    model = graph(tensor())
    model.graph.sparse_initializer.add().indices.CopyFrom(tensor(outside=True))
    return model


def in_subgraph() -> onnx.ModelProto:
    parts = {"then_branch": branch(tensor()), "else_branch": branch(tensor(outside=True))}
    return graph(tensor(), helper.make_node("If", ["c"], ["z"], **parts))


def in_list_of_subgraphs() -> onnx.ModelProto:
    node = helper.make_node("Constant", [], ["c"])
    node.attribute.add(name="x", type=onnx.AttributeProto.GRAPHS).graphs.append(
        branch(tensor(outside=True))
    )
    return graph(tensor(), node)


def in_function() -> onnx.ModelProto:
    model = graph(tensor())
    node = helper.make_node("Constant", [], ["c"], value=tensor("c", outside=True))
    made = helper.make_function("", "F", [], ["c"], [node], [helper.make_opsetid("", 18)])
    model.functions.append(made)
    return model


def in_default_of_function() -> onnx.ModelProto:
    model = in_function()
    del model.functions[0].node[:]
    default = helper.make_attribute("x", tensor(outside=True))
    model.functions[0].attribute_proto.append(default)
    return model


def in_training() -> onnx.ModelProto:
    model = graph(tensor())
    model.training_info.add().algorithm.CopyFrom(branch(tensor(outside=True)))
    return model


def location_alone() -> onnx.ModelProto:
    model = graph(tensor())
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    return model


def foreign_operator() -> onnx.ModelProto:
    return graph(tensor(), helper.make_node("Gelu", ["y"], ["z"], domain="com.microsoft"))


def foreign_operator_inside() -> onnx.ModelProto:
    body = branch(tensor())
    body.node[0].domain = "my.own.ops"
    parts = {"then_branch": body, "else_branch": branch(tensor())}
    return graph(tensor(), helper.make_node("If", ["c"], ["z"], **parts))


def foreign_opset() -> onnx.ModelProto:
    model = graph(tensor())
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return model


ATTACKS = [
    in_initializer, in_attribute, in_list_of_attributes, in_sparse_attribute,
    in_sparse_initializer, in_subgraph, in_list_of_subgraphs, in_function, in_default_of_function,
    in_training, location_alone, foreign_operator, foreign_operator_inside, foreign_opset,
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.__name__)
def test_a_graph_that_reaches_outside_is_refused(attack: Callable[[], onnx.ModelProto]) -> None:
    with pytest.raises(Corrupt, match="not loaded"):
        OnnxScorer(attack().SerializeToString())


def test_a_harmless_graph_passes() -> None:
    parts = {"then_branch": branch(tensor()), "else_branch": branch(tensor())}
    audit_onnx(graph(tensor(), helper.make_node("If", ["c"], ["z"], **parts)).SerializeToString())


def test_the_audit_knows_every_field_that_holds_messages() -> None:
    """The walk's tables against the schema of the onnx package."""
    ours = {
        "Model": onnx.ModelProto, "Graph": onnx.GraphProto, "Node": onnx.NodeProto,
        "Attribute": onnx.AttributeProto, "Tensor": onnx.TensorProto,
        "Sparse": onnx.SparseTensorProto, "Function": onnx.FunctionProto,
        "Training": onnx.TrainingInfoProto, "Value": onnx.ValueInfoProto,
    }  # fmt: skip
    for name, message in ours.items():
        for field in message.DESCRIPTOR.fields:
            inner = field.message_type is not None
            if field.name in ("external_data", "data_location"):
                continue
            plain = field.number in onnx_audit._PLAIN[name]
            known = field.number in onnx_audit._MESSAGES[name]
            assert not (plain and inner), f"{name}.{field.name} holds messages and is not walked"
            assert plain or known or inner, f"{name}.{field.name}"


CONTENT = graph(tensor(), helper.make_node("Constant", [], ["c"], value=tensor("c")))


@given(st.integers(0, len(CONTENT.SerializeToString()) - 1), st.integers(0, 255))
def test_broken_bytes_are_refused_or_pass_and_nothing_else(place: int, value: int) -> None:
    content = bytearray(CONTENT.SerializeToString())
    content[place] = value
    for broken in (bytes(content), bytes(content[:place])):
        with contextlib.suppress(Corrupt):
            audit_onnx(broken)


@given(
    st.lists(st.floats(width=32, allow_nan=False), max_size=50),
    st.lists(st.integers(-(2**62), 2**62)),
)
def test_runs_of_numbers_are_passed_over(floats: list[float], ints: list[int]) -> None:
    node = helper.make_node("Constant", [], ["c"])
    node.attribute.add(name="f", type=onnx.AttributeProto.FLOATS).floats.extend(floats)
    node.attribute.add(name="i", type=onnx.AttributeProto.INTS).ints.extend(ints)
    texts = [b"BRANCH_LEQ", b"LEAF", b"x" * 40] * 9
    node.attribute.add(name="s", type=onnx.AttributeProto.STRINGS).strings.extend(texts)
    audit_onnx(graph(tensor(), node).SerializeToString())
    with pytest.raises(Corrupt):
        audit_onnx(graph(tensor(outside=True), node).SerializeToString())


# Rows on the wire


def test_rows_come_back_from_json_as_they_were() -> None:
    zoned = pa.timestamp("us", "America/New_York")
    table = pa.table(
        {
            "int": pa.array([2**62 + 1, None], pa.int64()),
            "small": pa.array([1, -5], pa.int8()),
            "float": pa.array([0.1, None], pa.float32()),
            "text": pa.array(["é|∅", None]).dictionary_encode(),
            "flag": pa.array([True, None]),
            "at": pa.array([1_357_000_000_123_456, None], zoned),
            "naive": pa.array([1_357_000_000_123_456_789, None], pa.timestamp("ns")),
            "day": pa.array([15_000, None], pa.date32()),
            "clock": pa.array([3_723_000_001, None], pa.time64("us")),
            "money": pa.array([Decimal("12.50"), None], pa.decimal128(9, 2)),
        }
    )
    (batch,) = table.combine_chunks().to_batches()
    signature = Signature(tuple(Field(f.name, str(f.type)) for f in table.schema), ())
    sent = Golden(wire_rows(batch), np.zeros(2))
    back = RowReader(signature).batch(list(Golden.from_bytes(sent.to_bytes()).rows))
    for name in table.schema.names:
        assert back.column(name).to_pylist() == batch.column(name).to_pylist(), name


def test_differences_are_measured_in_the_unit_of_the_answers() -> None:
    assert difference(np.array([1.0, 2.0]), np.array([1.0, 2.5]), 1.0) == 0.25
    assert difference(np.array([0.5]), np.array([0.25]), 1.0) == 0.25
    assert difference(np.array([np.nan]), np.array([np.nan]), 1.0) == 0.0
    assert difference(np.array([np.nan]), np.array([0.0]), 1.0) == np.inf
    assert difference(np.array([np.inf]), np.array([1.0]), 1.0) == np.inf
    assert difference(np.zeros(2), np.zeros(3), 1.0) == np.inf
    assert difference(np.zeros((0, 2)), np.zeros((0, 2)), 1.0) == 0.0
