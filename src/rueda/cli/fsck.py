"""`rueda fsck`: verify every byte and every record of a home."""

from __future__ import annotations

import argparse

from rueda.cli.declared import add_place, the_home
from rueda.cli.terminal import out, print_json
from rueda.wheel.fsck import check


def configure(parser: argparse.ArgumentParser) -> None:
    add_place(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit code 0 when the home is sound, 3 when it is not."""
    result = check(the_home(arguments))
    if arguments.json:
        print_json(result.to_json())
    else:
        console = out()
        console.print(
            f"{result.artifacts:,} artifacts, {result.files:,} files, {result.size_bytes:,} bytes, "
            f"{result.events:,} events verified"
        )
        for problem in result.problems:
            console.print(f"[red]NO[/] {problem}", soft_wrap=True)
        console.print("sound" if not result.problems else f"{len(result.problems)} problem(s)")
    return 3 if result.problems else 0
