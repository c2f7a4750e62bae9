"""Drop: columns that the model must not see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rueda.artifacts.preparation.step import Gather, declare, shorten
from rueda.kernel.errors import SpecError

if TYPE_CHECKING:
    from rueda.artifacts.preparation.layout import Layout
    from rueda.artifacts.preparation.planes import Operation, Planes


@dataclass(frozen=True, init=False)
class Drop:
    """Leave columns out. A raw column that is dropped first need not be sent when serving.

    Parameters
    ----------
    columns
        The columns to leave out; at least one.
    """

    columns: tuple[str, ...]

    def __init__(self, *columns: str) -> None:
        declare(self, columns)
        if not columns:
            raise SpecError("Drop names no column", expected='Drop("tailnum")', got="Drop()")

    def fit(self, layout: Layout, gather: Gather) -> FittedDrop:  # noqa: ARG002 - no pass needed
        kinds = ("number", "flag", "text", "time", "other")
        return FittedDrop(list(layout.choose("Drop", self.columns, kinds, kinds)))


@dataclass(frozen=True)
class FittedDrop:
    """The columns that are left out."""

    columns: list[str]

    def bind(self, layout: Layout) -> Operation:
        for name in self.columns:
            if name in layout:
                layout.remove(name)
        return _nothing

    def describe(self) -> str:
        return f"drop {shorten(self.columns)}"


def _nothing(planes: Planes) -> None:
    """A column without a place in the layout is gone."""
