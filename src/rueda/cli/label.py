"""`rueda label`: import labels that came after their predictions."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path

from rueda.artifacts.predictions import Label, write_labels
from rueda.artifacts.release import Release
from rueda.artifacts.strict_json import parse_json
from rueda.cli.declared import add_place, the_home
from rueda.cli.terminal import err, print_json
from rueda.kernel.digest import Json
from rueda.kernel.errors import BrokenInput, MissingInput
from rueda.kernel.record import utc_text
from rueda.wheel.promotion import release_of


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the model")
    parser.add_argument("input", type=Path, help="a .csv or .jsonl file with id and value")
    add_place(parser)


def run(arguments: argparse.Namespace) -> int:
    home = the_home(arguments)
    release = Release.open(home.store, release_of(home, arguments.name))
    path: Path = arguments.input
    if not path.is_file():
        raise MissingInput(f"there is no file {path}", do="check the path")
    at = utc_text()
    # All or nothing: a broken line in the middle must not leave half of a file behind.
    labels = [Label(key, _value(release, text), at) for key, text in _pairs(path)]
    kept = write_labels(home.logs / arguments.name, labels)
    if arguments.json:
        print_json({"name": arguments.name, "accepted": kept})
    else:
        err().print(f"{kept:,} labels kept")
    return 0


def _pairs(path: Path) -> Iterator[tuple[str, Json]]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as source:
            for number, row in enumerate(csv.DictReader(source), 1):
                yield _pair(path, number, row)
        return
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if line.strip():
            yield _pair(path, number, parse_json(line))


def _pair(path: Path, number: int, row: Json) -> tuple[str, Json]:
    if not isinstance(row, dict) or not {"id", "value"} <= row.keys():
        raise BrokenInput(f"row {number} of {path.name} lacks id or value", expected="id and value")
    return str(row["id"]), row["value"]


def _value(release: Release, given: Json) -> Json:
    """``given`` as the label that it means: a class, or a number."""
    if release.task == "regression":
        try:
            return float(given)
        except (TypeError, ValueError):
            raise BrokenInput("a label is no number", got=repr(given)) from None
    for known in release.classes:
        same = type(known) is type(given) and known == given
        if same or (isinstance(given, str) and given.lower() == str(known).lower()):
            return known
    raise BrokenInput(
        "a label is no class of the model",
        expected=", ".join(map(str, release.classes)),
        got=repr(given),
    )
