"""Environment: the versions of the installed distributions that a stage's code can reach."""

from __future__ import annotations

import importlib.machinery
import os
import re
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_REQUIRES = re.compile(r"^Requires-Dist: *([A-Za-z0-9._-]+) *(?:\[([^\]]*)\])?(.*)$", re.MULTILINE)
_EXTRA = re.compile(r"""extra *== *['"]([^'"]+)['"]""")


def environment(names: Iterable[str]) -> dict[str, str]:
    """The Python version and ``{distribution: version}`` of all that ``names`` reach.

    Parameters
    ----------
    names
        Distributions; ``name[extra]`` takes in what the extra asks for.

    Notes
    -----
    Follows ``Requires-Dist`` of the installed metadata through everything that is installed.
    Markers about platforms need no evaluation: what they exclude is usually not installed, and
    where it is, counting it too can only run a stage once more. Rueda counts by its own version
    alone: what it needs is named by each stage.
    """
    found = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    found["rueda"] = _version("rueda") or "absent"
    waiting = [_request(name) for name in names]
    done = {("rueda", "")}
    while waiting:
        name, extras = waiting.pop()
        for extra in ("", *extras):
            if (name, extra) in done:
                continue
            done.add((name, extra))
            waiting.extend(_required(name, extra))
        if version := _version(name):
            found[name] = version
    return found


def distributions_of(module: str) -> frozenset[str]:
    """The installed distributions that hold the top-level ``module``; none for code of the standard
    library or of a project.
    """
    if module in sys.stdlib_module_names:
        return frozenset()
    return _distributions_of(module, tuple(sys.path))


def is_library(module: str) -> bool:
    """Whether the top-level ``module`` is versioned code: the standard library's, an installed
    distribution's or Rueda's.
    """
    return module == "rueda" or module in sys.stdlib_module_names or bool(distributions_of(module))


def _request(text: str) -> tuple[str, tuple[str, ...]]:
    name, _, extras = text.partition("[")
    return normalized(name), tuple(_split(extras.rstrip("]")))


def _split(extras: str) -> list[str]:
    return [normalized(extra) for extra in extras.split(",") if extra.strip()]


def normalized(name: str) -> str:
    """The one spelling of a distribution's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def _version(name: str) -> str | None:
    folder = _installed().get(name)
    return folder.name.removesuffix(".dist-info").rpartition("-")[2] if folder else None


def _required(name: str, extra: str) -> list[tuple[str, tuple[str, ...]]]:
    folder = _installed().get(name)
    return list(_requirements(folder).get(extra, ())) if folder else []


@cache
def _requirements(folder: Path) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """What the distribution in ``folder`` asks for, by the extra that asks ("" for always)."""
    try:
        head = (folder / "METADATA").read_text(encoding="utf-8").partition("\n\n")[0]
    except OSError:
        return {}
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for name, extras, rest in _REQUIRES.findall(head):
        for extra in _EXTRA.findall(rest) or [""]:
            asked = (normalized(name), tuple(_split(extras)))
            found.setdefault(normalized(extra) if extra else "", []).append(asked)
    return found


def _installed() -> dict[str, Path]:
    """The metadata folder of each installed distribution; the first on ``sys.path`` wins."""
    stamps = []
    for entry in dict.fromkeys(sys.path):
        try:
            stamps.append((entry, os.stat(entry or ".").st_mtime_ns))
        except OSError:
            continue
    return _scan(tuple(stamps))


@cache
def _scan(stamps: tuple[tuple[str, int], ...]) -> dict[str, Path]:
    # The folder's name has the version: reading 80 METADATA files takes longer than a whole plan.
    found: dict[str, Path] = {}
    for entry, _ in stamps:
        if not os.path.isdir(entry or "."):
            continue
        for item in sorted(os.listdir(entry or ".")):
            if item.endswith(".dist-info"):
                name = normalized(item.removesuffix(".dist-info").rpartition("-")[0])
                found.setdefault(name, Path(entry, item))
    return found


@cache
def _distributions_of(module: str, path: tuple[str, ...]) -> frozenset[str]:
    spec = importlib.machinery.PathFinder.find_spec(module, list(path))
    places = [spec.origin] if spec and spec.origin else []
    if spec and spec.submodule_search_locations:
        places += list(spec.submodule_search_locations)
    sites = {Path(place).parent for place in places} | {Path(p).parent.parent for p in places}
    line = re.compile(rb"^%s(/|\.py,|\.[^/,\n]*\.?(so|pyd),)" % re.escape(module.encode()), re.M)
    found = set()
    for name, folder in _installed().items():
        if folder.parent in sites:
            record = folder / "RECORD"
            if record.exists() and line.search(record.read_bytes()):
                found.add(name)
    return frozenset(found)
