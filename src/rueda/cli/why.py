"""`rueda why STAGE`: the key of a stage, and what made it another one than last time."""

from __future__ import annotations

import argparse

from rueda.cli.declared import add_place, the_home, the_lifecycle
from rueda.cli.terminal import out, print_json
from rueda.kernel.errors import NotFound
from rueda.kernel.record import Execution, Run
from rueda.lifecycle import STAGE_NAMES
from rueda.wheel.fingerprint import explain


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stage", choices=STAGE_NAMES)
    parser.add_argument("run", nargs="?", help="the run (default: the last)")
    parser.add_argument("--against", metavar="RUN", help="the run to compare with (the one before)")
    add_place(parser)


def run(arguments: argparse.Namespace) -> int:
    home = the_home(arguments)
    name = the_lifecycle(arguments).name
    runs = [r.id for r in home.ledger.find(Run, lifecycle=name, limit=1000)]
    told = [
        e for e in home.ledger.find(Execution, stage=arguments.stage, limit=1000) if e.run in runs
    ]
    told = [e for e in told if e.state != "skipped"]
    newer = _pick(told, arguments.run, 0, arguments.stage)
    older_ones = [e for e in told if e.started_at < newer.started_at]
    if arguments.against is None and not older_ones:
        sentences, older = ["it has not run before: there is nothing to compare with"], None
    else:
        older = _pick(
            told if arguments.against else older_ones, arguments.against, 0, arguments.stage
        )
        sentences = explain(older.parts, newer.parts) or ["nothing: the keys are the same"]
    if arguments.json:
        print_json(
            {
                "stage": newer.stage,
                "run": newer.run,
                "state": newer.state,
                "key": newer.key,
                "parts": dict(newer.parts),
                "against": older.run if older else None,
                "differences": sentences,
            }
        )
        return 0
    console = out()
    console.print(f"{newer.stage} of run {newer.run}: {newer.state}, key {newer.key[:16]}")
    for part in ("inputs", "environment", "code"):
        values = newer.parts.get(part) or {}
        shown = ", ".join(f"{n} {str(v)[:12]}" for n, v in sorted(values.items()))
        console.print(f"  {part + ':':<13}{shown or 'none'}", soft_wrap=True)
    console.print("what differs" + (f" from run {older.run}:" if older else ":"))
    for sentence in sentences:
        console.print(f"  {sentence}", soft_wrap=True, markup=False)
    return 0


def _pick(told: list[Execution], wanted: str | None, default: int, stage: str) -> Execution:
    found = [e for e in told if wanted is None or e.run.startswith(wanted)]
    if len(found) <= default:
        raise NotFound(
            f"stage {stage} has no such execution",
            expected="a run in which the stage ran or was reused",
            got=wanted or "no run yet",
            do="list runs with `rueda runs`",
        )
    return found[default]
