"""A home: a store and a ledger that belong together, and the folders beside them."""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rueda.kernel.errors import WriteRefused
from rueda.kernel.plugins import load_plugin
from rueda.kernel.refusal import FULL, refusal
from rueda.kernel.seams import Ledger, Store


@dataclass(frozen=True, slots=True)
class Home:
    """A folder that holds everything Rueda knows; copied elsewhere, it opens there.

    Attributes
    ----------
    folder
        ``store/`` (bytes by digest), ``ledger.db``, ``logs/`` (prediction logs), ``scratch/``.
    """

    folder: Path
    store: Store
    ledger: Ledger

    @property
    def logs(self) -> Path:
        """Where the prediction logs of the local server live, one folder for each name."""
        return self.folder / "logs"

    @property
    def scratch(self) -> Path:
        return self.folder / "scratch"


def home_folder(project: Path, environment: Mapping[str, str]) -> Path:
    """Where the home of ``project`` is: ``RUEDA_HOME``, ``[tool.rueda] home`` of its
    pyproject.toml, or ``.rueda``.
    """
    if named := environment.get("RUEDA_HOME"):
        return Path(named).expanduser()
    configuration = project / "pyproject.toml"
    if configuration.exists():
        tool = tomllib.loads(configuration.read_text(encoding="utf-8")).get("tool", {})
        if named := tool.get("rueda", {}).get("home"):
            return project / Path(named).expanduser()
    return project / ".rueda"


def open_home(folder: Path) -> Home:
    """The home in ``folder``, made if it is not there.

    Raises
    ------
    WriteRefused, DiskFull
        The folder cannot be written, or its disk is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "scratch").mkdir(exist_ok=True)
        ignore = folder / ".gitignore"
        # A full disk leaves an empty one behind.
        if not ignore.exists() or not ignore.stat().st_size:
            ignore.write_text("*\n", encoding="utf-8")
        with tempfile.TemporaryFile(dir=folder / "scratch"):
            pass
    except OSError as error:
        if error.errno in FULL:
            raise refusal(error) from error
        raise WriteRefused(
            f"the home {folder} cannot be written",
            expected="a folder that this user can write",
            got=os.strerror(error.errno or 0),
            do="set RUEDA_HOME to another folder, or mend its permissions",
        ) from error
    store = load_plugin("store", "local")(folder / "store")
    ledger = load_plugin("ledger", "sqlite")(folder / "ledger.db")
    return Home(folder, store, ledger)
