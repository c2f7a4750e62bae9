"""Listing: what a path stands for, and what is said when it stands for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from rueda.kernel.errors import MissingInput
from rueda.sources.listing import list_files


def test_a_folder_stands_for_its_files_in_order(tmp_path: Path) -> None:
    for name in ("b.csv", "a.parquet", "notes.md", ".hidden.csv"):
        (tmp_path / name).touch()
    assert [f.name for f in list_files(".", tmp_path)] == ["a.parquet", "b.csv"]


def test_an_empty_folder_is_called_empty(tmp_path: Path) -> None:
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(MissingInput) as raised:
        list_files("x.csv", tmp_path)
    assert "a folder without any" in raised.value.got
    assert "did you mean" not in raised.value.do


def test_a_file_of_nearly_that_name_is_offered(tmp_path: Path) -> None:
    (tmp_path / "flights.csv").touch()
    with pytest.raises(MissingInput) as raised:
        list_files("flight.csv", tmp_path)
    assert raised.value.do == "did you mean 'flights.csv'?"
