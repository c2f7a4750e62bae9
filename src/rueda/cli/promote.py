"""`rueda promote`: make a version the champion, at once."""

from __future__ import annotations

import argparse

from rueda.cli.declared import add_place, the_home
from rueda.cli.standing import actor, print_rollout
from rueda.wheel.promotion import promote


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the model")
    parser.add_argument("version", help="a number, an alias, name@version or a digest")
    parser.add_argument("--why", default="", help="the reason, for the ledger")
    parser.add_argument("--expect", metavar="VERSION", help="only if this one is the champion now")
    add_place(parser)


def run(arguments: argparse.Namespace) -> int:
    done = promote(
        the_home(arguments),
        arguments.name,
        arguments.version,
        actor=actor(),
        why=arguments.why,
        expect=arguments.expect,
    )
    print_rollout(done, as_json=arguments.json)
    return 0
