"""What the ledger asks of a database: transactions that wait their turn, and a clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Moment:
    """A reading of the database's clock.

    Attributes
    ----------
    now
        The wall clock, which may be set back.
    boot, boot_s
        Which start of the machine, and the seconds since then: never set back. Empty where unknown.
    """

    now: datetime
    boot: str = ""
    boot_s: float = 0.0


class Database(Protocol):
    """A SQL database that holds one ledger."""

    def read(self, work: Callable[[Connection], T]) -> T:
        """The result of ``work``, which only reads. It may be called again."""
        ...

    def write(
        self, work: Callable[[Connection], T], settled: Callable[[Connection], T | None]
    ) -> T:
        """The result of ``work`` in one transaction that no other writer's overlaps.

        ``work`` may be called again after a failure; ``settled`` is asked first then, and tells the
        result of an earlier call whose commit was not acknowledged but happened.
        """
        ...

    def clock(self, connection: Connection) -> Moment:
        """The time now."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
