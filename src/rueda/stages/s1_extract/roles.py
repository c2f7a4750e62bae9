"""Checks that the columns can have the roles that the spec gives them."""

from __future__ import annotations

import difflib

import pyarrow as pa
import pyarrow.types as pt

from rueda.kernel.errors import SchemaMismatch
from rueda.stages.s1_extract.spec import ByColumn, Extract


def chosen_columns(spec: Extract, schema: pa.Schema) -> list[str]:
    """The columns that the dataset keeps.

    Raises
    ------
    SchemaMismatch
        A column that the spec names is not there, or cannot have its role.
    """
    split = spec.split.column if isinstance(spec.split, ByColumn) else None
    named = {"label": spec.label, "time": spec.time, "key": spec.key, "split": split}
    for role, name in named.items():
        if name is not None:
            _require(schema, name, f"the {role}")
    for name in spec.drop:
        _require(schema, name, "drop")
    if spec.time is not None:
        _require_time(schema.field(spec.time))
    dropped = {*spec.drop, split} - {spec.label, spec.time, spec.key}
    return [name for name in schema.names if name not in dropped]


def _require(schema: pa.Schema, name: str, role: str) -> None:
    if name in schema.names:
        return
    close = difflib.get_close_matches(name, schema.names, n=1)
    folded = [n for n in schema.names if n.casefold() == name.casefold()]
    best = (folded or close or [None])[0]
    raise SchemaMismatch(
        f"there is no column {name!r} for {role}",
        expected=f"one of: {', '.join(schema.names)}",
        got=name,
        do=f"did you mean {best!r}?" if best else "name one of the columns",
    )


def _require_time(field: pa.Field) -> None:
    if not (pt.is_timestamp(field.type) or pt.is_date(field.type)):
        raise SchemaMismatch(
            f"the time column {field.name!r} holds no times",
            expected="dates or timestamps, such as 2013-01-31 or 2013-01-31T06:00:00Z",
            got=str(field.type),
            do="convert it in SQL, such as strptime(column, '%d.%m.%Y'), or name another column",
        )
