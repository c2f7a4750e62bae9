"""Deploy: what the scorecard says decides, and the spec refuses what cannot be meant."""

from __future__ import annotations

import pytest

from rueda.artifacts.deployment import Deployment
from rueda.kernel.artifact import write_artifact
from rueda.kernel.errors import SpecError
from rueda.kernel.stage import Context
from rueda.stages.s6_deploy import DEPLOY, Deploy


@pytest.mark.parametrize(
    ("verdict", "decision"), [("yes", "promote"), ("no", "hold"), ("cannot tell", "hold")]
)
def test_the_verdict_decides(context: Context, verdict: str, decision: str) -> None:
    release = write_artifact(context.store, "release", {}, {"name": "m"})
    judged = {"verdict": verdict, "sentence": "because"}
    scorecard = write_artifact(context.store, "scorecard", {}, judged)
    inputs = {"release": release, "scorecard": scorecard}
    made = DEPLOY.run(Deploy(canary=[10, 100], sticky="k"), inputs, context)
    deployment = Deployment.open(context.store, made["deployment"])
    assert (deployment.name, deployment.decision) == ("m", decision)
    assert deployment.release == release.digest
    assert deployment.canary == (10, 100)
    assert (deployment.sentence, deployment.sticky) == ("because", "k")
    assert deployment.guard.minimum == 100


@pytest.mark.parametrize(
    "canary",
    [(), (5, 25), (25, 5, 100), (0, 100), (5, 5, 100), (5.5, 100), (True, 100), "100", 100],
)
def test_steps_that_cannot_be_meant(canary: object) -> None:
    with pytest.raises(SpecError, match="canary"):
        Deploy(canary=canary)


@pytest.mark.parametrize("wrong", [{"minimum": 0}, {"failures": 0}, {"alpha": 1}, {"shift": -1}])
def test_limits_that_cannot_be_meant(wrong: dict[str, float]) -> None:
    with pytest.raises(SpecError):
        Deploy(**wrong)
