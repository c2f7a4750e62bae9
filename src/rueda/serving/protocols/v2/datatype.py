"""Datatype: the tensor types of the protocol, and their values as bytes (little-endian; a string
is its length in four bytes, then UTF-8).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds

from rueda.artifacts.strict_json import Fault, Refused
from rueda.kernel.digest import Json

_NUMPY = {
    "BOOL": "|b1",
    "INT8": "|i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "UINT8": "|u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}
_LENGTH = struct.Struct("<I")


def datatype_of(kind: pa.DataType) -> str:
    """The tensor type of a column. Strings are BYTES, and so is all that JSON spells as one: dates,
    times, timestamps, decimals.
    """
    if kinds.is_boolean(kind):
        return "BOOL"
    if kinds.is_integer(kind):
        return f"{'INT' if kinds.is_signed_integer(kind) else 'UINT'}{kind.bit_width}"
    if kinds.is_floating(kind):
        return f"FP{kind.bit_width}"
    return "BYTES"


def label_datatype(classes: Sequence[Json]) -> str:
    """The tensor type of labels."""
    if classes and all(isinstance(c, bool) for c in classes):
        return "BOOL"
    if classes and all(type(c) is int and abs(c) < 2**63 for c in classes):
        return "INT64"
    return "BYTES"


def from_bytes(content: bytes, datatype: str, length: int, where: str) -> list[Json]:
    """The ``length`` values in ``content``.

    Raises
    ------
    Refused
        It holds another number of values, or something that is none.
    """
    if datatype == "BYTES":
        return _texts(content, length, where)
    kind = np.dtype(_NUMPY[datatype])
    if len(content) != length * kind.itemsize:
        expected = f"{length} x {kind.itemsize} bytes"
        raise Refused([Fault("wrong-length", where, expected, f"{len(content)} bytes")])
    if datatype == "BOOL" and (wrong := np.frombuffer(content, np.uint8) > 1).any():
        place = f"{where}/{int(wrong.argmax())}"
        raise Refused([Fault("wrong-type", place, "0 or 1", "another byte")])
    return list(np.frombuffer(content, kind).tolist())


def to_bytes(values: Sequence[Json], datatype: str) -> bytes:
    """``values`` as ``from_bytes`` reads them."""
    if datatype != "BYTES":
        return np.array(values, dtype=_NUMPY[datatype]).tobytes()
    texts = [value.encode("utf-8") for value in values]
    return b"".join(part for text in texts for part in (_LENGTH.pack(len(text)), text))


def _texts(content: bytes, length: int, where: str) -> list[Json]:
    values: list[Json] = []
    start = 0
    for number in range(length):
        begin = start + _LENGTH.size
        if begin > len(content):
            break
        (size,) = _LENGTH.unpack_from(content, start)
        start = begin + size
        if start > len(content):
            break
        try:
            values.append(content[begin:start].decode("utf-8"))
        except UnicodeDecodeError:
            fault = Fault("bad-text", f"{where}/{number}", "UTF-8", "other bytes", 400)
            raise Refused([fault]) from None
    if len(values) != length or start != len(content):
        expected = f"{length} strings, each after its length in four bytes"
        raise Refused([Fault("wrong-length", where, expected, f"{len(content)} bytes")])
    return values
