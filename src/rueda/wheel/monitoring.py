"""Closing a window of production: join, judge, tell, and ask whether to turn again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rueda.artifacts.alarms import Alarms
from rueda.artifacts.predictions import read_labels, read_predictions
from rueda.artifacts.release import Release
from rueda.artifacts.window import Window, build_window
from rueda.kernel.artifact import Artifact
from rueda.kernel.digest import Digest, Json
from rueda.kernel.errors import NotFound
from rueda.kernel.home import Home
from rueda.kernel.plugins import load_plugin
from rueda.kernel.record import Edge, Execution, Made, Run, utc_text
from rueda.kernel.stage import Stage
from rueda.lifecycle import Declaration
from rueda.stages.s7_monitor import JUDGE, OnAlarm
from rueda.wheel.turn import turn

ALARM_LOG = "alarms.jsonl"


@dataclass(frozen=True)
class Judging:
    """The one stage that judges a window, as something that can be turned."""

    declaration: Declaration
    extract: None = None

    @property
    def name(self) -> str:
        return self.declaration.name

    @property
    def project(self) -> Path | None:
        return self.declaration.project

    def stages(self) -> Iterator[tuple[Stage, object]]:
        yield JUDGE, self.declaration.monitor


@dataclass(frozen=True)
class Closed:
    """A closed window: the run that judged it, what it holds and what it says.

    Attributes
    ----------
    retrain
        What the lifecycle wants done about alarms.
    """

    run: Run
    state: str
    window: Window
    alarms: Alarms
    retrain: OnAlarm | None

    @property
    def wants_turn(self) -> bool:
        """Whether the lifecycle asks for another turn because of these alarms."""
        return self.retrain is not None and any(self.retrain.wants(a) for a in self.alarms)

    def to_json(self) -> dict[str, Json]:
        """What ``rueda monitor --json`` prints."""
        judgement = self.alarms.judgement
        return {
            "run": self.run.id,
            "state": self.state,
            "start": self.window.start,
            "end": self.window.end,
            "predictions": self.window.predictions,
            "labeled": self.window.labeled,
            "releases": dict(self.window.releases),
            "drift": judgement["drift"],
            "quality": judgement["quality"],
            "clock": list(judgement["clock"]),
            "alarms": [dict(alarm) for alarm in self.alarms],
            "window": self.window.artifact.digest,
            "trigger": self.alarms.artifact.digest,
        }


def close_window(
    declaration: Declaration, home: Home, *, start: str, end: str, actor: str
) -> Closed:
    """Close the window ``start`` <= time < ``end`` (RFC 3339) over the log of the declared model.

    Closing it again after labels came late gives a new window; with nothing new, the old judgement
    is reused.

    Raises
    ------
    NotFound
        No prediction lies in the window, or the release that answered has no reference.
    """
    folder = home.logs / declaration.name
    schema = _release(home, declaration.name).signature.schema
    predictions = read_predictions(folder, start, end, schema=schema)
    if not predictions.num_rows:
        raise NotFound(
            f"the log of {declaration.name} holds no prediction in this window",
            expected=f"predictions from {start} to {end}",
            got=f"none in {folder}",
            do="ask the server something, or name another window",
        )
    artifact = build_window(
        home.store,
        predictions,
        read_labels(folder),
        name=declaration.name,
        start=start,
        end=end,
    )
    home.ledger.append(Made(artifact.digest, "window", "", utc_text()), actor=actor)
    window = Window.open(home.store, artifact)
    most = max(window.releases, key=lambda release: (window.releases[release], release))
    run, executions = turn(
        Judging(declaration),
        home,
        load_plugin("engine", "threads")(),
        actor=actor,
        trigger="window",
        given={"window": artifact, "reference": reference_of(home, Digest(most))},
    )
    alarms = Alarms.open(home.store, Artifact("alarms", executions[-1].outputs["alarms"]))
    closed = Closed(run, executions[-1].state, window, alarms, declaration.monitor.retrain)
    if closed.state == "ran":
        _tell(home, closed)
    return closed


def reference_of(home: Home, release: Digest) -> Artifact:
    """What windows of ``release`` are held against: the newest reference that its monitor stage
    made.
    """
    for edge in home.ledger.find(Edge, artifact=release, direction="in", limit=1000):
        found = home.ledger.find(Execution, id=edge.execution, limit=1)
        if found and "reference" in found[0].outputs:
            return Artifact("reference", found[0].outputs["reference"])
    raise NotFound(
        f"release {release[:12]} has no reference to hold a window against",
        expected="a run that came to its monitor stage",
        do="rueda run",
    )


def _release(home: Home, name: str) -> Release:
    from rueda.wheel.promotion import release_of

    return Release.open(home.store, release_of(home, f"{name}@champion"))


def _tell(home: Home, closed: Closed) -> None:
    """Deliver each alarm; one that cannot be delivered is still an artifact, and in the ledger."""
    notifier = load_plugin("notifier", "log")(home.folder / ALARM_LOG)
    for alarm in closed.alarms:
        notifier.notify({**alarm, "model": closed.window.name, "run": closed.run.id})
