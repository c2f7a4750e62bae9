"""Values: how a cell of each column type stands in JSON, checked strictly and made into Arrow."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation

import pyarrow as pa
import pyarrow.types as kinds

from rueda.kernel.digest import Json
from rueda.kernel.errors import SpecError

Complaint = tuple[str, str]
"""A fault's code, and what was expected."""

Check = Callable[[Json], Complaint | None]

_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d:\d\d(?:\.(\d{1,9}))?", re.ASCII)
_DECIMAL = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST = {16: 65504.0, 32: 3.4028234663852886e38}


def check_of(kind: pa.DataType) -> Check:
    """The strict check of one JSON value (never null) for a column of type ``kind``.

    Raises
    ------
    SpecError
        Values of this type have no JSON form.
    """
    if kinds.is_boolean(kind):
        return lambda v: None if v is True or v is False else ("wrong-type", "true or false")
    if kinds.is_integer(kind):
        return _integer(kind)
    if kinds.is_floating(kind):
        return _float(_LARGEST.get(kind.bit_width))
    if kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_dictionary(kind):
        return _string
    if kinds.is_timestamp(kind):
        return _timestamp(kind)
    if kinds.is_date(kind):
        return _parsed(_DATE, date.fromisoformat, "a date such as 2013-01-31")
    if kinds.is_time(kind):
        return _time_of_day(kind)
    if kinds.is_decimal(kind):
        return _decimal(kind)
    if kinds.is_null(kind):
        return lambda _: ("wrong-type", "null")
    raise SpecError(
        f"columns of type {kind} cannot be given as JSON",
        expected="numbers, booleans, strings, dates, times, timestamps or decimals",
        got=str(kind),
        do="convert the column where the data is extracted",
    )


def to_array(values: Sequence[Json], kind: pa.DataType) -> pa.Array:
    """Checked JSON ``values`` (None is null) as an Arrow array of type ``kind``."""
    if kinds.is_timestamp(kind):
        digits = _DIGITS[kind.unit]
        ticks = [None if v is None else _ticks(v, digits) for v in values]
        return pa.array(ticks, pa.int64()).cast(kind)
    if kinds.is_date(kind):
        days = [None if v is None else date.fromisoformat(v) for v in values]
        return pa.array(days, kind)
    if kinds.is_time(kind):
        return (
            pa.array([_clock(v, _DIGITS[kind.unit]) for v in values], pa.int64())
            .cast(pa.int32() if kinds.is_time32(kind) else pa.int64())
            .view(kind)
        )
    if kinds.is_decimal(kind):
        exact = [None if v is None else Decimal(str(v)) for v in values]
        return pa.array(exact, kind)
    if kinds.is_dictionary(kind):
        return pa.array(values, kind.value_type).cast(kind)
    if kinds.is_floating(kind):
        return pa.array(values, pa.float64()).cast(kind, safe=False)
    return pa.array(values, kind)


def _integer(kind: pa.DataType) -> Check:
    bits = kind.bit_width
    signed = kinds.is_signed_integer(kind)
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    expected = f"an integer from {low} to {high}"

    def check(value: Json) -> Complaint | None:
        # bool is an int in Python; 1.0 is a float: neither is an integer in JSON's spelling.
        if type(value) is not int:
            return ("non-finite" if _not_finite(value) else "wrong-type", expected)
        return None if low <= value <= high else ("out-of-range", expected)

    return check


def _float(largest: float | None) -> Check:
    def check(value: Json) -> Complaint | None:
        if type(value) is float:
            if not math.isfinite(value):
                return ("non-finite", "a finite number")
        elif type(value) is not int:
            return ("wrong-type", "a number")
        elif abs(value) > 2**53 and not _exact(value):
            return ("out-of-range", "an integer that a 64-bit float holds exactly")
        if largest is not None and abs(value) > largest:
            return ("out-of-range", f"a number within ±{largest:g}")
        return None

    return check


def _exact(value: int) -> bool:
    try:
        return int(float(value)) == value
    except OverflowError:
        return False


def _not_finite(value: Json) -> bool:
    return type(value) is float and not math.isfinite(value)


def _string(value: Json) -> Complaint | None:
    if type(value) is not str:
        return ("non-finite" if _not_finite(value) else "wrong-type", "a string")
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            return ("bad-text", "text without lone surrogates")
    return None


def _parsed(shape: re.Pattern[str], parse: Callable[[str], object], expected: str) -> Check:
    def check(value: Json) -> Complaint | None:
        if type(value) is not str:
            return ("wrong-type", expected)
        if not shape.fullmatch(value):
            return ("bad-time", expected)
        try:
            parse(value)
        except ValueError:
            return ("bad-time", expected)
        return None

    return check


def _timestamp(kind: pa.DataType) -> Check:
    zoned = kind.tz is not None
    digits = _DIGITS[kind.unit]
    example = "2013-01-31T05:00:00Z" if zoned else "2013-01-31T05:00:00"
    expected = f"a time such as {example}" + (f", at most {digits} decimals" if digits < 9 else "")

    def parse(text: str) -> None:
        match = _MOMENT.fullmatch(text)
        if match is None or (match[2] is not None) != zoned or _finer(match[1], digits):
            raise ValueError
        if not -(2**63) <= _ticks(text, digits) < 2**63:
            raise ValueError

    return _parsed(_MOMENT, parse, expected)


def _time_of_day(kind: pa.DataType) -> Check:
    digits = _DIGITS[kind.unit]

    def parse(text: str) -> None:
        match = _TIME.fullmatch(text)
        if match is None or _finer(match[1], digits):
            raise ValueError
        time.fromisoformat(text[:8])

    return _parsed(_TIME, parse, f"a time such as 05:00:00, at most {digits} decimals")


def _finer(fraction: str | None, digits: int) -> bool:
    """Whether a fraction of a second needs more than ``digits`` decimals: cutting it would be
    silent.
    """
    return fraction is not None and len(fraction.rstrip("0")) > digits


def _ticks(text: str, digits: int) -> int:
    """The moment ``text`` in units of 10^-digits seconds since 1970; a time without zone reads as
    UTC.
    """
    match = _MOMENT.fullmatch(text)
    assert match is not None
    moment = datetime.fromisoformat(text[:19] + (match[2] or "Z").upper())
    span = moment - _EPOCH
    fraction = ((match[1] or "") + "000000000")[:digits]
    return int((span.days * 86_400 + span.seconds) * 10**digits) + int(fraction or 0)


def _clock(text: Json, digits: int) -> int | None:
    if text is None:
        return None
    whole, _, fraction = text.partition(".")
    hours, minutes, seconds = (int(part) for part in whole.split(":"))
    ticks = (hours * 60 + minutes) * 60 + seconds
    return int(ticks * 10**digits + int((fraction + "000000000")[:digits] or 0))


def _decimal(kind: pa.DataType) -> Check:
    expected = f"a decimal with at most {kind.precision} digits, {kind.scale} of them decimals"

    def check(value: Json) -> Complaint | None:
        if type(value) is str and not _DECIMAL.fullmatch(value):
            return ("wrong-type", expected)
        if type(value) not in (str, int, float):
            return ("wrong-type", expected)
        try:
            pa.array([Decimal(str(value))], kind)
        except (InvalidOperation, ValueError, pa.ArrowInvalid):
            return ("non-finite" if _not_finite(value) else "out-of-range", expected)
        return None

    return check
