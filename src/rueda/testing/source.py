"""The laws of a Source: one function each, named by what it holds a source to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

import pyarrow as pa

from rueda.kernel.errors import BrokenInput
from rueda.kernel.seams import Rejected, Source

Make: TypeAlias = Callable[[], Source]
"""Gives a new source over the same content at each call."""

Change: TypeAlias = Callable[[], None]
"""Changes the content behind the sources, or what surrounds it."""


def check_source(make: Make, *, change: Change, touch: Change, broken: Make | None = None) -> None:
    """Hold the sources that ``make`` gives to every law of the seam.

    Parameters
    ----------
    make
        Gives a new source over the same content at each call; at least two rows that differ.
    change
        Changes a value in the content; called once, last.
    touch
        Changes what surrounds the content and not the content: times, names of other files.
    broken
        Gives a new source over content with a row that cannot be used; None where a source knows
        no such row.

    Raises
    ------
    AssertionError
        A law is broken.
    """
    for law in SOURCE_LAWS:
        law(make)
    version_is_of_the_content(make, touch)
    if broken:
        for broken_law in BROKEN_LAWS:
            broken_law(broken)
    version_changes_with_the_content(make, change)


def version_is_a_digest_and_stable(make: Make) -> None:
    source = make()
    first = source.version()
    assert re.fullmatch("[0-9a-f]{64}", first), "a version is a sha-256 in hexadecimal digits"
    assert source.version() == first, "the same source has the same version"
    assert make().version() == first, "another source over the same content has the same version"
    _rows(source)
    assert source.version() == first, "reading changes no version"


def yields_batches_of_one_schema(make: Make) -> None:
    batches = list(make().batches())
    assert batches, "there is at least one batch, be it empty: it carries the schema"
    for batch in batches:
        assert isinstance(batch, pa.RecordBatch)
        assert batch.schema.equals(batches[0].schema), "all batches have one schema"
        batch.validate(full=True)
    names = batches[0].schema.names
    assert len(set(names)) == len(names), "each column has a name of its own"


def yields_the_same_rows_in_the_same_order(make: Make) -> None:
    source = make()
    first = _rows(source)
    assert _rows(source).equals(first), "the same source yields the same rows again"
    assert _rows(make()).equals(first), "another source over the same content yields them, too"


def two_readers_do_not_disturb_each_other(make: Make) -> None:
    source = make()
    expected = _rows(source)
    left, right = source.batches(), source.batches()
    pairs: list[list[pa.RecordBatch]] = [[], []]
    for reader, seen in ((left, pairs[0]), (right, pairs[1]), (left, pairs[0])):
        seen.extend(_first(reader))
    for reader, seen in ((right, pairs[1]), (left, pairs[0])):
        seen.extend(reader)
        assert pa.Table.from_batches(seen).equals(expected), "readers of one source are independent"


def a_reader_may_be_left(make: Make) -> None:
    source = make()
    reader = source.batches()
    next(reader)
    getattr(reader, "close", lambda: None)()
    assert _rows(source).equals(_rows(make())), "a reader that is left early harms no other"


def version_is_of_the_content(make: Make, touch: Change) -> None:
    first, rows = make().version(), _rows(make())
    touch()
    assert make().version() == first, "what is not content changes no version"
    assert _rows(make()).equals(rows)


def version_changes_with_the_content(make: Make, change: Change) -> None:
    first, rows = make().version(), _rows(make())
    change()
    assert make().version() != first, "a changed value changes the version"
    assert not _rows(make()).equals(rows), "a changed value is seen"


def broken_rows_are_told(broken: Make) -> None:
    """Each reading tells all of them, with their text and the reason."""
    tellings = []
    for _ in range(2):
        told: list[Rejected] = []
        list(broken().batches(told.append))
        assert told, "a row that cannot be used goes to reject"
        assert all(row.source and row.row and row.reason for row in told)
        tellings.append(told)
    assert tellings[0] == tellings[1], "the same rows are rejected each time"


def broken_rows_are_never_dropped_in_silence(broken: Make) -> None:
    try:
        list(broken().batches())
    except BrokenInput:
        return
    raise AssertionError("without reject, a row that cannot be used raises BrokenInput")


SOURCE_LAWS = (
    version_is_a_digest_and_stable,
    yields_batches_of_one_schema,
    yields_the_same_rows_in_the_same_order,
    two_readers_do_not_disturb_each_other,
    a_reader_may_be_left,
)
BROKEN_LAWS = (broken_rows_are_told, broken_rows_are_never_dropped_in_silence)


def _rows(source: Source) -> pa.Table:
    return pa.Table.from_batches(list(source.batches()))


def _first(reader: Iterator[pa.RecordBatch]) -> list[pa.RecordBatch]:
    batch = next(reader, None)
    return [] if batch is None else [batch]
