"""A user's folder, and the `rueda` command in it, as a user has them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass
class Told:
    """What a command did: exit code, standard output and error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        """The one object on standard output."""
        return json.loads(self.out)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    place.mkdir()
    return place


@pytest.fixture
def rueda(folder: Path) -> Callable[..., Told]:
    """Runs `rueda WORDS` in the user's folder."""
    environment = {name: value for name, value in os.environ.items() if name != "RUEDA_HOME"}

    def command(*words: str, code: int | None = 0, timeout_s: float = 180) -> Told:
        done = subprocess.run(
            [sys.executable, "-m", "rueda.cli.main", *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert code is None or done.returncode == code, done.stderr + done.stdout
        return Told(done.returncode, done.stdout, done.stderr)

    return command
