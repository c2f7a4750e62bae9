"""Canonical JSON is RFC 8785: the vectors of the RFC, and another implementation as the oracle."""

from __future__ import annotations

import datetime
import enum
import hashlib
import json
import math
import struct
from decimal import Decimal

import numpy as np
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from rueda.kernel.digest import canonical_json, digest_bytes, digest_json
from rueda.kernel.errors import NotCanonical

# RFC 8785, appendix B: the IEEE 754 bits of a number, and its canonical text.
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}

EXACT = st.integers(-(2**53) + 1, 2**53 - 1)
LEAVES = (
    st.none() | st.booleans() | EXACT | st.text() | st.floats(allow_nan=False).filter(math.isfinite)
)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@pytest.mark.parametrize(("bits", "text"), NUMBERS.items())
def test_numbers_of_the_rfc(bits: str, text: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical_json(number).decode() == text


@pytest.mark.parametrize("bits", ["7fffffffffffffff", "7ff0000000000000", "fff0000000000000"])
def test_numbers_that_the_rfc_refuses(bits: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    with pytest.raises(NotCanonical):
        canonical_json(number)


def test_the_example_of_the_rfc() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    assert canonical_json(value).decode() == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_keys_are_sorted_by_utf16_as_in_the_rfc() -> None:
    keys = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    assert list(json.loads(canonical_json(keys)).values()) == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


@given(TREES)
def test_another_implementation_agrees(value: object) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_survives(number: float) -> None:
    text = canonical_json(number)
    assert text == rfc8785.dumps(number)
    assert float(json.loads(text)) == number


def test_equal_values_have_one_form() -> None:
    assert canonical_json((1, 2.0, {"b": 1, "a": 0.0})) == canonical_json(
        [1.0, 2, {"a": -0.0, "b": 1}]
    )


class Color(enum.StrEnum):
    RED = "red"


class Size(enum.IntEnum):
    SMALL = 3


def test_subclasses_of_plain_values_are_plain() -> None:
    assert canonical_json([Color.RED, Size.SMALL, np.float64(0.5)]) == b'["red",3,0.5]'


REFUSED = {
    "an object": object(),
    "a set": {1},
    "bytes": b"x",
    "a function": len,
    "a lambda": lambda: 0,
    "a date": datetime.date(2026, 1, 1),
    "a decimal": Decimal("0.1"),
    "an array": np.zeros(1),
    "a numpy bool": np.bool_(True),
    "not a number": math.nan,
    "infinity": -math.inf,
    "a large integer": 2**53 + 1,
    "a small integer": -(2**53) - 1,
    "a lone surrogate": "\ud800",
    "a key that is no string": {1: 2},
    "a key with a lone surrogate": {"\udfff": 2},
}


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED.keys())
def test_what_has_no_form_is_refused_by_its_place(value: object) -> None:
    with pytest.raises(NotCanonical) as caught:
        canonical_json({"spec": [0, {"deep": value}]})
    assert "$.spec[1].deep" in caught.value.what
    assert caught.value.expected
    assert caught.value.got
    assert caught.value.do
    with pytest.raises(TypeError):
        canonical_json(value)


def test_digests_are_sha256() -> None:
    assert digest_bytes(b"abc") == hashlib.sha256(b"abc").hexdigest()
    assert digest_bytes(memoryview(bytearray(b"abc"))) == digest_bytes(b"abc")
    assert digest_json({"a": 1.0}) == hashlib.sha256(b'{"a":1}').hexdigest()


@given(TREES)
def test_what_was_written_can_be_read_and_written_again(tree: object) -> None:
    written = canonical_json(tree)
    assert canonical_json(json.loads(written)) == written


def test_a_large_float_reads_as_an_integer_that_can_be_written() -> None:
    written = canonical_json(2.0**61 + 2.0**40)
    assert isinstance(json.loads(written), int)
    assert canonical_json(json.loads(written)) == written
    with pytest.raises(NotCanonical):
        canonical_json(json.loads(written) + 1)
