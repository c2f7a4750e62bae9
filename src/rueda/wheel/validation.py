"""Validation: the rows of files against a schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.types as pt

from rueda.artifacts.schema import Anomaly, Schema
from rueda.kernel.digest import Json
from rueda.kernel.errors import MissingInput, SpecError
from rueda.stages.s1_extract.conform import conform, conformed_schema
from rueda.wheel.survey import Intake, Survey, open_files, survey, survey_files


@dataclass(frozen=True)
class Validation:
    """What a check of files said.

    Attributes
    ----------
    rows
        All that were read, broken ones too.
    anomalies
        Where the rows do not fit.
    quarantined
        Rows that could not be read at all; they were not checked.
    """

    rows: int
    anomalies: tuple[Anomaly, ...]
    quarantined: int

    @property
    def passed(self) -> bool:
        """Whether no anomaly is an error."""
        return all(anomaly.severity != "ERROR" for anomaly in self.anomalies)

    def to_json(self) -> dict[str, Json]:
        return {
            "rows": self.rows,
            "anomalies": [asdict(anomaly) for anomaly in self.anomalies],
            "quarantined": self.quarantined,
        }


def validate_files(path: str, project: Path, schema: Schema) -> Validation:
    """The rows of the files that ``path`` stands for, checked against ``schema`` in one pass.

    A column is read in the type of the schema where that loses nothing, as in extract.

    Raises
    ------
    MissingInput, BrokenInput
        There are no such files, or they do not parse as a whole.
    """
    intake = Intake(open_files(path, project))
    wider = _wider(intake.schema, schema)
    batches = (conform(batch, wider) for batch in intake.batches)
    seen = _untyped(survey(intake, wider, batches, label=None), schema)
    return Validation(seen.rows + seen.broken, schema.check(seen.schema, seen), seen.broken)


def infer_from_files(path: str, project: Path) -> tuple[Schema, Survey]:
    """A first schema of the files that ``path`` stands for, and what it was inferred from.

    Raises
    ------
    MissingInput, BrokenInput
        There are no such files or rows, or they do not parse as a whole.
    """
    seen = survey_files(path, project)
    if not seen.rows:
        raise MissingInput(
            f"{path} holds no row",
            expected="rows to infer a schema from",
            got=f"{seen.broken} broken rows, and no other",
            do="name a file with rows",
        )
    return Schema.infer(seen.schema, seen), seen


def read_schema(path: Path) -> Schema:
    """The schema in the file ``path``.

    Raises
    ------
    MissingInput
        There is no such file.
    SpecError
        It states no schema.
    """
    try:
        return Schema.from_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MissingInput(
            f"there is no schema file {path}",
            expected="a file that `rueda validate` or `rueda extract` wrote",
            got="nothing there",
            do=f"infer one: rueda validate FILE --write {path}",
        ) from error


def keep_schema(schema: Schema, path: Path) -> None:
    """Write ``schema`` to ``path`` as a file for people.

    Raises
    ------
    SpecError
        There is one already, which people may have mended.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(schema.to_yaml())
    except FileExistsError as error:
        raise SpecError(
            f"{path} exists already",
            expected="a name that is free: the schema there may have been mended",
            got=str(path.resolve()),
            do=f"check against it with --schema {path}, or write another with --write FILE",
        ) from error


def _wider(found: pa.Schema, schema: Schema) -> pa.Schema:
    """The types of ``schema`` where a column fits into them whatever its values are."""
    wider = conformed_schema(found, schema)
    # A text column fits another type only if it is empty, which is known at the end.
    return pa.schema([f if pt.is_string(f.type) else w for f, w in zip(found, wider, strict=True)])


def _untyped(seen: Survey, schema: Schema) -> Survey:
    """``seen`` with columns that are empty taken for what ``schema`` says they are."""
    expected: Mapping[str, pa.DataType] = {c.name: c.arrow for c in schema.columns}
    fields = [
        field.with_type(expected.get(field.name, field.type))
        if pt.is_string(field.type) and seen.columns[field.name]["nulls"] == seen.rows
        else field
        for field in seen.schema
    ]
    return replace(seen, schema=pa.schema(fields))
