"""Strict JSON: UTF-8 text in which nothing is guessed, and a fault with a code and a pointer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rueda.kernel.digest import Json
from rueda.kernel.errors import InputError

DEPTH = 64
SHOWN = 100
"""Faults listed in one refusal; a body with a million of them gets an answer of bounded size."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input: a code for the cause, and an RFC 6901 pointer to the place."""

    code: str
    pointer: str
    expected: str
    got: str
    status: int = 422

    def to_json(self) -> dict[str, str]:
        return {
            "code": self.code,
            "pointer": self.pointer,
            "expected": self.expected,
            "got": self.got,
        }


class Refused(InputError):
    """An input that was refused whole; ``faults`` says what is wrong, and where."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        first = faults[0]
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(
            f"{first.code} at {first.pointer or 'the whole document'}{more}",
            expected=first.expected,
            got=first.got,
        )
        self.faults = tuple(faults[:SHOWN])

    @property
    def status(self) -> int:
        """The HTTP status: that of the first fault."""
        return self.faults[0].status

    def problem(self) -> dict[str, object]:
        first = self.faults[0]
        return {
            **super().problem(),
            "type": f"urn:rueda:{first.code}",
            "title": first.code,
            "status": first.status,
            "code": first.code,
            "pointer": first.pointer,
            "errors": [fault.to_json() for fault in self.faults],
        }


def pointer(*parts: str | int) -> str:
    """The JSON pointer to ``parts``, fit for any answer (lone surrogates are escaped)."""
    steps = (str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    text = "".join(f"/{step}" for step in steps)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def brief(value: object) -> str:
    """``value`` as JSON, cut to a length that fits a message."""
    if isinstance(value, (dict, list)):
        return f"{'an object' if isinstance(value, dict) else 'an array'} of {len(value)}"
    text = json.dumps(value) if not isinstance(value, int) or abs(value) < 10**40 else "an integer"
    return text if len(text) <= 60 else text[:57] + "…"


def parse_json(content: bytes) -> Json:
    """The value that ``content`` spells.

    Raises
    ------
    Refused
        Not UTF-8 (or with a byte-order mark), not JSON, nested too deeply, or an object that names
        a key twice. Numbers that are not finite come through: whoever checks the value knows its
        pointer.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refused("not-utf-8", "UTF-8", f"byte {error.start} is not") from None
    if text.startswith("\ufeff"):
        raise _refused("byte-order-mark", "JSON without a byte-order mark", "U+FEFF first")
    doubled: list[tuple[dict[str, Json], str]] = []

    def unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            doubled.append((found, next(n for n in names if names.count(n) > 1)))
        return found

    try:
        tree = json.loads(text, object_pairs_hook=unique)
    except RecursionError:
        raise _refused("too-deep", f"at most {DEPTH} levels", "more") from None
    except ValueError as error:
        raise _refused("malformed-json", "a JSON document", str(error)[:200]) from None
    if doubled:
        owner, name = doubled[0]
        where = (_locate(tree, owner) or "") + pointer(name)
        raise Refused([Fault("duplicate-key", where, "each key once", brief(name), 400)])
    return tree


def depth_exceeds(value: Json, limit: int = DEPTH) -> bool:
    """Whether ``value`` nests deeper than ``limit``; without recursion."""
    level = [value]
    for _ in range(limit):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _children(value: Json) -> Sequence[Json]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else ()


def _locate(tree: Json, sought: object) -> str | None:
    """The pointer to the very object ``sought``, which may have been overwritten by a later key."""
    waiting: list[tuple[Json, str]] = [(tree, "")]
    while waiting:
        value, where = waiting.pop()
        if value is sought:
            return where
        if isinstance(value, dict):
            waiting.extend((child, where + pointer(name)) for name, child in value.items())
        elif isinstance(value, list):
            waiting.extend((child, where + pointer(i)) for i, child in enumerate(value))
    return None


def _refused(code: str, expected: str, got: str) -> Refused:
    return Refused([Fault(code, "", expected, got, 400)])
