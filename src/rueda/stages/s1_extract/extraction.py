"""The work of extract: read, put each row on its side, profile, and check."""

from __future__ import annotations

from collections.abc import Mapping

from rueda.artifacts.dataset import Dataset
from rueda.artifacts.profile import Profile, write_profile
from rueda.artifacts.schema import Anomaly, Schema, write_anomalies, write_schema
from rueda.kernel.artifact import Artifact
from rueda.kernel.errors import BrokenInput, SchemaMismatch, UnfitData
from rueda.kernel.stage import Context
from rueda.stages.s1_extract.opening import open_source
from rueda.stages.s1_extract.reading import read_dataset
from rueda.stages.s1_extract.spec import Extract
from rueda.tallies.profile import ProfileTally

MINIMUM_ROWS = 10
"""Training rows below which nothing can be learned or judged."""

_SHOWN = 10


def extract(
    spec: Extract, inputs: Mapping[str, Artifact], context: Context
) -> Mapping[str, Artifact]:
    """The dataset of ``spec``, the profile of its training side, its schema and what does not fit.

    Raises
    ------
    SchemaMismatch
        The rows break the schema that was given.
    UnfitData
        No model can come of them.
    BrokenInput
        The source changed since its version was taken.
    """
    expected = Schema.open(context.store, inputs["schema"]) if "schema" in inputs else None
    source = open_source(spec, context.project, None)
    dataset = Dataset.open(
        context.store, read_dataset(source, spec, inputs["source"].digest, expected, context)
    )
    if source.version() != inputs["source"].digest:
        raise BrokenInput(
            "the source changed while it was read",
            expected=f"content {inputs['source'].digest[:12]}",
            got="other content",
            do="run again when nothing writes to it",
        )
    profile = _profile(dataset, context)
    _refuse_unfit(dataset, profile)
    schema = expected or Schema.infer(
        dataset.schema, profile, label=spec.label, key=spec.key, time=spec.time
    )
    anomalies = schema.check(dataset.schema, profile)
    _refuse_anomalies(anomalies)
    return {
        "dataset": dataset.artifact,
        "profile": profile.artifact,
        "schema": write_schema(context.store, schema),
        "anomalies": write_anomalies(
            context.store,
            anomalies,
            rows=dataset.counts["read"],
            quarantined=dataset.counts["quarantine"],
        ),
    }


def _profile(dataset: Dataset, context: Context) -> Profile:
    tally = ProfileTally.of_schema(dataset.schema)
    state = context.engine.tally(tally, dataset.split("train").chunks)
    return Profile.open(context.store, write_profile(context.store, tally, state))


def _refuse_unfit(dataset: Dataset, profile: Profile) -> None:
    counts = dataset.counts
    seen = ", ".join(f"{side} {rows}" for side, rows in counts.items())
    if counts["train"] < MINIMUM_ROWS:
        raise UnfitData(
            "there are too few rows to train on",
            expected=f"at least {MINIMUM_ROWS} labeled rows on the training side",
            got=seen,
            do="bring more rows, or look at why they are unlabeled or in quarantine",
        )
    if not counts["holdout"]:
        raise UnfitData(
            "no row is held out, so no model could be judged",
            expected="labeled rows on both sides of the split",
            got=seen,
            do="hold out a larger share, or another value or moment",
        )
    label = profile.columns[dataset.label or ""]
    if label["distinct"] < 2:
        raise UnfitData(
            f"the label {dataset.label!r} has one value in all training rows",
            expected="at least two classes, or numbers that differ",
            got=", ".join(repr(value) for value, _ in label["top"]) or "none",
            do="bring rows of another class, or predict another column",
        )


def _refuse_anomalies(anomalies: tuple[Anomaly, ...]) -> None:
    errors = [anomaly for anomaly in anomalies if anomaly.severity == "ERROR"]
    if not errors:
        return
    lines = [f"{a.type}: {a.sentence}" for a in errors[:_SHOWN]]
    if len(errors) > _SHOWN:
        lines.append(f"and {len(errors) - _SHOWN} more")
    raise SchemaMismatch(
        f"the rows break their schema in {len(errors)} point{'s' * (len(errors) > 1)}",
        expected="what the reviewed schema says",
        got="\n".join(lines),
        do="mend the source, or change the schema file if this is how it will be from now on",
    )
