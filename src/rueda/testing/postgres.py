"""A PostgreSQL server of one's own for tests: in a temporary folder, reached by a socket only."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

_DEBIAN = Path("/usr/lib/postgresql")


def postgres_programs() -> Path | None:
    """The folder of ``initdb`` and ``pg_ctl``, or None where PostgreSQL is not installed."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda p: int(p.parts[-3].split(".")[0]))
    return versions[-1].parent if versions else None


class ScratchPostgres:
    """A running server, removed with everything in it at the end of its ``with`` block.

    Parameters
    ----------
    settings
        ``name=value`` of ``postgresql.conf``.
    """

    def __init__(self, settings: Sequence[str] = ()) -> None:
        programs = postgres_programs()
        if programs is None:
            raise FileNotFoundError("no initdb on the PATH: install PostgreSQL (postgresql)")
        self._programs = programs
        self._settings = [*settings, "listen_addresses="]
        self._folder = Path(tempfile.mkdtemp(prefix="rueda-pg-"))
        self._names = (f"ledger_{i}" for i in itertools.count())
        # PostgreSQL refuses to run as root.
        self._user = pwd.getpwnam("nobody") if os.getuid() == 0 else None
        if self._user:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)

    def __enter__(self) -> ScratchPostgres:
        self._run("initdb", "-A", "trust", "-U", "rueda", "-E", "UTF8", "--no-sync")
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop("immediate")
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        options = " ".join(f"-c {setting}" for setting in self._settings)
        log = str(self._folder / "log")
        self._run("pg_ctl", "start", "-w", "-l", log, "-o", f"-k {self._folder} {options}")

    def stop(self, mode: str = "fast") -> None:
        """Stop the server; ``immediate`` is as a crash is."""
        self._run("pg_ctl", "stop", "-w", "-m", mode)

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = next(self._names)
        self._run("createdb", "-h", str(self._folder), "-U", "rueda", name, data=False)
        return f"postgresql://rueda@/{name}?host={self._folder}"

    def _run(self, program: str, *arguments: str, data: bool = True) -> None:
        folder = ("-D", str(self._folder / "data")) if data else ()
        done = subprocess.run(
            [str(self._programs / program), *folder, *arguments],
            user=self._user and self._user.pw_uid,
            group=self._user and self._user.pw_gid,
            extra_groups=[] if self._user else None,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=120,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr}")
