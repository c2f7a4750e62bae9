"""Plugins: implementations of the seams, found by entry point, loaded on first use."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from rueda.kernel.errors import MissingExtra, UnknownName

SEAMS = ("store", "ledger", "engine", "source", "trainer", "target", "notifier")


def plugins(seam: str) -> dict[str, EntryPoint]:
    """The implementations of ``seam`` that are installed, by name, not loaded."""
    return {point.name: point for point in entry_points(group=f"rueda.{seam}")}


def load_plugin(seam: str, name: str) -> Any:
    """The implementation ``name`` of ``seam``: a class or factory.

    Raises
    ------
    UnknownName
        No installed distribution offers it.
    MissingExtra
        It needs a package that is not installed.
    """
    found = plugins(seam)
    if name not in found:
        raise UnknownName.among(seam, name, found)
    try:
        return found[name].load()
    except ImportError as error:
        raise MissingExtra(
            f"{seam} {name!r} needs the package {error.name}", do=f"pip install 'rueda[{name}]'"
        ) from error
