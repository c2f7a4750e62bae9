"""Blocks of code and of commands in the pages do what the pages say."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.docs.pages import ROOT, Block, blocks

from rueda.cli.main import _parser
from rueda.cli.verbs import VERBS

PYTHON = list(blocks("python"))
CONSOLE = list(blocks("console"))
RUN = [block for block in CONSOLE if block.mark == "run"]


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.name)
def test_python_compiles(block: Block) -> None:
    compile(block.body, block.name, "exec")


@pytest.mark.parametrize(
    "block", [block for block in PYTHON if block.mark == "run"], ids=lambda block: block.name
)
def test_python_runs(
    block: Block, lived: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(lived, tmp_path / "project")
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delenv("RUEDA_HOME", raising=False)
    exec(compile(block.body, block.name, "exec"), {"__name__": "page"})


@pytest.mark.parametrize("page", sorted({block.page for block in RUN}), ids=lambda page: page.name)
def test_commands_print_what_is_shown(
    page: Path, lived: Path, tmp_path: Path, rueda_in: Callable
) -> None:
    """The marked blocks of one page, in their order, in one copy of the project."""
    folder = shutil.copytree(lived, tmp_path / "project")
    for block in RUN:
        if block.page == page:
            for words, shown in commands(block):
                done = rueda_in(folder, *words)
                assert not missing(shown, done.stdout + done.stderr), done.stdout + done.stderr


@pytest.mark.parametrize("block", CONSOLE, ids=lambda block: block.name)
def test_every_shown_command_can_be_given(block: Block) -> None:
    for words, _ in commands(block):
        assert words[0] in VERBS or words[0].startswith("-"), words
        _parser(words[0]).parse_args(words)


def test_wildcards_stand_for_anything_and_nothing_else() -> None:
    assert not missing(["run … succeeded", "b"], "x\nrun 1 succeeded   \na\nb\n")
    assert missing(["b", "a"], "a\nb\n") == ["a"], "lines come in their order"
    assert missing(["run … failed"], "run 1 succeeded") == ["run … failed"]


def test_every_command_is_shown_somewhere() -> None:
    text = "".join(
        page.read_text(encoding="utf-8") for page in (ROOT / "docs").rglob("how-to/*.md")
    )
    assert not [verb for verb in VERBS if f"rueda {verb}" not in text]


def commands(block: Block) -> list[tuple[list[str], list[str]]]:
    """The words after each ``$ rueda``, and the lines shown below it."""
    found: list[tuple[list[str], list[str]]] = []
    for line in block.body.splitlines():
        if line.startswith("$ "):
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words[:1] == ["rueda"]:
                found.append((words[1:], []))
            else:
                found.append((["--help"], []))
        elif found and line.strip():
            found[-1][1].append(line)
    return found


def missing(shown: list[str], printed: str) -> list[str]:
    """The first of the ``shown`` lines that does not follow in ``printed``; … is anything."""
    lines = iter(printed.splitlines())
    for line in shown:
        pattern = ".*".join(re.escape(part) for part in line.strip().split("…"))
        if not any(re.fullmatch(pattern, other.strip()) for other in lines):
            return [line]
    return []
