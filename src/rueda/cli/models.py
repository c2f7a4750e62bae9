"""`rueda models`: the registered versions, their aliases and how they were judged."""

from __future__ import annotations

import argparse

from rueda.artifacts.scorecard import Scorecard
from rueda.cli.declared import add_place, the_home
from rueda.cli.terminal import out, print_json, table
from rueda.kernel.artifact import Artifact
from rueda.kernel.digest import Json
from rueda.kernel.home import Home
from rueda.wheel.versions import Version, versions


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="only this model")
    add_place(parser)


def run(arguments: argparse.Namespace) -> int:
    home = the_home(arguments)
    told = [_told(home, version) for version in versions(home, arguments.name)]
    if arguments.json:
        print_json({"models": told})
        return 0
    rows = [
        (
            t["version"],
            ", ".join(t["aliases"]) or None,
            t["registered_at"][:19] + "Z",
            t["gate"]["verdict"],
            "  ".join(
                f"{n} {m['value']:.4f}" for n, m in t["metrics"].items() if m["value"] is not None
            ),
            t["packaging"].get("format"),
            t["release"][:12],
        )
        for t in told
    ]
    columns = ("version", "aliases", "registered", "gate", "holdout", "package", "release")
    nothing = "no registered versions yet; make one with `rueda run`"
    out().print(table("", columns, rows) if rows else nothing)
    return 0


def _told(home: Home, version: Version) -> dict[str, Json]:
    card = Scorecard.open(home.store, Artifact("scorecard", version.meta["traces"]["scorecard"]))
    return {
        "name": version.name,
        "version": version.text,
        "number": version.number,
        "aliases": list(version.aliases),
        "registered_at": version.registered_at,
        "release": version.release,
        "metrics": dict(card.metrics),
        "gate": {"verdict": card.verdict, "sentence": card.sentence},
        "packaging": version.meta["packaging"],
        "traces": version.meta["traces"],
    }
