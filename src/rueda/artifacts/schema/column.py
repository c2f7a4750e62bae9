"""What a schema expects of one column."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa

from rueda.artifacts.signature import arrow_type
from rueda.kernel.digest import Json
from rueda.kernel.errors import SpecError, UnknownName


@dataclass(frozen=True, slots=True)
class Column:
    """Expectations of one column; each but ``type`` may be absent.

    Attributes
    ----------
    name
        The column.
    type
        Its Arrow type, as Arrow prints it.
    present
        The least share of rows that hold a value.
    values
        All values that a column of text may hold.
    min, max
        The least and the greatest value; of dates and times as RFC 3339 text.
    finite
        Whether NaN and infinities are out of place.
    unique
        Whether no value may occur twice.
    serving
        Whether a request for a prediction has it; the label is absent there.
    """

    name: str
    type: str
    present: float = 0.0
    values: tuple[str, ...] | None = None
    min: float | str | None = None
    max: float | str | None = None
    finite: bool = False
    unique: bool = False
    serving: bool = True

    @property
    def arrow(self) -> pa.DataType:
        return arrow_type(self.type)

    def to_json(self) -> dict[str, Json]:
        """What is expected; what is not is left out."""
        tree: dict[str, Json] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "name" and (field.name == "type" or value != field.default):
                tree[field.name] = list(value) if isinstance(value, tuple) else value
        return tree

    @classmethod
    def from_json(cls, name: str, tree: Json) -> Column:
        """The column that ``to_json`` wrote, or a person.

        Raises
        ------
        SpecError
            A word is not known, or a value is not what its word asks for.
        """
        if not isinstance(tree, dict):
            raise _wrong(name, "is no block", "type: int64 and what else is expected", repr(tree))
        known = [field.name for field in fields(cls) if field.name != "name"]
        for word in tree:
            if word not in known:
                raise UnknownName.among(f"word in the schema of column {name!r}:", str(word), known)
        if "type" not in tree:
            raise _wrong(name, "has no type", "type: int64", "no type")
        for word, value in tree.items():
            if not _FITS[word](value):
                raise _wrong(name, f"has a wrong {word}", _WANTED[word], repr(value))
        _check_type(name, tree["type"])
        values = tree.get("values")
        present = float(tree.get("present", 0.0))
        given = {**tree, "values": None if values is None else tuple(values), "present": present}
        for end in ("min", "max"):
            if isinstance(given.get(end), int):
                given[end] = float(given[end]) if "int" not in tree["type"] else given[end]
        return cls(name, **given)


def _check_type(name: str, kind: str) -> None:
    try:
        arrow_type(kind)
    except SpecError:
        raise _wrong(name, "has an unknown type", _WANTED["type"], repr(kind)) from None


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _share(value: Any) -> bool:
    return _number(value) and 0 <= value <= 1


def _bound(value: object) -> bool:
    return value is None or _number(value) or isinstance(value, str)


def _truth(value: object) -> bool:
    return isinstance(value, bool)


_FITS = {
    "type": lambda v: isinstance(v, str),
    "present": _share,
    "values": lambda v: isinstance(v, list) and all(isinstance(item, str) for item in v),
    "min": _bound,
    "max": _bound,
    "finite": _truth,
    "unique": _truth,
    "serving": _truth,
}
_WANTED = {
    "type": "an Arrow type such as int64, double, string, timestamp[us]",
    "present": "a share between 0 and 1",
    "values": "a list of texts, each in quotes where YAML would read something else",
    "min": "a number, or a moment in quotes",
    "max": "a number, or a moment in quotes",
    "finite": "true or false",
    "unique": "true or false",
    "serving": "true or false",
}


def _wrong(name: str, what: str, expected: str, got: str) -> SpecError:
    return SpecError(
        f"column {name!r} in the schema {what}",
        expected=expected,
        got=got,
        do="mend the schema file, or delete it and let a run infer it again",
    )
