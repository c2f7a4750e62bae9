"""Version: the numbered names of releases, and where a name stands, read from a ledger."""

from __future__ import annotations

import re

from rueda.artifacts.deployment import TRAFFIC, Traffic
from rueda.kernel.artifact import read_manifest
from rueda.kernel.digest import Digest
from rueda.kernel.record import Ref
from rueda.kernel.seams import Ledger, Store

ALL = 1_000_000
_NUMBER = re.compile(r"[1-9]\d*")


def standing(ledger: Ledger, ref: str) -> Digest | None:
    """The digest that ``ref`` names now; None when there is no such ref."""
    found = ledger.find(Ref, limit=1, name=ref)
    return found[0].digest if found else None


def versions(ledger: Ledger, name: str) -> dict[int, Digest]:
    """The releases of ``name`` by their number, in order."""
    numbered = {}
    for ref in ledger.find(Ref, limit=ALL):
        owner, _, tail = ref.name.rpartition("@")
        if owner == name and _NUMBER.fullmatch(tail):
            numbered[int(tail)] = ref.digest
    return dict(sorted(numbered.items()))


def version_of(ledger: Ledger, name: str, release: Digest) -> int | None:
    """The number of ``release`` among the versions of ``name``."""
    for ref in ledger.find(Ref, limit=ALL, digest=release):
        owner, _, tail = ref.name.rpartition("@")
        if owner == name and _NUMBER.fullmatch(tail):
            return int(tail)
    return None


def version_name(ledger: Ledger, name: str, release: Digest) -> str:
    """``name@3``; ``name@1a2b3c4d5e6f`` for a release without a number."""
    return f"{name}@{version_of(ledger, name, release) or release[:12]}"


def traffic_at(store: Store, name: str, digest: Digest) -> Traffic:
    """What ``digest`` means for a server that follows it: a traffic, or all of it to a release."""
    if read_manifest(store, digest).kind == TRAFFIC:
        return Traffic.open(store, digest)
    return Traffic.whole(name, digest)
