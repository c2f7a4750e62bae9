"""`rueda doctor`: is this installation whole, and can this home be worked in?"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import shutil
import sys
from pathlib import Path

from rueda.cli.declared import add_place
from rueda.cli.terminal import out, print_json, table
from rueda.kernel.errors import RuedaError
from rueda.kernel.home import home_folder, open_home
from rueda.kernel.record import Event
from rueda.wheel.settle import settle

LOW_BYTES = 1 << 30


def configure(parser: argparse.ArgumentParser) -> None:
    add_place(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit code 0 when everything is fine, 3 when a check says no."""
    folder = arguments.home or home_folder(Path(arguments.file).resolve().parent, os.environ)
    checks = [_python(), *_packages(), *_home(folder), _disk(folder)]
    if arguments.json:
        keys = ("check", "ok", "detail")
        print_json({"checks": [dict(zip(keys, check, strict=True)) for check in checks]})
    else:
        rows = [(name, "ok" if ok else "NO", detail) for name, ok, detail in checks]
        out().print(table("", ("check", "", "detail"), rows))
    return 0 if all(ok for _, ok, _ in checks) else 3


Check = tuple[str, bool, str]


def _python() -> Check:
    return (
        "python",
        sys.version_info >= (3, 11),
        f"{platform.python_version()} on {platform.machine()}",
    )


def _packages() -> list[Check]:
    """Every distribution that Rueda needs, and the extras that are there."""
    checks: list[Check] = []
    for requirement in importlib.metadata.requires("rueda") or []:
        name = requirement.split(";")[0].strip()
        for sign in "<>=!~[ ":
            name = name.split(sign)[0]
        extra = requirement.split("extra ==")[-1].strip(" \"'") if "extra ==" in requirement else ""
        try:
            checks.append((name, True, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            detail = f"absent; pip install 'rueda[{extra}]' if you want it" if extra else "absent"
            checks.append((name, bool(extra), detail))
    return checks


def _home(folder: Path) -> list[Check]:
    try:
        home = open_home(folder)
        abandoned = settle(home.ledger)
        events = home.ledger.find(Event, limit=1)
    except RuedaError as error:
        return [("home", False, str(error))]
    said = f"{folder}, {events[0].seq if events else 0} events"
    if abandoned:
        said += f", {len(abandoned)} abandoned run(s) settled"
    return [("home", True, said)]


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder if folder.exists() else folder.parent).free
    return "disk", free > LOW_BYTES, f"{free / (1 << 30):.1f} GiB free"
