"""Finding what the user declared: the `lifecycle.py` of a folder, and its home."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import traceback
from pathlib import Path

from rueda.cli.misspelled import misspelled
from rueda.kernel.errors import MissingInput, NotFound, RuedaError, SpecError, UserCodeError
from rueda.kernel.home import Home, home_folder, open_home
from rueda.wheel.blame import user_traceback
from rueda.wheel.lifecycle import Lifecycle

FILE = "lifecycle.py"


def add_place(parser: argparse.ArgumentParser) -> None:
    """The options that say where: ``--file`` and ``--home``."""
    parser.add_argument(
        "--file", type=Path, default=Path(FILE), metavar="FILE", help="the lifecycle (lifecycle.py)"
    )
    parser.add_argument("--lifecycle", metavar="NAME", help="which one, if the file has several")
    parser.add_argument("--home", type=Path, metavar="FOLDER", help="the home (.rueda beside FILE)")


def the_home(arguments: argparse.Namespace) -> Home:
    """The home that the options and the environment name."""
    project = Path(arguments.file).resolve().parent
    return open_home(arguments.home or home_folder(project, os.environ))


def the_lifecycle(arguments: argparse.Namespace) -> Lifecycle:
    """The lifecycle that the file declares.

    Raises
    ------
    MissingInput
        There is no such file.
    UserCodeError
        The file raised while it was read.
    NotFound
        It declares none, or several and none was chosen.
    """
    path = Path(arguments.file).resolve()
    if not path.is_file():
        raise MissingInput(
            f"there is no {path.name} in {path.parent}",
            expected="a Python file that declares a rd.Lifecycle",
            got="no such file",
            do="write one with `rueda init --data FILE --label COLUMN`, or name it with --file",
        )
    found = _declared_in(path)
    names = ", ".join(sorted(found)) or "none"
    if arguments.lifecycle is not None and arguments.lifecycle in found:
        return found[arguments.lifecycle]
    if len(found) == 1 and arguments.lifecycle is None:
        return next(iter(found.values()))
    raise NotFound(
        f"{path.name} does not declare the one lifecycle that is meant",
        expected=arguments.lifecycle or "exactly one rd.Lifecycle",
        got=names,
        do="choose one with --lifecycle NAME" if found else "add lifecycle = rd.Lifecycle(…)",
    )


def _declared_in(path: Path) -> dict[str, Lifecycle]:
    # The user's helpers stand beside the file, and are imported as any script would.
    sys.path.insert(0, str(path.parent))
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module
    try:
        specification.loader.exec_module(module)
    except RuedaError:
        raise
    except AttributeError as error:
        if "unknown name in rueda" in str(error):
            raise SpecError(str(error)) from error
        raise _broken(path, error) from error
    except TypeError as error:
        raise misspelled(error, path, vars(module)) or _broken(path, error) from error
    except Exception as error:
        raise _broken(path, error) from error
    values = vars(module).values()
    return {value.name: value for value in values if isinstance(value, Lifecycle)}


def _broken(path: Path, error: Exception) -> UserCodeError:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    at = f"line {frames[-1].lineno}" if frames else "while reading it"
    return UserCodeError(
        f"{path.name} raised {type(error).__name__}: {error}",
        got=f"{at}\n{user_traceback(error, path.parent).rstrip()}",
        do=f"mend {path.name}; `python {path.name}` shows the same",
    )
