"""Space: what a search may try for one parameter."""

from __future__ import annotations

from dataclasses import dataclass

from rueda.kernel.digest import Json
from rueda.kernel.errors import SpecError


@dataclass(frozen=True)
class Float:
    """A number from ``low`` to ``high``; with ``log``, as likely in each octave."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True)
class Int:
    """A whole number from ``low`` to ``high``; with ``log``, as likely in each octave."""

    low: int
    high: int
    log: bool = False

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True, init=False)
class Choice:
    """One of ``options``: plain values."""

    options: tuple[Json, ...]

    def __init__(self, *options: Json) -> None:
        if not options:
            raise SpecError("a Choice needs options", expected='Choice("l1", "l2")', got="Choice()")
        object.__setattr__(self, "options", options)


Space = Float | Int | Choice


def _check(space: Float | Int) -> None:
    if space.low > space.high:
        raise SpecError(
            f"{space} is empty", expected="low ≤ high", got=f"{space.low} > {space.high}"
        )
    if space.log and space.low <= 0:
        raise SpecError(
            f"{space} has no logarithm", expected="low above 0", got=f"low = {space.low}"
        )
