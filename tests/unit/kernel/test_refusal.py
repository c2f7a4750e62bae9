"""Refusal: what the system says about a file, in four parts."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from rueda.kernel.errors import DiskFull, MissingInput, RuedaError, WriteRefused
from rueda.kernel.refusal import refusal


@pytest.mark.parametrize(
    ("code", "kind", "exit_code"),
    [
        (errno.ENOSPC, DiskFull, 1),
        (errno.EDQUOT, DiskFull, 1),
        (errno.EROFS, WriteRefused, 1),
        (errno.EACCES, WriteRefused, 1),
        (errno.EIO, WriteRefused, 1),
        (errno.ENOENT, MissingInput, 2),
    ],
)
def test_each_refusal_names_the_file(code: int, kind: type[RuedaError], exit_code: int) -> None:
    told = refusal(OSError(code, "no", "out/rows.csv"))
    assert type(told) is kind
    assert told.exit_code == exit_code
    assert "out/rows.csv" in told.what
    assert told.expected
    assert told.got
    assert told.do


def test_an_error_of_the_system_itself(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere") as raised:
        (tmp_path / "nowhere" / "x").write_text("x")
    assert str(tmp_path / "nowhere" / "x") in refusal(raised.value).what
