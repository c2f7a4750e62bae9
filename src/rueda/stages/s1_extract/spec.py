"""What a user declares about the data: where it is, what its columns mean, how it is split."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from datetime import date, datetime

from rueda.kernel.errors import SpecError


@dataclass(frozen=True)
class ByTime:
    """Hold out what happened last, by the time column: the honest test of a forecast.

    Parameters
    ----------
    holdout
        The share of labeled rows that is held out, or the moment (RFC 3339 text) from which on
        rows are. Rows of one moment stay together.
    """

    holdout: float | str = 0.2

    def __post_init__(self) -> None:
        if isinstance(self.holdout, date):
            object.__setattr__(self, "holdout", self.holdout.isoformat())
        if not isinstance(self.holdout, str):
            _check_share("ByTime", self.holdout)
            return
        try:
            datetime.fromisoformat(self.holdout)
        except ValueError:
            raise SpecError(
                f"ByTime cannot hold out from {self.holdout!r} on",
                expected="a share such as 0.2, or a moment such as '2013-10-01'",
                got=self.holdout,
                do="write the moment as YYYY-MM-DD or YYYY-MM-DDThh:mm:ss",
            ) from None


@dataclass(frozen=True)
class ByKey:
    """Hold out a fixed share by a hash of the key, or of all features where there is no key.

    A row stays on its side however the data grow. Copies of a row are on one side; in a table of
    few kinds of rows, such as one of flags alone, more than 16 equal rows are no copies, and are
    spread.

    Parameters
    ----------
    holdout
        The share that is held out.
    """

    holdout: float = 0.2

    def __post_init__(self) -> None:
        _check_share("ByKey", self.holdout)


@dataclass(frozen=True)
class ByColumn:
    """Hold out the rows whose ``column`` holds ``holdout``; the column is no feature then.

    Parameters
    ----------
    column
        The column that tells the side.
    holdout
        Its value on held-out rows; text for a text column, ``True`` for a truth, a number.
    """

    column: str
    holdout: str | int | bool = "test"


@dataclass(frozen=True)
class Extract:
    """Where the data are, and what their columns mean.

    Parameters
    ----------
    path
        A file, a glob or a folder of CSV, TSV, JSON lines or Parquet files (also ``.gz``,
        ``.zst``), relative to the folder of the lifecycle.
    sql
        Instead of ``path``: a SELECT over files, or the name of a file that holds one. Paths in it
        start at the folder of the lifecycle.
    label
        The column to predict. Rows without it are kept apart, and counted.
    time
        When each row happened.
    key
        What names a row; no feature.
    schema
        The file of expectations that is written on the first run and checked from then on.
    split
        ``ByTime``, ``ByKey`` or ``ByColumn``; by default ``ByTime()`` where there is ``time``, else
        ``ByKey()``.
    drop
        Columns to leave out.
    nulls
        Texts that stand for a missing value in every column of a CSV file, beside the empty cell.

    Raises
    ------
    SpecError
        Not exactly one of ``path`` and ``sql`` is given, or two columns share a role.
    """

    path: str | None = None
    _: KW_ONLY
    sql: str | None = None
    label: str = ""
    time: str | None = None
    key: str | None = None
    schema: str | None = None
    split: ByTime | ByKey | ByColumn | None = None
    drop: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "drop", _names(self.drop))
        object.__setattr__(self, "nulls", _names(self.nulls))
        if (self.path is None) == (self.sql is None):
            raise SpecError(
                "Extract needs either a path or sql",
                expected='rd.Extract("data.csv", label="y") or rd.Extract(sql="rows.sql", …)',
                got="both" if self.path else "neither",
                do="name one source",
            )
        if not self.label:
            raise SpecError(
                "Extract needs to know the label",
                expected="label= the column to predict",
                got="none",
                do=f'write rd.Extract({(self.path or "…")!r}, label="…")',
            )
        self._check_roles()

    def _check_roles(self) -> None:
        roles = {"label": self.label, "time": self.time, "key": self.key}
        given = [name for name in roles.values() if name]
        for name in given:
            if given.count(name) > 1 or name in self.drop:
                raise SpecError(
                    f"the column {name!r} cannot have two roles",
                    expected="different columns as label, time and key, none of them dropped",
                    got=", ".join(f"{role}={column!r}" for role, column in roles.items() if column),
                    do="name another column, or none",
                )
        if isinstance(self.split, ByTime) and not self.time:
            raise SpecError(
                "a split by time needs a time column",
                expected="time= the column that says when a row happened",
                got="no time",
                do="add time=…, or split by rd.ByKey()",
            )

    @property
    def splits_by(self) -> ByTime | ByKey | ByColumn:
        """The split, the default worked out."""
        return self.split or (ByTime() if self.time else ByKey())


def _names(given: tuple[str, ...] | list[str] | str) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _check_share(split: str, share: float) -> None:
    number = isinstance(share, int | float) and not isinstance(share, bool)
    if not number or not 0 < share < 1:
        raise SpecError(
            f"{split} cannot hold out {share!r} of the rows",
            expected="a share between 0 and 1, such as 0.2",
            got=repr(share),
            do="give a share, or leave it out for 0.2",
        )
