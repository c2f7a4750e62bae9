"""A run, opened: its stages, and what they made as ordinary objects."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rueda.kernel.artifact import Artifact, read_file, read_manifest
from rueda.kernel.digest import Digest, Json
from rueda.kernel.errors import NotFound, SchemaMismatch
from rueda.kernel.home import Home
from rueda.kernel.record import Execution, Run
from rueda.lifecycle import STAGE_NAMES

if TYPE_CHECKING:
    import numpy as np

    from rueda.artifacts.dataset import Dataset
    from rueda.artifacts.preparation import Preparation
    from rueda.artifacts.profile import Profile
    from rueda.artifacts.release import Release
    from rueda.artifacts.schema import Schema
    from rueda.artifacts.scorecard import Scorecard
    from rueda.pictures.shown import Shown

SHAPE_VERSION = 1


@dataclass(frozen=True)
class TurnedRun:
    """What a turn of the wheel did and made.

    Attributes
    ----------
    home, run, executions
        Where it happened, its record, and the seven executions in order.
    """

    home: Home
    run: Run
    executions: tuple[Execution, ...]

    @classmethod
    def open(cls, home: Home, run_id: str) -> TurnedRun:
        """The run ``run_id`` (a unique beginning is enough) from the ledger."""
        found = home.ledger.find(Run, id=run_id, limit=1) or [
            run for run in home.ledger.find(Run, limit=10_000) if run.id.startswith(run_id)
        ]
        if len(found) != 1:
            raise NotFound(
                f"no single run is called {run_id!r}",
                expected="the id of one run, or its beginning",
                got=", ".join(run.id for run in found[:5]) or "none",
                do="list them with `rueda runs`",
            )
        executions = home.ledger.find(Execution, run=found[0].id, limit=100)
        executions += _unreached(found[0], executions)
        order = {name: number for number, name in enumerate(STAGE_NAMES)}
        executions.sort(key=lambda e: order.get(e.stage, len(order)))
        return cls(home, found[0], tuple(executions))

    @property
    def id(self) -> str:
        return self.run.id

    @property
    def outputs(self) -> Mapping[str, Digest]:
        """The digests of everything that the stages made, by name."""
        return {n: d for execution in self.executions for n, d in execution.outputs.items()}

    def artifact(self, name: str) -> Artifact:
        """The artifact called ``name``.

        Raises
        ------
        NotFound
            The run did not come so far.
        """
        outputs = self.outputs
        if name not in outputs:
            raise NotFound(
                f"run {self.id} made no {name}",
                expected=", ".join(outputs),
                got=f"the run {self.run.state}",
                do=f"rueda show {self.id}",
            )
        return Artifact(name, outputs[name])

    @property
    def dataset(self) -> Dataset:
        from rueda.artifacts.dataset import Dataset

        return Dataset.open(self.home.store, self.artifact("dataset"))

    @property
    def profile(self) -> Profile:
        from rueda.artifacts.profile import Profile

        return Profile.open(self.home.store, self.artifact("profile"))

    @property
    def schema(self) -> Schema:
        from rueda.artifacts.schema import Schema

        return Schema.open(self.home.store, self.artifact("schema"))

    @property
    def anomalies(self) -> Json:
        """What did not fit the schema: ``{"rows", "anomalies", "quarantined"}``."""
        import json

        manifest = read_manifest(self.home.store, self.artifact("anomalies"))
        return json.loads(read_file(self.home.store, manifest, "anomalies.json"))

    @property
    def preparation(self) -> Preparation:
        from rueda.artifacts.preparation import Preparation

        return Preparation.open(self.home.store, self.artifact("preparation"))

    @property
    def scorecard(self) -> Scorecard:
        from rueda.artifacts.scorecard import Scorecard

        return Scorecard.open(self.home.store, self.artifact("scorecard"))

    @property
    def release(self) -> Release:
        from rueda.artifacts.release import Release

        return Release.open(self.home.store, self.artifact("release"))

    @property
    def model(self) -> ReleasedModel:
        """The trained model as it will be served: rows in, answers out."""
        return ReleasedModel(self.release)

    @property
    def pictures(self) -> dict[str, Shown]:
        """What there is to see of the model, by name: notebooks draw each by itself."""
        from rueda.pictures.calibration import calibration_picture
        from rueda.pictures.confusion import confusion_picture
        from rueda.pictures.intervals import slices_picture
        from rueda.pictures.roc import roc_picture
        from rueda.pictures.shown import Shown

        card = self.scorecard
        makers: dict[str, Callable[[Any], dict[str, Any]]] = {
            "roc": roc_picture,
            "calibration": calibration_picture,
            "confusion": confusion_picture,
        }
        curves = card.curves
        found = {
            name: Shown(make(curves[name]))
            for name, make in makers.items()
            if curves.get(name) and card.task != "regression"
        }
        if card.slices:
            whole = card.metrics[card.primary]["value"]
            found["slices"] = Shown(slices_picture(card.slices, card.primary, whole))
        return found

    def report(self, path: Path | str = "report.html") -> Path:
        """Write the report of the model's life to ``path``: one HTML file that opens offline."""
        from rueda.wheel.biography import write_report

        return write_report(self.home, self.run.lifecycle, Path(path))

    def to_json(self) -> dict[str, Json]:
        """The object that ``rueda run --json`` prints; additions are allowed, renames are not."""
        gate: Json = {"verdict": None, "sentence": "not judged"}
        if "scorecard" in self.outputs:
            card = self.scorecard
            gate = {"verdict": card.verdict, "sentence": card.sentence}
        return {
            "shape": SHAPE_VERSION,
            "run": self.run.id,
            "lifecycle": self.run.lifecycle,
            "state": self.run.state,
            "trigger": self.run.trigger,
            "stages": [
                {
                    "stage": e.stage,
                    "state": e.state,
                    "key": e.key or None,
                    "outputs": dict(e.outputs),
                    "seconds": round(e.seconds, 3),
                    "cpu_seconds": round(e.cpu_seconds, 3),
                    "peak_bytes": e.peak_bytes,
                    "error": e.error or None,
                }
                for e in self.executions
            ],
            "release": self.outputs.get("release"),
            "gate": gate,
        }

    def __repr__(self) -> str:
        lines = [f"{self.run.lifecycle}, run {self.run.id}: {self.run.state}"]
        for e in self.executions:
            made = ", ".join(f"{n} {d[:8]}" for n, d in e.outputs.items())
            lines.append(f"  {e.stage:<9} {e.state:<9} {made}".rstrip())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{e.stage}</td><td>{e.state}</td><td>{e.seconds:.2f} s</td>"
            f"<td>{html.escape(', '.join(f'{n} {d[:12]}' for n, d in e.outputs.items()))}</td></tr>"
            for e in self.executions
        )
        head = "<tr><th>stage</th><th>state</th><th>time</th><th>made</th></tr>"
        name = html.escape(f"{self.run.lifecycle}, run {self.run.id}: {self.run.state}")
        return f"<table><caption>{name}</caption>{head}{rows}</table>"


