"""Encode: the canonical JSON form of a spec, and the code that its functions and classes bring."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import functools
import importlib.util
import math
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path, PurePath
from typing import Any

from rueda.kernel.digest import Json, canonical_json
from rueda.kernel.errors import NotCanonical
from rueda.kernel.plugins import load_plugin, plugins
from rueda.kernel.seams import Trainer
from rueda.wheel.code import Reach
from rueda.wheel.function import encode_function, reach_class

_TEXTS: dict[type, tuple[str, Callable[[Any], str]]] = {
    datetime.datetime: ("datetime", datetime.datetime.isoformat),
    datetime.date: ("date", datetime.date.isoformat),
    datetime.time: ("time", datetime.time.isoformat),
    datetime.timedelta: ("timedelta", repr),
    decimal.Decimal: ("decimal", str),
}
_MARKS = frozenset(
    {"type", "function", "class", "enum", "partial", "method", "set", "dict", "float", "model"}
    | {mark for mark, _ in _TEXTS.values()}
)
"""Keys with a meaning here: a mapping of the user's that has one of them is written as pairs."""


def encode_spec(spec: object, project: Path) -> Json:
    """The canonical form of ``spec``; paths below ``project`` are written from there.

    Raises
    ------
    NotCanonical
        ``spec`` holds something without a canonical form; the message names its place.
    """
    return Encoder(project).encode(spec, type(spec).__name__.lower())


class Encoder:
    """Encodes values, and collects in ``reach`` the code that they bring.

    Parameters
    ----------
    project
        The folder of the lifecycle.
    """

    def __init__(self, project: Path) -> None:
        self.project = project.resolve()
        self.reach = Reach(self.project)
        self._open: list[int] = []

    def encode(self, value: object, where: str) -> Json:
        """The canonical form of ``value``, which stands at ``where``."""
        if id(value) in self._open:
            raise refused(where, "a value that contains itself")
        self._open.append(id(value))
        try:
            return self._scalar(value, where)
        finally:
            self._open.pop()

    def _scalar(self, value: Any, where: str) -> Json:
        if isinstance(value, enum.Enum):
            reach_class(self, type(value), where)
            return {"enum": name_of(type(value)), "value": value.name}
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return str(value)
        if isinstance(value, int):
            return int(value)
        if isinstance(value, float):
            return _number(value, where)
        if isinstance(value, PurePath):
            return self._path(value)
        if type(value) in _TEXTS:
            mark, write = _TEXTS[type(value)]
            return {mark: write(value)}
        return self._collection(value, where)

    def _collection(self, value: Any, where: str) -> Json:
        if isinstance(value, (list, tuple)):
            return [self.encode(v, f"{where}[{i}]") for i, v in enumerate(value)]
        if isinstance(value, Mapping):
            return self._mapping(value, where)
        if isinstance(value, (set, frozenset)):
            return {"set": sorted((self.encode(v, where) for v in value), key=canonical_json)}
        if isinstance(value, type):
            reach_class(self, value, where)
            return {"class": name_of(value)}
        if dataclasses.is_dataclass(value):
            return self._dataclass(value, where)
        return self._callable(value, where)

    def _callable(self, value: Any, where: str) -> Json:
        if isinstance(value, functools.partial):
            return {
                "partial": self.encode(value.func, f"{where}.func"),
                "args": self.encode(value.args, f"{where}.args"),
                "keywords": self.encode(value.keywords, f"{where}.keywords"),
            }
        if isinstance(value, types.MethodType):
            function = self.encode(value.__func__, where)
            return {"method": function, "self": self.encode(value.__self__, f"{where}.__self__")}
        if isinstance(value, types.FunctionType):
            return encode_function(self, value, where)
        if (name := importable(value)) is not None:
            self.reach.library(name)
            return {"function": name}
        return self._object(value, where)

    def _object(self, value: Any, where: str) -> Json:
        if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
            return self.encode(value.item(), where)
        for trainer in _trainers():
            if trainer.accepts(value):
                for kind in _classes(value, set()):
                    reach_class(self, kind, where)
                return _described(trainer.describe(value), where)
        raise refused(where, f"a {type(value).__module__}.{type(value).__qualname__}")

    def _dataclass(self, value: Any, where: str) -> Json:
        reach_class(self, type(value), where)
        found: dict[str, Json] = {"type": name_of(type(value))}
        for field in dataclasses.fields(value):
            if field.metadata.get("fingerprint", True):
                name = "type_" if field.name == "type" else field.name
                found[name] = self.encode(getattr(value, field.name), f"{where}.{field.name}")
        return found

    def _mapping(self, value: Mapping[Any, Any], where: str) -> Json:
        if all(isinstance(key, str) for key in value) and not _MARKS & set(value):
            return {str(k): self.encode(v, f"{where}.{k}") for k, v in value.items()}
        pairs = [
            [self.encode(k, where), self.encode(v, f"{where}[{k!r}]")] for k, v in value.items()
        ]
        return {"dict": sorted(pairs, key=canonical_json)}

    def _path(self, value: PurePath) -> Json:
        # A project that is moved as a whole keeps its fingerprints.
        if value.is_relative_to(self.project):
            return value.relative_to(self.project).as_posix()
        return value.as_posix()


def name_of(value: type | types.FunctionType) -> str:
    """``module:qualname``."""
    return f"{value.__module__}:{value.__qualname__}"


def importable(value: object) -> str | None:
    """``module:name`` when importing that gives ``value`` itself: a builtin, a ufunc."""
    module = getattr(value, "__module__", None)
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        return None
    found: object = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return f"{module}:{name}" if found is value else None


def refused(where: str, got: str, do: str = "") -> NotCanonical:
    """The refusal of what stands at ``where``."""
    return NotCanonical(
        f"{where} cannot be part of a fingerprint",
        expected="a plain value, a frozen dataclass, a model, or a function whose source is known",
        got=got,
        do=do or "give a named top-level function or a frozen dataclass with plain fields",
    )


def _number(value: float, where: str) -> Json:
    if not math.isfinite(value):
        raise refused(where, str(value), "give a finite number, or None")
    # JSON has one 1; scikit-learn does not: max_features=1 is one column, 1.0 is all of them.
    return {"float": int(value)} if value.is_integer() and abs(value) < 2**53 else float(value)


def _described(tree: Json, where: str) -> Json:
    """What a trainer says of a model: plain JSON, with whole floats told from integers."""
    if isinstance(tree, Mapping):
        found = {key: _described(value, f"{where}.{key}") for key, value in tree.items()}
        return {"model": found.pop("class"), **found} if "class" in found else found
    if isinstance(tree, (list, tuple)):
        return [_described(value, f"{where}[{i}]") for i, value in enumerate(tree)]
    return _number(tree, where) if isinstance(tree, float) else tree


def _trainers() -> Iterator[Trainer]:
    """The trainers that may know a model: a package that is not loaded made none."""
    for name in sorted(plugins("trainer")):
        if name in sys.modules or not _installed(name):
            yield _trainer(name)


@cache
def _trainer(name: str) -> Trainer:
    trainer: Trainer = load_plugin("trainer", name)()
    return trainer


def _installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _classes(value: object, seen: set[int]) -> Iterator[type | types.FunctionType]:
    """The classes and functions inside an unfitted model."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, (type, types.FunctionType)):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _classes(part, seen)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _classes(part, seen)
    elif hasattr(value, "__dict__"):
        yield type(value)
        yield from _classes(vars(value), seen)
