"""Blocks of whole CSV records: where each begins, and which physical lines are broken.

A block that is sound (quotes stand where they may, UTF-8, no lone carriage return) costs one scan
for its quotes. Any other is walked record by record, so that a broken row costs itself alone: an
unclosed quote rejects its line, and reading goes on at the next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from rueda.kernel.seams import Rejected

BLOCK_BYTES = 8 << 20
RECORD_BYTES = 1 << 20
"""No record is longer: beyond it, a quote counts as never closed."""

Positions = npt.NDArray[np.int64]


_NEWLINE, _QUOTE, _RETURN = b"\n"[0], b'"'[0], b"\r"[0]


@dataclass(frozen=True)
class Block:
    """Whole records, none of them broken in itself; ``first_line`` counts from 1."""

    reader: RecordReader
    content: bytes
    first_line: int
    walked: tuple[tuple[int, int], ...] | None = None
    rejected: tuple[Rejected, ...] = ()

    @property
    def rows(self) -> int:
        """How many records there are."""
        if self.walked is not None:
            return len(self.walked)
        lines = self.content.count(b"\n") + (not self.content.endswith(b"\n"))
        simple = b'"' not in self.content and b"\n\n" not in self.content
        simple = simple and b"\n\r" not in self.content and self.content[0] not in b"\r\n"
        return lines if simple else len(self._records)

    def record(self, index: int) -> tuple[int, str]:
        """The physical line and the text of the record ``index``."""
        start, stop, line = self._records[index]
        return int(line), self.content[start:stop].decode("utf-8").rstrip("\r\n")

    @cached_property
    def _records(self) -> npt.NDArray[np.int64]:
        """Start, stop and line of each record that is not an empty line."""
        if self.walked is not None:
            stops = np.cumsum([size for size, _ in self.walked])
            starts = np.concatenate([[0], stops[:-1]])
            lines = np.array([line for _, line in self.walked])
            walked: Positions = np.stack([starts, stops, lines], axis=1)
            return walked
        raw = np.frombuffer(self.content, dtype=np.uint8)
        breaks = np.flatnonzero(raw == _NEWLINE)
        ends = _outside_quotes(breaks, np.flatnonzero(raw == _QUOTE)) + 1
        if not len(ends) or ends[-1] < len(raw):
            ends = np.append(ends, len(raw))
        starts = np.concatenate([[0], ends[:-1]])
        lines = self.first_line + np.searchsorted(breaks, starts)
        size = ends - starts
        empty = (raw[starts] == _NEWLINE) | ((raw[starts] == _RETURN) & (size == 2))
        records: Positions = np.stack([starts, ends, lines], axis=1)[~empty]
        return records


@dataclass(frozen=True)
class RecordReader:
    """Cuts the bytes of one CSV file into blocks.

    Attributes
    ----------
    name
        Names the file in what is rejected.
    delimiter
        One byte.
    fields
        How many fields a record has.
    """

    name: str
    delimiter: bytes
    fields: int

    def blocks(self, stream: BinaryIO, first_line: int) -> Iterator[Block]:
        """The records of ``stream``, which begins at the start of a record."""
        rest, line = b"", first_line
        while True:
            fresh = read_exactly(stream, BLOCK_BYTES)
            buffer = rest + fresh
            if not buffer:
                return
            used = self._sound(buffer, last=not fresh)
            if used:
                block = Block(self, buffer[:used], line)
            else:
                used, block = self._walk(buffer, line, last=not fresh)
            yield block
            line += buffer.count(b"\n", 0, used)
            rest = buffer[used:]

    def walk(self, block: Block) -> Block:
        """``block`` record by record, once its parser met a wrong number of fields."""
        return self._walk(block.content, block.first_line, last=True)[1]

    def _sound(self, buffer: bytes, *, last: bool) -> int:
        """How many bytes of ``buffer`` are sound whole records; 0 sends them to the walk."""
        raw = np.frombuffer(buffer, dtype=np.uint8)
        quotes = np.flatnonzero(raw == _QUOTE)
        used = len(buffer) if last else self._last_end(buffer, raw, quotes)
        content = buffer[:used]
        quotes = quotes[: np.searchsorted(quotes, used)]
        if not used or content.count(b"\r") != content.count(b"\r\n"):
            return 0
        if len(quotes) % 2 or not self._well_placed(raw[:used], quotes):
            return 0
        try:
            str(content, "utf-8")
        except UnicodeDecodeError:
            return 0
        return used

    def _last_end(self, buffer: bytes, raw: npt.NDArray[np.uint8], quotes: Positions) -> int:
        if not len(quotes):
            return buffer.rfind(b"\n") + 1
        ends = _outside_quotes(np.flatnonzero(raw == _NEWLINE), quotes)
        return int(ends[-1]) + 1 if len(ends) else 0

    def _well_placed(self, raw: npt.NDArray[np.uint8], quotes: Positions) -> bool:
        """Whether each quote opens at a field's start, closes at its end, or is doubled."""
        opening, closing = quotes[0::2], quotes[1::2]
        before = raw[opening - 1]
        may_open = (opening == 0) | np.isin(before, [self.delimiter[0], _NEWLINE, _QUOTE])
        after = raw[np.minimum(closing + 1, len(raw) - 1)]
        may_close = (closing + 1 == len(raw)) | np.isin(
            after, [self.delimiter[0], _NEWLINE, _RETURN, _QUOTE]
        )
        return bool(may_open.all() and may_close.all())

    def _walk(self, buffer: bytes, first_line: int, *, last: bool) -> tuple[int, Block]:
        """The records up to the last whole one, and how many bytes they are."""
        at, line = 0, first_line
        kept: list[bytes] = []
        walked: list[tuple[int, int]] = []
        rejected: list[Rejected] = []
        while at < len(buffer):
            text = self.record(buffer, at)
            whole = text is not None and (at + len(text) < len(buffer) or text.endswith(b"\n"))
            if not whole and not last and len(buffer) - at < RECORD_BYTES:
                break
            fault = self._fault(text)
            if text is None or (fault and b"\n" in text[:-1]):
                # A wrong record over several lines began with a quote that nothing closes:
                # only its first line is given up.
                text = _line(buffer, at)
                fault = "its quotes do not pair up"
            if fault:
                row = text.decode("utf-8", "backslashreplace").rstrip("\r\n")
                rejected.append(Rejected(f"{self.name}:{line}", row, fault))
            elif text.strip(b"\r\n"):
                kept.append(text)
                walked.append((len(text), line))
            at += len(text)
            line += text.count(b"\n")
        return at, Block(self, b"".join(kept), first_line, tuple(walked), tuple(rejected))

    def record(self, buffer: bytes, at: int) -> bytes | None:
        """The record that begins at ``at``, with its line end; None where none can be told."""
        match = self._pattern.match(buffer, at, at + RECORD_BYTES)
        if match is None:
            return None
        ended = match[0].endswith((b"\n", b"\r")) and match.end() < len(buffer)
        return match[0] if ended or match.end() == len(buffer) else None

    def _fault(self, text: bytes | None) -> str | None:
        """What is wrong with one record; None for nothing."""
        if text is None or not text.strip(b"\r\n"):
            return None
        count = len(split_fields(text, self.delimiter))
        if count != self.fields:
            return f"{count} fields where the header has {self.fields}"
        try:
            text.decode("utf-8")
        except UnicodeDecodeError as error:
            return f"not UTF-8: byte 0x{text[error.start]:02x}"
        return None

    @cached_property
    def _pattern(self) -> re.Pattern[bytes]:
        field, comma = _field_pattern(self.delimiter), re.escape(self.delimiter)
        return re.compile(rb"%b(?:%b%b)*+(?:\r\n|\n|\r|\Z)" % (field, comma, field))


