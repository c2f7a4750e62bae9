"""Biography: what the ledger knows of one model's life, put together for a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rueda.artifacts.alarms import Alarms
from rueda.artifacts.model import Model
from rueda.artifacts.profile import Profile
from rueda.artifacts.release import Release
from rueda.artifacts.scorecard import Scorecard
from rueda.artifacts.trials import Trials
from rueda.artifacts.version import ALL, version_name
from rueda.artifacts.window import Window
from rueda.kernel.artifact import Artifact
from rueda.kernel.digest import Digest, Json
from rueda.kernel.errors import NotFound
from rueda.kernel.home import Home
from rueda.kernel.record import Edge, Execution, RefMove, Run
from rueda.pictures.lineage import Node
from rueda.pictures.report import Life, lifecycle_report
from rueda.wheel.promotion import live


def write_report(home: Home, name: str, path: Path) -> Path:
    """Write the report of the model ``name`` to ``path``: one HTML file that opens offline.

    Raises
    ------
    NotFound
        ``home`` knows no run of ``name``.
    """
    return lifecycle_report(life_of(home, name), path.resolve())


def life_of(home: Home, name: str) -> Life:
    """All that the ledger and the store of ``home`` hold about the model ``name``."""
    runs = home.ledger.find(Run, lifecycle=name, limit=ALL)
    if not runs:
        raise NotFound(f"nothing is known of {name!r}", do="turn the wheel with `rueda run`")
    windows = windows_of(home, name, runs)
    decisions = _decisions(home, name, runs)
    traffic = live(home, name)
    if traffic is None:
        return Life(name, windows=windows, decisions=decisions)
    release = Release.open(home.store, Artifact("release", traffic.stable))
    traces = release.meta["traces"]
    model = Model.open(home.store, Artifact("model", traces["model"]))
    profile = Profile.open(home.store, Artifact("profile", traces["profile"]))
    nodes, edges = lineage_of(home, name, traffic.stable)
    return Life(
        name,
        windows=windows,
        profile={"rows": profile.rows, "columns": profile.columns},
        scorecard=Scorecard.open(home.store, Artifact("scorecard", traces["scorecard"])).to_json(),
        trials=_trials(home, model.artifact),
        params=model.params,
        live=version_name(home.ledger, name, traffic.stable),
        nodes=nodes,
        edges=edges,
        decisions=decisions,
    )


def windows_of(home: Home, name: str, runs: Sequence[Run]) -> list[dict[str, Json]]:
    """The closed windows, in order of time; of one that was closed again, the last judgement."""
    turns = {run.trigger: run for run in runs}
    moves = home.ledger.find(RefMove, name=f"{name}@live", limit=ALL)
    newest: dict[tuple[str, str], dict[str, Json]] = {}
    closed_before = ""
    for run in reversed(runs):
        for execution in home.ledger.find(Execution, run=run.id, stage="judge", limit=1):
            if "alarms" not in execution.outputs:
                continue
            told = _window(home, execution, turns)
            # What a rollout did while the window's traffic came in.
            during = [m.why for m in reversed(moves) if closed_before < m.at < run.started_at]
            told["rollout"] = [why for why in during if not why.startswith("run ")]
            newest[told["start"], told["end"]] = told
            closed_before = run.started_at
    return [newest[key] for key in sorted(newest)]


def _window(home: Home, execution: Execution, turns: Mapping[str, Run]) -> dict[str, Json]:
    window = Window.open(home.store, Artifact("window", execution.inputs["window"]))
    alarms = Alarms.open(home.store, Artifact("alarms", execution.outputs["alarms"]))
    turned = turns.get(alarms.artifact.digest)
    return {
        "start": window.start,
        "end": window.end,
        "predictions": window.predictions,
        "labeled": window.labeled,
        "drift": alarms.judgement["drift"],
        "quality": alarms.judgement["quality"],
        "clock": list(alarms.judgement["clock"]),
        "alarms": [dict(alarm) for alarm in alarms],
        "turn": None if turned is None else {"run": turned.id, "gate": _gate(home, turned)},
    }


def _gate(home: Home, run: Run) -> dict[str, Json]:
    """What the gates said in ``run``, if it came so far."""
    for execution in home.ledger.find(Execution, run=run.id, stage="evaluate", limit=1):
        if "scorecard" in execution.outputs:
            card = Scorecard.open(home.store, Artifact("scorecard", execution.outputs["scorecard"]))
            return {"verdict": card.verdict, "sentence": card.sentence}
    return {"verdict": None, "sentence": "not judged"}


def _decisions(home: Home, name: str, runs: Sequence[Run]) -> list[dict[str, Json]]:
    """Gates and moves of the live traffic, in the order in which they were taken."""
    told = [
        {"at": run.started_at, "what": f"gate of run {run.id}", **_gate(home, run)}
        for run in runs
        if run.release is not None
    ]
    told.extend(
        {"at": move.at, "what": "live traffic", "verdict": "moved", "sentence": move.why}
        for move in home.ledger.find(RefMove, name=f"{name}@live", limit=ALL)
    )
    return sorted(told, key=lambda one: str(one["at"]))


def lineage_of(home: Home, name: str, release: Digest) -> tuple[list[Node], list[tuple[str, str]]]:
    """What ``release`` came from, back to the source, as nodes and edges.

    The champion that it was judged against is named, and not followed: its past is its own.
    """
    nodes: dict[str, Node] = {}
    edges: set[tuple[str, str]] = set()
    todo = [(release, "release")]
    while todo:
        digest, kind = todo.pop()
        if digest in nodes:
            continue
        label = version_name(home.ledger, name, digest) if kind == "release" else digest[:12]
        nodes[digest] = Node(digest, kind, label, live=digest == release)
        if kind == "release" and digest != release:
            continue
        for maker in _makers(home, digest):
            for part, source in maker.inputs.items():
                edges.add((source, digest))
                todo.append((source, "release" if part == "champion" else part))
    return list(nodes.values()), sorted(edges)


def _trials(home: Home, model: Artifact) -> Sequence[Mapping[str, Json]]:
    """The trials that led to ``model``, with what they cost when it was first made."""
    (maker,) = _makers(home, model.digest)
    return Trials.open(home.store, maker.outputs["trials"]).trials


def _makers(home: Home, digest: Digest) -> list[Execution]:
    """The first execution that ran to make ``digest``; what only passed it on did not make it."""
    for edge in reversed(home.ledger.find(Edge, artifact=digest, direction="out", limit=ALL)):
        found = home.ledger.find(Execution, id=edge.execution, state="ran", limit=1)
        if found and digest not in found[0].inputs.values():
            return found
    return []
