"""Schema: the expected columns, and how many rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rueda.artifacts.schema.column import Column
from rueda.kernel.artifact import Artifact, read_file, read_manifest, write_artifact
from rueda.kernel.digest import Digest, Json, canonical_json
from rueda.kernel.seams import Store

if TYPE_CHECKING:
    import pyarrow as pa

    from rueda.artifacts.profile import Profiled
    from rueda.artifacts.schema.anomaly import Anomaly

KIND = "schema"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Schema:
    """What is expected of the rows of a source.

    Attributes
    ----------
    columns
        In the order of the source.
    min_rows, max_rows
        How many training rows there are at least and at most; None for no bound.
    """

    columns: tuple[Column, ...]
    min_rows: int | None = None
    max_rows: int | None = None

    @classmethod
    def infer(
        cls,
        schema: pa.Schema,
        profile: Profiled,
        *,
        label: str | None = None,
        key: str | None = None,
        time: str | None = None,
    ) -> Schema:
        """A first guess from what the training rows hold, with room for what comes next."""
        from rueda.artifacts.schema.infer import infer_schema

        return infer_schema(schema, profile, label=label, key=key, time=time)

    def check(self, schema: pa.Schema, profile: Profiled) -> tuple[Anomaly, ...]:
        """Where rows with the columns ``schema``, described by ``profile``, do not fit."""
        from rueda.artifacts.schema.check import check_schema

        return check_schema(self, schema, profile)

    @property
    def serving(self) -> tuple[Column, ...]:
        """The columns of a request for a prediction."""
        return tuple(column for column in self.columns if column.serving)

    def to_json(self) -> dict[str, Json]:
        columns = [{"name": column.name, **column.to_json()} for column in self.columns]
        bounds = {"min_rows": self.min_rows, "max_rows": self.max_rows}
        return {"format": FORMAT, "columns": columns, **bounds}

    @classmethod
    def from_json(cls, tree: dict[str, Json]) -> Schema:
        columns = tuple(
            Column.from_json(c["name"], {k: v for k, v in c.items() if k != "name"})
            for c in tree["columns"]
        )
        return cls(columns, tree["min_rows"], tree["max_rows"])

    def to_yaml(self) -> str:
        """The schema as a file that people review and commit."""
        from rueda.artifacts.schema.text import schema_text

        return schema_text(self)

    @classmethod
    def from_yaml(cls, text: str) -> Schema:
        """The schema in a file.

        Raises
        ------
        SpecError
            The text is no schema; the message names the line or the column.
        """
        from rueda.artifacts.schema.text import parse_schema

        return parse_schema(text)

    @classmethod
    def open(cls, store: Store, artifact: Artifact | Digest) -> Schema:
        content = read_file(store, read_manifest(store, artifact), "schema.json")
        return cls.from_json(json.loads(content))


def write_schema(store: Store, schema: Schema) -> Artifact:
    """Keep ``schema``."""
    return write_artifact(store, KIND, {"schema.json": canonical_json(schema.to_json())}, {})
