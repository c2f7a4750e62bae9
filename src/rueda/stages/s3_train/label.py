"""Label: the column to predict as numbers, and the task that it sets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rueda.artifacts.model import label_numbers
from rueda.kernel.digest import Json
from rueda.kernel.errors import SpecError, UnfitData

FEW_CLASSES = 20
"""Whole numbers with at most so many different values are taken for classes."""


@dataclass(frozen=True)
class Label:
    """The training label.

    Attributes
    ----------
    task
        ``binary``, ``multiclass`` or ``regression``.
    classes
        The sorted values; empty for a regression.
    numbers
        Class numbers (int64), or float64 for a regression.
    """

    task: str
    classes: tuple[Json, ...]
    numbers: np.ndarray


def read_label(name: str, parts: Iterable[pa.Array], task: str | None) -> Label:
    """The label in ``parts``, for ``task`` or the one that it looks like.

    Booleans, texts, whole numbers with few different values and floats that are all 0 or 1 set a
    classification; other numbers a regression.

    Raises
    ------
    UnfitData
        No rows, or a single class.
    SpecError
        The column cannot be a label of that task.
    """
    column = _whole_column(name, parts)
    values = sorted(pc.unique(column).to_pylist()) if _can_be_class(column.type) else []
    found = task or _task_of(name, column.type, values)
    if found == "regression":
        return Label(found, (), _float_label(name, column))
    if len(values) < 2:
        raise UnfitData(
            f"the label {name!r} has one class in the training rows",
            expected="two classes or more",
            got=f"{len(column)} rows, all {values[0]!r}",
            do="take a longer time span or another split, so that both classes occur",
        )
    if found == "binary" and len(values) > 2:
        raise SpecError(
            f"the label {name!r} has more than two classes",
            expected="two classes for the task binary",
            got=f"{len(values)}: {values[:6]!r}",
            do='say task="multiclass" in Train, or leave the task out',
        )
    return Label(
        "binary" if len(values) == 2 else "multiclass",
        tuple(values),
        label_numbers(column, values),
    )


def _whole_column(name: str, parts: Iterable[pa.Array]) -> pa.Array:
    chunks = list(parts)
    column = pa.chunked_array(chunks) if chunks else pa.chunked_array([], pa.null())
    if not len(column):
        raise UnfitData(
            "there are no training rows",
            expected="rows with a label on the training side",
            got="0 rows",
            do="look at the split of the extract stage",
        )
    column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if column.null_count:
        raise UnfitData(
            f"the label {name!r} is null in training rows",
            expected="a label in each training row",
            got=f"{column.null_count} nulls",
            do="extract again: rows without a label belong on the unlabeled side",
        )
    return column


def _can_be_class(column_type: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_boolean(column_type)
        or types.is_integer(column_type)
        or types.is_floating(column_type)
        or types.is_string(column_type)
        or types.is_large_string(column_type)
        or types.is_string_view(column_type)
    )


def _task_of(name: str, column_type: pa.DataType, values: list[Json]) -> str:
    if pa.types.is_integer(column_type):
        few = len(values) <= FEW_CLASSES
    elif pa.types.is_floating(column_type):
        few = set(values) <= {0.0, 1.0}
    elif pa.types.is_decimal(column_type):
        few = False
    elif values:
        few = True
    else:
        raise SpecError(
            f"the column {name!r} cannot be a label",
            expected="booleans, texts or numbers",
            got=str(column_type),
            do="turn it into a number in the SQL of the extract stage",
        )
    if not few:
        return "regression"
    return "multiclass" if len(values) > 2 else "binary"


def _float_label(name: str, column: pa.Array) -> np.ndarray:
    try:
        numbers = label_numbers(column, None)
    except pa.ArrowInvalid as error:
        raise SpecError(
            f"the label {name!r} holds no numbers",
            expected="numbers for the task regression",
            got=str(column.type),
            do='say task="multiclass" in Train, or choose another label',
        ) from error
    wrong = int((~np.isfinite(numbers)).sum())
    if wrong:
        raise UnfitData(
            f"the label {name!r} holds numbers that are not finite",
            expected="finite numbers",
            got=f"{wrong} rows with NaN or infinity",
            do="leave these rows out in the SQL of the extract stage",
        )
    return numbers
