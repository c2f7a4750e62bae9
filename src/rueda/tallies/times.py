"""Times: int64 counts of an Arrow unit as RFC 3339 text."""

from __future__ import annotations

import re

import numpy as np

from rueda.kernel.digest import Json

_TYPE = re.compile(r"(date|time|timestamp|duration)\d*\[(day|s|ms|us|ns)(?:, tz=(.+))?\]")
_SECONDS = {"day": 86_400.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


def seconds_in(type_text: str) -> float:
    """How many seconds one unit of the type lasts."""
    return _SECONDS[_parts(type_text)[1]]


def time_text(value: object, type_text: str) -> Json:
    """``value`` units of ``type_text`` as RFC 3339 text; a duration as seconds.

    Zoned timestamps are written in UTC; times beyond the calendar as their number.
    """
    count = int(str(value))
    name, unit, zone = _parts(type_text)
    if name == "duration":
        return count * _SECONDS[unit]
    if not -(2**63) < count < 2**63:
        return str(count)
    moment = np.array(count, f"datetime64[{'D' if unit == 'day' else unit}]")
    if name == "date":
        return str(moment.astype("datetime64[D]"))
    text = _without_zeros(str(moment))
    if name == "time":
        return text.partition("T")[2]
    return text + ("Z" if zone else "")


def _without_zeros(text: str) -> str:
    whole, point, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    return whole + point * bool(fraction) + fraction


def _parts(type_text: str) -> tuple[str, str, str | None]:
    match = _TYPE.fullmatch(type_text)
    if match is None:
        raise ValueError(f"{type_text} is no type of time")
    return match[1], match[2], match[3]
