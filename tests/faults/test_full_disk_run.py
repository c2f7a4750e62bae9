"""F4 and F5 for a whole run: a full disk and a read-only one are told, and nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

Mount = Callable[[str], AbstractContextManager[Path]]

pytestmark = pytest.mark.root

KIBIBYTE = 2**10
LIFECYCLE = """
import rueda as rd
from sklearn.linear_model import LogisticRegression

lifecycle = rd.Lifecycle(
    name="small", extract=rd.Extract("x.csv", label="y"), train=rd.Train(LogisticRegression())
)
"""


def write_project(disk: Path) -> Path:
    folder = disk / "project"
    folder.mkdir()
    (folder / "lifecycle.py").write_text(LIFECYCLE)
    rows = "".join(f"{i % 97},{i % 7},{(i * i) % 97 > 40}\n" for i in range(2000))
    (folder / "x.csv").write_text("a,b,y\n" + rows)
    return folder


def rueda(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, in a process of its own: nothing of it holds the disk after it."""
    command = [sys.executable, "-m", "rueda.cli.main", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def four_parts(error: str, kind: str) -> bool:
    return error.startswith(f"{kind}: ") and all(
        f"\n  {part}:" in error for part in ("expected", "got", "do")
    )


def leave(folder: Path, free_bytes: int) -> None:
    """Fill the disk of ``folder`` until ``free_bytes`` are free."""
    ballast = folder / "ballast"
    ballast.unlink(missing_ok=True)
    there = os.statvfs(folder)
    ballast.write_bytes(bytes(max(0, there.f_bavail * there.f_frsize - free_bytes)))


def test_f4_a_full_disk_is_told_and_the_next_run_goes_on(mount: Mount) -> None:
    with mount("size=3m") as disk:
        folder = write_project(disk)
        codes = []
        for free in (0, 70, 170, 260):
            leave(folder, free * KIBIBYTE)
            told = rueda(folder, "run")
            codes.append(told.returncode)
            assert told.returncode == 0 or four_parts(told.stderr, "DiskFull"), told.stderr
        assert codes[:2] == [1, 1]
        (folder / "ballast").unlink()
        done = json.loads(rueda(folder, "run", "--json").stdout)
        assert done["state"] == "succeeded"
        assert {stage["state"] for stage in done["stages"]} <= {"ran", "reused"}
        assert json.loads(rueda(folder, "fsck", "--json").stdout)["sound"]
        runs = json.loads(rueda(folder, "runs", "--json").stdout)["runs"]
        assert "running" not in {run["state"] for run in runs}


def test_f5_a_read_only_folder_is_told(mount: Mount) -> None:
    with mount("size=8m") as disk:
        folder = write_project(disk)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        for words in (["run"], ["init", "--data", "x.csv", "--label", "y", "--force"]):
            told = rueda(folder, *words)
            assert told.returncode == 1
            assert four_parts(told.stderr, "WriteRefused"), told.stderr
            assert "Read-only file system" in told.stderr
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        assert rueda(folder, "run").returncode == 0
