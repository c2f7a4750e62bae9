"""ONNX audit: the bytes of a model are walked, message by message, before a runtime sees them.

A runtime may be older than the fix for the next way to smuggle a file name into a tensor. So what
is not plainly harmless is refused here: tensors that live outside the file, operators of unknown
domains, and fields that this walk does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rueda.kernel.errors import Corrupt

DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
"""Operators of the ONNX standard alone: no custom code, no contributed operators."""

DEPTH = 32

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

_MESSAGES: dict[str, dict[int, str]] = {
    # message: {field that holds messages: which}; numbers as in onnx.proto.
    "Model": {7: "Graph", 8: "Opset", 14: "Pair", 20: "Training", 25: "Function"},
    "Graph": {
        1: "Node", 5: "Tensor", 11: "Value", 12: "Value", 13: "Value", 14: "Annotation",
        15: "Sparse", 16: "Pair",
    },
    "Node": {5: "Attribute", 9: "Pair"},
    "Attribute": {
        5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 14: "Type", 15: "Type", 22: "Sparse",
        23: "Sparse",
    },
    "Tensor": {3: "Segment", 16: "Pair"},
    "Sparse": {1: "Tensor", 2: "Tensor"},
    "Training": {1: "Graph", 2: "Graph", 3: "Pair", 4: "Pair"},
    "Function": {7: "Node", 9: "Opset", 11: "Attribute", 12: "Value", 14: "Pair"},
    "Value": {2: "Type", 4: "Pair"},
    "Annotation": {2: "Pair"},
    "Type": {1: "TensorType", 4: "Element", 5: "Map", 7: "Opaque", 8: "TensorType", 9: "Element"},
    "TensorType": {2: "Shape"},
    "Element": {1: "Type"},
    "Map": {2: "Type"},
    "Shape": {1: "Dimension"},
    "Opset": {}, "Pair": {}, "Segment": {}, "Opaque": {}, "Dimension": {},
}  # fmt: skip
_PLAIN: dict[str, frozenset[int]] = {
    "Model": frozenset({1, 2, 3, 4, 5, 6}),
    "Graph": frozenset({2, 10}),
    "Node": frozenset({1, 2, 3, 4, 6, 7, 8}),
    "Attribute": frozenset({1, 2, 3, 4, 7, 8, 9, 13, 20, 21}),
    "Tensor": frozenset({1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12}),
    "Sparse": frozenset({3}),
    "Training": frozenset(),
    "Function": frozenset({1, 4, 5, 6, 8, 10, 13}),
    "Value": frozenset({1, 3}),
    "Annotation": frozenset({1}),
    "Type": frozenset({6}),
    "TensorType": frozenset({1}),
    "Element": frozenset(),
    "Map": frozenset({1}),
    "Shape": frozenset(),
    "Opset": frozenset({1, 2}),
    "Pair": frozenset({1, 2}),
    "Segment": frozenset({1, 2}),
    "Opaque": frozenset({1, 2}),
    "Dimension": frozenset({1, 2, 3}),
}
_DOMAIN_FIELD = {"Node": 7, "Opset": 1, "Function": 10}

# The attributes of a large forest hold millions of numbers, one tag each: runs of them are passed
# over at the speed of the regular expression engine.
_RUN = re.compile(
    rb"(?:\x3d.{4})+|(?:\x40[\x80-\xff]{0,9}[\x00-\x7f])+|(?:\x4a(?:"
    + b"|".join(b"%s.{%d}" % (re.escape(bytes([n])), n) for n in range(1, 24))
    + rb"))+",
    re.DOTALL,
)


def audit_onnx(content: bytes) -> None:
    """Refuse a model that could make its runtime read anything but ``content``.

    Raises
    ------
    Corrupt
        A tensor is kept outside the file, in whichever graph, subgraph, function or attribute; an
        operator is of another domain than ONNX's own; or the bytes are no ONNX model.
    """
    try:
        _walk(memoryview(content), "Model", 0)
    except (IndexError, ValueError, UnicodeDecodeError) as error:
        raise _refusal("bytes that are no ONNX model", str(error)) from None


def _walk(content: memoryview, message: str, depth: int) -> None:
    if depth > DEPTH:
        raise _refusal(f"at most {DEPTH} levels of messages", "more")
    inner, plain = _MESSAGES[message], _PLAIN[message]
    for field, value in _fields(content, message):
        if field in inner:
            if value is None:
                raise ValueError(f"field {field} of {message} is no message")
            _walk(value, inner[field], depth + 1)
        elif message == "Tensor" and field in (13, 14):
            # 13: external_data. 14: data_location; writers leave out its default, 0.
            raise _refusal("tensors inside the file", "a tensor with a location outside")
        elif field not in plain:
            raise _refusal(f"known fields of {message}", f"field {field}")
        elif _DOMAIN_FIELD.get(message) == field:
            domain = bytes(value or b"").decode()
            if domain not in DOMAINS:
                raise _refusal("operators of " + ", ".join(sorted(DOMAINS - {""})), repr(domain))


def _fields(content: memoryview, message: str) -> Iterator[tuple[int, memoryview | None]]:
    """Number and bytes of each field; None instead of the bytes of a number."""
    at, end = 0, len(content)
    while at < end:
        if message == "Attribute" and (run := _RUN.match(content, at)):
            at = run.end()
            continue
        tag, at = _varint(content, at)
        field, kind = tag >> 3, tag & 7
        if kind == _BYTES:
            size, at = _varint(content, at)
            if size > end - at:
                raise ValueError("cut short")
            yield field, content[at : at + size]
            at += size
            continue
        if kind == _VARINT:
            _, at = _varint(content, at)
        elif kind in (_FIXED32, _FIXED64):
            at += 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"wire type {kind}")
        if at > end:
            raise ValueError("cut short")
        yield field, None


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def _refusal(expected: str, got: str) -> Corrupt:
    return Corrupt(
        "the packaged model was not loaded",
        expected=expected,
        got=got,
        do="register the model again; do not trust where these bytes came from",
    )
