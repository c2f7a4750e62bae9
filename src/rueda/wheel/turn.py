"""One turn of the wheel: plan, reuse, run, resume."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from rueda.artifacts.schema import Schema
from rueda.kernel.artifact import Artifact
from rueda.kernel.digest import Digest
from rueda.kernel.errors import Defect, LeaseHeld, RuedaError, UnknownName
from rueda.kernel.home import Home
from rueda.kernel.meter import Meter
from rueda.kernel.record import Execution, Lease, Made, Run, utc_text
from rueda.kernel.seams import Engine
from rueda.kernel.stage import Context, Stage
from rueda.stages.s1_extract import Extract
from rueda.wheel.blame import blame
from rueda.wheel.fingerprint import Key, stage_key
from rueda.wheel.inputs import reviewed_schema, rival, schema_file, source_version
from rueda.wheel.promotion import apply_deployment, register_version
from rueda.wheel.settle import Heartbeat, process_text, settle, sweep_scratch
from rueda.wheel.watch import Silence, Watch

_POLL_S = 0.2


class Turnable(Protocol):
    """What a turn asks of a declaration."""

    @property
    def name(self) -> str: ...

    @property
    def project(self) -> Path | None: ...

    @property
    def extract(self) -> Extract | None: ...

    def stages(self) -> Iterator[tuple[Stage, object]]: ...


@dataclass
class Turn:
    """A turn under way: what was decided, what exists so far."""

    declaration: Turnable
    home: Home
    engine: Engine
    run: Run
    actor: str
    fresh: frozenset[str] = frozenset()
    watch: Watch = field(default_factory=Silence)
    lease: Lease | None = None
    made: dict[str, Artifact] = field(default_factory=dict)
    executions: list[Execution] = field(default_factory=list)
    unwritten: list[Execution] = field(default_factory=list)

    @property
    def project(self) -> Path:
        assert self.declaration.project is not None
        return self.declaration.project


def turn(
    declaration: Turnable,
    home: Home,
    engine: Engine,
    *,
    actor: str,
    trigger: str = "demand",
    fresh: Collection[str] = (),
    until: str | None = None,
    given: Mapping[str, Artifact] | None = None,
    watch: Watch | None = None,
) -> tuple[Run, list[Execution]]:
    """Turn ``declaration`` once in ``home``; give the run and its seven executions, in order.

    A stage whose key has been run before is reused, unless it is in ``fresh``. Stages after
    ``until`` (None: none) are skipped. ``given`` are inputs that no stage makes.

    Raises
    ------
    RuedaError
        A stage failed; the run and its executions are in the ledger, and a second call resumes.
    KeyboardInterrupt
        Cancelled; recorded as such.
    """
    names = [stage.name for stage, _ in declaration.stages()]
    for name in (*fresh, until or names[-1]):
        if name not in names:
            raise UnknownName.among("stage", name, names)
    settle(home.ledger)
    sweep_scratch(home)
    run = Run(_new_id(), declaration.name, "running", utc_text(), trigger, host=process_text())
    now = Turn(declaration, home, engine, run, actor, frozenset(fresh), watch or Silence())
    now.made.update(given or {})
    with Heartbeat(home.ledger, f"run/{run.id}") as now.lease:
        home.ledger.append(run, actor=actor, why=trigger)
        try:
            _turn_stages(now, until)
        except BaseException as error:
            state = "cancelled" if isinstance(error, KeyboardInterrupt) else "failed"
            _close_after(now, state, error)
            raise
        return _close(now, "succeeded"), now.executions


def _turn_stages(now: Turn, until: str | None) -> None:
    for stage, spec in now.declaration.stages():
        inputs = _inputs(now, stage)
        key = stage_key(stage, spec, {n: a.digest for n, a in inputs.items()}, now.project)
        execution = Execution(
            id=f"{now.run.id}/{stage.name}",
            run=now.run.id,
            stage=stage.name,
            key=key.digest,
            state="running",
            started_at=utc_text(),
            inputs={n: a.digest for n, a in inputs.items()},
            parts=key.parts,
        )
        found = None if stage.name in now.fresh else _reusable(now, stage, spec, key, inputs)
        if found is not None:
            _reuse(now, execution, found)
        else:
            _run_once(now, stage, spec, execution, inputs)
        _effects(now, stage)
        if stage.name == until:
            return


def _inputs(now: Turn, stage: Stage) -> dict[str, Artifact]:
    """The artifacts that ``stage`` takes: from this turn's stages, or from outside."""
    found: dict[str, Artifact] = {}
    for name in (*stage.needs, *stage.optional):
        artifact = now.made.get(name) or _outside(now, name)
        if artifact is not None:
            found[name] = artifact
        elif name in stage.needs:
            raise Defect(f"nothing makes the input {name!r} of stage {stage.name}")
    return found


