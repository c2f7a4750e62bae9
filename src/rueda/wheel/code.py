"""Code: what the functions of a spec reach in the user's own modules, symbol by symbol."""

from __future__ import annotations

import ast
from pathlib import Path

from rueda.kernel.digest import Digest, Json, digest_bytes, digest_json
from rueda.wheel.environment import distributions_of
from rueda.wheel.modules import Module, find_module
from rueda.wheel.names import Chain, Import, Uses, uses
from rueda.wheel.syntax import Statement, dump

_SEES_ALL = frozenset({"globals", "vars", "eval", "exec", "__import__"})
"""Builtins through which code can reach every name of its module."""

TOP = "(top level)"


class Reach:
    """The symbols of the user's modules that code reaches, and the distributions it imports.

    Static: modules are read, never run. A symbol stands for the statements that bind it; what they
    use is reached in turn, through imports between own modules too. A statement that acts (a call,
    a loop, a condition) is reached with any name that it mentions.

    Parameters
    ----------
    project
        The folder of the lifecycle: its modules are looked up there first.
    """

    def __init__(self, project: Path) -> None:
        self.project = project
        self.digests: dict[str, Digest] = {}
        self.distributions: set[str] = set()
        self._reached: set[tuple[str, str]] = set()
        self._acting: dict[str, set[int]] = {}
        self._waiting: list[tuple[Module, Chain]] = []

    def symbol(self, module: str, path: Path, name: str) -> bool:
        """Reach ``name`` of the module ``module`` in the file ``path``; False if nothing there
        binds it.
        """
        place = Module(module, path)
        if name not in place.syntax.binders and not place.syntax.stars:
            return False
        self._enter(place, (name,))
        return True

    def code(self, label: str, module: str, path: Path, node: ast.AST) -> None:
        """Reach a piece of code that no global name stands for, a lambda, and all that it uses."""
        self.digests[label] = digest_json(dump(node))
        self._follow(Module(module, path), uses(node))
        self._drain()

    def typed(self, label: str, tree: ast.AST) -> bool:
        """Reach a definition without a file; False if it was reached before."""
        new = label not in self.digests
        self.digests[label] = digest_json(dump(tree))
        return new

    def value(self, label: str, encoded: Json) -> None:
        """Reach a global value that stands in no file, in its canonical form."""
        self.digests[label] = digest_json(encoded)

    def library(self, module: str) -> None:
        """Reach the distribution that ``module`` (or ``module:name``) belongs to."""
        self.distributions |= distributions_of(module.partition(":")[0].partition(".")[0])

    def imported(self, target: Import) -> None:
        """Reach what an absolute import stands for."""
        self._import(target, None)
        self._drain()

    def _enter(self, place: Module, chain: Chain) -> None:
        self._waiting.append((place, chain))
        self._drain()

    def _drain(self) -> None:
        while self._waiting:
            place, chain = self._waiting.pop()
            self._name(place, chain)

    def _name(self, place: Module, chain: Chain) -> None:
        name, *attributes = chain
        syntax = place.syntax
        binders = syntax.binders.get(name, [])
        if not binders:
            self._unbound(place, name, tuple(attributes))
            return
        for statement in binders:
            if target := statement.bindings[name]:
                self._import(_with(target, tuple(attributes)), place)
        if (place.name, name) in self._reached:
            return
        self._reached.add((place.name, name))
        self.digests[f"{place.name}:{name}"] = digest_json([_meaning(s, name) for s in binders])
        for statement in binders:
            if statement.bindings[name] is None:
                self._follow(place, statement.uses)
        self._act(place, name)

    def _unbound(self, place: Module, name: str, attributes: Chain) -> None:
        """A builtin, or a name that a star import may bring."""
        if name in _SEES_ALL:
            self._whole(place)
        for star in place.syntax.stars:
            self._import(_with(star, (name, *attributes)), place)

    def _act(self, place: Module, name: str) -> None:
        """Reach the acting statements of ``place`` that mention ``name``."""
        known = self._acting.setdefault(place.name, set())
        acting = place.syntax.acting
        for number, statement in enumerate(acting):
            if number in known or name not in statement.mentions:
                continue
            known.add(number)
            self._waiting.extend((place, (bound,)) for bound in statement.bindings)
            self._follow(place, statement.uses)
        if known:
            texts = [acting[number].text for number in sorted(known)]
            self.digests[f"{place.name}:{TOP}"] = digest_json(texts)

    def _follow(self, place: Module, used: Uses) -> None:
        self._waiting.extend((place, chain) for chain in sorted(used.globals))
        for target in used.imports:
            self._import(target, place)

    def _import(self, target: Import, place: Module | None) -> None:
        name = _absolute(target, place)
        top = name.partition(".")[0]
        module = find_module(name, self.project)
        if module is None:
            self.library(top)
        elif module.path.suffix == ".py":
            self._attribute(module, target)
        elif module.path.is_file():
            self.digests[f"{name}:*"] = digest_bytes(module.path.read_bytes())
        else:
            self._below(module, target)

    def _attribute(self, module: Module, target: Import) -> None:
        first = target.attributes[:1]
        syntax = module.syntax
        if first and (
            first[0] in syntax.binders or (syntax.stars and not self._sub(module, first))
        ):
            self._waiting.append((module, target.attributes))
            return
        if first and self._sub(module, first):
            self._below(module, target)
            return
        self._whole(module)

    def _sub(self, module: Module, first: Chain) -> bool:
        return find_module(f"{module.name}.{first[0]}", self.project) is not None

    def _below(self, module: Module, target: Import) -> None:
        """Go on into the submodule that the first attribute names, if there is one."""
        if target.attributes and self._sub(module, target.attributes[:1]):
            name = f"{module.name}.{target.attributes[0]}"
            self._import(Import(name, 0, target.attributes[1:]), None)

    def _whole(self, module: Module) -> None:
        self._waiting.extend(
            (module, (name,))
            for name in module.syntax.binders
            if (module.name, name) not in self._reached
        )
        for statement in module.syntax.acting:
            for name in statement.mentions:
                self._act(module, name)


def _absolute(target: Import, place: Module | None) -> str:
    if not target.level or place is None:
        return target.module
    parts = place.package.split(".")
    parts = parts[: len(parts) - target.level + 1]
    return ".".join([*parts, *([target.module] if target.module else [])])


def _with(target: Import, attributes: Chain) -> Import:
    return Import(target.module, target.level, (*target.attributes, *attributes))


def _meaning(statement: Statement, name: str) -> object:
    target = statement.bindings[name]
    if target is None:
        return dump(statement.node)
    return ["import", target.level, target.module, list(target.attributes)]
