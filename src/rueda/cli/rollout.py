"""`rueda rollout`: look at a canary, and let it advance or roll back."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict

from rueda.cli.declared import add_place, the_home
from rueda.cli.standing import actor, weights_text
from rueda.cli.terminal import err, out, print_json, table
from rueda.server.rollout import Step, advance


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the model")
    parser.add_argument("--watch", action="store_true", help="look again and again, until it ended")
    parser.add_argument("--every", type=float, default=1.0, metavar="SECONDS", help="how often (1)")
    add_place(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit code 0; 3 when the canary was rolled back."""
    home = the_home(arguments)
    step = advance(home, arguments.name, actor=actor())
    while arguments.watch and step.action in ("stayed", "advanced"):
        err().print(f"{step.action}: {step.sentence}", markup=False)
        time.sleep(arguments.every)
        step = advance(home, arguments.name, actor=actor())
    _show(step, as_json=arguments.json)
    return 3 if step.action == "rolled-back" else 0


def _show(step: Step, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(step))
        return
    console = out()
    console.print(f"{step.action}: {step.sentence}", markup=False)
    console.print(f"live: {weights_text(step.weights) or 'nothing'}")
    if step.findings:
        rows = [(f.guard, f.verdict, f.sentence) for f in step.findings]
        console.print(table("", ("guard", "within its limit", "what the log says"), rows))
