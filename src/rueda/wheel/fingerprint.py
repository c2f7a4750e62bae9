"""Fingerprint: the key of a stage's result, and what makes two keys differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rueda.kernel.digest import Digest, Json, digest_json
from rueda.kernel.stage import Stage
from rueda.wheel.encode import Encoder, encode_spec
from rueda.wheel.environment import environment

__all__ = ["Key", "encode_spec", "explain", "stage_key"]


@dataclass(frozen=True, slots=True)
class Key:
    """What a stage's result depends on, and the digest of that.

    Attributes
    ----------
    parts
        ``stage``, ``version``, ``spec``, ``inputs`` (digests by name), ``code`` (digests by symbol)
        and ``environment`` (versions by distribution).
    """

    digest: Digest
    parts: dict[str, Json]


def stage_key(stage: Stage, spec: object, inputs: Mapping[str, Digest], project: Path) -> Key:
    """The key of what ``stage`` makes of ``spec`` and ``inputs``.

    Raises
    ------
    NotCanonical
        Something in ``spec`` has no canonical form; the message names its place.
    """
    encoder = Encoder(project)
    encoded = encoder.encode(spec, stage.name)
    parts: dict[str, Json] = {
        "stage": stage.name,
        "version": stage.version,
        "spec": encoded,
        "inputs": dict(sorted(inputs.items())),
        "code": dict(sorted(encoder.reach.digests.items())),
        "environment": environment({*stage.distributions, *encoder.reach.distributions}),
    }
    return Key(digest_json(parts), parts)


def explain(old: Mapping[str, Json], new: Mapping[str, Json]) -> list[str]:
    """What differs between the parts of two keys, one plain sentence each."""
    return [_sentence(*found) for found in _differences("", dict(old), dict(new))]


class _Absent:
    """Stands where one side has nothing."""


def _differences(place: str, old: Json, new: Json) -> Iterator[tuple[str, Json, Json]]:
    if isinstance(old, dict) and isinstance(new, dict) and not _is_leaf(old) and not _is_leaf(new):
        dot = "/" if place in ("code", "environment", "inputs") else "."
        for name in sorted({*old, *new}):
            inner = f"{place}{dot}{name}" if place else name
            yield from _differences(inner, old.get(name, _Absent), new.get(name, _Absent))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _differences(f"{place}[{number}]", before, after)
    elif old != new or type(old) is not type(new):
        yield place, old, new


def _is_leaf(tree: dict[str, Json]) -> bool:
    return len(tree) == 1 and next(iter(tree)) in ("float", "date", "datetime", "decimal")


def _sentence(place: str, old: Json, new: Json) -> str:
    part, _, name = place.partition("/")
    if part == "code":
        symbol = name.replace(":", ".")
        verb = "is new" if old is _Absent else "is gone" if new is _Absent else "changed"
        return f"code of {symbol} {verb}"
    if part == "environment":
        return f"environment: {name} {_shown(old)} → {_shown(new)}"
    if part == "inputs":
        return f"input {name}: {_short(old)} → {_short(new)}"
    return f"{place}: {_shown(old)} → {_shown(new)}"


def _short(digest: Json) -> str:
    return "none" if digest is _Absent else f"{digest[:4]}…"


def _shown(value: Json) -> str:
    if value is _Absent:
        return "none"
    if isinstance(value, dict):
        if _is_leaf(value):
            ((mark, inner),) = value.items()
            return f"{float(inner)}" if mark == "float" else str(inner)
        for mark in ("function", "class", "model"):
            if mark in value:
                return str(value[mark]).rpartition(".")[2]
        if "type" in value:
            fields = (f"{k}={_shown(v)}" for k, v in value.items() if k != "type")
            return f"{str(value['type']).rpartition(':')[2]}({', '.join(fields)})"
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    return repr(value) if isinstance(value, str) and not value[:1].isdigit() else str(value)
