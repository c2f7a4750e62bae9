"""Fixtures that every part of Rueda is tested with."""

from __future__ import annotations

from pathlib import Path

import pytest

from rueda.engines.threads import ThreadEngine
from rueda.kernel.home import Home, open_home
from rueda.kernel.seams import Store
from rueda.kernel.stage import Context
from rueda.stores.local import LocalStore


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """An empty store."""
    return LocalStore(tmp_path / "store")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return open_home(tmp_path / "home")


@pytest.fixture
def context(tmp_path: Path, store: Store) -> Context:
    """What a stage runs in: ``store``, two threads, an empty project."""
    project, scratch = tmp_path / "project", tmp_path / "scratch"
    project.mkdir()
    scratch.mkdir()
    return Context(store, ThreadEngine(workers=2), project, scratch, seed=7)
