"""Misspelled: a wrong or missing argument in the user's file, told as any other mistake in it."""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Mapping
from pathlib import Path

import rueda
from rueda.kernel.errors import SpecError, UnknownName

# Before 3.13 Python names the argument, and suggests none.
_UNEXPECTED = re.compile(
    r"(?:(\w+)\.__init__|(\w+))\(\) got an unexpected keyword argument '(\w+)'"
)
_MISSING = re.compile(r"(?:(\w+)\.__init__|(\w+))\(\) missing \d+ required .*arguments?: (.*)")


def misspelled(error: TypeError, path: Path, names: Mapping[str, object]) -> SpecError | None:
    """The mistake in a call in the file ``path`` that ``error`` tells of, or None if it is another.

    ``names`` are those of the file: where what it calls is looked up.
    """
    frames = traceback.extract_tb(error.__traceback__)
    if not frames or frames[-1].filename != str(path):
        # It was raised further in: whoever called wrongly there, it was not this file.
        return None
    at = f"{path.name}, line {frames[-1].lineno}: {frames[-1].line}"
    if found := _UNEXPECTED.fullmatch(str(error)):
        name, argument = found[1] or found[2], found[3]
        known = _parameters(name, names)
        advice = UnknownName.among("argument", argument, known) if known else None
        return UnknownName(
            f"{name} has no argument {argument!r}",
            expected=", ".join(known),
            got=at,
            do=advice.do if advice else f"see help({name})",
        )
    if found := _MISSING.fullmatch(str(error)):
        name = found[1] or found[2]
        return SpecError(
            f"{name} lacks {found[3]}",
            expected=_call(name, names),
            got=at,
            do=f"add {found[3]}",
        )
    return None


def _called(name: str, names: Mapping[str, object]) -> object:
    return getattr(rueda, name) if name in rueda.__all__ else names.get(name)


def _parameters(name: str, names: Mapping[str, object]) -> list[str]:
    called = _called(name, names)
    return list(inspect.signature(called).parameters) if callable(called) else []


def _call(name: str, names: Mapping[str, object]) -> str:
    """``name(…)`` with the arguments that it cannot do without."""
    called = _called(name, names)
    if not callable(called):
        return f"{name}(…)"
    parameters = inspect.signature(called).parameters.values()
    needed = [p.name for p in parameters if p.default is p.empty]
    return f"{name}({', '.join(f'{parameter}=…' for parameter in needed)})"
