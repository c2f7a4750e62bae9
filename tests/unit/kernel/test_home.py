"""A home: a store and a ledger in one folder, which opens wherever it is copied to."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest

from rueda.kernel.errors import WriteRefused
from rueda.kernel.home import Home, open_home
from rueda.kernel.record import Ref
from rueda.kernel.seams import Ledger, Store


def test_a_home_has_a_store_and_a_ledger(home: Home) -> None:
    assert isinstance(home.store, Store)
    assert isinstance(home.ledger, Ledger)
    assert home.scratch.is_dir()
    assert home.logs.parent == home.folder


def test_git_leaves_it_alone(home: Home) -> None:
    assert (home.folder / ".gitignore").read_text() == "*\n"


def test_a_copy_of_a_home_opens_elsewhere(home: Home, tmp_path: Path) -> None:
    blob = home.store.put(io.BytesIO(b"content"))
    home.ledger.move("model@live", blob.digest, expect=None, actor="ana")
    shutil.copytree(home.folder, tmp_path / "elsewhere")
    shutil.rmtree(home.folder)
    copy = open_home(tmp_path / "elsewhere")
    (ref,) = copy.ledger.find(Ref, name="model@live")
    with copy.store.open(ref.digest) as stream:
        assert stream.read() == b"content"


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WriteRefused) as caught:
        open_home(tmp_path / "file" / "home")
    assert "RUEDA_HOME" in caught.value.do
    assert caught.value.got == "Not a directory"