def _outside(now: Turn, name: str) -> Artifact | None:
    extract = now.declaration.extract
    if extract is None:
        return None
    if name == "source":
        return source_version(extract, now.project, now.home)
    if name == "schema":
        return reviewed_schema(extract, now.project, now.home)
    if name == "champion":
        made = now.made
        return rival(now.home, now.declaration.name, made["preparation"], made["model"])
    return None


def _reusable(
    now: Turn, stage: Stage, spec: object, key: Key, inputs: Mapping[str, Artifact]
) -> Execution | None:
    """An execution whose outputs are those that ``stage`` would make now."""
    found = _ran(now, key)
    if found is None and "schema" in stage.makes and "schema" in inputs:
        # Extraction that inferred this very schema gives what extraction under it gives: a law of
        # the stage.
        bare = {n: a.digest for n, a in inputs.items() if n != "schema"}
        inferred = _ran(now, stage_key(stage, spec, bare, now.project))
        if inferred is not None and inferred.outputs["schema"] == inputs["schema"].digest:
            found = inferred
    return found


def _ran(now: Turn, key: Key) -> Execution | None:
    for execution in now.home.ledger.find(Execution, key=key.digest, state="ran", limit=5):
        if all(now.home.store.has(digest) for digest in execution.outputs.values()):
            return execution
    return None


def _reuse(now: Turn, execution: Execution, found: Execution) -> None:
    reused = replace(execution, state="reused", outputs=found.outputs)
    now.unwritten.append(reused)
    now.executions.append(reused)
    _keep(now, found.outputs)
    now.watch.ended(execution.stage, "reused", 0.0, found.run)


def _run_once(
    now: Turn, stage: Stage, spec: object, execution: Execution, inputs: Mapping[str, Artifact]
) -> None:
    """Run ``stage``, or wait for a process that runs the same key, and take its result."""
    with ExitStack() as stack:
        while True:
            try:
                lease = stack.enter_context(Heartbeat(now.home.ledger, f"key/{execution.key}"))
                break
            except LeaseHeld as held:
                now.watch.waits(stage.name, held.got)
                time.sleep(_POLL_S)
        elsewhere = _ran(now, Key(execution.key, dict(execution.parts)))
        if elsewhere is not None and stage.name not in now.fresh:
            _reuse(now, execution, elsewhere)
        else:
            _run(now, stage, spec, execution, inputs, lease)


def _run(
    now: Turn,
    stage: Stage,
    spec: object,
    execution: Execution,
    inputs: Mapping[str, Artifact],
    lease: Lease,
) -> None:
    now.watch.began(stage.name)
    now.home.ledger.append(*now.unwritten, execution, actor=now.actor)
    now.unwritten.clear()
    scratch = Path(tempfile.mkdtemp(prefix=f"{now.run.id}.{stage.name}.", dir=now.home.scratch))
    context = Context(
        store=now.home.store,
        engine=now.engine,
        project=now.project,
        scratch=scratch,
        progress=lambda done, total, note="": now.watch.progress(stage.name, done, total, note),
    )
    meter = Meter()
    try:
        with meter:
            outputs = stage.run(spec, inputs, context)
    except BaseException as error:
        _fail(now, execution, error, meter)
        blamed = blame(error, stage.name, now.project, execution.inputs)
        if blamed is error:
            raise  # as it is: its cause is the user's own traceback
        raise blamed from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    _finish(now, stage, execution, outputs, meter, lease)


