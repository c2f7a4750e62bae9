"""Tensor: one input of a request, from its JSON and its part of the bytes behind the JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rueda.artifacts.strict_json import Fault, Refused, brief, pointer
from rueda.kernel.digest import Json
from rueda.serving.protocols.places import check_count
from rueda.serving.protocols.v2.datatype import from_bytes
from rueda.serving.protocols.wire import members

SIZE = "binary_data_size"


@dataclass(frozen=True, slots=True)
class Tensor:
    """A named column of values. ``where`` points to it."""

    name: str
    datatype: str
    values: Sequence[Json]
    where: str


class Bytes:
    """What stands behind the JSON; each binary tensor takes its part, in order."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._start = 0

    def take(self, size: Json, where: str) -> bytes:
        left = len(self._content) - self._start
        if type(size) is not int or not 0 <= size <= left:
            expected = f"a size of at most the {left} bytes that are left"
            raise Refused([Fault("wrong-length", where, expected, brief(size))])
        self._start += size
        return self._content[self._start - size : self._start]

    def end(self) -> None:
        """Refuse bytes that belong to no tensor."""
        if left := len(self._content) - self._start:
            fault = Fault("wrong-length", "", "the sizes of the tensors", f"{left} bytes more")
            raise Refused([fault])


def read_tensor(tree: Json, where: str, datatypes: Mapping[str, str], rest: Bytes) -> Tensor:
    """One member of ``inputs``; ``datatypes`` says what each name must be of."""
    members(tree, ("name", "shape", "datatype"), ("data", "parameters"), where)
    name, datatype = tree["name"], tree["datatype"]
    if not isinstance(name, str) or name not in datatypes:
        raise Refused([Fault("extra-column", f"{where}/name", "an input's name", brief(name))])
    if datatype != datatypes[name]:
        raise _fault("wrong-datatype", f"{where}/datatype", datatypes[name], datatype)
    length = _length(tree["shape"], f"{where}/shape")
    size = _size(tree, where)
    if size is None:
        return Tensor(name, datatype, _listed(tree, length, where), where)
    if "data" in tree:
        raise _fault("extra-member", f"{where}/data", f"data or {SIZE}, not both", tree["data"])
    content = rest.take(size, f"{where}/parameters/{SIZE}")
    return Tensor(name, datatype, from_bytes(content, datatype, length, f"{where}/data"), where)


def _length(shape: Json, where: str) -> int:
    # Not bool, which is an int in Python.
    if not isinstance(shape, list) or len(shape) != 1 or type(shape[0]) is not int or shape[0] < 0:
        raise Refused([Fault("wrong-shape", where, "[n], the number of rows", _shown(shape))])
    length: int = shape[0]
    check_count(length, where)
    return length


def _listed(tree: Mapping[str, Json], length: int, where: str) -> list[Json]:
    if "data" not in tree:
        raise _fault("missing-member", f"{where}/data", f"data, or the parameter {SIZE}", None)
    values = tree["data"]
    if not isinstance(values, list):
        raise _fault("wrong-type", f"{where}/data", "a list of values", values)
    if len(values) != length:
        expected, got = f"{length} values, as the shape says", str(len(values))
        raise Refused([Fault("wrong-length", f"{where}/data", expected, got)])
    return values


def _size(tree: Mapping[str, Json], where: str) -> Json:
    """The tensor's size in bytes; None when its values stand in the JSON."""
    parameters = tree.get("parameters")
    if parameters is None:
        return None
    if not isinstance(parameters, dict):
        raise _fault("wrong-type", f"{where}/parameters", "an object", parameters)
    for name in parameters:
        if name.startswith("shared_memory"):
            expected = f"values in the request, as data or by {SIZE}"
            place = where + pointer("parameters", name)
            raise _fault("unknown-parameter", place, expected, name)
    return parameters.get(SIZE)


def _fault(code: str, where: str, expected: str, got: Json) -> Refused:
    return Refused([Fault(code, where, expected, brief(got))])


def _shown(shape: Json) -> str:
    if isinstance(shape, list) and len(shape) < 5:
        return f"[{', '.join(map(brief, shape))}]"
    return brief(shape)
