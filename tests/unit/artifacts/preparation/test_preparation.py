"""Preparation: one matrix for training, batch and serving; kept and opened again."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from tests.unit.artifacts.preparation.fitting import fitted

from rueda.artifacts.preparation import (
    Impute,
    OneHot,
    Ordinal,
    Preparation,
    Scale,
    write_preparation,
)
from rueda.kernel.errors import SchemaMismatch, UnknownName
from rueda.stores.local import LocalStore


def batch() -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {
            "x": [1.0, None, 3.5],
            "n": pa.array([1, 2, None], pa.int32()),
            "color": ["red", None, "blue"],
            "open": [True, None, False],
        }
    )


def test_the_matrix_is_float32_rows_by_outputs() -> None:
    preparation = fitted(batch(), OneHot())
    matrix = preparation.matrix(batch())
    assert matrix.dtype == np.float32
    assert matrix.flags.c_contiguous
    assert matrix.shape == (3, len(preparation.outputs))
    applied = preparation.apply(batch())
    assert applied.schema.names == list(preparation.outputs)
    assert all(field.type == pa.float32() for field in applied.schema)
    columns = [c.to_numpy() for c in applied.columns]
    assert np.array_equal(np.column_stack(columns), matrix, equal_nan=True)


def test_it_is_kept_and_opened(store: LocalStore) -> None:
    preparation = fitted(batch(), Impute(), OneHot(), Scale())
    opened = Preparation.open(store, write_preparation(store, preparation))
    assert opened.to_json() == preparation.to_json()
    assert np.array_equal(opened.matrix(batch()), preparation.matrix(batch()))
    assert opened.outputs == preparation.outputs


def test_it_travels_between_processes() -> None:
    preparation = fitted(batch(), Impute(), OneHot())
    again = pickle.loads(pickle.dumps(preparation))
    assert np.array_equal(again.matrix(batch()), preparation.matrix(batch()))


def test_a_missing_column_is_named() -> None:
    preparation = fitted(batch(), Impute(), OneHot())
    with pytest.raises(SchemaMismatch) as raised:
        preparation.matrix(batch().drop_columns(["n", "color"]))
    error = raised.value
    assert "lacks columns" in error.what
    assert error.expected == "x, n, color, open"
    assert error.got == "x, open"
    assert "add n, color" in error.do


def test_another_kind_of_column_is_refused() -> None:
    preparation = fitted(batch(), Impute(), OneHot())
    wrong = batch().set_column(2, "color", pa.array([1, 2, 3]))
    with pytest.raises(SchemaMismatch, match="'color' is not of the type") as raised:
        preparation.matrix(wrong)
    assert (raised.value.expected, raised.value.got) == ("string", "int64")


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, 2, None], pa.uint64()),
        pa.array([1, 2, None], pa.float16()),
        pa.array([1, 2, None], pa.float32()),
        pa.array([Decimal(1), Decimal(2), None], pa.decimal128(9, 2)),
        pa.array([1, 2, None], pa.int8()).dictionary_encode(),
    ],
    ids=lambda column: str(column.type),
)
def test_any_type_of_number_gives_the_same_bits(column: pa.Array) -> None:
    preparation = fitted(batch(), Impute(), OneHot())
    sent = batch().set_column(1, "n", column)
    assert np.array_equal(preparation.matrix(sent), preparation.matrix(batch()))


def test_any_type_of_text_gives_the_same_bits() -> None:
    color = batch()["color"]
    preparation = fitted(batch(), Impute(), Ordinal())
    for sent in (color.cast(pa.large_string()), color.cast(pa.string_view())):
        changed = batch().set_column(2, "color", sent)
        assert np.array_equal(preparation.matrix(changed), preparation.matrix(batch()))
    encoded = batch().set_column(2, "color", color.dictionary_encode())
    assert np.array_equal(preparation.matrix(encoded), preparation.matrix(batch()))


def test_a_null_inside_a_dictionary_is_null() -> None:
    preparation = fitted(batch(), Impute(), Ordinal())
    odd = pa.DictionaryArray.from_arrays(pa.array([0, 1, 1] * 20), pa.array(["red", None]))
    plain = pa.array(["red", None, None] * 20)
    many = pa.concat_tables([pa.table(batch())] * 20).combine_chunks().to_batches()[0]
    found = preparation.matrix(many.set_column(2, "color", odd))
    assert np.array_equal(found, preparation.matrix(many.set_column(2, "color", plain)))


def test_large_whole_numbers_do_not_break() -> None:
    column = pa.array([2**63 - 1, None, -(2**63)], pa.int64())
    preparation = fitted(batch(), Impute(), OneHot())
    found = preparation.matrix(batch().set_column(1, "n", column))
    assert found[0, list(preparation.outputs).index("n")] == np.float32(2**63)


def test_a_file_with_a_strange_step_is_refused() -> None:
    tree = fitted(batch(), Impute(), OneHot()).to_json()
    tree["steps"][0]["step"] = "os:system"
    with pytest.raises(UnknownName, match="unknown step"):
        Preparation.from_json(tree)


PROGRAM = """
import json, sys
import pyarrow as pa
from rueda.artifacts.preparation import Preparation
preparation = Preparation.from_json(json.loads(sys.stdin.read()))
types = {"x": pa.float64(), "n": pa.int32(), "color": pa.string(), "open": pa.bool_()}
# pa.array itself imports pandas, where it is installed.
columns = [pa.nulls(1, kind) for kind in types.values()]
matrix = preparation.matrix(pa.RecordBatch.from_arrays(columns, names=list(types)))
print(matrix.shape[0], *(m for m in ("polars", "pandas", "sklearn", "scipy") if m in sys.modules))
"""


def test_serving_needs_numpy_and_pyarrow_alone() -> None:
    content = json.dumps(fitted(batch(), Impute(), OneHot(), Scale()).to_json())
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=content, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1"]


def test_declaring_steps_does_not_even_need_these() -> None:
    program = (
        "import sys; from rueda.artifacts.preparation import Impute, OneHot, Dates, Scale\n"
        "from rueda.stages.s2_prepare import Prepare; from rueda.stages.s3_train import Train\n"
        "Prepare(Impute(), Dates(), OneHot(), Scale()); Train(object(), seed=1)\n"
        "print(*(m for m in ('numpy', 'pyarrow', 'sklearn', 'optuna') if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