def _finish(
    now: Turn,
    stage: Stage,
    execution: Execution,
    outputs: Mapping[str, Artifact],
    meter: Meter,
    lease: Lease,
) -> None:
    if set(outputs) != set(stage.makes):
        raise Defect(f"stage {stage.name} made {sorted(outputs)}, not {sorted(stage.makes)}")
    digests = {name: artifact.digest for name, artifact in outputs.items()}
    ran = replace(
        execution,
        state="ran",
        outputs=digests,
        seconds=meter.seconds,
        cpu_seconds=meter.cpu_seconds,
        peak_bytes=meter.peak_bytes,
    )
    at = utc_text()
    made = [Made(a.digest, a.kind, execution.id, at) for a in outputs.values()]
    now.home.ledger.append(ran, *made, actor=now.actor, lease=lease)
    now.executions.append(ran)
    _keep(now, digests)
    now.watch.ended(stage.name, "ran", meter.seconds, "")


def _fail(now: Turn, execution: Execution, error: BaseException, meter: Meter) -> None:
    state = "cancelled" if isinstance(error, KeyboardInterrupt) else "failed"
    failed = replace(
        execution,
        state=state,
        error=_recordable(f"{type(error).__name__}: {error}"),
        seconds=meter.seconds,
        cpu_seconds=meter.cpu_seconds,
        peak_bytes=meter.peak_bytes,
    )
    now.unwritten.append(failed)
    now.executions.append(failed)
    now.watch.ended(execution.stage, state, meter.seconds, "")


def _recordable(text: str) -> str:
    """``text`` as a ledger takes it: no NUL, no lone surrogate, not endless."""
    return text[:4000].replace("\0", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")


def _keep(now: Turn, outputs: Mapping[str, Digest]) -> None:
    for name, digest in outputs.items():
        now.made[name] = Artifact(name, digest)


def _effects(now: Turn, stage: Stage) -> None:
    """What the wheel does when a stage's outputs are there: stages themselves are pure."""
    if "schema" in stage.makes:
        _write_schema_file(now)
    if "release" in stage.makes:
        register_version(now.home, now.made["release"], actor=now.actor, why=f"run {now.run.id}")
        now.run = replace(now.run, release=now.made["release"].digest)
    if "deployment" in stage.makes:
        apply_deployment(now.home, now.made["deployment"], actor=now.actor, why=f"run {now.run.id}")


def _write_schema_file(now: Turn) -> None:
    extract = now.declaration.extract
    path = schema_file(extract, now.project) if extract is not None else None
    if path is not None and not path.exists():
        schema = Schema.open(now.home.store, now.made["schema"])
        path.write_text(schema.to_yaml(), encoding="utf-8")


def _close_after(now: Turn, state: str, error: BaseException) -> None:
    """Close a run that ended by ``error``, which stays what the user sees even if this fails."""
    try:
        _close(now, state)
    except RuedaError as second:
        error.add_note(
            f"the run could not be recorded as {state}, and will be settled: {second.what}"
        )


def _close(now: Turn, state: str) -> Run:
    done = {e.stage for e in now.executions}
    for stage, _ in now.declaration.stages():
        if stage.name not in done:
            skipped = Execution(
                id=f"{now.run.id}/{stage.name}",
                run=now.run.id,
                stage=stage.name,
                key=Digest(""),
                state="skipped",
                started_at=utc_text(),
            )
            now.unwritten.append(skipped)
            now.executions.append(skipped)
    now.run = replace(now.run, state=state, ended_at=utc_text())
    now.home.ledger.append(*now.unwritten, now.run, actor=now.actor, lease=now.lease)
    now.unwritten.clear()
    return now.run


def _new_id() -> str:
    """Sorts by time, reads as a date, and is unique: ``20130501-093015-7c2e41``."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