def _unreached(run: Run, executions: Sequence[Execution]) -> list[Execution]:
    """The stages that a turn had no time to call skipped: it was killed, or is under way."""
    there = {execution.stage for execution in executions}
    if there - set(STAGE_NAMES):
        # Not a turn of the wheel, but the judging of a window.
        return []
    state = "waiting" if run.state == "running" else "skipped"
    return [
        Execution(f"{run.id}/{stage}", run.id, stage, Digest(""), state, run.started_at)
        for stage in STAGE_NAMES
        if stage not in there
    ]


@dataclass(frozen=True)
class ReleasedModel:
    """A release that takes frames: pandas, polars, Arrow, or a list of rows."""

    release: Release

    def predict(self, frame: object) -> np.ndarray:
        """One label (or value) a row of ``frame``; columns that the model does not know are
        ignored.
        """
        answers = self.release.predict(as_batch(frame, self.release))
        answer = answers.values if answers.labels is None else answers.labels
        assert answer is not None
        return answer

    def predict_proba(self, frame: object) -> np.ndarray:
        """Probabilities of shape (rows, classes), in the order of ``classes``."""
        return self.release.score(as_batch(frame, self.release))

    def __repr__(self) -> str:
        signature = self.release.signature
        return f"{self.release.meta['name']}: {', '.join(f.name for f in signature.inputs)}"

    @property
    def classes(self) -> tuple[Any, ...]:
        return tuple(self.release.classes)


def as_batch(frame: object, release: Release) -> Any:
    """``frame`` as one Arrow batch with the columns and types of the release's signature."""
    import pyarrow as pa

    if isinstance(frame, list):
        table = pa.Table.from_pylist(frame)
    elif isinstance(frame, pa.Table):
        table = frame
    elif isinstance(frame, pa.RecordBatch):
        table = pa.Table.from_batches([frame])
    elif hasattr(frame, "to_arrow"):
        table = frame.to_arrow()
    elif hasattr(frame, "iloc"):
        table = pa.Table.from_pandas(frame, preserve_index=False)
    else:
        raise SchemaMismatch(
            "the model takes a frame",
            expected="a pandas or Polars DataFrame, an Arrow table or batch, or a list of dicts",
            got=type(frame).__qualname__,
        )
    schema = release.signature.schema
    missing = [name for name in schema.names if name not in table.column_names]
    if missing:
        raise SchemaMismatch(
            "the frame lacks columns that the model was trained on",
            expected=", ".join(schema.names),
            got=", ".join(table.column_names),
            do=f"add {', '.join(missing)}",
        )
    columns = [_typed(table.column(field.name), field) for field in schema]
    batches = pa.table(columns, schema=schema).combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=schema)


def _typed(column: Any, field: Any) -> Any:
    """``column`` in the type of ``field``."""
    import pyarrow as pa

    try:
        return column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SchemaMismatch(
            f"the column {field.name!r} does not hold what the model was trained on",
            expected=str(field.type),
            got=f"{column.type}: {str(error).splitlines()[0]}",
            do="convert it as it was in training",
        ) from error
