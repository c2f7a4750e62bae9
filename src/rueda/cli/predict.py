"""`rueda predict`: a file through the path that online requests take."""

from __future__ import annotations

import argparse
from pathlib import Path

from rueda.cli.declared import add_place, the_home
from rueda.cli.terminal import err, print_json
from rueda.wheel.batch_predict import predict_file

QUARANTINED = 3


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME[@REF]", help="a model (its champion), or a version")
    parser.add_argument("input", type=Path, help="a .csv, .parquet or .jsonl file")
    parser.add_argument("output", type=Path, help="the file to write: .csv, .parquet or .jsonl")
    parser.add_argument(
        "--keep", default="", metavar="A,B", help="columns of the input to carry along"
    )
    parser.add_argument("--unknown", choices=("other", "reject"), default="other")
    add_place(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit code 0 when every row was predicted, 3 when some were quarantined."""
    keep = [name for name in arguments.keep.split(",") if name]
    done = predict_file(
        the_home(arguments),
        arguments.name,
        arguments.input,
        arguments.output,
        keep=keep,
        unknown=arguments.unknown,
    )
    if arguments.json:
        print_json(
            {
                "output": str(done.output),
                "quarantine": str(done.quarantine) if done.quarantine else None,
                "version": done.version,
                "release": done.release,
                "rows": done.rows,
                "predicted": done.predicted,
                "quarantined": done.quarantined,
            }
        )
    else:
        err().print(f"{done.predicted:,} of {done.rows:,} rows predicted by {done.version}")
        if done.quarantine:
            err().print(f"{done.quarantined:,} rows do not fit: see {done.quarantine}")
    return QUARANTINED if done.quarantined else 0
