"""Infer: the request ``POST /v2/models/NAME/infer``: one tensor a column, of shape ``[rows]``.

A null is ``null`` in ``data``. Bytes cannot spell one: there a second tensor ``NAME:null`` of BOOL
marks the rows whose value in ``NAME`` is null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial

from rueda.artifacts.rows import RowReader
from rueda.artifacts.strict_json import Fault, Refused, brief, parse_json, pointer
from rueda.kernel.digest import Json
from rueda.serving.http import Request
from rueda.serving.loaded import Live
from rueda.serving.protocols.places import check_names, from_columns
from rueda.serving.protocols.v2.answer import read_choice, write_answer
from rueda.serving.protocols.v2.datatype import datatype_of
from rueda.serving.protocols.v2.tensor import Bytes, Tensor, read_tensor
from rueda.serving.protocols.wire import Asked, Rows, Wire, members

HEADER_LENGTH = b"inference-header-content-length"
_NULL = ":null"


def _read(live: Live, request: Request, content: bytes) -> Asked:
    head, rest = _parts(request, content)
    tree = parse_json(head)
    members(tree, ("inputs",), ("id", "model_name", "parameters", "outputs"))
    name = _id(tree)
    # KServe's client repeats the name that stands in the path.
    if (model := tree.get("model_name", live.traffic.name)) != live.traffic.name:
        raise Refused([Fault("wrong-model", "/model_name", live.traffic.name, brief(model))])
    choice = read_choice(tree, live)
    tensors = _tensors(tree["inputs"], live.stable.reader, Bytes(rest))
    rows, batch = _rows(live.stable.reader, tensors)
    return Asked(rows, batch, partial(write_answer, live, name, choice))


def _id(tree: Mapping[str, Json]) -> str:
    name = tree.get("id", "")
    if not isinstance(name, str):
        raise Refused([Fault("wrong-type", "/id", "a string", brief(name))])
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        fault = Fault("bad-text", "/id", "text without lone surrogates", brief(name), 400)
        raise Refused([fault]) from None
    return name


def _parts(request: Request, content: bytes) -> tuple[bytes, bytes]:
    """The JSON, and the bytes behind it."""
    length = request.headers.get(HEADER_LENGTH)
    if length is None:
        return content, b""
    if not length.isdigit() or len(length) > 20 or int(length) > len(content):
        expected = f"Inference-Header-Content-Length of at most {len(content)}"
        got = length.decode("latin-1")[:40]
        raise Refused([Fault("wrong-length", "", expected, got, 400)])
    return content[: int(length)], content[int(length) :]


def _tensors(inputs: Json, reader: RowReader, rest: Bytes) -> list[Tensor]:
    if not isinstance(inputs, list):
        raise Refused([Fault("wrong-type", "/inputs", "a list of tensors", brief(inputs))])
    datatypes = _datatypes(reader)
    tensors: dict[str, Tensor] = {}
    for number, tree in enumerate(inputs):
        tensor = read_tensor(tree, f"/inputs/{number}", datatypes, rest)
        if tensor.name in tensors:
            place, got = f"{tensor.where}/name", brief(tensor.name)
            raise Refused([Fault("duplicate-column", place, "each input once", got)])
        first = next(iter(tensors.values()), tensor)
        if len(tensor.values) != len(first.values):
            expected, got = f"[{len(first.values)}], as {first.name!r}", f"[{len(tensor.values)}]"
            raise Refused([Fault("wrong-shape", f"{tensor.where}/shape", expected, got)])
        tensors[tensor.name] = tensor
    rest.end()
    return list(tensors.values())


@lru_cache(maxsize=16)
def _datatypes(reader: RowReader) -> Mapping[str, str]:
    """What each input is to be of: the columns, and the marks of their nulls."""
    columns = {field.name: datatype_of(field.type) for field in reader.schema}
    return {**{name + _NULL: "BOOL" for name in columns}, **columns}


def _rows(reader: RowReader, tensors: Sequence[Tensor]) -> Rows:
    columns = set(reader.schema.names)
    masks = [t for t in tensors if t.name not in columns]
    given = [t for t in tensors if t.name in columns]
    check_names([t.name for t in given], reader, lambda k: f"{given[k].where}/name", "/inputs")
    values = {t.name: t.values for t in given}
    for mask in masks:
        name = mask.name.removesuffix(_NULL)
        values[name] = _masked(values[name], mask)
    places = {t.name: t.where for t in given}
    return from_columns(
        reader, values, "/inputs", lambda i, name: f"{places[name]}/data{pointer(i)}"
    )


def _masked(values: Sequence[Json], mask: Tensor) -> list[Json]:
    for number, flag in enumerate(mask.values):
        if type(flag) is not bool:
            place = f"{mask.where}/data/{number}"
            raise Refused([Fault("wrong-type", place, "true or false", brief(flag))])
    return [None if flag else v for v, flag in zip(values, mask.values, strict=True)]


def input_tensors(reader: RowReader) -> list[Mapping[str, Json]]:
    """The inputs as the model's metadata describes them."""
    return [
        {"name": field.name, "datatype": datatype_of(field.type), "shape": [-1]}
        for field in reader.schema
    ]


V2 = Wire("v2", frozenset({b"application/json", b"application/octet-stream", b""}), _read)
"""Triton's client names no content type."""
