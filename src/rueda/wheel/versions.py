"""The registry, as it is seen: versions and aliases are refs, and their history is the ledger's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rueda.artifacts.version import ALL
from rueda.kernel.artifact import read_manifest
from rueda.kernel.digest import Digest, Json
from rueda.kernel.home import Home
from rueda.kernel.record import Ref


@dataclass(frozen=True)
class Version:
    """One registered version: a release, its number, and the aliases that point at it."""

    name: str
    number: int
    release: Digest
    registered_at: str
    aliases: tuple[str, ...]
    meta: dict[str, Json]

    @property
    def text(self) -> str:
        return f"{self.name}@{self.number}"


def versions(home: Home, name: str | None = None) -> list[Version]:
    """Every registered version (of ``name``), the newest first."""
    refs = [ref for ref in home.ledger.find(Ref, limit=ALL) if "@" in ref.name]
    found = []
    for ref in refs:
        model, _, tail = ref.name.rpartition("@")
        if tail.isdigit() and name in (None, model):
            meta = dict(read_manifest(home.store, ref.digest).meta)
            aliases = _aliases(refs, model, ref.digest)
            found.append(Version(model, int(tail), ref.digest, ref.moved_at, aliases, meta))
    return sorted(found, key=lambda v: (v.name, -v.number))


def _aliases(refs: Sequence[Ref], model: str, release: Digest) -> tuple[str, ...]:
    tails = (ref.name.rpartition("@") for ref in refs if ref.digest == release)
    return tuple(sorted(tail for of, _, tail in tails if of == model and not tail.isdigit()))
