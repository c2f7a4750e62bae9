"""Places: rows that came otherwise than as objects, and faults that point to where they stood."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from rueda.artifacts.rows import MAX_ROWS, RowReader
from rueda.artifacts.strict_json import SHOWN, Fault, Refused, brief, depth_exceeds, pointer
from rueda.kernel.digest import Json
from rueda.serving.protocols.wire import Rows

Place = Callable[[int, str], str]
"""The pointer to the value of a row and a column."""


def from_rows(reader: RowReader, rows: Json, where: str) -> Rows:
    """Rows as objects, or as lists of values in the order of the signature."""
    if isinstance(rows, list) and rows and isinstance(rows[0], list):
        return from_cells(reader, reader.schema.names, rows, where)
    return rows, reader.batch(rows, where=where)


def from_cells(reader: RowReader, names: Sequence[str], rows: Json, where: str) -> Rows:
    """Rows as lists of values, in the order of ``names``."""
    if not isinstance(rows, list):
        raise Refused([Fault("wrong-type", where, "a list of lists", brief(rows))])
    check_count(len(rows), where)
    expected = f"a list of {len(names)} values"
    for number, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(names):
            code, status = ("too-deep", 400) if depth_exceeds(row) else ("ragged-row", 422)
            raise Refused([Fault(code, where + pointer(number), expected, brief(row), status)])
    position = {name: k for k, name in enumerate(names)}
    objects = [dict(zip(names, row, strict=True)) for row in rows]
    return read_at(reader, objects, where, lambda i, name: where + pointer(i, position[name]))


def from_columns(
    reader: RowReader, columns: Mapping[str, Sequence[Json]], whole: str, place: Place
) -> Rows:
    """Columns of equal length."""
    names = list(columns)
    check_count(len(columns[names[0]]), whole)
    rows = [dict(zip(names, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    return read_at(reader, rows, whole, place)


def read_at(
    reader: RowReader, rows: Sequence[Mapping[str, Json]], whole: str, place: Place
) -> Rows:
    """``rows`` read; a fault in a value stands at its ``place``, any other at ``whole``."""
    try:
        return rows, reader.batch(rows)
    except Refused as refused:
        names = {pointer(name): name for row in rows[:1] for name in row}
        raise Refused([_moved(fault, names, whole, place) for fault in refused.faults]) from None


def _moved(fault: Fault, names: Mapping[str, str], whole: str, place: Place) -> Fault:
    number, slash, column = fault.pointer[1:].partition("/")
    name = names.get(slash + column)
    return replace(fault, pointer=whole if name is None else place(int(number), name))


def check_count(rows: int, where: str) -> None:
    """Refuse more rows than a request may hold, before anything is made of them."""
    if rows > MAX_ROWS:
        expected, got = f"at most {MAX_ROWS} rows", brief(rows)
        raise Refused([Fault("too-many-rows", where, expected, got, 413)])


def check_names(
    names: Sequence[str], reader: RowReader, place: Callable[[int], str], whole: str
) -> None:
    """Refuse ``names`` unless they are the columns of ``reader``, each once. The pointer to the
    k-th is ``place(k)``.
    """
    wanted = dict.fromkeys(reader.schema.names)
    faults = []
    seen: set[str] = set()
    # Of a million names, those that tell what is wrong.
    for number, name in enumerate(names[: len(wanted) + SHOWN]):
        if name in seen:
            faults.append(Fault("duplicate-column", place(number), "each once", brief(name)))
        elif name not in wanted:
            expected = ", ".join(list(wanted)[:20])
            faults.append(Fault("extra-column", place(number), expected, brief(name)))
        seen.add(name)
    for name in wanted:
        if name not in seen:
            kind = str(reader.schema.field(name).type)
            faults.append(Fault("missing-column", whole, f"{name}: {kind}", "nothing"))
    if faults:
        raise Refused(faults)
