"""Trials: what training tried and what each try cost, kept apart from the model.

A clock never reads the same twice. In the model's own manifest it would give every fit of the same
bits another digest, and all that follows would run again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from rueda.kernel.artifact import Artifact, read_file, read_manifest, write_artifact
from rueda.kernel.digest import Digest, Json, canonical_json
from rueda.kernel.seams import Store

KIND = "trials"
FILE = "trials.json"
COSTS = ("seconds", "cpu_seconds", "peak_bytes")


@dataclass(frozen=True)
class Trials:
    """A trials artifact, opened.

    Attributes
    ----------
    trials
        In order: number, params, score, state, and what it cost: seconds, cpu_seconds, peak_bytes.
    fit
        What the last fit, on all training rows, cost.
    """

    trials: Sequence[Mapping[str, Json]]
    fit: Mapping[str, Json]

    @classmethod
    def open(cls, store: Store, artifact: Artifact | Digest) -> Trials:
        """The verified trials."""
        tree = json.loads(read_file(store, read_manifest(store, artifact), FILE))
        return cls(tree["trials"], tree["fit"])


def write_trials(
    store: Store, trials: Sequence[Mapping[str, Json]], fit: Mapping[str, Json]
) -> Artifact:
    """Put ``trials``, with their costs, into ``store``."""
    tree = cast(Json, {"trials": [dict(trial) for trial in trials], "fit": dict(fit)})
    return write_artifact(store, KIND, {FILE: canonical_json(tree)}, {})


def without_costs(trial: Mapping[str, Json]) -> dict[str, Json]:
    """What of ``trial`` is the same whenever it is tried."""
    return {name: value for name, value in trial.items() if name not in COSTS}
