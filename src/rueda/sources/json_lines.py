"""JSON lines files as typed batches: one object a line, a missing member is null.

Like CSV in two readings, the types found from every value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from rueda.kernel.errors import UnfitData
from rueda.kernel.seams import Rejected
from rueda.sources.broken import BrokenRows
from rueda.sources.cells import ARROW, KINDS, convert, look, tolerated
from rueda.sources.header import open_bytes
from rueda.sources.listing import reading
from rueda.sources.records import BLOCK_BYTES, read_exactly

_DATES = ("date32[day]", "timestamp[us]", "timestamp[us, tz=UTC]")
_INT64 = range(-(2**63), 2**63)

Line = tuple[int, bytes]
Row = dict[str, Any]


@dataclass
class _Seen:
    """What the values of one member were, over the lines seen so far."""

    types: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)

    def see(self, values: list[Any]) -> None:
        self.types.update(map(_type_of, values))
        texts = [v for v in values if type(v) is str]
        if texts:
            found = look(pa.array(texts, pa.string()))
            self.texts.update({kind: found[kind] for kind in _DATES})

    def kind(self) -> str:
        """The Arrow type, as it prints, that nearly all values have; text where there is none."""
        cells = sum(n for kind, n in self.types.items() if kind != "null")
        fits = dict.fromkeys(KINDS, 0)
        fits |= {"bool": self.types["bool"], "int64": self.types["int"]}
        fits["double"] = self.types["int"] + self.types["float"]
        fits |= {kind: self.texts[kind] for kind in _DATES}
        best = max(KINDS, key=lambda kind: fits[kind])
        if not cells or cells - fits[best] > tolerated(cells):
            return "string"
        return best


@dataclass(frozen=True)
class JsonLines:
    """JSON lines files, read as one table."""

    files: tuple[Path, ...]

    @cached_property
    def schema(self) -> pa.Schema:
        """The members in the order of their first appearance, and their types.

        Raises
        ------
        BrokenInput
            So many lines are broken that the files are not JSON lines.
        """
        seen: dict[str, _Seen] = {}
        rows = BrokenRows()
        for file, lines in self._blocks():
            good, rejected = _decode(file, lines)
            rows.see(len(good), rejected)
            for name in dict.fromkeys(name for _, _, row in good for name in row):
                seen.setdefault(name, _Seen()).see([row.get(name) for _, _, row in good])
        rows.refuse_if_many(
            what="JSON lines",
            expected="one object a line, in UTF-8",
            do="write each object on a line of its own: jq -c '.[]' FILE",
        )
        if not seen:
            raise UnfitData(
                f"{self.files[0].name} is empty",
                expected="one object a line",
                got="no line with a member",
                do="check what wrote it",
            )
        return pa.schema([pa.field(name, ARROW[s.kind()]) for name, s in seen.items()])

    def batches(self, reject: Callable[[Rejected], None]) -> Iterator[pa.RecordBatch]:
        """The rows in the order of the files; those that do not fit go to ``reject``."""
        schema = self.schema
        for file, lines in self._blocks():
            good, rejected = _decode(file, lines)
            reasons: dict[int, str] = {}
            columns = [_column([r.get(f.name) for *_, r in good], f, reasons) for f in schema]
            batch = pa.RecordBatch.from_arrays(columns, schema=schema)
            for row in rejected:
                reject(row)
            for i, reason in sorted(reasons.items()):
                number, text, _ = good[i]
                reject(Rejected(f"{file.name}:{number}", text.decode(), reason))
            if reasons:
                batch = batch.filter(pa.array([i not in reasons for i in range(len(good))]))
            yield batch

    def _blocks(self) -> Iterator[tuple[Path, list[Line]]]:
        for file in self.files:
            number = 1
            rest = b""
            with reading(file), open_bytes(file) as stream:
                while True:
                    fresh = read_exactly(stream, BLOCK_BYTES)
                    *lines, rest = (rest + fresh).split(b"\n")
                    if not fresh:
                        lines.append(rest)
                    yield file, [(n, x) for n, x in enumerate(lines, number) if x.strip()]
                    number += len(lines)
                    if not fresh:
                        break


def _decode(file: Path, lines: list[Line]) -> tuple[list[tuple[int, bytes, Row]], list[Rejected]]:
    good: list[tuple[int, bytes, Row]] = []
    rejected = []
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    for number, text in lines:
        if number == 1:
            text = text.removeprefix(b"\xef\xbb\xbf")
        try:
            good.append((number, text, decode(text)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            row = text.decode("utf-8", "backslashreplace")
            rejected.append(Rejected(f"{file.name}:{number}", row, str(error)))
    return good, rejected


def _type_of(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if value in _INT64 else "other"
    if isinstance(value, float):
        return "float"
    return "text" if isinstance(value, str) else "other"


_TAKES = {"bool": ("bool",), "int64": ("int",), "double": ("int", "float")}


def _column(values: list[Any], field: pa.Field, reasons: dict[int, str]) -> pa.Array:
    """``values`` as one column; those that do not fit are null in it and have a reason."""
    kind = str(field.type)
    if kind == "string":
        return pa.array([_text(value) for value in values], pa.string())
    takes = (*_TAKES.get(kind, ("text",)), "null")
    for i, value in enumerate(values):
        if _type_of(value) not in takes:
            reasons.setdefault(i, f"{value!r} in {field.name!r} is no {kind}")
    fitting = [None if i in reasons else value for i, value in enumerate(values)]
    if kind in _TAKES:
        fitting = (
            [float(v) if v is not None else v for v in fitting] if kind == "double" else fitting
        )
        return pa.array(fitting, field.type)
    array, misfit = convert(pa.array(fitting, pa.string()), kind)
    for i, bad in enumerate([] if misfit is None else misfit.to_pylist()):
        if bad:
            reasons.setdefault(i, f"{values[i]!r} in {field.name!r} is no {kind}")
    return array


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
