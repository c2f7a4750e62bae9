"""Names: what a piece of code takes from outside, and what a scope binds."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Chain: TypeAlias = tuple[str, ...]
"""A global name and the attributes taken from it: ``z.y`` is ``("z", "y")``."""

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True)
class Import:
    """What an imported name stands for: a module, and the attributes taken from it."""

    module: str
    level: int = 0
    attributes: Chain = ()


Bindings: TypeAlias = Mapping[str, Import | None]
"""Names that a scope binds; those bound by an import say what they stand for."""


@dataclass(frozen=True, slots=True)
class Uses:
    """What a piece of code takes from outside: global names, and its own imports."""

    globals: frozenset[Chain]
    imports: frozenset[Import]


def uses(*nodes: ast.AST) -> Uses:
    """What ``nodes``, read at the top level of a module, take from outside."""
    visitor = _UsesVisitor()
    for node in nodes:
        visitor.visit(node)
    return Uses(frozenset(visitor.globals), frozenset(visitor.imports))


class _UsesVisitor(ast.NodeVisitor):
    """Collects names that no enclosing function binds. Class bodies bind nothing here: that takes
    in a little too much, never too little.
    """

    def __init__(self) -> None:
        self.globals: set[Chain] = set()
        self.imports: set[Import] = set()
        self._scopes: list[Bindings] = []

    def visit_Attribute(self, node: ast.Attribute) -> None:
        attributes: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            attributes.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            self._use(inner.id, tuple(attributes))
        else:
            self.visit(inner)

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Store):
            self._use(node.id, ())

    def visit_Global(self, node: ast.Global) -> None:
        self.globals.update((name,) for name in node.names)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outside = [*node.decorator_list, node.args, node.returns]
        self._function(node.args, [n for n in outside if n], node.body)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._function(node.args, [node.args], [node.body])

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        self._comprehension(node.generators, [node.elt])

    visit_SetComp = visit_ListComp  # noqa: N815 - the names that NodeVisitor calls
    visit_GeneratorExp = visit_ListComp  # noqa: N815

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node.generators, [node.key, node.value])

    def _function(
        self, args: ast.arguments, outside: list[ast.AST], body: Sequence[ast.AST]
    ) -> None:
        for part in outside:
            self.visit(part)
        every = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
        parameters = {a.arg: None for a in every if a}
        self._inside({**parameters, **bound(body)}, body)

    def _comprehension(self, generators: list[ast.comprehension], body: list[ast.expr]) -> None:
        # The first iterable is evaluated outside; to look up the others there takes in more.
        for generator in generators:
            self.visit(generator.iter)
        targets = [g.target for g in generators]
        self._inside(bound(targets), [*body, *(test for g in generators for test in g.ifs)])

    def _inside(self, scope: Bindings, body: Sequence[ast.AST]) -> None:
        self._scopes.append(scope)
        for part in body:
            self.visit(part)
        self._scopes.pop()

    def _use(self, name: str, attributes: Chain) -> None:
        for scope in reversed(self._scopes):
            if name in scope:
                if target := scope[name]:
                    chain = (*target.attributes, *attributes)
                    self.imports.add(Import(target.module, target.level, chain))
                return
        self.globals.add((name, *attributes))


def bound(nodes: Sequence[ast.AST]) -> dict[str, Import | None]:
    """The names that ``nodes`` bind in their own scope."""
    found: dict[str, Import | None] = {}
    declared: set[str] = set()
    waiting: list[ast.AST] = list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Global):
            declared.update(node.names)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update(_imported(node))
        elif isinstance(node, DEFINITIONS):
            found[node.name] = None
            continue
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found[node.id] = None
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            found[node.name] = None
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found[node.rest] = None
        if isinstance(node, (ast.Lambda, *_COMPREHENSIONS)):
            # Only a walrus binds outside of these.
            found.update(
                {w.target.id: None for w in ast.walk(node) if isinstance(w, ast.NamedExpr)}
            )
            continue
        waiting.extend(ast.iter_child_nodes(node))
    return {name: target for name, target in found.items() if name not in declared}


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Import]]:
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            target = Import(node.module or "", node.level, (alias.name,))
            if alias.name != "*":
                yield alias.asname or alias.name, target
        elif alias.asname:
            yield alias.asname, Import(alias.name)
        else:
            top = alias.name.partition(".")[0]
            yield top, Import(top)
