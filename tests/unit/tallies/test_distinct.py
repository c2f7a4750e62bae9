"""Distinct counts stay within their stated error; the hash is fixed for ever."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pytest

from rueda.tallies.distinct import RELATIVE_ERROR, Distinct, hash_values
from rueda.tallies.hashing import hash_bytes, hash_numbers


def _of(array: pa.Array) -> int:
    tally = Distinct(("x",))
    return tally.result(tally.add(tally.empty(), pa.record_batch({"x": array})))["x"]


@pytest.mark.parametrize("number", [0, 1, 2, 100, 5_000, 40_000, 41_000, 82_000, 1_000_000])
def test_numbers(number: int) -> None:
    assert abs(_of(pa.array(np.arange(number) * 7)) - number) <= RELATIVE_ERROR * number


@pytest.mark.parametrize("number", [1, 10, 10_000, 200_000])
def test_strings_that_differ_in_one_place(number: int) -> None:
    words = pa.array([f"customer-{i:09d}-madrid" for i in range(number)])
    assert abs(_of(words) - number) <= RELATIVE_ERROR * number


def test_a_thousand_columns() -> None:
    rng = np.random.default_rng(2)
    for _ in range(1_000):
        number = int(rng.integers(4_097, 30_000))
        values = rng.integers(-(2**62), 2**62, number)
        assert abs(_of(pa.array(values)) - number) <= RELATIVE_ERROR * number


def test_repetition_changes_nothing() -> None:
    values = pa.array([1.5, 2.5, None] * 1_000)
    assert _of(values) == _of(pa.array([1.5, 2.5])) == 2


def test_no_two_short_strings_share_a_hash() -> None:
    words = [chr(a) + chr(b) for a in range(32, 400) for b in range(32, 400)]
    words += ["", "a", "aa", "aaa", "\0", "\0\0", "a\0", "\0a"]
    hashes = hash_bytes(pa.array(words))
    assert len(np.unique(hashes)) == len(set(words))


def test_both_zeros_are_one_number() -> None:
    hashes = hash_numbers(np.array([0.0, -0.0]))
    assert hashes[0] == hashes[1]


def test_long_strings_and_slices() -> None:
    words = pa.array(["x" * 3_000_000, "y", "x" * 3_000_000, "", "é" * 700_000])
    hashes = hash_bytes(words)
    assert hashes[0] == hashes[2]
    assert hash_bytes(words.slice(1, 2)).tolist() == hashes[1:3].tolist()


def test_every_byte_and_the_length_count() -> None:
    words = ["x" * n for n in range(600)]
    words += ["x" * n + "y" + "x" * (299 - n) for n in range(300)]
    words += ["x" * n + "\0" * m for n in (0, 7, 8, 255) for m in (1, 2, 9)]
    assert len(np.unique(hash_bytes(pa.array(words)))) == len(set(words))


def test_the_same_string_in_any_type() -> None:
    plain = pa.array(["a", "bc", "😀", None])
    for type_ in (pa.large_string(), pa.dictionary(pa.int8(), pa.string())):
        assert hash_values(plain.cast(type_)).tolist() == hash_values(plain).tolist()
    assert _of(plain.cast(pa.string_view())) == 3


def test_the_hash_never_changes() -> None:
    """Kept states merge with new ones only while this holds."""
    words = pa.array(["", "a", "Rueda", "Ñandú", "😀" * 40])
    numbers = [np.array([0, 1, -1, 2**63 - 1, -(2**63)]), np.array([0.0, 1.5, -1e308, 5e-324])]
    everything = [hash_bytes(words), *(hash_numbers(n) for n in numbers)]
    digest = hashlib.sha256(b"".join(h.astype("<u8").tobytes() for h in everything)).hexdigest()
    assert digest[:16] == "7c60fdaa93850383"
