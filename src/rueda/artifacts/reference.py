"""Reference: what a release was trained on and promised, in the form that windows are held to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rueda.kernel.artifact import Artifact, Manifest, read_file, read_manifest, write_artifact
from rueda.kernel.digest import Digest, Json, canonical_json
from rueda.kernel.seams import Store
from rueda.kernel.tally import State, dump_state, load_state
from rueda.tallies.bins import Bins
from rueda.tallies.slots import SlotCounts

KIND = "reference"
FILE = "reference.json"
FEATURES = "features.msgpack"
ANSWERS = "answers.msgpack"


@dataclass(frozen=True)
class Reference:
    """A reference artifact, opened.

    Attributes
    ----------
    release
        Whose reference it is.
    task, classes
        What the release answers.
    clock
        Features that the time alone decides: they differ in every window, and raise no alarm.
    thresholds
        ``{feature: {"measure", "threshold", "rows", "seconds"}}`` for a window as long as the spec
        expects; each window's own are computed for its size.
    quality
        ``{metric: {"value", "low", "high", "error"}}`` of the release on its holdout.
    facts
        ``{feature: {"mean", "nulls"}}`` of the training rows, for sentences.
    """

    artifact: Artifact
    store: Store
    manifest: Manifest
    release: Digest
    task: str
    classes: Sequence[Json]
    clock: Sequence[str]
    thresholds: Mapping[str, Mapping[str, Json]]
    quality: Mapping[str, Mapping[str, Json]]
    facts: Mapping[str, Mapping[str, Json]]

    @classmethod
    def open(cls, store: Store, artifact: Artifact | Digest) -> Reference:
        manifest = read_manifest(store, artifact)
        digest = artifact.digest if isinstance(artifact, Artifact) else artifact
        tree = json.loads(read_file(store, manifest, FILE))
        names = ("task", "classes", "clock", "thresholds", "quality", "facts")
        return cls(
            Artifact(KIND, digest),
            store,
            manifest,
            Digest(tree["release"]),
            **{name: tree[name] for name in names},
        )

    @cached_property
    def features(self) -> Slotted:
        """The binned training rows, by time."""
        return self._slotted("features", FEATURES)

    @cached_property
    def answers(self) -> Slotted:
        """The binned answers of the release to its holdout, by time."""
        return self._slotted("answers", ANSWERS)

    def _slotted(self, part: str, file: str) -> Slotted:
        tree = json.loads(read_file(self.store, self.manifest, FILE))
        tally = tally_from_json(tree[part])
        return Slotted(tally, load_state(read_file(self.store, self.manifest, file)))


@dataclass(frozen=True, eq=False)
class Slotted:
    """A tally of binned columns by slots of time, with its state."""

    tally: SlotCounts
    state: State


def write_reference(
    store: Store, tree: Mapping[str, Json], features: Slotted, answers: Slotted
) -> Artifact:
    """Put a reference into ``store``."""
    whole = {
        **tree,
        "features": tally_to_json(features.tally),
        "answers": tally_to_json(answers.tally),
    }
    files = {
        FILE: canonical_json(whole),
        FEATURES: dump_state(features.state),
        ANSWERS: dump_state(answers.state),
    }
    meta = {"release": tree["release"], "clock": tree["clock"], "quality": tree["quality"]}
    return write_artifact(store, KIND, files, meta)


def tally_to_json(tally: SlotCounts) -> dict[str, Json]:
    return {
        "bins": [bins.to_json() for bins in tally.bins],
        "time": tally.time,
        "start_s": tally.start_s,
        "slot_s": tally.slot_s,
        "slots": tally.slots,
    }


def tally_from_json(tree: Mapping[str, Json]) -> SlotCounts:
    bins = tuple(Bins.from_json(one) for one in tree["bins"])
    return SlotCounts(bins, tree["time"], tree["start_s"], tree["slot_s"], tree["slots"])
