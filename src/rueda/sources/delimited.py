"""CSV and TSV files as typed batches, in bounded memory.

Two readings: the first finds out what each column is from all of its cells, never from a sample;
the second converts. What a sample would guess is wrong on the day that row 1,000,000 differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from rueda.kernel.errors import Defect, SchemaMismatch
from rueda.kernel.seams import Rejected
from rueda.sources.broken import BrokenRows
from rueda.sources.cells import ARROW, ColumnEvidence, convert, look
from rueda.sources.header import Header, open_bytes, read_header
from rueda.sources.listing import reading
from rueda.sources.parallel import map_ahead
from rueda.sources.records import Block, RecordReader, read_exactly

Parsed = tuple[Block, pa.Table]


@dataclass(frozen=True)
class DelimitedFiles:
    """CSV files of one header, read as one table.

    Attributes
    ----------
    files
        In reading order.
    nulls
        Texts that stand for a missing value in every column, beside the empty cell.
    """

    files: tuple[Path, ...]
    nulls: tuple[str, ...] = ()

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns and their types, found from every cell.

        Raises
        ------
        BrokenInput
            So many rows are broken that the files are not what they seem.
        """
        evidence = [ColumnEvidence() for _ in self._header.names]
        rows = BrokenRows()
        for block, table in map_ahead(self._parse, self._blocks()):
            rows.see(table.num_rows, block.rejected)
            _look_at(table, evidence)
        rows.refuse_if_many(
            what="CSV",
            expected=f"rows of {len(evidence)} fields, as in the header, in UTF-8",
            do="check its delimiter, quotes and encoding",
        )
        kinds = [seen.kind() for seen in evidence]
        return pa.schema(
            [pa.field(n, ARROW[k]) for n, k in zip(self._header.names, kinds, strict=True)]
        )

    def batches(self, reject: Callable[[Rejected], None]) -> Iterator[pa.RecordBatch]:
        """The rows in the order of the files; those that do not fit go to ``reject``."""
        schema = self.schema

        def convert_block(block: Block) -> tuple[pa.RecordBatch, list[Rejected]]:
            return _typed(*self._parse(block), schema)

        empty = True
        for batch, rejected in map_ahead(convert_block, self._blocks()):
            for row in rejected:
                reject(row)
            empty = False
            yield batch
        if empty:
            yield pa.RecordBatch.from_pylist([], schema=schema)

    @cached_property
    def _header(self) -> Header:
        headers = [read_header(file) for file in self.files]
        for file, header in zip(self.files, headers, strict=True):
            if header.names != headers[0].names:
                raise SchemaMismatch(
                    f"{file.name} has other columns than {self.files[0].name}",
                    expected=", ".join(headers[0].names),
                    got=", ".join(header.names),
                    do="read files of one kind, or join them in SQL",
                )
        return headers[0]

    def _blocks(self) -> Iterator[Block]:
        for file in self.files:
            header = read_header(file)
            reader = RecordReader(file.name, header.delimiter, len(header.names))
            with reading(file), open_bytes(file) as stream:
                read_exactly(stream, header.size_bytes)
                yield from reader.blocks(stream, header.lines + 1)

    def _parse(self, block: Block) -> Parsed:
        """``block`` as a table of text, walked record by record where that is needed."""
        table = self._cells(block)
        if table is None:
            block = block.reader.walk(block)
            table = self._cells(block)
        if table is None or table.num_rows != block.rows:
            raise Defect(
                f"two readings of a block from line {block.first_line} do not agree",
                expected=f"{block.rows} rows",
                got="none" if table is None else str(table.num_rows),
                do="report this with the file",
            )
        return block, table

    def _cells(self, block: Block) -> pa.Table | None:
        """``block`` as text columns; None when a record has a wrong number of fields."""
        names = list(self._header.names)
        if not block.content.strip(b"\r\n"):
            return pa.schema([(name, pa.string()) for name in names]).empty_table()
        try:
            return pcsv.read_csv(
                pa.BufferReader(block.content),
                read_options=pcsv.ReadOptions(
                    column_names=names, use_threads=False, block_size=len(block.content) + 1
                ),
                parse_options=pcsv.ParseOptions(
                    delimiter=block.reader.delimiter.decode(), newlines_in_values=True
                ),
                convert_options=pcsv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    null_values=["", *self.nulls],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid:
            return None


def _look_at(table: pa.Table, evidence: list[ColumnEvidence]) -> None:
    open_columns = [i for i, seen in enumerate(evidence) if not seen.is_text]
    columns = (table.column(i).combine_chunks() for i in open_columns)
    for i, found in zip(open_columns, map(look, columns), strict=True):
        evidence[i].see(found)


def _typed(
    block: Block, table: pa.Table, schema: pa.Schema
) -> tuple[pa.RecordBatch, list[Rejected]]:
    """The rows of ``table`` that fit ``schema``, and the others."""
    arrays: list[pa.Array] = []
    bad: pa.Array | None = None
    reasons: dict[int, str] = {}
    for column, field in zip(table.columns, schema, strict=True):
        texts = column.combine_chunks()
        values, misfit = convert(texts, str(field.type))
        arrays.append(values)
        if misfit is not None:
            bad = misfit if bad is None else pc.or_(bad, misfit)
            for row in pc.indices_nonzero(misfit).to_pylist():
                cell = f"{texts[row].as_py()!r} in column {field.name!r} is no {field.type}"
                reasons.setdefault(row, cell)
    batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
    if bad is None:
        return batch, list(block.rejected)
    rejected = [_misfit(block, row, reasons[row]) for row in sorted(reasons)]
    return batch.filter(pc.invert(bad)), [*block.rejected, *rejected]


def _misfit(block: Block, row: int, reason: str) -> Rejected:
    line, text = block.record(row)
    return Rejected(f"{block.reader.name}:{line}", text, reason)
