"""When so many rows are broken that the file is not what it seems."""

from __future__ import annotations

from rueda.kernel.errors import BrokenInput
from rueda.kernel.seams import Rejected

_SHARE = 0.1
_FEW = 10


class BrokenRows:
    """Counts sound and broken rows, and keeps the first broken one."""

    def __init__(self) -> None:
        self._sound = 0
        self._broken = 0
        self._first: Rejected | None = None

    def see(self, sound: int, rejected: tuple[Rejected, ...] | list[Rejected]) -> None:
        """Count the rows of one block."""
        self._sound += sound
        self._broken += len(rejected)
        if self._first is None and rejected:
            self._first = rejected[0]

    def refuse_if_many(self, *, what: str, expected: str, do: str) -> None:
        """Raise BrokenInput when more than a tenth of the rows, and not just a few, are broken, or
        more than are sound.
        """
        rows = self._sound + self._broken
        few = self._broken <= max(_FEW, _SHARE * rows) and self._broken <= self._sound
        if self._first is None or few:
            return
        raise BrokenInput(
            f"{self._first.source.rpartition(':')[0]} does not parse as {what}",
            expected=expected,
            got=f"{self._broken} broken rows of {rows}; the first, {self._first.source}: "
            f"{self._first.reason}",
            do=do,
        )
