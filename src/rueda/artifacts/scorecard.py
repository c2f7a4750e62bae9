"""Scorecard: how good a model is on rows that it never saw, and what the gates say of it."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from rueda.artifacts.dataset import parquet_bytes
from rueda.kernel.artifact import (
    Artifact,
    Manifest,
    read_file,
    read_manifest,
    write_artifact,
)
from rueda.kernel.digest import Digest, Json, canonical_json
from rueda.kernel.seams import Store

KIND = "scorecard"
FILE = "scorecard.json"
HOLDOUT = "holdout.parquet"


@dataclass(frozen=True)
class Scorecard:
    """A scorecard artifact, opened.

    Attributes
    ----------
    metrics
        ``{name: {"value", "low", "high"}}``; all three null, with a ``reason``, where the rows do
        not allow the metric.
    baseline
        The same for the majority class or the mean of the training rows: what it costs to know
        nothing.
    slices
        ``[{"slice", "column", "rows", "metrics"}]``, the worst first.
    gates
        ``[{"gate", "verdict", "sentence"}]``.
    verdict, sentence
        ``yes``, ``no`` or ``cannot tell``, and why.
    fit
        ``{"verdict": "sound" | "over-fit" | "under-fit" | "cannot tell", "sentence"}``.
    curves
        The numbers behind the pictures.
    champion
        ``{"release", "metrics", "differences"}``; None where there was none.
    rows
        How many holdout rows were judged.
    """

    artifact: Artifact
    store: Store
    manifest: Manifest
    task: str
    classes: Sequence[Json]
    primary: str
    rows: int
    metrics: Mapping[str, Mapping[str, Json]]
    baseline: Mapping[str, Mapping[str, Json]]
    slices: Sequence[Mapping[str, Json]]
    fit: Mapping[str, Json]
    gates: Sequence[Mapping[str, str]]
    verdict: str
    sentence: str
    curves: Mapping[str, Json]
    champion: Mapping[str, Json] | None

    @classmethod
    def open(cls, store: Store, artifact: Artifact | Digest) -> Scorecard:
        manifest = read_manifest(store, artifact)
        digest = artifact.digest if isinstance(artifact, Artifact) else artifact
        tree = json.loads(read_file(store, manifest, FILE))
        # Canonical JSON sorts its keys; people want the order in which they asked, primary first.
        for part in ("metrics", "baseline"):
            tree[part] = {name: tree[part][name] for name in tree["measured"]}
        names = [name for name in cls.__dataclass_fields__ if name in tree]
        return cls(Artifact(KIND, digest), store, manifest, **{name: tree[name] for name in names})

    def to_json(self) -> dict[str, Json]:
        """All that the artifact says, as plain JSON."""
        tree: dict[str, Json] = json.loads(read_file(self.store, self.manifest, FILE))
        return tree

    @property
    def holdout(self) -> pa.Table:
        """The judged rows: ``row`` (their position on the holdout side), ``key`` if the dataset
        has one, ``label``, and ``scores`` (a list).
        """
        content = read_file(self.store, self.manifest, HOLDOUT)
        return pq.read_table(pa.BufferReader(content))

    def _repr_html_(self) -> str:
        titles = (f"on {self.rows:,} holdout rows", "value", "interval", "baseline")
        head = "<tr>" + "".join(f"<th>{title}</th>" for title in titles) + "</tr>"
        body = "".join(_html_row(name, self.metrics[name], self.baseline) for name in self.metrics)
        verdict = html.escape(f"{self.verdict}: {self.sentence}")
        return f"<table>{head}{body}</table><p>{verdict}</p>"


def write_scorecard(store: Store, tree: Mapping[str, Json], holdout: pa.Table) -> Artifact:
    """Put the scorecard ``tree`` and its ``holdout`` rows into ``store``."""
    files = {FILE: canonical_json(tree), HOLDOUT: parquet_bytes(holdout)}
    meta = {
        "task": tree["task"],
        "rows": tree["rows"],
        "primary": tree["primary"],
        "metrics": tree["metrics"],
        "verdict": tree["verdict"],
        "sentence": tree["sentence"],
    }
    return write_artifact(store, KIND, files, meta)


def number_text(value: float | None) -> str:
    """``value`` in four significant digits, whole from 1,000 on, as sentences show it."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _html_row(
    name: str, metric: Mapping[str, Json], baseline: Mapping[str, Mapping[str, Json]]
) -> str:
    beside = baseline.get(name, {}).get("value")
    cells = (
        html.escape(name),
        number_text(metric["value"]),
        f"{number_text(metric['low'])} to {number_text(metric['high'])}",
        number_text(beside),
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
