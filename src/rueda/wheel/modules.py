"""Modules: where the user's own Python files are, found without running them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rueda.wheel.environment import is_library
from rueda.wheel.syntax import Syntax, read_syntax


@dataclass(frozen=True, slots=True)
class Module:
    """An own module: its dotted name and its file (a folder, for a package without
    ``__init__.py``).
    """

    name: str
    path: Path

    @property
    def syntax(self) -> Syntax:
        return read_syntax(self.path)

    @property
    def package(self) -> str:
        """What its relative imports start from."""
        if self.path.name == "__init__.py":
            return self.name
        return self.name.rpartition(".")[0]


def is_own(module: str, path: Path, project: Path) -> bool:
    """Whether ``path``, the file of ``module``, is the user's to edit: a file of the project, or of
    another folder that no distribution owns.
    """
    top = module.partition(".")[0]
    if top == "rueda" or not path.is_file():
        return False
    if path.is_relative_to(project):
        return not {"site-packages", "dist-packages"} & set(path.relative_to(project).parts)
    return not is_library(top)


def find_module(name: str, project: Path) -> Module | None:
    """The own module ``name``; None for a library, and for what is not there.

    The project comes first, then the other folders of ``sys.path`` that no distribution owns. A
    folder without ``__init__.py`` is a package too, as Python has it.
    """
    parts = name.split(".")
    roots = [project]
    if not _stands_in(project, parts[0]):
        if is_library(parts[0]):
            return None
        roots = [Path(entry or ".") for entry in sys.path]
    for root in roots:
        for path in _candidates(root.joinpath(*parts)):
            return Module(name, path)
    return None


def _stands_in(folder: Path, top: str) -> bool:
    place = folder / top
    if place.with_suffix(".py").is_file() or (place / "__init__.py").is_file():
        return True
    return place.is_dir() and not is_library(top)


def _candidates(place: Path) -> Iterator[Path]:
    for path in (place / "__init__.py", place.with_name(place.name + ".py")):
        if path.is_file():
            yield path
    if place.parent.is_dir():
        yield from sorted(place.parent.glob(f"{place.name}.*.so"))
    if place.is_dir():
        yield place
