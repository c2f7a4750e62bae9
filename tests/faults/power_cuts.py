"""Cuts the power of a file system under a home, again and again. Needs root and ext4.

``power_cuts.py IMAGE MOUNT SAID CUTS VARIANT``: mount IMAGE, let a child work on the home in it,
and at a random moment shut the file system down without its journal (``EXT4_IOC_SHUTDOWN``): what
was not flushed is gone, as when the power fails. Then mount it again and look. What the child
acknowledged stands in SAID, on another file system. Prints one JSON object.
"""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import random
import signal
import struct
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rueda.kernel.errors import LedgerError, StoreError

_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32)
_NO_LOG_FLUSH = struct.pack("I", 2)
_LONGEST_S = 0.08


def main(image: Path, mount: Path, said: Path, cuts: int, variant: str) -> None:
    home_work = importlib.import_module("home_work")
    dice = random.Random(3)
    said.touch()
    done, wrong, slowest_s = 0, 0, 0.0
    while done < cuts and not wrong:
        done += 1
        with mounted(image, mount):
            work = partial(getattr(home_work, variant), mount / "home", acknowledging(said))
            writer = fork(partial(until_the_cut, work))
            await_growth(said, writer)
            time.sleep(dice.uniform(0, _LONGEST_S))
            cut_power(mount, said, writer)
        begun = time.monotonic()
        with mounted(image, mount):
            looker = fork(partial(home_work.look, mount / "home", said.read_text().splitlines()))
            _, wrong = os.waitpid(looker, 0)
            slowest_s = max(slowest_s, time.monotonic() - begun)
    kept = len(said.read_text().splitlines())
    print(json.dumps({"cuts": done, "wrong": bool(wrong), "kept": kept, "slowest_s": slowest_s}))


@contextmanager
def mounted(image: Path, mount: Path) -> Iterator[None]:
    subprocess.run(["mount", "-o", "loop", image, mount], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", mount], check=True)


def cut_power(mount: Path, said: Path, writer: int) -> None:
    """Cut it, and forget what the writer said while the cut was under way: a real one takes no
    time, and leaves nobody to speak.
    """
    fd = os.open(mount, os.O_RDONLY)
    promised = said.stat().st_size
    fcntl.ioctl(fd, _SHUTDOWN, _NO_LOG_FLUSH)
    os.close(fd)
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    os.truncate(said, promised)


def fork(work: Callable[[], object]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    except BaseException:  # noqa: BLE001 - told here, and by the exit status
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def until_the_cut(work: Callable[[], object]) -> None:
    """The writer's disk goes while it works; that it is told so is all that is expected."""
    try:
        work()
    except (StoreError, LedgerError) as error:
        print(error.what, error.got, sep=": ", file=sys.stderr)


def await_growth(path: Path, writer: int) -> None:
    """Wait until the writer has acknowledged something: then there is something to lose."""
    before = path.stat().st_size
    deadline = time.monotonic() + 30
    while path.stat().st_size == before:
        if time.monotonic() > deadline or os.waitpid(writer, os.WNOHANG) != (0, 0):
            raise SystemExit("the writer acknowledged nothing")
        time.sleep(0.001)


def acknowledging(path: Path) -> Callable[[str], None]:
    fd = os.open(path, os.O_WRONLY | os.O_APPEND)

    def say(line: str) -> None:
        os.write(fd, line.encode() + b"\n")

    return say


if __name__ == "__main__":
    _, image, mount, said, cuts, variant = sys.argv
    main(Path(image), Path(mount), Path(said), int(cuts), variant)
