"""Anomaly: one point in which rows do not fit their schema, named as TensorFlow Data Validation
names it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from rueda.kernel.artifact import Artifact, read_file, read_manifest, write_artifact
from rueda.kernel.digest import Digest, Json, canonical_json
from rueda.kernel.seams import Store

KIND = "anomalies"

Severity = Literal["WARNING", "ERROR"]


@dataclass(frozen=True, slots=True)
class Anomaly:
    """What does not fit.

    Attributes
    ----------
    column
        The column; None for the rows as a whole.
    type
        TFDV's name of the kind of anomaly.
    severity
        An ``ERROR`` stops the wheel, a ``WARNING`` is reported.
    sentence
        What is wrong, for people.
    rows
        How many rows are concerned; None where that is not known.
    """

    column: str | None
    type: str
    severity: Severity
    sentence: str
    rows: int | None = None


def write_anomalies(
    store: Store, anomalies: Sequence[Anomaly], *, rows: int, quarantined: int
) -> Artifact:
    """Keep ``anomalies`` of ``rows`` rows that were read, of which some were ``quarantined``."""
    tree = {
        "rows": rows,
        "anomalies": [asdict(anomaly) for anomaly in anomalies],
        "quarantined": quarantined,
    }
    return write_artifact(store, KIND, {"anomalies.json": canonical_json(tree)}, {})


def read_anomalies(store: Store, artifact: Artifact | Digest) -> dict[str, Json]:
    """``{"rows", "anomalies", "quarantined"}``."""
    content = read_file(store, read_manifest(store, artifact), "anomalies.json")
    tree: dict[str, Json] = json.loads(content)
    return tree
