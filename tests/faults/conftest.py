"""What a machine must offer for a fault to happen, or the reason why it does not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

FOLDER = Path(__file__).parent
Inject: TypeAlias = Callable[..., list[Path]]
Mount: TypeAlias = Callable[[str], "contextmanager[Path]"]


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder on a file system in memory where there is one: a kill needs no disk."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture
def inject(memory: Path) -> Inject:
    """``inject(workload, variant, syscall, fault, limit)``: the folders of the children that met
    the fault at their first, second, … call of ``syscall``, as in ``crash_points.py``.
    """
    strace = shutil.which("strace")
    if not strace:
        pytest.skip("strace is not installed")
    trial = subprocess.run([strace, "-qq", "-o", "/dev/null", "true"], capture_output=True)
    if trial.returncode:
        pytest.skip(f"strace cannot trace here: {trial.stderr.decode().strip()}")

    def run(
        workload: str, variant: str, syscall: str, fault: str, limit: int = 10_000
    ) -> list[Path]:
        folder = memory / f"{variant}-{syscall}"
        # Elsewhere than on x86, rename and its like exist only as renameat.
        calls = f"?{syscall},?{syscall}at,?{syscall}at2"
        command = [strace, "-f", "-qq", "-o", "/dev/null", "-e", "signal=none"]
        # More than the workload makes; and Python alone opens some two hundred files.
        when = "400" if syscall == "openat" else "200"
        command += ["-e", f"trace={calls}", "-e", f"inject={calls}:{fault}:when={when}"]
        command += [sys.executable, str(FOLDER / "crash_points.py"), when, str(limit)]
        command += [workload, variant, str(folder), syscall]
        done = subprocess.run(command, capture_output=True, timeout=250)
        assert done.returncode == 0, done.stderr.decode()
        met = [point for point in folder.iterdir() if point.name.isdigit()]
        return sorted(met, key=lambda point: int(point.name))

    return run


@pytest.fixture
def mount() -> Mount:
    """``mount(options)``: a tmpfs with these options, for the length of a block."""
    program = shutil.which("mount")
    if not program or os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")

    @contextmanager
    def mounted(options: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [program, "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True
            )
            if done.returncode:
                pytest.skip(f"mount refuses: {done.stderr.decode().strip()}")
            try:
                yield Path(folder)
            finally:
                subprocess.run(["umount", folder], check=True)

    return mounted


@pytest.fixture
def ext4(tmp_path: Path) -> Path:
    """The image of an empty ext4 file system that this machine can mount."""
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    image, mount = tmp_path / "ext4.img", tmp_path / "trial"
    mount.mkdir()
    with image.open("wb") as sparse:
        sparse.truncate(256 * 2**20)
    for command in (
        ["mkfs.ext4", "-q", "-F", image],
        ["unshare", "-m", "mount", "-o", "loop", image, mount],
    ):
        if not shutil.which(command[0]):
            pytest.skip(f"{command[0]} is not installed")
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"{command[0]} refuses: {done.stderr.strip()}")
    return image
