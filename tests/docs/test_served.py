"""Examples of asking a server, run against one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.conftest import wait_until_ready
from tests.docs.pages import Block, blocks

SERVED = list(blocks(mark="served"))
PROGRAMS = {"sh": ["sh", "-e", "-c"], "python": [sys.executable, "-c"]}


@pytest.fixture(scope="module")
def address(lived: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the model of the documented project answers."""
    folder = shutil.copytree(lived, tmp_path_factory.mktemp("served") / "project")
    command = [sys.executable, "-m", "rueda.cli.main", "serve", "customers", "--port", "0"]
    with subprocess.Popen([*command, "--json"], cwd=folder, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            found = json.loads(server.stdout.readline())["address"]
            wait_until_ready(found)
            yield found.removeprefix("http://")
        finally:
            server.terminate()


@pytest.mark.parametrize("block", SERVED, ids=lambda block: block.name)
def test_every_example_is_answered(block: Block, address: str) -> None:
    program = [*PROGRAMS[block.language], block.body.replace("127.0.0.1:8080", address)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_examples() -> None:
    assert {block.language for block in SERVED} == {"sh", "python"}
