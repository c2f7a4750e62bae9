"""Records: every physical line of a CSV file is in a record or rejected, whatever the bytes."""

from __future__ import annotations

import io
import random
import re

import pytest

from rueda.sources import records
from rueda.sources.records import Block, RecordReader, split_fields


def blocks_of(content: bytes, fields: int, delimiter: bytes = b",") -> list[Block]:
    reader = RecordReader("x.csv", delimiter, fields)
    return list(reader.blocks(io.BytesIO(content), 1))


def texts_of(blocks: list[Block]) -> list[tuple[int, str]]:
    return [block.record(i) for block in blocks for i in range(block.rows)]


def test_records_know_their_physical_lines() -> None:
    content = b'1,a\n\n2,"two\nlines"\r\n\r\n3,c'
    assert texts_of(blocks_of(content, 2)) == [(1, "1,a"), (3, '2,"two\nlines"'), (6, "3,c")]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b"9", "1 fields where the header has 2"),
        (b"9,9,9", "3 fields where the header has 2"),
        (b'9,"open', "its quotes do not pair up"),
        (b'9,"a"b', "its quotes do not pair up"),
        (b"9,\xff", "not UTF-8: byte 0xff"),
    ],
)
def test_a_broken_row_costs_itself_alone(broken: bytes, reason: str) -> None:
    good = [b'%d,"a ""%d"""' % (i, i) for i in range(20)]
    content = b"\n".join([*good[:10], broken, *good[10:]]) + b"\n"
    # A wrong number of fields is the parser's to find; it asks for the walk.
    blocks = [b.reader.walk(b) if b.walked is None else b for b in blocks_of(content, 2)]
    assert [text.encode() for _, text in texts_of(blocks)] == good
    (rejected,) = [row for block in blocks for row in block.rejected]
    assert (rejected.source, rejected.reason) == ("x.csv:11", reason)
    assert rejected.row == broken.decode("utf-8", "backslashreplace")


def test_a_quote_inside_an_unquoted_field_is_a_quote() -> None:
    (block,) = blocks_of(b'1,5" pipe\n2,6" pipe\n', 2)
    assert texts_of([block]) == [(1, '1,5" pipe'), (2, '2,6" pipe')]


def test_an_open_quote_at_the_end_does_not_swallow_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(records, "BLOCK_BYTES", 64)
    monkeypatch.setattr(records, "RECORD_BYTES", 200)
    content = b'0,"never closed\n' + b"".join(b"%d,x\n" % i for i in range(1, 500))
    blocks = blocks_of(content, 2)
    assert [r.source for block in blocks for r in block.rejected] == ["x.csv:1"]
    assert sum(block.rows for block in blocks) == 499
    assert max(len(block.content) for block in blocks) <= 64 + 200


def test_a_torn_buffer_is_no_torn_record(monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"".join(b"\xff,%d\r\n12345,\xc3\xbc67\r\n" % i for i in range(50))
    whole = texts_of(blocks_of(content, 2))
    for size in (7, 8, 9, 10, 11, 23):
        monkeypatch.setattr(records, "BLOCK_BYTES", size)
        assert texts_of(blocks_of(content, 2)) == whole


def test_split_fields() -> None:
    assert split_fields(b'a,"b,""c""",,d"e\n', b",") == [b"a", b'b,"c"', b"", b'd"e']
    assert split_fields(b",", b",") == [b"", b""]
    assert split_fields(b"", b",") == [b""]


PIECES = (
    b'"',
    b",",
    b"\n",
    b"\r\n",
    b"\r",
    b"\xff",
    b"\x00",
    b'""',
    b"ab",
    b"1",
    b"\xc3\xbc",
    b" ",
)


@pytest.mark.parametrize("block_bytes", [13, 64, 8 << 20])
def test_no_line_is_lost_or_read_twice(block_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BLOCK_BYTES", block_bytes)
    for seed in range(700):
        rng = random.Random(seed)
        content = b"".join(rng.choices(PIECES, (2, 6, 4, 1, 1, 1, 1, 1, 6, 6, 2, 1), k=80))
        lines: list[int] = []
        for block in blocks_of(content, 2):
            walked = block.reader.walk(block) if block.walked is None else block
            assert walked.rejected[: len(block.rejected)] == block.rejected
            for i in range(walked.rows):
                line, text = walked.record(i)
                lines.extend(range(line, line + text.count("\n") + 1))
            for row in walked.rejected:
                first = int(row.source.rpartition(":")[2])
                lines.extend(range(first, first + row.row.count("\n") + 1))
        physical = [i for i, x in enumerate(content.split(b"\n"), 1) if x.strip(b"\r\n")]
        if b"\r" in re.sub(rb"\r\n", b"", content):
            lines = list(set(lines))  # a lone carriage return ends a record, not a line
        assert sorted(i for i in lines if i in set(physical)) == physical, content
