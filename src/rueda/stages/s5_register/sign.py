"""Sign: the signature of a release, from what the training rows held and what the model takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from rueda.artifacts.preparation.preparation import Preparation
from rueda.artifacts.profile import Profile
from rueda.artifacts.signature import Field, Signature
from rueda.kernel.digest import Json

FEW = 100
"""Up to so many different strings, the signature lists them."""


def sign(
    preparation: Preparation,
    profile: Profile,
    answered: Callable[[pa.RecordBatch], np.ndarray],
    row: pa.RecordBatch,
    task: str,
    classes: Sequence[Json],
) -> Signature:
    """The signature of ``preparation`` and a model behind it.

    Parameters
    ----------
    answered
        Which rows the model answers; asked for ``row`` with null in one column after the other.
    """
    columns = profile.state["columns"]
    holes = [with_value(row, field.name, None) for field in preparation.inputs]
    takes_null = answered(pa.Table.from_batches(holes).combine_chunks().to_batches()[0])
    inputs = []
    for field, takes in zip(preparation.inputs, takes_null.tolist(), strict=True):
        nullable = field.nullable and takes
        allowed = _allowed(columns[field.name]) if _is_text(field.arrow) else None
        inputs.append(Field(field.name, field.type, nullable, allowed))
    return Signature(tuple(inputs), _outputs(task, classes))


def with_value(row: pa.RecordBatch, name: str, value: object) -> pa.RecordBatch:
    """``row`` with ``value`` in the column ``name``."""
    place = row.schema.get_field_index(name)
    kind = row.schema.field(place).type
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    made = pa.array([value] * row.num_rows, plain)
    return row.set_column(
        place, pa.field(name, kind), made.cast(kind) if made.type != kind else made
    )


def _allowed(column: Json) -> tuple[str, ...] | None:
    """The strings that training saw, where there are few."""
    if column["exact"] is None or len(column["exact"]["values"]) > FEW:
        return None
    return tuple(str(value) for value in np.asarray(column["exact"]["values"], dtype=object))


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _outputs(task: str, classes: Sequence[Json]) -> tuple[Field, ...]:
    if task == "regression":
        return (Field("value", "double", nullable=False),)
    kinds = {bool: "bool", int: "int64", float: "double"}
    label = Field("label", kinds.get(type(classes[0]), "string"), nullable=False)
    scores = [Field(f"score.{value}", "double", nullable=False) for value in classes]
    return (label, *scores)
