"""Layout: where each column stands while a preparation works, step after step."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from rueda.kernel.errors import SpecError, UnknownName

if TYPE_CHECKING:
    import numpy as np

NUMBER = "number"
FLAG = "flag"
TEXT = "text"
TIME = "time"
OTHER = "other"

NOWHERE = 0
"""The plane that takes what no output wants."""


class Layout:
    """The columns at one point of a preparation, by name: kind, plane and the raw column behind.

    Number and flag columns (a flag holds zeros and ones) live in the planes of one float64 array,
    so that a step treats all of its columns in one operation; texts and times stand beside them.

    Parameters
    ----------
    inputs
        ``(name, kind)`` of each raw column, in order.
    """

    def __init__(self, inputs: Iterable[tuple[str, str]]) -> None:
        self._kinds: dict[str, str] = {}
        self._sources: dict[str, str] = {}
        self._planes: dict[str, int] = {}
        self.size = NOWHERE + 1
        for name, kind in inputs:
            self._place(name, kind, source=name)

    def __contains__(self, name: str) -> bool:
        return name in self._kinds

    def names(self, *kinds: str) -> tuple[str, ...]:
        """The columns of ``kinds`` (all columns without any), in order."""
        return tuple(n for n, k in self._kinds.items() if not kinds or k in kinds)

    def kind(self, name: str) -> str | None:
        """The kind of the column ``name``; None when it is not there."""
        return self._kinds.get(name)

    def plane(self, name: str) -> int:
        """The plane of the number or flag column ``name``."""
        return self._planes[name]

    def source(self, name: str) -> str:
        """The raw column that ``name`` was made of."""
        return self._sources[name]

    def add(self, name: str, kind: str, source: str) -> int:
        """Make room for the new column ``name``, made of the raw column behind ``source``; its
        plane.
        """
        if name in self._kinds:
            raise SpecError(
                f"two columns of the preparation would be called {name!r}",
                expected="one name for each column",
                got=f"one from {self._sources[name]!r}, one from {source!r}",
                do="rename the raw column in the SQL of the extract stage",
            )
        self._place(name, kind, source=self._sources.get(source, source))
        return self._planes.get(name, NOWHERE)

    def remove(self, name: str) -> None:
        """Forget the column ``name``."""
        del self._kinds[name]
        self._planes.pop(name, None)

    def choose(
        self, step: str, columns: Sequence[str], allowed: Collection[str], default: Collection[str]
    ) -> tuple[str, ...]:
        """The columns that a step works on: the named ones, or all of the kinds in ``default``.

        Raises
        ------
        UnknownName
            A named column is not there.
        SpecError
            A named column is of a kind outside ``allowed``.
        """
        if not columns:
            return self.names(*default)
        for name in columns:
            if name not in self._kinds:
                raise UnknownName.among("column", name, self._kinds)
            if self._kinds[name] not in allowed:
                raise SpecError(
                    f"{step} cannot work on the column {name!r}",
                    expected=f"a column of kind {' or '.join(allowed)}",
                    got=f"a column of kind {self._kinds[name]}",
                    do=f"leave {name!r} out of {step}, or put the step that turns it first",
                )
        return tuple(dict.fromkeys(columns))

    def _place(self, name: str, kind: str, *, source: str) -> None:
        self._kinds[name] = kind
        self._sources[name] = source
        if kind in (NUMBER, FLAG):
            self._planes[name] = self.size
            self.size += 1


def span(planes: Sequence[int]) -> slice | np.ndarray:
    """``planes`` as an index: a slice (a view, no copy) where they are neighbors."""
    import numpy as np

    if planes and list(planes) == list(range(planes[0], planes[0] + len(planes))):
        return slice(planes[0], planes[0] + len(planes))
    return np.array(planes, dtype=np.intp)
