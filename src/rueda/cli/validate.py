"""`rueda validate`: a file against a schema; without one, infer it."""

from __future__ import annotations

import argparse
from pathlib import Path

from rueda.cli.terminal import out, print_json, table
from rueda.wheel.validation import (
    Validation,
    infer_from_files,
    keep_schema,
    read_schema,
    validate_files,
)

REFUSED = 3


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="FILE", help="a file, a glob or a folder")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--schema", type=Path, metavar="YAML", help="what is expected of the rows")
    which.add_argument(
        "--write",
        type=Path,
        default=Path("schema.yaml"),
        metavar="YAML",
        help="without --schema: where to write the one that is inferred (schema.yaml)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Exit code 0 when the rows fit, 3 when an anomaly is an error."""
    if arguments.schema is None:
        return _infer(arguments)
    found = validate_files(arguments.path, Path.cwd(), read_schema(arguments.schema))
    if arguments.json:
        print_json({**found.to_json(), "schema": str(arguments.schema)})
    else:
        _print(Path(arguments.path).name, found)
    return 0 if found.passed else REFUSED


def _infer(arguments: argparse.Namespace) -> int:
    schema, seen = infer_from_files(arguments.path, Path.cwd())
    keep_schema(schema, arguments.write)
    if arguments.json:
        inferred = Validation(seen.rows + seen.broken, (), seen.broken)
        print_json({**inferred.to_json(), "schema": str(arguments.write)})
    else:
        out().print(
            f"wrote {arguments.write} from {seen.rows:,} rows; review it, then:\n"
            f"rueda validate {arguments.path} --schema {arguments.write}",
            soft_wrap=True,
            markup=False,
        )
    return 0


def _print(name: str, found: Validation) -> None:
    broken = f", {found.quarantined:,} of them broken" if found.quarantined else ""
    verdict = "fits" if found.passed else "does not fit"
    console = out()
    console.print(f"{name} {verdict}: {found.rows:,} rows{broken}", markup=False)
    if found.anomalies:
        rows = [(a.severity.lower(), a.type, a.sentence) for a in found.anomalies]
        console.print(table("", ("severity", "type", "what"), rows))
