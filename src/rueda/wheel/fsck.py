"""The check of a whole home: every artifact's bytes, every ref, every run, and all events."""

from __future__ import annotations

from dataclasses import dataclass, field

from rueda.kernel.artifact import read_manifest
from rueda.kernel.chain import verify_chain
from rueda.kernel.digest import Digest, Json
from rueda.kernel.errors import RuedaError
from rueda.kernel.home import Home
from rueda.kernel.record import Made, Ref
from rueda.kernel.seams import Store
from rueda.wheel.settle import settle

_EVERY = 10_000_000
_PIECE = 1 << 20


@dataclass
class Soundness:
    """What was verified, and each problem in one sentence."""

    artifacts: int = 0
    files: int = 0
    size_bytes: int = 0
    events: int = 0
    settled: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Json]:
        return {
            "sound": not self.problems,
            "artifacts": self.artifacts,
            "files": self.files,
            "bytes": self.size_bytes,
            "events": self.events,
            "settled": self.settled,
            "problems": self.problems,
        }


def check(home: Home) -> Soundness:
    """Verify ``home``: it repairs nothing but runs whose process died, and raises nothing for what
    it finds.

    Every recorded artifact exists and each of its bytes has its digest; every ref points at an
    artifact that opens; no run is ``running`` without a live process; the chain of events is whole.
    """
    result = Soundness(settled=settle(home.ledger))
    try:
        result.events = verify_chain(home.ledger)
    except RuedaError as error:
        result.problems.append(f"events: {error.what}")
    seen: set[Digest] = set()
    for made in home.ledger.find(Made, limit=_EVERY):
        _check_artifact(home.store, made.id, f"{made.kind} {made.id[:12]}", result, seen)
    for ref in home.ledger.find(Ref, limit=_EVERY):
        _check_artifact(home.store, ref.digest, f"ref {ref.name}", result, seen)
    return result


def _check_artifact(
    store: Store, digest: Digest, name: str, result: Soundness, seen: set[Digest]
) -> None:
    if digest in seen:
        return
    seen.add(digest)
    result.artifacts += 1
    try:
        manifest = read_manifest(store, digest)
    except RuedaError as error:
        result.problems.append(f"{name}: {error.what}")
        return
    for file in manifest.files:
        if file.digest in seen:
            continue
        seen.add(file.digest)
        result.files += 1
        try:
            result.size_bytes += _read_through(store, file.digest)
        except RuedaError as error:
            result.problems.append(f"{name}, file {file.name}: {error.what}")


def _read_through(store: Store, digest: Digest) -> int:
    """Read a blob to its end, which is what verifies it; give its size."""
    size = 0
    with store.open(digest) as source:
        while piece := source.read(_PIECE):
            size += len(piece)
    return size
