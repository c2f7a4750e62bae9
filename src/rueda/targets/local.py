"""Local: the target whose servers run on this machine and follow the ledger by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rueda.artifacts.deployment import PRESENCE, Traffic
from rueda.artifacts.version import ALL, standing
from rueda.kernel.digest import Digest, Json
from rueda.kernel.errors import NotFound
from rueda.kernel.home import Home
from rueda.kernel.record import Lease, utc_text


@dataclass(frozen=True)
class LocalTarget:
    """Moves ``NAME@live``; each server that follows it has loaded the change within a second."""

    home: Home

    def apply(self, deployment: Mapping[str, Json]) -> Json:
        """Send the traffic of ``deployment["name"]`` where ``deployment["traffic"]`` (a digest)
        says.
        """
        name, wanted = str(deployment["name"]), Digest(deployment["traffic"])
        Traffic.open(self.home.store, wanted)  # Refused before it is live, not after.
        present = standing(self.home.ledger, f"{name}@live")
        if present != wanted:
            actor, why = str(deployment.get("actor", "target")), str(deployment.get("why", ""))
            self.home.ledger.move(f"{name}@live", wanted, expect=present, actor=actor, why=why)
        return self.status(name)

    def status(self, name: str) -> Json:
        """The traffic of ``name``, its weights, and how many servers answer.

        Raises
        ------
        NotFound
            Nothing of ``name`` is live.
        """
        digest = standing(self.home.ledger, f"{name}@live")
        if digest is None:
            raise NotFound(f"nothing of {name!r} is live", do="promote a version first")
        traffic = Traffic.open(self.home.store, digest)
        now = utc_text()
        leases = self.home.ledger.find(Lease, limit=ALL)
        alive = [
            x for x in leases if x.name.startswith(f"{PRESENCE}/{name}/") and x.expires_at > now
        ]
        return {
            "name": name,
            "traffic": digest,
            "weights": {share.release: share.percent for share in traffic.shares},
            "servers": len(alive),
        }
