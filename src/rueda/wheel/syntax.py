"""Syntax: a Python file as text; what each of its top-level statements binds and uses."""

from __future__ import annotations

import ast
import importlib.util
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from rueda.kernel.errors import NotCanonical
from rueda.wheel.names import DEFINITIONS, Bindings, Import, Uses, bound, uses

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Statement:
    """One top-level statement.

    ``acts`` says that it does more than define plain names: it may change what others defined.
    """

    node: ast.stmt
    bindings: Bindings
    acts: bool

    @cached_property
    def uses(self) -> Uses:
        return uses(self.node)

    @cached_property
    def text(self) -> str:
        return dump(self.node)

    @cached_property
    def mentions(self) -> frozenset[str]:
        """Names that it may change: those it binds and those it reads."""
        return frozenset(self.bindings) | {chain[0] for chain in self.uses.globals}


@dataclass(frozen=True)
class Syntax:
    """A module's statements."""

    path: Path
    tree: ast.Module
    statements: tuple[Statement, ...]
    stars: tuple[Import, ...] = field(default=())
    """Modules whose names are all imported."""

    @cached_property
    def binders(self) -> dict[str, list[Statement]]:
        """The statements that bind each name."""
        found: dict[str, list[Statement]] = {}
        for statement in self.statements:
            for name in statement.bindings:
                found.setdefault(name, []).append(statement)
        return found

    @cached_property
    def acting(self) -> tuple[Statement, ...]:
        return tuple(s for s in self.statements if s.acts)


_parsed: dict[Path, tuple[tuple[int, int], Syntax]] = {}


def read_syntax(path: Path) -> Syntax:
    """The syntax of the file ``path``; parsed again only when its time or size changed.

    Raises
    ------
    NotCanonical
        The file does not parse.
    """
    status = path.stat()
    stamp = (status.st_mtime_ns, status.st_size)
    known = _parsed.get(path)
    if known is None or known[0] != stamp:
        known = (stamp, parse(path.read_bytes(), path))
        _parsed[path] = known
    return known[1]


def parse(source: bytes, path: Path) -> Syntax:
    """The syntax of ``source``; ``path`` names it in errors."""
    try:
        tree = ast.parse(importlib.util.decode_source(source))
    except (SyntaxError, ValueError) as error:
        raise NotCanonical(
            f"{path.name} is reached from the lifecycle and does not parse",
            expected="Python source",
            got=str(error),
            do="mend the file",
        ) from error
    return Syntax(path, tree, tuple(_statements(tree)), tuple(_stars(tree)))


def _statements(tree: ast.Module) -> Iterator[Statement]:
    for node in tree.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        acts = not isinstance(node, (*DEFINITIONS, ast.Import, ast.ImportFrom))
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            acts = not _plain_targets(node)
        yield Statement(node, bound([node]), acts)


def _plain_targets(node: ast.Assign | ast.AnnAssign) -> bool:
    """Whether only names are assigned: ``X[0] = 1`` and ``X.y = 1`` change what ``X`` names."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    parts = (ast.Name, ast.Tuple, ast.List, ast.Starred, ast.expr_context)
    return all(isinstance(part, parts) for target in targets for part in ast.walk(target))


def _stars(tree: ast.Module) -> Iterator[Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            yield Import(node.module or "", node.level)


def dump(*nodes: ast.AST) -> str:
    """The structure of ``nodes`` as text, without positions, comments and docstrings."""
    return "\n".join(_dump(node) for node in nodes)


def _dump(value: object) -> str:
    if isinstance(value, ast.AST):
        fields: list[tuple[str, Any]] = [(n, getattr(value, n, None)) for n in value._fields]
        if isinstance(value, (*DEFINITIONS, ast.Module)) and ast.get_docstring(value) is not None:
            fields = [(n, v[1:] if n == "body" else v) for n, v in fields]
        return f"{type(value).__name__}({','.join(_dump(v) for n, v in fields if n != 'kind')})"
    if isinstance(value, list):
        return f"[{','.join(map(_dump, value))}]"
    return repr(value)


def find_function(syntax: Syntax, code: types.CodeType) -> ast.AST:
    """The function or lambda that ``code`` was compiled from.

    Raises
    ------
    LookupError
        No such function, or several that cannot be told apart.
    """
    nodes = ast.walk(syntax.tree)
    if code.co_name == "<lambda>":
        around = [n for n in nodes if isinstance(n, ast.Lambda) and _holds(n, code)]
        # Those around it hold its code too: the innermost is the one that begins last.
        around.sort(key=lambda n: (n.body.lineno, n.body.col_offset))
        found: list[ast.AST] = list(around)
        if found and _places(code):
            return found[-1]
    else:
        found = [n for n in nodes if isinstance(n, _FUNCTIONS) and _starts(n, code)]
    if len(found) != 1:
        raise LookupError(code.co_name)
    return found[0]


def _starts(node: ast.FunctionDef | ast.AsyncFunctionDef, code: types.CodeType) -> bool:
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return node.name == code.co_name and first == code.co_firstlineno


def _holds(node: ast.Lambda, code: types.CodeType) -> bool:
    """Whether all instructions of ``code`` stand in the body of ``node``; several lambdas may share
    a line.
    """
    places = _places(code)
    if not places:
        return node.lineno == code.co_firstlineno
    body = node.body
    first, last = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
    return all(first <= start and end <= last for start, end in places)


def _places(code: types.CodeType) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where the instructions stand; none when the interpreter was told not to remember."""
    return [
        ((line, column), (end_line, end_column))
        for line, end_line, column, end_column in code.co_positions()
        if line and end_line and column is not None and end_column
    ]
