"""Function: how a function or class of a spec is named, and the code that it brings."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rueda.kernel.digest import Json
from rueda.kernel.errors import NotCanonical
from rueda.wheel.modules import is_own
from rueda.wheel.names import Import, Uses, uses
from rueda.wheel.syntax import find_function, read_syntax

if TYPE_CHECKING:
    from rueda.wheel.encode import Encoder


def encode_function(encoder: Encoder, value: types.FunctionType, where: str) -> Json:
    """The canonical form of ``value``; its code goes to ``encoder.reach``."""
    code = inspect.unwrap(value).__code__
    path = Path(code.co_filename)
    found: dict[str, Json] = {"function": f"{value.__module__}:{value.__qualname__}"}
    inner = "<" in value.__qualname__
    if is_own(value.__module__, path, encoder.project):
        if inner:
            _reach_inner(encoder, value, path, where)
        elif not encoder.reach.symbol(value.__module__, path, value.__qualname__.partition(".")[0]):
            raise _unreadable(where, value)
    elif path.is_file():
        encoder.reach.library(value.__module__)
    else:
        _reach_typed(encoder, value, where)
    if inner:
        found |= _captured(encoder, value, where)
    return found


def reach_class(encoder: Encoder, value: type | types.FunctionType, where: str) -> None:
    """Reach the code, or the distribution, of the class ``value``; a model may hold functions
    too.
    """
    if isinstance(value, types.FunctionType):
        encode_function(encoder, value, where)
        return
    path = _class_file(value)
    if path is not None and is_own(value.__module__, path, encoder.project):
        if not encoder.reach.symbol(value.__module__, path, value.__qualname__.partition(".")[0]):
            raise _unreadable(where, value)
    elif value.__module__ == "__main__":
        _reach_typed(encoder, value, where)
    else:
        encoder.reach.library(value.__module__)


def _class_file(value: type) -> Path | None:
    """The file that defines ``value``: that of a method, since modules of one name may come and
    go, or else that of the module.
    """
    for member in vars(value).values():
        code = getattr(inspect.unwrap(member) if callable(member) else None, "__code__", None)
        its_own = getattr(member, "__module__", None) == value.__module__
        if its_own and code is not None and Path(code.co_filename).is_file():
            return Path(code.co_filename)
    file = getattr(sys.modules.get(value.__module__), "__file__", None)
    return Path(file) if file else None


def _reach_inner(encoder: Encoder, value: types.FunctionType, path: Path, where: str) -> None:
    """Reach a lambda or a function made inside another: its own code, and the function around
    it.
    """
    try:
        node = find_function(read_syntax(path), inspect.unwrap(value).__code__)
    except LookupError:
        raise _unreadable(where, value) from None
    module = value.__module__
    encoder.reach.code(f"{module}:{value.__qualname__} at {where}", module, path, node)
    outer = value.__qualname__.partition(".")[0]
    if "<" not in outer:
        encoder.reach.symbol(module, path, outer)


def _captured(encoder: Encoder, value: types.FunctionType, where: str) -> dict[str, Json]:
    """What the code alone does not say: values that the function closed over, and its defaults."""
    found: dict[str, Json] = {}
    if value.__closure__:
        names = value.__code__.co_freevars
        found["closure"] = {
            name: encoder.encode(cell.cell_contents, f"{where}.{name}")
            for name, cell in zip(names, value.__closure__, strict=True)
            if not _empty(cell)
        }
    if value.__defaults__ or value.__kwdefaults__:
        defaults = [value.__defaults__, value.__kwdefaults__]
        found["defaults"] = encoder.encode(defaults, f"{where}.defaults")
    return found


def _empty(cell: types.CellType) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return True
    return False


def _reach_typed(encoder: Encoder, value: Any, where: str) -> None:
    """Reach code that was typed into a notebook or a prompt: there is no file, but its cell is
    remembered, and the names that it uses are looked up alive.
    """
    try:
        source = textwrap.dedent(inspect.getsource(value))
        tree = ast.parse(source)
    except (OSError, TypeError, SyntaxError):
        raise _unreadable(where, value) from None
    module = vars(sys.modules.get(value.__module__, sys))
    label = f"{value.__module__}:{value.__qualname__}"
    if encoder.reach.typed(label, tree):
        alive = value.__globals__ if isinstance(value, types.FunctionType) else module
        _reach_alive(encoder, uses(tree), alive, label)


def _reach_alive(encoder: Encoder, used: Uses, alive: dict[str, Any], label: str) -> None:
    for target in used.imports:
        encoder.reach.imported(target)
    for name, *attributes in sorted(used.globals):
        if name not in alive:
            continue
        value = alive[name]
        if isinstance(value, types.ModuleType):
            encoder.reach.imported(Import(value.__name__, 0, tuple(attributes)))
        else:
            encoded = encoder.encode(value, f"{label}.{name}")
            encoder.reach.value(f"{label}.{name}", encoded)


def _unreadable(where: str, value: Any) -> NotCanonical:
    return NotCanonical(
        f"the source of {value.__module__}.{value.__qualname__}, given as {where}, cannot be read",
        expected="a function or class whose source stands in a file, as it was loaded",
        got=f"{value!r}",
        do="move it into a module of the project, or load the lifecycle again if it was edited",
    )
