"""Signature: the names, types, nullability and allowed values of what a model takes and gives."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

import pyarrow as pa

from rueda.kernel.digest import Json
from rueda.kernel.errors import SpecError

_TIMESTAMP = re.compile(r"timestamp\[(s|ms|us|ns)(?:, tz=(.+))?\]")
_DECIMAL = re.compile(r"decimal(128|256)\((\d+), (-?\d+)\)")


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name, its Arrow type as Arrow prints it, and what it may hold.

    ``allowed`` lists the values seen in training for a column of few strings; None means no list.
    """

    name: str
    type: str
    nullable: bool = True
    allowed: tuple[str, ...] | None = None

    @property
    def arrow(self) -> pa.DataType:
        return arrow_type(self.type)


@dataclass(frozen=True, slots=True)
class Signature:
    """What a model takes (one value a column and row) and what it answers."""

    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]

    @property
    def schema(self) -> pa.Schema:
        """The inputs as an Arrow schema."""
        return pa.schema([pa.field(f.name, f.arrow, f.nullable) for f in self.inputs])

    def to_json(self) -> dict[str, Json]:
        return {
            "inputs": [_plain(f) for f in self.inputs],
            "outputs": [_plain(f) for f in self.outputs],
        }

    @classmethod
    def from_json(cls, tree: dict[str, Json]) -> Signature:
        return cls(_fields(tree["inputs"]), _fields(tree["outputs"]))


def _plain(field: Field) -> dict[str, Json]:
    tree = asdict(field)
    tree["allowed"] = None if field.allowed is None else list(field.allowed)
    return tree


def _fields(tree: Json) -> tuple[Field, ...]:
    return tuple(
        Field(
            f["name"],
            f["type"],
            f["nullable"],
            None if f["allowed"] is None else tuple(f["allowed"]),
        )
        for f in tree
    )


def arrow_type(text: str) -> pa.DataType:
    """The Arrow type that prints as ``text``.

    Raises
    ------
    SpecError
        No plain type prints so (nested types are not supported).
    """
    if match := _TIMESTAMP.fullmatch(text):
        return pa.timestamp(match[1], tz=match[2])
    if match := _DECIMAL.fullmatch(text):
        make = pa.decimal128 if match[1] == "128" else pa.decimal256
        return make(int(match[2]), int(match[3]))
    if text.startswith("dictionary<"):
        return pa.dictionary(pa.int32(), pa.string())
    try:
        return pa.type_for_alias(
            {"float": "float32", "double": "float64", "halffloat": "float16"}.get(text, text)
        )
    except ValueError:
        raise SpecError(
            f"no column type prints as {text!r}",
            expected="a plain Arrow type such as int64, double, string",
        ) from None
