"""LogNotifier: alarms as lines of JSON in a file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from rueda.kernel.digest import Json
from rueda.kernel.errors import WriteRefused


class LogNotifier:
    """Appends each alarm to a file, as one line of JSON in ASCII.

    Parameters
    ----------
    path
        The file; made, with its folder, when the first alarm comes. Readable by its owner alone.

    Notes
    -----
    Line breaks and control characters inside an alarm are escaped, so a line is an alarm whatever
    stands in it. A delivered alarm survives a power cut. Many threads and processes may share one
    file: each line is one write to a file opened for appending.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def notify(self, alarm: Mapping[str, Json]) -> None:
        """Append ``alarm``.

        Raises
        ------
        WriteRefused
            The file cannot be written, or its line is not whole; try again.
        """
        line = json.dumps(dict(alarm), sort_keys=True, allow_nan=False).encode("ascii") + b"\n"
        try:
            self._append(line)
        except OSError as error:
            raise WriteRefused(
                f"the alarm log {self._path} cannot be written",
                expected="a file that this user can append to",
                got=os.strerror(error.errno or 0),
                do="make room, or mend its permissions; the alarm will be delivered again",
            ) from error

    def _append(self, line: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        file = os.open(self._path, flags, 0o600)
        try:
            if os.fstat(file).st_size and not self._ends_whole():
                # A torn line of an earlier crash must not swallow this one.
                line = b"\n" + line
            written = os.write(file, line)
            if written != len(line):
                raise OSError(28, "short write")
            os.fsync(file)
        finally:
            os.close(file)

    def _ends_whole(self) -> bool:
        with self._path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
