"""Deploy: what should be live, as a desired state; the wheel and the servers make it so."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rueda.kernel.artifact import Artifact
from rueda.kernel.errors import SpecError
from rueda.kernel.stage import Context, Stage


@dataclass(frozen=True)
class Deploy:
    """How a release that passed its gates comes into production.

    Parameters
    ----------
    canary
        Percents of the traffic that the release gets, step by step; the last is 100. ``(100,)``
        promotes at once.
    sticky
        A column whose value decides which release answers, so that one customer meets one model;
        None decides for each request.
    minimum
        Answers that the release must give in each step before the next.
    failures
        The share of its answers that may fail.
    shift
        How far the mean of a score may move from the stable release's (of a regression: in standard
        deviations).
    loss
        How much worse the mean loss may be, once there are labels.
    alpha
        The chance that a healthy release is rolled back, over its whole rollout.
    """

    canary: tuple[int, ...] = (5, 25, 100)
    sticky: str | None = None
    minimum: int = 100
    failures: float = 0.005
    shift: float = 0.1
    loss: float = 0.02
    alpha: float = 0.01

    def __post_init__(self) -> None:
        object.__setattr__(self, "canary", _steps(self.canary))
        if self.minimum < 1:
            raise SpecError("minimum is too small", expected="1 or more", got=str(self.minimum))
        for name in ("failures", "shift", "loss", "alpha"):
            value = getattr(self, name)
            if not 0 < value < 1:
                raise SpecError(
                    f"{name} of Deploy is no share", expected="more than 0, less than 1", got=value
                )


def _steps(canary: Sequence[int]) -> tuple[int, ...]:
    steps = tuple(canary) if isinstance(canary, (list, tuple)) else ()
    whole = all(isinstance(s, int) and not isinstance(s, bool) and 0 < s <= 100 for s in steps)
    rising = all(a < b for a, b in itertools.pairwise(steps))
    if not steps or not whole or not rising or steps[-1] != 100:
        raise SpecError(
            "the canary of Deploy cannot be meant",
            expected="whole percents that rise and end at 100, such as [5, 25, 100]",
            got=repr(canary),
        )
    return steps


def deploy(spec: Deploy, inputs: Mapping[str, Artifact], context: Context) -> dict[str, Artifact]:
    """Promote the release if its scorecard says yes; hold it otherwise, with the reason."""
    from rueda.artifacts.deployment import Deployment, Guard
    from rueda.kernel.artifact import read_manifest

    judged = read_manifest(context.store, inputs["scorecard"]).meta
    release = inputs["release"]
    deployment = Deployment(
        name=str(read_manifest(context.store, release).meta["name"]),
        # "Cannot tell" never promotes by itself.
        decision="promote" if judged["verdict"] == "yes" else "hold",
        release=release.digest,
        canary=spec.canary,
        sentence=str(judged["sentence"]),
        sticky=spec.sticky,
        guard=Guard(
            alpha=spec.alpha,
            minimum=spec.minimum,
            failures=spec.failures,
            shift=spec.shift,
            loss=spec.loss,
        ),
    )
    return {"deployment": deployment.write(context.store)}


DEPLOY = Stage(
    name="deploy",
    version=1,
    needs=("release", "scorecard"),
    makes=("deployment",),
    run=deploy,
)
