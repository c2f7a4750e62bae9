"""Which files a path, a glob or a folder stands for."""

from __future__ import annotations

import difflib
import glob
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rueda.kernel.errors import BrokenInput, MissingInput, SpecError

FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
}
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}


def list_files(pattern: str, project: Path) -> list[Path]:
    """The files that ``pattern`` stands for, in the order of their names.

    Raises
    ------
    MissingInput
        There is none.
    """
    path = project / Path(pattern).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        found = sorted(f for f in path.rglob("*") if f.is_file() and _is_known(f))
    else:
        found = sorted(Path(f) for f in glob.glob(str(path), recursive=True) if Path(f).is_file())
    found = [f for f in found if not f.name.startswith(".")]
    if found:
        return found
    raise MissingInput(
        f"there are no files to read at {pattern!r}",
        expected=f"a file, a glob, or a folder with {', '.join(sorted(set(FORMATS)))} files",
        got=f"a folder without any: {path}" if path.is_dir() else f"nothing at {path}",
        do=_advice(path),
    )


def format_of(path: Path) -> str:
    """The format of ``path`` by its name: ``csv``, ``json`` or ``parquet``.

    Raises
    ------
    SpecError
        The name tells no format.
    """
    suffixes = [s.lower() for s in path.suffixes if s.lower() not in COMPRESSIONS]
    if suffixes and suffixes[-1] in FORMATS:
        return FORMATS[suffixes[-1]]
    raise SpecError(
        f"the name of {path.name!r} tells no format",
        expected=f"a name that ends in {', '.join(FORMATS)}, and .gz or .zst after it",
        got=path.name,
        do="rename the file, or read it in SQL: rd.Extract(sql=\"SELECT * FROM read_csv('…')\")",
    )


def compression_of(path: Path) -> str | None:
    """The compression of ``path`` by its name; None for none."""
    return COMPRESSIONS.get(path.suffix.lower())


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what the system says about ``path`` into an error for people.

    Raises
    ------
    MissingInput, BrokenInput
        It went away; it may not be read, or does not decompress.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise MissingInput(
            f"{path.name} is not there any more",
            expected="a file that stays while it is read",
            got=f"nothing at {path}",
            do="run again",
        ) from error
    except (OSError, EOFError) as error:
        raise BrokenInput(
            f"{path.name} cannot be read",
            expected="a whole file that this user may read",
            got=str(error),
            do="check its permissions, and that it is what its name says",
        ) from error


def _is_known(path: Path) -> bool:
    return any(s.lower() in FORMATS for s in path.suffixes)


def _advice(path: Path) -> str:
    if path.is_dir():
        return "put the files there, or name another folder"
    beside = [f.name for f in path.parent.glob("*")] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, beside, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return "check the path; it starts at the folder of lifecycle.py"
