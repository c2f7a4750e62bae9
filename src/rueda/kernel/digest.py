"""Digests: sha-256 names for bytes, and for values through their canonical JSON (RFC 8785)."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, NewType, TypeAlias

from rueda.kernel.errors import NotCanonical

Digest = NewType("Digest", str)
"""64 lowercase hexadecimal digits."""

Json: TypeAlias = Any
"""None, bool, int, float, str, or a list or string-keyed mapping of them."""

_EXACT = 2**53


def digest_bytes(content: bytes | bytearray | memoryview) -> Digest:
    """The digest of ``content``."""
    return Digest(hashlib.sha256(content).hexdigest())


def digest_json(value: object) -> Digest:
    """The digest of the canonical JSON of ``value``.

    Raises
    ------
    NotCanonical
        ``value`` holds something without a canonical form.
    """
    return digest_bytes(canonical_json(value))


def canonical_json(value: object) -> bytes:
    """UTF-8 JSON that is the same for equal values, whoever writes it (RFC 8785).

    Takes None, bool, int within ±2^53 (beyond, what a float prints as), finite float, str, list,
    tuple, and mappings with string keys.

    Raises
    ------
    NotCanonical
        Anything else, NaN and lone surrogates included; the message names where it stands.
    """
    return _encode(value, "$").encode("utf-8")


def _encode(value: object, where: str) -> str:
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return _string(value, where)
    if isinstance(value, int):
        if abs(value) > _EXACT and not _is_a_double(value):
            raise _refusal(where, f"the integer {value}", "an integer within ±2^53, or a string")
        return str(int(value))
    if isinstance(value, float):
        return _number(float(value), where)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_encode(v, f"{where}[{i}]") for i, v in enumerate(value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ",".join(_members(value, where)) + "}"
    raise _refusal(
        where, f"a {type(value).__qualname__}", "null, bool, number, string, list or object"
    )


def _members(value: Mapping[object, object], where: str) -> list[str]:
    for key in value:
        if not isinstance(key, str):
            raise _refusal(where, f"the key {key!r}", "string keys")
    # RFC 8785 sorts by UTF-16 code units, which differs from code points outside the basic plane.
    ordered = sorted(value.items(), key=lambda kv: str(kv[0]).encode("utf-16-be", "surrogatepass"))
    return [f"{_string(str(k), where)}:{_encode(v, f'{where}.{k}')}" for k, v in ordered]


def _string(value: str, where: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise _refusal(where, "a string with a lone surrogate", "valid Unicode") from None
    return json.dumps(value, ensure_ascii=False)


def _is_a_double(value: int) -> bool:
    """Whether ``value`` is what a float prints as: canonical JSON that was read can be written."""
    return abs(value) < 10**21 and _number(float(value), "") == str(value)


def _number(value: float, where: str) -> str:
    """ECMAScript's Number::toString: shortest digits, exponent outside 1e-7 … 1e21."""
    if not math.isfinite(value):
        raise _refusal(where, str(value), "a finite number")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent_text = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = fraction.rstrip("0")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent_text or 0)
    if whole == "0":
        point -= len(whole + fraction) - len(digits)
    digits = digits.rstrip("0")
    if 0 < point <= 21:
        if len(digits) <= point:
            return sign + digits + "0" * (point - len(digits))
        return sign + digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    tail = "." + digits[1:] if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def _refusal(where: str, got: str, expected: str) -> NotCanonical:
    return NotCanonical(
        f"{where} has no canonical JSON form",
        expected=expected,
        got=got,
        do="give a plain value, or a named top-level function whose source can be read",
    )
