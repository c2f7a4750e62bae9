"""The inputs of a turn that no stage makes: the source, the schema file, the champion."""

from __future__ import annotations

from pathlib import Path

from rueda.artifacts.schema import Schema, write_schema
from rueda.kernel.artifact import Artifact, read_manifest
from rueda.kernel.digest import Digest
from rueda.kernel.home import Home
from rueda.kernel.record import RefMove
from rueda.stages.s1_extract import Extract, open_source


def source_version(spec: Extract, project: Path, home: Home) -> Artifact:
    """The content version of what ``spec`` reads, as the artifact that extract depends on."""
    source = open_source(spec, project, home.folder / "cache")
    return Artifact("source", source.version())


def reviewed_schema(spec: Extract, project: Path, home: Home) -> Artifact | None:
    """The schema file that the user reviewed, as an artifact; None while there is none."""
    path = schema_file(spec, project)
    if path is None or not path.exists():
        return None
    return write_schema(home.store, Schema.from_yaml(path.read_text(encoding="utf-8")))


def schema_file(spec: Extract, project: Path) -> Path | None:
    """Where the schema of ``spec`` stands, or will stand after the first run."""
    return project / spec.schema if spec.schema else None


def rival(home: Home, name: str, preparation: Artifact, model: Artifact) -> Artifact | None:
    """The champion that a candidate is judged against: the newest one that is not the candidate
    itself.

    A candidate that was promoted is the champion when the same turn is asked for again; judged
    against itself it would be judged anew each time. So moves to a release of the very same model
    are passed over.
    """
    moves = home.ledger.find(RefMove, name=f"{name}@champion", limit=1000)
    same = {"preparation": preparation.digest, "model": model.digest}
    for move in moves:
        if move.new is not None and not _traces_to(home, move.new, same):
            return Artifact("release", move.new)
        if move.old is None:
            return None
    return None


def _traces_to(home: Home, release: Digest, same: dict[str, Digest]) -> bool:
    traces = read_manifest(home.store, release).meta["traces"]
    return all(traces[kind] == digest for kind, digest in same.items())
