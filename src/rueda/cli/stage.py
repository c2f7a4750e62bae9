"""`rueda extract … deploy`: turn the wheel up to one stage."""

from __future__ import annotations

import argparse

from rueda.cli import run as whole
from rueda.lifecycle import STAGE_NAMES


def configure(parser: argparse.ArgumentParser) -> None:
    whole.configure(parser)


def run(arguments: argparse.Namespace) -> int:
    assert arguments.verb in STAGE_NAMES
    return whole.run(arguments, until=arguments.verb)
