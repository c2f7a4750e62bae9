"""Deployment: what should be live, as a decision; and traffic: what a server follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rueda.kernel.artifact import Artifact, read_manifest, write_artifact
from rueda.kernel.digest import Digest, Json
from rueda.kernel.errors import Defect, InputError
from rueda.kernel.seams import Store

KIND = "deployment"
TRAFFIC = "traffic"
PRESENCE = "serving"
"""Each server holds a lease ``serving/NAME/PROCESS`` while it answers for ``NAME``."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What a canary may differ by from the stable release; every verdict holds at ``alpha``.

    Attributes
    ----------
    alpha
        The chance that a healthy candidate is rolled back, over the whole rollout, however often
        somebody looks.
    minimum
        Answers of the candidate that each step needs.
    failures
        The share of its answers that may fail.
    slow
        The share of its answers that may take longer than three times the stable release's
        slowest hundredth (and 50 ms).
    shift
        How far the mean of a score may move (of a regression: in standard deviations).
    loss
        How much worse the mean loss may be, once there are labels (Brier score; of a regression:
        squared error in variances).
    """

    alpha: float = 0.01
    minimum: int = 100
    failures: float = 0.005
    slow: float = 0.05
    shift: float = 0.1
    loss: float = 0.02


@dataclass(frozen=True)
class Deployment:
    """The decision about one release: ``promote`` or ``hold``, with the reason in one sentence."""

    name: str
    decision: str
    release: Digest
    canary: tuple[int, ...]
    sentence: str
    sticky: str | None = None
    guard: Guard = Guard()

    def write(self, store: Store) -> Artifact:
        tree = {**asdict(self), "canary": list(self.canary)}
        return write_artifact(store, KIND, {}, tree)

    @classmethod
    def open(cls, store: Store, artifact: Artifact | Digest) -> Deployment:
        meta = _meta(store, artifact, KIND)
        fields = {**meta, "canary": tuple(meta["canary"]), "guard": Guard(**meta["guard"])}
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class Share:
    """One release's part of the traffic."""

    release: Digest
    percent: float


@dataclass(frozen=True)
class Traffic:
    """Which releases answer, and how much each. The first share is the stable release.

    Attributes
    ----------
    sticky
        The column whose value picks the release; None picks for each request.
    deployment, step
        The deployment whose canary this is, and how far it is; None and 0 without a canary.
    back
        Whether this came of a rollback.
    """

    name: str
    shares: tuple[Share, ...]
    sticky: str | None = None
    deployment: Digest | None = None
    step: int = 0
    back: bool = False

    def __post_init__(self) -> None:
        total = sum(share.percent for share in self.shares)
        if not 1 <= len(self.shares) <= 2 or abs(total - 100) > 1e-9:
            raise InputError(
                "the shares of the traffic do not fit",
                expected="one or two releases whose percents sum to 100",
                got=f"{len(self.shares)} releases, {total:g} percent",
            )

    @classmethod
    def whole(cls, name: str, release: Digest, *, back: bool = False) -> Traffic:
        """All traffic to ``release``."""
        return cls(name, (Share(release, 100),), back=back)

    @property
    def stable(self) -> Digest:
        """The release that answers when another fails."""
        return self.shares[0].release

    @property
    def candidate(self) -> Digest | None:
        """The release on trial, if there is one."""
        return self.shares[1].release if len(self.shares) > 1 else None

    def write(self, store: Store) -> Artifact:
        meta = {
            "name": self.name,
            "weights": [{"release": s.release, "percent": s.percent} for s in self.shares],
            "sticky": self.sticky,
            "deployment": self.deployment,
            "step": self.step,
            "back": self.back,
        }
        return write_artifact(store, TRAFFIC, {}, meta)

    @classmethod
    def open(cls, store: Store, artifact: Artifact | Digest) -> Traffic:
        meta = _meta(store, artifact, TRAFFIC)
        shares = tuple(Share(Digest(w["release"]), w["percent"]) for w in meta["weights"])
        return cls(
            meta["name"], shares, meta["sticky"], meta["deployment"], meta["step"], meta["back"]
        )


def canary_shares(stable: Digest, candidate: Digest, percent: float) -> Sequence[Share]:
    """``percent`` to ``candidate``, the rest to ``stable``."""
    return (Share(stable, 100 - percent), Share(candidate, percent))


def _meta(store: Store, artifact: Artifact | Digest, kind: str) -> dict[str, Json]:
    manifest = read_manifest(store, artifact)
    if manifest.kind != kind:
        raise Defect(f"not a {kind}", expected=kind, got=manifest.kind)
    return dict(manifest.meta)
