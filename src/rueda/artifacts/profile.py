"""Profile: what the training rows of a dataset hold, as numbers and as a state to compare with."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from rueda.kernel.artifact import Artifact, Manifest, read_file, read_manifest, write_artifact
from rueda.kernel.digest import Digest, Json, canonical_json
from rueda.kernel.seams import Store
from rueda.kernel.tally import State, dump_state, load_state
from rueda.tallies.profile import ProfileTally

KIND = "profile"
FORMAT = 1


def write_profile(store: Store, tally: ProfileTally, state: State) -> Artifact:
    """Keep the result of ``tally`` over ``state``, and the state itself."""
    files = {
        "profile.json": canonical_json({"format": FORMAT, **tally.result(state)}),
        "state.msgpack": dump_state(state),
    }
    columns = [list(pair) for pair in tally.columns]
    return write_artifact(store, KIND, files, {"rows": state["rows"], "columns": columns})


class Profiled(Protocol):
    """A profile, wherever its rows are."""

    @property
    def rows(self) -> int: ...
    @property
    def columns(self) -> Mapping[str, Json]: ...
    @property
    def state(self) -> State: ...


@dataclass(frozen=True)
class Profile:
    """A profile artifact, opened.

    Attributes
    ----------
    columns
        What ``rueda.tallies.describe`` says of each column.
    """

    artifact: Artifact
    store: Store
    manifest: Manifest
    rows: int
    columns: Mapping[str, Json] = field(repr=False)

    @classmethod
    def open(cls, store: Store, artifact: Artifact | Digest) -> Profile:
        manifest = read_manifest(store, artifact)
        tree = json.loads(read_file(store, manifest, "profile.json"))
        digest = artifact.digest if isinstance(artifact, Artifact) else artifact
        return cls(Artifact(KIND, digest), store, manifest, tree["rows"], tree["columns"])

    @property
    def tally(self) -> ProfileTally:
        """The tally that made the profile; it profiles other rows alike."""
        return ProfileTally(tuple((name, type_) for name, type_ in self.manifest.meta["columns"]))

    @property
    def state(self) -> State:
        """The state of ``tally`` over the profiled rows."""
        return load_state(read_file(self.store, self.manifest, "state.msgpack"))

    def to_json(self) -> dict[str, Json]:
        """``{"rows", "columns"}``."""
        return {"rows": self.rows, "columns": dict(self.columns)}

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ("column", *_SHOWN))
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td>"
            + "".join(f"<td>{html.escape(_short(column[key]))}</td>" for key in _SHOWN)
            + "</tr>"
            for name, column in self.columns.items()
        )
        return (
            f"<p>Profile of {self.rows:,} rows</p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )


_SHOWN = ("type", "nulls", "distinct", "mean", "std", "min", "max")


def _short(value: Json) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
