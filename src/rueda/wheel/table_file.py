"""Table file: rows of a CSV, Parquet or JSON lines file as the JSON that a client would send."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rueda.artifacts.cells import from_text
from rueda.artifacts.golden import wire_rows
from rueda.artifacts.signature import Signature
from rueda.artifacts.strict_json import Fault, Refused, brief, parse_json
from rueda.kernel.digest import Json
from rueda.kernel.errors import BrokenInput, MissingInput, SchemaMismatch

BATCH_ROWS = 4096


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row of a file: its number from 1, the inputs of the model, and columns to carry along.

    ``faults`` says why there are no inputs to speak of.
    """

    number: int
    inputs: dict[str, Json]
    kept: dict[str, Json]
    faults: tuple[Fault, ...] = ()


def read_rows(path: Path, signature: Signature, keep: Sequence[str]) -> Iterator[list[FileRow]]:
    """The rows of ``path`` in groups of bounded size. Columns that the model does not take are left
    out, unless ``keep`` names them.

    Raises
    ------
    MissingInput
        There is no such file.
    BrokenInput
        It is none of the formats, or does not parse as a whole.
    """
    if not path.is_file():
        raise MissingInput(f"there is no file {path}", do="check the path")
    formats: dict[str, Callable[[Path, Signature, Sequence[str]], Iterator[FileRow]]] = {
        ".csv": _csv,
        ".parquet": _parquet,
        ".jsonl": _json_lines,
        ".ndjson": _json_lines,
    }
    if path.suffix not in formats:
        raise BrokenInput(
            f"{path.name} is no table that can be read",
            expected=", ".join(formats),
            got=path.suffix or "no extension",
        )
    rows = formats[path.suffix](path, signature, keep)
    while group := list(islice(rows, BATCH_ROWS)):
        yield group


def _csv(path: Path, signature: Signature, keep: Sequence[str]) -> Iterator[FileRow]:
    convert = {f.name: from_text(f.arrow) for f in signature.inputs}
    with path.open(encoding="utf-8-sig", newline="") as source:
        reader = csv.reader(source)
        try:
            names = next(reader, [])
            _must_have(path, names, [*convert, *keep])
            for number, cells in enumerate(reader, 1):
                if len(cells) != len(names):
                    expected, got = f"{len(names)} cells", f"{len(cells)} cells"
                    fault = Fault("ragged-row", "", expected, got)
                    yield FileRow(number, {}, {}, (fault,))
                    continue
                row = dict(zip(names, cells, strict=True))
                inputs = {name: make(row[name]) for name, make in convert.items()}
                yield FileRow(number, inputs, {name: row[name] or None for name in keep})
        except (UnicodeDecodeError, csv.Error) as error:
            raise BrokenInput(f"{path.name} is no CSV in UTF-8", got=str(error)) from error


def _parquet(path: Path, signature: Signature, keep: Sequence[str]) -> Iterator[FileRow]:
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise BrokenInput(f"{path.name} is no Parquet file", got=str(error)[:200]) from error
    taken = [f.name for f in signature.inputs]
    _must_have(path, file.schema_arrow.names, [*taken, *keep])
    number = 0
    for batch in file.iter_batches(BATCH_ROWS, columns=list(dict.fromkeys([*taken, *keep]))):
        inputs = wire_rows(batch.select(taken))
        kept = wire_rows(batch.select(list(keep))) if keep else [{}] * batch.num_rows
        for row, carried in zip(inputs, kept, strict=True):
            number += 1
            yield FileRow(number, row, carried)


def _json_lines(path: Path, signature: Signature, keep: Sequence[str]) -> Iterator[FileRow]:
    taken = {f.name for f in signature.inputs}
    with path.open("rb") as source:
        for number, line in enumerate(source, 1):
            if not line.strip():
                continue
            try:
                row = parse_json(line)
            except Refused as refused:
                yield FileRow(number, {}, {}, refused.faults)
                continue
            if not isinstance(row, dict):
                yield FileRow(number, {}, {}, (Fault("wrong-type", "", "an object", brief(row)),))
                continue
            inputs = {name: value for name, value in row.items() if name in taken}
            yield FileRow(number, inputs, {name: row.get(name) for name in keep})


def _must_have(path: Path, names: Sequence[str], wanted: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in names]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if missing or doubled:
        what = f"has {', '.join(doubled)} twice" if doubled else f"lacks {', '.join(missing)}"
        raise SchemaMismatch(
            f"{path.name} {what}", expected=", ".join(wanted), got=", ".join(names)
        )
