"""MLflow: ``POST /invocations``, which is also what SageMaker asks.

JSON with exactly one of ``dataframe_split``, ``dataframe_records``, ``instances`` and ``inputs``;
or CSV with a line of names. The answer is ``{"predictions": [one object a row]}``.
"""

from __future__ import annotations

import csv
import io
from itertools import islice

from rueda.artifacts.cells import from_text
from rueda.artifacts.rows import MAX_ROWS, RowReader
from rueda.artifacts.strict_json import Fault, Refused, brief, parse_json, pointer
from rueda.kernel.digest import Json
from rueda.serving.http import Request
from rueda.serving.loaded import Live
from rueda.serving.protocols.places import (
    check_count,
    check_names,
    from_cells,
    from_columns,
    from_rows,
    read_at,
)
from rueda.serving.protocols.v1 import write_predictions
from rueda.serving.protocols.wire import Asked, Rows, Wire, members, no_parameters

_FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")


def _read(live: Live, request: Request, content: bytes) -> Asked:
    reader = live.stable.reader
    rows = _csv(reader, content) if request.kind == b"text/csv" else _json(reader, content)
    return Asked(*rows, write_predictions)


def _json(reader: RowReader, content: bytes) -> Rows:
    tree = parse_json(content)
    members(tree, (), (*_FORMS, "params"))
    forms = [name for name in _FORMS if name in tree]
    if len(forms) != 1:
        expected, got = f"exactly one of {', '.join(_FORMS)}", ", ".join(forms) or "none"
        raise Refused([Fault("missing-member" if not forms else "extra-member", "", expected, got)])
    no_parameters(tree, "params")
    form, where = forms[0], pointer(forms[0])
    if form == "dataframe_split":
        return _split(reader, tree[form], where)
    if form == "inputs" and isinstance(tree[form], dict):
        return _columns(reader, tree[form], where)
    return from_rows(reader, tree[form], where)


def _split(reader: RowReader, tree: Json, where: str) -> Rows:
    members(tree, ("columns", "data"), ("index",), where)
    names = tree["columns"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Refused([Fault("wrong-type", where + "/columns", "a list of names", brief(names))])
    check_names(names, reader, lambda k: f"{where}/columns/{k}", where + "/columns")
    return from_cells(reader, names, tree["data"], where + "/data")


def _columns(reader: RowReader, tree: dict[str, Json], where: str) -> Rows:
    given = list(tree)
    check_names(given, reader, lambda k: where + pointer(given[k]), where)
    length: int | None = None
    for name, values in tree.items():
        place = where + pointer(name)
        if not isinstance(values, list):
            raise Refused([Fault("wrong-type", place, "a list of values", brief(values))])
        if length is not None and len(values) != length:
            expected = f"{length} values, as in the columns before it"
            raise Refused([Fault("wrong-length", place, expected, str(len(values)))])
        length = len(values)
    return from_columns(reader, tree, where, lambda i, name: where + pointer(name, i))


def _csv(reader: RowReader, content: bytes) -> Rows:
    try:
        text = content.decode("utf-8")
        # One line of names, and one row too many at most: a body holds millions of empty ones.
        lines = list(islice(csv.reader(io.StringIO(text, newline=""), strict=True), MAX_ROWS + 2))
    except UnicodeDecodeError as error:
        fault = Fault("not-utf-8", "", "UTF-8", f"byte {error.start} is not", 400)
        raise Refused([fault]) from None
    except csv.Error as error:
        raise Refused([Fault("malformed-csv", "", "CSV", str(error)[:200], 400)]) from None
    names = lines.pop(0) if lines else []
    check_names(names, reader, lambda k: pointer(names[k]), "")
    check_count(len(lines), "")
    convert = [from_text(reader.schema.field(name).type) for name in names]
    rows = []
    for number, cells in enumerate(lines):
        if len(cells) != len(names):
            expected = f"{len(names)} cells"
            raise Refused([Fault("ragged-row", pointer(number), expected, f"{len(cells)} cells")])
        values = (make(cell) for make, cell in zip(convert, cells, strict=True))
        rows.append(dict(zip(names, values, strict=True)))
    return read_at(reader, rows, "", pointer)


MLFLOW = Wire("mlflow", frozenset({b"application/json", b"text/csv"}), _read)
