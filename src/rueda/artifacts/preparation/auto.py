"""Auto: the steps that Rueda chooses by itself, from the profile of the training rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rueda.artifacts.preparation.dates import Dates
from rueda.artifacts.preparation.drop import Drop
from rueda.artifacts.preparation.impute import Impute
from rueda.artifacts.preparation.layout import OTHER, TEXT, TIME
from rueda.artifacts.preparation.one_hot import OneHot
from rueda.artifacts.preparation.ordinal import Ordinal
from rueda.artifacts.preparation.scale import Scale
from rueda.artifacts.preparation.step import Step
from rueda.kernel.digest import Json

if TYPE_CHECKING:
    import pyarrow as pa

ONE_HOT_CATEGORIES = 32
"""Up to so many categories each gets a flag; beyond, they are numbered by frequency."""

IDENTIFIER_FRACTION = 0.9
"""A text column with more distinct values than this fraction of its rows names rows."""

IDENTIFIER_ROWS = 50
"""With fewer rows, distinct values say nothing."""


def automatic_steps(schema: pa.Schema, columns: Mapping[str, Json], rows: int) -> tuple[Step, ...]:
    """The steps for the features in ``schema``, given what the profile says of each column.

    - A column of one value, or of none, is dropped; so are texts that name rows (nearly all
      distinct), and nested and binary columns.
    - Dates and timestamps give month, day and weekday, timestamps the hour too.
    - Nulls of numbers become the median, with a flag where training has nulls; nulls of texts
      become the category "missing".
    - Texts of at most ``ONE_HOT_CATEGORIES`` categories become flags; others are numbered, the most
      frequent first, which trees split well and which stays one column.
    - Numbers are scaled to mean 0 and deviation 1: trees do not mind, other models need it, and
      float32 keeps most digits around 0. Booleans and flags stay 0 and 1.
    """
    from rueda.artifacts.preparation.reader import raw_kind

    kinds = {field.name: raw_kind(str(field.type)) for field in schema}
    dropped = [n for n, kind in kinds.items() if _says_nothing(kind, columns[n], rows)]
    left = {n: kind for n, kind in kinds.items() if n not in dropped}
    texts = [n for n, kind in left.items() if kind == TEXT]
    few = [n for n in texts if columns[n]["distinct"] <= ONE_HOT_CATEGORIES]
    many = [n for n in texts if n not in few]
    moments = [n for n, kind in left.items() if kind == TIME]
    days = [n for n in moments if str(schema.field(n).type).startswith("date")]
    clocks = [n for n in moments if n not in days]
    steps: list[Step] = []
    if dropped:
        steps.append(Drop(*dropped))
    if clocks:
        steps.append(Dates(*clocks))
    if days:
        steps.append(Dates(*days, parts=("month", "day", "weekday")))
    steps.append(Impute(numeric="median", categorical="constant", indicator=True))
    if few:
        steps.append(OneHot(*few))
    if many:
        steps.append(Ordinal(*many, order="frequency"))
    return (*steps, Scale())


def _says_nothing(kind: str, column: Mapping[str, Json], rows: int) -> bool:
    if kind == OTHER:
        return True
    distinct, nulls = column["distinct"], column["nulls"]
    if distinct + (nulls > 0) <= 1 or distinct == 0:
        return True
    named = rows - nulls
    return kind == TEXT and named >= IDENTIFIER_ROWS and distinct > IDENTIFIER_FRACTION * named
