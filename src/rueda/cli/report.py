"""`rueda report`: one HTML page about a model's life."""

from __future__ import annotations

import argparse
from pathlib import Path

from rueda.cli.declared import add_place, the_home, the_lifecycle
from rueda.cli.terminal import out, print_json
from rueda.wheel.biography import write_report


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="the model (the lifecycle's)")
    parser.add_argument("--output", type=Path, default=Path("report.html"), metavar="FILE")
    add_place(parser)


def run(arguments: argparse.Namespace) -> int:
    home = the_home(arguments)
    name = arguments.name or the_lifecycle(arguments).name
    path = write_report(home, name, arguments.output)
    if arguments.json:
        print_json({"report": str(path)})
    else:
        out().print(f"wrote {path}", soft_wrap=True, markup=False)
    return 0
