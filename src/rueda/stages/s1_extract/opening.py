"""From the spec to the source that it names."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from rueda.kernel.errors import MissingInput
from rueda.kernel.plugins import load_plugin
from rueda.kernel.seams import Source
from rueda.stages.s1_extract.spec import Extract


def open_source(spec: Extract, project: Path, cache: Path | None) -> Source:
    """The source that ``spec`` names; ``cache`` is where it may remember digests of files.

    Raises
    ------
    MissingInput
        The SQL file is not there.
    """
    if spec.sql is not None:
        sql: Source = load_plugin("source", "sql")(_text(spec.sql, project), project, cache=cache)
        return sql
    files: Source = load_plugin("source", "files")(
        spec.path, project, cache=cache, nulls=spec.nulls
    )
    return files


def _text(sql: str, project: Path) -> str:
    """SQL text, which has white space in it, or the content of the file that is named."""
    if re.search(r"\s", sql.strip()):
        return sql
    path = project / sql
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        beside = [f.name for f in path.parent.glob("*.sql")] if path.parent.is_dir() else []
        close = difflib.get_close_matches(path.name, beside, n=1, cutoff=0.4)
        raise MissingInput(
            f"there is no SQL file {sql!r}",
            expected="a file with one SELECT, or its text",
            got=f"nothing at {path}",
            do=f"did you mean {close[0]!r}?" if close else "write it beside lifecycle.py",
        ) from error
