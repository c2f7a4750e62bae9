"""`rueda serve`: answer predictions over HTTP, following what is live.

Imports no stage and no trainer: a serving image has neither.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from pathlib import Path

from rueda.cli.verbs import SHAPE
from rueda.kernel.errors import SpecError
from rueda.kernel.home import home_folder, open_home
from rueda.serving.process import ServeOptions, port_of, serve, vertex_routes


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="+", metavar="NAME[@REF]", help="a model, or name@version")
    parser.add_argument("--port", type=int, help="AIP_HTTP_PORT, PORT or 8080; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at (loopback)")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME:PORT", help="a Host to answer"
    )
    parser.add_argument("--wait", action="store_true", help="start before anything is promoted")
    parser.add_argument(
        "--unknown",
        choices=("other", "reject"),
        default="other",
        help="values that training never saw: leave them to the preparation, or refuse them",
    )
    parser.add_argument(
        "--durable", action="store_true", help="answer when the log survives a power cut"
    )
    parser.add_argument(
        "--on-log-failure",
        choices=("count", "refuse"),
        default="count",
        help="when the log cannot be written: answer and count, or refuse",
    )
    parser.add_argument("--drain", type=float, default=0.5, metavar="SECONDS", help="after SIGTERM")
    parser.add_argument("--home", type=Path, metavar="FOLDER", help="the home (.rueda here)")


def run(arguments: argparse.Namespace) -> int:
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    models = [name.partition("@")[0] for name in arguments.names]
    if len(set(models)) != len(models):
        raise SpecError("a model is named twice", expected="each model once", got=str(models))
    home = open_home(arguments.home or home_folder(Path.cwd(), os.environ))
    options = ServeOptions(
        host=arguments.host,
        port=port_of(os.environ) if arguments.port is None else arguments.port,
        hosts=tuple(arguments.allow_host),
        unknown=arguments.unknown,
        wait=arguments.wait,
        durable=arguments.durable,
        refuse=arguments.on_log_failure == "refuse",
        drain_s=arguments.drain,
        vertex=vertex_routes(os.environ),
    )

    def started(address: str) -> None:
        if arguments.json:
            shown = {"shape": SHAPE, "address": address, "models": models}
            print(json.dumps(shown), flush=True)
        print(f"serving {', '.join(arguments.names)} at {address}", file=sys.stderr, flush=True)

    return serve(home, arguments.names, options, started=started)
