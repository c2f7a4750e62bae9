"""The `rueda` command: finds the verb, runs it, and turns errors into an exit code."""

from __future__ import annotations

import argparse
import difflib
import importlib
import json
import os
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

from rueda import __version__
from rueda.cli.verbs import SHAPE, STAGE_VERBS, VERBS
from rueda.kernel.errors import RuedaError, SpecError, UnknownName
from rueda.kernel.refusal import refusal

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; give its exit code: 0 fine, 1 our fault, 2 the user's mistake, 3 a check
    said no.
    """
    # Threads that spin while they wait cost ten times the time as soon as anything else runs on
    # the machine. OpenMP reads this once, when the first library that needs it is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    words = list(sys.argv[1:] if arguments is None else arguments)
    wants_json = "--json" in words
    try:
        return _run(words)
    except KeyboardInterrupt:
        print("\ninterrupted; `rueda run` goes on where it stopped", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has seen enough (`rueda runs | head`); a second write must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except RuedaError as error:
        return _fail(error, wants_json=wants_json)
    except OSError as error:
        return _fail(refusal(error), wants_json=wants_json)


def _fail(error: RuedaError, *, wants_json: bool) -> int:
    if wants_json:
        print(json.dumps({"shape": SHAPE, "error": error.problem()}))
    _show(error)
    return error.exit_code


class _Parser(argparse.ArgumentParser):
    """A command line that is wrong is told like any other mistake."""

    def error(self, message: str) -> NoReturn:
        usage = " ".join(self.format_usage().split()).removeprefix("usage: ")
        advice = f"`{self.prog} --help` says what each is"
        if wrong := re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message):
            close = difflib.get_close_matches(wrong[1], re.findall(r"[\w-]+", wrong[2]), n=1)
            advice = f"did you mean {close[0]!r}?" if close else advice
        raise SpecError(
            f"`{self.prog}` cannot be called like this", expected=usage, got=message, do=advice
        )


def _run(words: list[str]) -> int:
    verb = next((word for word in words if not word.startswith("-")), None)
    if verb is not None and verb not in VERBS:
        raise UnknownName.among("command", verb, VERBS)
    parser = _parser(verb)
    parsed = parser.parse_args(words)
    if verb is None:
        parser.print_help()
        return 0
    result: int = importlib.import_module(VERBS[verb].module).run(parsed)
    return result


def _parser(chosen: str | None) -> argparse.ArgumentParser:
    """The parser; only the chosen verb's module is imported, so that `--help` is instant."""
    parser = _Parser(
        prog="rueda",
        description="The whole life of a machine-learning model, and round again.",
        epilog="Start with: rueda init --data FILE --label COLUMN, then: rueda run",
    )
    parser.add_argument("--version", action="version", version=f"rueda {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="COMMAND", title="commands")
    for name, verb in VERBS.items():
        sub = verbs.add_parser(name, help=verb.help, description=verb.help)
        sub.add_argument(
            "--json", action="store_true", help="print one JSON object on standard output"
        )
        if name == chosen:
            importlib.import_module(verb.module).configure(sub)
    return parser


def _show(error: RuedaError) -> None:
    from rueda.wheel.blame import user_traceback

    if (
        error.__cause__ is not None
        and error.exit_code != 1
        and type(error).__name__ == "UserCodeError"
    ):
        from pathlib import Path

        print(user_traceback(error.__cause__, Path.cwd()), file=sys.stderr)
    elif type(error).__name__ == "Defect" and error.__cause__ is not None:
        import traceback

        traceback.print_exception(error.__cause__, file=sys.stderr)
    print(f"{type(error).__name__}: {error}", file=sys.stderr)


__all__ = ["STAGE_VERBS", "main"]

if __name__ == "__main__":
    sys.exit(main())
