"""Split: which release answers a row; the same for the same key in every process."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from rueda.artifacts.deployment import Traffic
from rueda.kernel.digest import Json

_SPAN = 2**64


def candidate_rows(
    traffic: Traffic, request: str, rows: Sequence[Mapping[str, Json]]
) -> list[bool]:
    """For each row, whether the candidate answers it.

    Without a sticky column the whole request goes one way, by its id. With one, each row goes by
    its value, and a share that grows keeps the keys that it had.
    """
    if traffic.candidate is None:
        return [False] * len(rows)
    percent = traffic.shares[1].percent
    if traffic.sticky is None:
        return [place(traffic.name, request) < percent] * len(rows)
    return [place(traffic.name, repr(row.get(traffic.sticky))) < percent for row in rows]


def place(name: str, key: str) -> float:
    """Where ``key`` stands between 0 and 100, evenly spread, and differently for each name."""
    content = hashlib.blake2b(key.encode("utf-8", "replace"), key=name.encode()[:64], digest_size=8)
    return int.from_bytes(content.digest(), "big") / _SPAN * 100
