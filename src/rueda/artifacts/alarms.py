"""Alarms: what a window says against a reference: who moved, how far, and whether it matters."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rueda.kernel.artifact import Artifact, Manifest, read_file, read_manifest, write_artifact
from rueda.kernel.digest import Digest, Json, canonical_json
from rueda.kernel.seams import Store

KIND = "alarms"
FILE = "alarms.json"
JUDGEMENT = "judgement.json"
SEVERITIES = ("low", "medium", "high")


@dataclass(frozen=True)
class Alarms:
    """An alarms artifact, opened: the list may be empty.

    Attributes
    ----------
    alarms
        ``[{"id", "kind", "feature", "since", "sentence", "severity", "measure", "value",
        "threshold", "evidence"}]``, the worst first. ``kind`` is ``drift``, ``prediction drift`` or
        ``quality``.
    judgement
        Everything that was looked at, alarm or not: ``{"drift": {feature: {"measure", "value",
        "threshold", "verdict"}}, "prediction": {…}, "quality": {metric: {"value", "low", "high"}},
        "decline": {…}, "labeled", "predictions", "clock", "facts"}``.
    """

    artifact: Artifact
    manifest: Manifest
    alarms: Sequence[Mapping[str, Json]]
    judgement: Mapping[str, Json]

    @classmethod
    def open(cls, store: Store, artifact: Artifact | Digest) -> Alarms:
        manifest = read_manifest(store, artifact)
        digest = artifact.digest if isinstance(artifact, Artifact) else artifact
        alarms = json.loads(read_file(store, manifest, FILE))
        judgement = json.loads(read_file(store, manifest, JUDGEMENT))
        return cls(Artifact(KIND, digest), manifest, alarms, judgement)

    def __iter__(self) -> Iterator[Mapping[str, Json]]:
        return iter(self.alarms)

    def __len__(self) -> int:
        return len(self.alarms)

    def _repr_html_(self) -> str:
        if not self.alarms:
            return f"<p>No alarm in {self.judgement['predictions']:,} predictions</p>"
        cells = (
            f"<tr><td>{html.escape(a['severity'])}</td><td>{html.escape(a['kind'])}</td>"
            f"<td>{html.escape(a['sentence'])}</td></tr>"
            for a in self.alarms
        )
        return f"<table>{''.join(cells)}</table>"


def write_alarms(
    store: Store,
    alarms: Sequence[Mapping[str, Json]],
    judgement: Mapping[str, Json],
    meta: Mapping[str, Json],
) -> Artifact:
    """Put ``alarms`` and the ``judgement`` they come from into ``store``, the worst first."""
    ordered = sorted(alarms, key=lambda a: (-SEVERITIES.index(a["severity"]), a["kind"], a["id"]))
    files = {FILE: canonical_json(ordered), JUDGEMENT: canonical_json(judgement)}
    return write_artifact(store, KIND, files, {**meta, "alarms": len(ordered)})
