"""Refusal: what the operating system said no to, told to the user."""

from __future__ import annotations

import errno
import os

from rueda.kernel.errors import DiskFull, MissingInput, RuedaError, WriteRefused

FULL = (errno.ENOSPC, errno.EDQUOT)
_ABSENT = (errno.ENOENT, errno.ENOTDIR)


def refusal(error: OSError) -> RuedaError:
    """The error of ours for one of the system's about a file of the user's.

    A file that is not there is the user's mistake; a full disk, or one that cannot be written, is
    nobody's.
    """
    place = str(error.filename or "a file")
    said = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in FULL:
        return DiskFull(
            f"the disk is full: {place} was not written",
            expected="room for it",
            got=said,
            do="free some space there, then run again: what was finished is kept",
        )
    if error.errno in _ABSENT:
        return MissingInput(
            f"{place} is not there",
            expected="a file, in a folder that exists",
            got=said,
            do="check the path, or make the folder",
        )
    return WriteRefused(
        f"{place} cannot be used",
        expected="a file and a folder that this user may read and write",
        got=said,
        do="mend its permissions, or choose another place; then run again",
    )