def read_exactly(stream: BinaryIO, size_bytes: int) -> bytes:
    """``size_bytes`` bytes, or fewer at the end only."""
    parts: list[bytes] = []
    while size_bytes and (part := stream.read(size_bytes)):
        parts.append(part)
        size_bytes -= len(part)
    return b"".join(parts)


def split_fields(record: bytes, delimiter: bytes) -> list[bytes]:
    """The fields of one record, quotes removed."""
    field = re.compile(_field_pattern(delimiter))
    fields, at = [], 0
    while match := field.match(record, at):
        text = match[0]
        fields.append(text[1:-1].replace(b'""', b'"') if text[:1] == b'"' else text)
        at = match.end() + 1
        if record[match.end() : at] != delimiter:
            break
    return fields


def _field_pattern(delimiter: bytes) -> bytes:
    """One field: quoted, or with quotes inside it only, or empty. Nothing backtracks."""
    comma = re.escape(delimiter)
    return rb'(?:"(?:[^"]|"")*+"|[^"%b\r\n][^%b\r\n]*+)?+' % (comma, comma)


def _line(buffer: bytes, at: int) -> bytes:
    end = buffer.find(b"\n", at)
    return buffer[at : end + 1] if end >= 0 else buffer[at:]


def _outside_quotes(positions: Positions, quotes: Positions) -> Positions:
    """Those of ``positions`` with an even number of ``quotes`` before them."""
    outside: Positions = positions[np.searchsorted(quotes, positions) % 2 == 0]
    return outside
