"""`rueda rollback`: make the previous champion live again, in one move."""

from __future__ import annotations

import argparse

from rueda.cli.declared import add_place, the_home
from rueda.cli.standing import actor, print_rollout
from rueda.wheel.promotion import rollback


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the model")
    parser.add_argument("--why", default="", help="the reason, for the ledger")
    add_place(parser)


def run(arguments: argparse.Namespace) -> int:
    done = rollback(the_home(arguments), arguments.name, actor=actor(), why=arguments.why)
    print_rollout(done, as_json=arguments.json)
    return 0
