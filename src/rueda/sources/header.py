"""The first record of a CSV file: the names of the columns, and what separates them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from rueda.kernel.errors import BrokenInput, SchemaMismatch, UnfitData
from rueda.sources.listing import compression_of, reading
from rueda.sources.records import RECORD_BYTES, RecordReader, read_exactly, split_fields

_DELIMITERS = (b",", b";", b"\t", b"|")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Header:
    """Names, delimiter, and how many bytes and physical lines lie before the first row."""

    names: tuple[str, ...]
    delimiter: bytes
    size_bytes: int
    lines: int


def open_bytes(path: Path) -> BinaryIO:
    """The bytes of ``path``, decompressed."""
    return cast(BinaryIO, pa.input_stream(path, compression=compression_of(path)))


def read_header(path: Path) -> Header:
    """The header of the CSV file ``path``.

    Raises
    ------
    UnfitData
        The file is empty.
    BrokenInput
        Its first record is no text, or no record.
    SchemaMismatch
        Two columns have the same name.
    """
    with reading(path), open_bytes(path) as stream:
        start = read_exactly(stream, RECORD_BYTES)
    if not start.strip(b"\xef\xbb\xbf \r\n\t"):
        raise UnfitData(
            f"{path.name} is empty",
            expected="a line of column names, then rows",
            got=f"{len(start)} bytes",
            do="check what wrote it",
        )
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in start[:4]:
        raise BrokenInput(
            f"{path.name} is not UTF-8 but UTF-16 or binary",
            expected="text in UTF-8",
            got=start[:8].hex(" "),
            do=f"convert it: iconv -f UTF-16 -t UTF-8 {path.name}",
        )
    skipped = len(_BOM) if start.startswith(_BOM) else 0
    while start[skipped : skipped + 1] in (b"\r", b"\n"):
        skipped += 1
    record, delimiter = _first_record(path, start[skipped:])
    names = _names(path, split_fields(record.rstrip(b"\r\n"), delimiter))
    size = skipped + len(record)
    return Header(names, delimiter, size, start.count(b"\n", 0, size))


def _first_record(path: Path, start: bytes) -> tuple[bytes, bytes]:
    line = start.split(b"\n", 1)[0]
    counts = [len(split_fields(line.rstrip(b"\r"), d)) for d in _DELIMITERS]
    delimiter = _DELIMITERS[counts.index(max(counts))]
    record = RecordReader(path.name, delimiter, 1).record(start, 0)
    if record is None:
        raise BrokenInput(
            f"the first line of {path.name} is no line of column names",
            expected='names separated by commas, quoted like "so" where they hold one',
            got=line[:80].decode("utf-8", "backslashreplace"),
            do="mend the first line",
        )
    return record, delimiter


def _names(path: Path, fields: list[bytes]) -> tuple[str, ...]:
    try:
        texts = [field.decode("utf-8").strip() for field in fields]
    except UnicodeDecodeError as error:
        raise BrokenInput(
            f"the column names of {path.name} are not UTF-8",
            expected="text in UTF-8",
            got=f"byte 0x{error.object[error.start]:02x} in the first line",
            do=f"convert it: iconv -f LATIN1 -t UTF-8 {path.name}",
        ) from None
    # pandas writes its index under an empty name.
    names = [text or f"column_{number}" for number, text in enumerate(texts, start=1)]
    refuse_duplicates(path.name, names)
    return tuple(names)


def refuse_duplicates(source: str, names: list[str]) -> None:
    """Raise SchemaMismatch where two columns of ``source`` have one name."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise SchemaMismatch(
            f"{source} has more than one column named {', '.join(map(repr, twice))}",
            expected="a name of its own for each column",
            got=", ".join(names),
            do="rename one of them, or choose in SQL",
        )
