"""`rueda live`: what is live, or was at a time."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from rueda.cli.declared import add_place, the_home
from rueda.cli.standing import weights_text
from rueda.cli.terminal import out, print_json
from rueda.kernel.errors import SpecError
from rueda.wheel.promotion import live_at


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the model")
    parser.add_argument("--at", metavar="TIME", help="an ISO time (UTC unless it says otherwise)")
    add_place(parser)


def run(arguments: argparse.Namespace) -> int:
    stood = live_at(the_home(arguments), arguments.name, _moment(arguments.at))
    if arguments.json:
        print_json(
            {
                "name": stood.name,
                "at": stood.at,
                "since": stood.since,
                "weights": stood.weights,
                "releases": stood.releases,
                "actor": stood.actor,
                "why": stood.why,
            }
        )
        return 0
    out().print(f"{weights_text(stood.weights)}, since {stood.since}")
    out().print(f"by {stood.actor}: {stood.why}", markup=False)
    return 0


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SpecError(
            "the time cannot be read", expected="a time such as 2026-11-23T12:00:00Z", got=text
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
