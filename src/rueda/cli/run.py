"""`rueda run`: turn the wheel."""

from __future__ import annotations

import argparse

from rueda.cli.declared import add_place, the_home, the_lifecycle
from rueda.cli.terminal import TerminalWatch, err, out, print_json
from rueda.cli.turned import interruptible, print_run
from rueda.lifecycle import STAGE_NAMES
from rueda.wheel.lifecycle import actor_name


def configure(parser: argparse.ArgumentParser) -> None:
    add_place(parser)
    parser.add_argument(
        "--fresh",
        nargs="?",
        action="append",
        const="*",
        metavar="STAGE",
        choices=["*", *STAGE_NAMES],
        help="run STAGE (without a name: every stage) even if its result is known",
    )
    parser.add_argument(
        "--debug", action="store_true", help="stop in the debugger where user code raises"
    )


def run(arguments: argparse.Namespace, until: str = "monitor") -> int:
    home = the_home(arguments)
    lifecycle = the_lifecycle(arguments)
    named = arguments.fresh or []
    fresh = STAGE_NAMES[: STAGE_NAMES.index(until) + 1] if "*" in named else tuple(named)
    with interruptible(home, debug=arguments.debug), TerminalWatch(err()) as watch:
        turned = lifecycle.run(home=home, fresh=fresh, until=until, actor=actor_name(), watch=watch)
    if arguments.json:
        print_json(turned.to_json())
    else:
        print_run(out(), turned)
    return 0
