"""`rueda init`: write a lifecycle.py that runs, from one look at the data."""

from __future__ import annotations

import argparse
import json
import keyword
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from rueda.cli.declared import FILE
from rueda.cli.terminal import out, print_json
from rueda.kernel.errors import SpecError, UnknownName

if TYPE_CHECKING:
    import pyarrow as pa

FEW = 20
"""Whole numbers with at most this many values in the sample are classes; more make a regression."""

TEMPLATE = '''"""{headline}"""

{imports}

import rueda as rd

lifecycle = rd.Lifecycle(
    name="{name}",
    # {found}
    extract=rd.Extract({extract}),
    # Without steps the preparation chooses by type; `rueda show {name}@champion` says what.
    prepare=rd.Prepare(),
    train=rd.Train({model}),
    evaluate=rd.Evaluate(gates=[rd.NotWorseThan("champion", "{metric}", margin=0.0)]),
)
'''


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, default=Path(), help="where (here)")
    parser.add_argument("--data", required=True, metavar="FILE", help="a file or a glob")
    parser.add_argument("--label", required=True, metavar="COLUMN", help="the column to predict")
    parser.add_argument("--name", help="the model's name (from the file's name)")
    parser.add_argument("--force", action="store_true", help="replace an existing lifecycle.py")


def run(arguments: argparse.Namespace) -> int:
    folder: Path = arguments.folder
    target = folder / FILE
    if target.exists() and not arguments.force:
        raise SpecError(
            f"{target} exists already",
            expected="a folder without a lifecycle.py",
            got=str(target.resolve()),
            do="give another folder, or replace it with --force",
        )
    sample = _sample(arguments.data, arguments.label)
    given = os.path.relpath(Path(arguments.data).absolute(), folder.absolute())
    text = write(given, sample, arguments.label, arguments.name)
    folder.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    if arguments.json:
        print_json({"written": str(target), "label": arguments.label})
    else:
        where = "" if folder == Path() else f"cd {folder} && "
        out().print(f"wrote {target}\nnext: {where}rueda run", soft_wrap=True, markup=False)
    return 0


def write(given: str, sample: pa.RecordBatch, label: str, name: str | None = None) -> str:
    """The text of a lifecycle.py for the file ``given``, of which ``sample`` was seen."""
    classes = _is_class(sample, label)
    kind = "Classifier" if classes else "Regressor"
    roles = _roles(sample, label)
    found = f"{sample.num_columns} columns; " + (
        ", ".join(f"{role} {column!r}" for role, column in roles.items()) or "no time or key column"
    )
    extract = ", ".join(
        [_quoted(given), *[f"{role}={_quoted(c)}" for role, c in {"label": label, **roles}.items()]]
    )
    return TEMPLATE.format(
        headline=f"Predicts {label} from {Path(given).name}.",
        imports=f"from sklearn.ensemble import HistGradientBoosting{kind}",
        name=name or _name(given),
        found=found,
        extract=f'{extract}, schema="schema.yaml"',
        model=f"HistGradientBoosting{kind}()",
        metric="log_loss" if classes else "rmse",
    )


def _sample(given: str, label: str) -> pa.RecordBatch:
    from rueda.stages.s1_extract import Extract, open_source

    # From here, not from the folder: that one may not exist yet.
    source = open_source(Extract(given, label=label), Path.cwd(), None)
    # Broken rows are for the run to quarantine and to count.
    batch = next(iter(source.batches(lambda _: None)))
    if label not in batch.schema.names:
        raise UnknownName.among("column", label, batch.schema.names)
    return batch


def _is_class(sample: pa.RecordBatch, label: str) -> bool:
    import pyarrow.types as types

    column = sample.column(label)
    if types.is_floating(column.type) or types.is_decimal(column.type):
        return False
    if types.is_integer(column.type):
        return len(column.drop_null().unique()) <= FEW
    return True


def _roles(sample: pa.RecordBatch, label: str) -> dict[str, str]:
    """The time column, if just one stands for time; the key, if one of that name is unique."""
    import pyarrow.types as types

    roles = {}
    times = [f.name for f in sample.schema if types.is_timestamp(f.type) and f.name != label]
    if len(times) == 1 and sample.column(times[0]).null_count == 0:
        roles["time"] = times[0]
    for field in sample.schema:
        if re.fullmatch(r"(?i)(.*_)?(id|key|uuid)", field.name) and field.name != label:
            column = sample.column(field.name)
            if column.null_count == 0 and len(column.unique()) == len(column):
                roles["key"] = field.name
                break
    return roles


def _quoted(text: str) -> str:
    """``text`` as Python writes it, in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def _name(given: str) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", Path(given).name.split(".")[0].lower()).strip("-")
    return stem[:63] if stem and not keyword.iskeyword(stem) else "model"
