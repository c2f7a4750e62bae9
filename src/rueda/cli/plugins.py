"""`rueda plugins`: every implementation of every seam, and whether it loads."""

from __future__ import annotations

import argparse

from rueda.cli.terminal import out, print_json, table
from rueda.kernel.errors import MissingExtra
from rueda.kernel.plugins import SEAMS, load_plugin, plugins


def configure(parser: argparse.ArgumentParser) -> None:
    del parser


def run(arguments: argparse.Namespace) -> int:
    found = [
        {"seam": seam, "name": name, "object": point.value, "state": _state(seam, name)}
        for seam in SEAMS
        for name, point in sorted(plugins(seam).items())
    ]
    if arguments.json:
        print_json({"plugins": found})
    else:
        rows = [tuple(row.values()) for row in found]
        out().print(table("", ("seam", "name", "object", "state"), rows))
    return 0


def _state(seam: str, name: str) -> str:
    try:
        load_plugin(seam, name)
    except MissingExtra as error:
        return error.do
    return "loads"
