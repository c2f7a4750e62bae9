"""Write the reference: Python names, commands and errors, from what the code says of itself.

``make docs`` runs it. The pages lie beside ``json.md``, which is written by hand, and are not kept
in the repository: they cannot be older than the code.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import rueda
from rueda.cli.main import _parser
from rueda.cli.verbs import VERBS
from rueda.kernel import errors

FOLDER = Path(__file__).parent / "reference"


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(exist_ok=True)
    for name, lines in (("python", python()), ("commands", commands()), ("errors", tree())):
        path = folder / f"{name}.md"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"wrote {path}")
    return 0


def python() -> Iterator[str]:
    """Every public name with its signature and its docstring."""
    yield "# Python names\n\n`import rueda as rd` gives these names, in the order of a lifecycle.\n"
    for name in rueda.__all__:
        thing = getattr(rueda, name)
        yield f"## rd.{name}\n\n```python\n{_signature(name, thing)}\n```\n"
        yield _prose(inspect.getdoc(thing) or "") + "\n"
        for method, function in _methods(thing):
            yield f"### rd.{name}.{method}\n\n```python\n{_signature(method, function)}\n```\n"
            yield _prose(inspect.getdoc(function) or "") + "\n"


def _signature(name: str, thing: object) -> str:
    """``name(parameter: type = default, …)`` as one would write it."""
    parameters = [
        _parameter(parameter)
        for parameter in inspect.signature(thing).parameters.values()  # type: ignore[arg-type]
        if parameter.name != "self"
    ]
    line = f"{name}({', '.join(parameters)})"
    if len(line) <= 88:
        return line
    return f"{name}(\n    " + ",\n    ".join(parameters) + ",\n)"


def _parameter(parameter: inspect.Parameter) -> str:
    star = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    shown = f"{star.get(parameter.kind, '')}{parameter.name}: {parameter.annotation}"
    if parameter.default is inspect.Parameter.empty:
        return shown
    default = repr(parameter.default)
    return f"{shown} = {'…' if default.startswith('<') else default}"


def _methods(thing: object) -> Iterator[tuple[str, object]]:
    if not inspect.isclass(thing) or issubclass(thing, Exception):
        return
    for name, function in vars(thing).items():
        if inspect.isfunction(function) and not name.startswith("_") and inspect.getdoc(function):
            yield name, function


def _prose(text: str) -> str:
    """A numpydoc docstring as Markdown: underlined sections in bold, examples as code."""
    text = re.sub(r"(?m)^(\w[\w ]*)\n-{3,}$", r"**\1**\n", text)
    text = text.replace("``", "`")
    return re.sub(r"(?m)((?:^(?:>>>|\.\.\.) .*\n?(?:^(?!>>>|$).*\n?)*)+)", _as_code, text)


def _as_code(found: re.Match[str]) -> str:
    return f"```pycon\n{found.group(1).rstrip()}\n```\n"


def commands() -> Iterator[str]:
    """Every command with its arguments and options, as `--help` tells them."""
    yield "# Commands\n\nExit codes: 0 fine, 1 our fault, 2 your mistake, 3 a check said no."
    yield "Each takes `--json` and then prints one object; [its shapes](json.md) are kept.\n"
    for verb in VERBS:
        parser = _parser(verb)
        chosen = next(
            action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
        ).choices[verb]
        yield f"## rueda {verb}\n\n{VERBS[verb].help.capitalize()}.\n"
        yield f"```text\n{_help(chosen)}\n```\n"


def _help(parser: argparse.ArgumentParser) -> str:
    parser.formatter_class = lambda prog: argparse.HelpFormatter(prog, width=92)  # type: ignore[assignment]
    shown = parser.format_help()
    # The description stands above the block already.
    return "\n\n".join(
        part for part in shown.rstrip().split("\n\n") if part != (parser.description or "")
    )


def tree() -> Iterator[str]:
    """The tree of errors, and what each means to a terminal and to HTTP."""
    picture = (errors.__doc__ or "").split("::", 1)[1].rstrip()
    yield "# Errors\n\nEach has four parts: what, `expected`, `got`, `do`. What to do about each:"
    yield "[troubleshooting](../how-to/troubleshooting.md).\n"
    yield f"```text\n{inspect.cleandoc(picture)}\n```\n"
    yield "| error | meaning | exit code | HTTP |\n|---|---|---|---|"
    for error in error_classes():
        first = (inspect.getdoc(error) or "").split("\n\n")[0].replace("\n", " ")
        yield f"| `{error.__name__}` | {first} | {error.exit_code} | {error.http_status} |"


def error_classes() -> list[type[errors.RuedaError]]:
    """The classes of the tree, in the order of the file."""
    module = importlib.import_module("rueda.kernel.errors")
    return [
        thing
        for thing in vars(module).values()
        if inspect.isclass(thing) and issubclass(thing, errors.RuedaError)
    ]


if __name__ == "__main__":
    sys.exit(main())
