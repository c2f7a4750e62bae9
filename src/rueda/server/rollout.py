"""Rollout: a canary's next step, by what the prediction log says.

All state stands in the ledger: where the traffic is, and since when. Whoever asks next, after any
crash, goes on from there; of two who decide at once, one moves the ref.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rueda.artifacts.deployment import Deployment, Share, Traffic, canary_shares
from rueda.artifacts.predictions import read_failures, read_labels, read_predictions
from rueda.artifacts.version import ALL, standing, traffic_at, version_name
from rueda.kernel.artifact import read_manifest
from rueda.kernel.digest import Digest
from rueda.kernel.errors import RefMoved
from rueda.kernel.home import Home
from rueda.kernel.record import Note, RefMove
from rueda.server.sequential import Verdict
from rueda.server.verdict import Evidence, Finding, judge, overall
from rueda.serving.follow import REFUSED
from rueda.wheel.promotion import replace_live, settle, weights


@dataclass(frozen=True, slots=True)
class Step:
    """What one look at a rollout came to.

    ``action`` is ``advanced``, ``promoted``, ``rolled-back``, ``stayed``, or ``none`` when nothing
    is on trial; ``weights`` holds the percents by ``name@version`` from now on.
    """

    verdict: Verdict
    action: str
    sentence: str
    weights: dict[str, float]
    findings: tuple[Finding, ...] = ()


def advance(home: Home, name: str, *, actor: str = "rollout") -> Step:
    """Look at the canary of ``name``: on to its next step, back to the stable release, or stay."""
    digest = standing(home.ledger, f"{name}@live")
    traffic = traffic_at(home.store, name, digest) if digest else None
    if traffic is None or traffic.candidate is None or traffic.deployment is None:
        stands = settle(home, name, actor=actor)
        return Step("cannot tell", "none", "nothing is on trial", stands.weights)
    wish = Deployment.open(home.store, traffic.deployment)
    began, since = _times(home, traffic)
    findings, answered = _look(home, traffic, wish, str(digest), began, since)
    decision = overall(findings)
    following = wish.canary[traffic.step + 1]
    verdict, sentence = decision.verdict, decision.sentence
    if verdict != "no" and answered < wish.guard.minimum:
        verdict = "cannot tell"
        sentence = f"{answered:,} answers in this step, {wish.guard.minimum:,} are needed"
    elif verdict == "cannot tell" and following < 100:
        # Nothing speaks against it: a little more traffic is how more can be learned. The champion
        # changes on a plain yes only.
        verdict, sentence = "yes", f"nothing speaks against it after {answered:,} answers"
    if verdict == "cannot tell":
        return Step(verdict, "stayed", sentence, weights(home, traffic), tuple(findings))
    return _move(home, traffic, wish, Digest(str(digest)), verdict, sentence, findings, actor)


def _look(
    home: Home, traffic: Traffic, wish: Deployment, digest: str, began: str, since: str
) -> tuple[list[Finding], int]:
    """What the guards find, and the number of the candidate's answers in this step."""
    candidate = traffic.candidate
    assert candidate is not None
    refused = home.ledger.find(Note, limit=1, id=f"{REFUSED}/{digest}")
    if refused:
        reason = str(refused[0].body.get("reason", ""))
        return [Finding("load", "no", f"it could not be loaded: {reason}")], 0
    folder = home.logs / traffic.name
    meta = read_manifest(home.store, candidate).meta
    evidence = Evidence(
        read_predictions(folder, began, clock="wall"),
        read_failures(folder, began),
        read_labels(folder),
        str(meta.get("task", "binary")),
        list(meta.get("classes", (False, True))),
    )
    recent = read_predictions(folder, since, clock="wall")
    answered = recent["release"].to_pylist().count(candidate)
    return judge(evidence, traffic.stable, candidate, wish.guard), answered


def _move(
    home: Home,
    traffic: Traffic,
    wish: Deployment,
    digest: Digest,
    verdict: Verdict,
    sentence: str,
    findings: list[Finding],
    actor: str,
) -> Step:
    candidate = traffic.candidate
    assert candidate is not None
    following = wish.canary[traffic.step + 1]
    if verdict == "no":
        after, action = Traffic.whole(traffic.name, traffic.stable, back=True), "rolled-back"
    elif following >= 100:
        whole = (Share(candidate, 100),)
        after, action = Traffic(traffic.name, whole, deployment=traffic.deployment), "promoted"
    else:
        shares = tuple(canary_shares(traffic.stable, candidate, following))
        after, action = replace(traffic, shares=shares, step=traffic.step + 1), "advanced"
    subject = version_name(home.ledger, traffic.name, candidate)
    why = f"{subject} {action}: {sentence}"
    try:
        replace_live(home, after, expect=digest, actor=actor, why=why)
    except RefMoved as error:
        now = settle(home, traffic.name, actor=actor)
        return Step("cannot tell", "none", f"another was faster: {error.got}", now.weights)
    stands = settle(home, traffic.name, actor=actor, action=action, why=why)
    return Step(verdict, action, why, stands.weights, tuple(findings))


def _times(home: Home, traffic: Traffic) -> tuple[str, str]:
    """When the rollout began, and when its present step did."""
    moves = home.ledger.find(RefMove, limit=ALL, name=f"{traffic.name}@live")
    began = since = moves[0].at
    for move in moves:
        before = traffic_at(home.store, traffic.name, move.new) if move.new else None
        if before is None or before.deployment != traffic.deployment or before.candidate is None:
            break
        began = move.at
    return began, since
