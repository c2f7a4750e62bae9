"""A schema as YAML: one short block a column, with a head that says how to read it."""

from __future__ import annotations

from typing import Any

import yaml

from rueda.artifacts.schema.column import Column
from rueda.artifacts.schema.schema import Schema
from rueda.kernel.errors import SpecError, UnknownName

_HEAD = """\
# What Rueda expects of the data. It was inferred from the training rows, with some room; review
# it, mend it, commit it. Each extraction is checked against it: what is wrong in at most 1 % of
# the rows is a warning, what is wrong in more stops the wheel, and so does a column that is new,
# missing or of another type.
#
#   type      the Arrow type               values    all values that the column may hold
#   present   least share of rows with     min, max  least and greatest value
#             a value                      finite    neither NaN nor infinite
#   unique    no value occurs twice        serving   false: absent when predictions are asked for

"""


def schema_text(schema: Schema) -> str:
    """``schema`` as YAML; ``parse_schema`` gives it back."""
    rows = {"min": schema.min_rows, "max": schema.max_rows}
    bounds = {name: bound for name, bound in rows.items() if bound is not None}
    parts = [_HEAD, _dump({"training_rows": bounds}), "\n", "columns:\n"]
    for column in schema.columns:
        block = _dump({column.name: column.to_json()})
        parts.append("".join(f"  {line}\n" if line else "\n" for line in block.splitlines()) + "\n")
    return "".join(parts).rstrip() + "\n"


def parse_schema(text: str) -> Schema:
    """The schema that ``text`` states.

    Raises
    ------
    SpecError
        It states none.
    """
    try:
        tree = yaml.load(text, _Loader)  # noqa: S506 (a SafeLoader)
    except yaml.YAMLError as error:
        raise SpecError(
            "the schema file does not parse as YAML",
            expected="columns: with one block each",
            got=str(error),
            do="mend the line that is named",
        ) from None
    if not isinstance(tree, dict) or not isinstance(tree.get("columns"), dict):
        raise SpecError(
            "the schema file has no columns",
            expected="columns: with one block each",
            got=type(tree).__name__,
            do="delete it and let a run infer it again",
        )
    for word in tree:
        if word not in ("columns", "training_rows"):
            raise UnknownName.among("word in the schema", str(word), ["columns", "training_rows"])
    rows = _bounds(tree.get("training_rows") or {})
    columns = tuple(Column.from_json(str(name), block) for name, block in tree["columns"].items())
    return Schema(columns, rows.get("min"), rows.get("max"))


def _bounds(rows: Any) -> dict[str, int]:
    good = isinstance(rows, dict) and all(
        word in ("min", "max") and isinstance(n, int) and not isinstance(n, bool) and n >= 0
        for word, n in rows.items()
    )
    if not good:
        raise SpecError(
            "the schema has wrong training_rows",
            expected="training_rows: {min: 1000}",
            got=repr(rows),
            do="give min, max or neither, as whole numbers",
        )
    bounds: dict[str, int] = rows
    return bounds


def _dump(tree: dict[str, Any]) -> str:
    return yaml.dump(
        tree,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=96,
        default_flow_style=False,
    )


class _Dumper(yaml.SafeDumper):
    """Lists on one line, as people write a few values."""


_Dumper.add_representer(
    list, lambda dumper, items: dumper.represent_sequence("tag:yaml.org,2002:seq", items, True)
)


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice; moments stay text."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for (key, _), value in zip(node.value, keys, strict=True):
            if keys.count(value) > 1:
                raise yaml.MarkedYAMLError(
                    problem=f"{value!r} stands twice", problem_mark=key.start_mark
                )
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith("timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
