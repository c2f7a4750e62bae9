"""The errors of Rueda: one tree, four fields, rendered alike in terminal, HTTP and logs.

::

    RuedaError
    ├── SpecError (ValueError)            what the user declared cannot be meant
    │   ├── UnknownName                   a name that does not exist ("did you mean")
    │   └── NotCanonical (TypeError)      a value without a canonical form
    ├── InputError (ValueError)           what the user brought cannot be used
    │   ├── MissingInput (FileNotFoundError)
    │   ├── BrokenInput                   bytes that do not parse
    │   ├── SchemaMismatch                columns or types that do not fit
    │   └── UnfitData                     readable, but no model can come of it
    ├── NotFound (LookupError)            no such artifact, ref, run, release
    ├── Conflict                          somebody else was first
    │   ├── RefMoved                      compare-and-swap lost
    │   ├── LeaseHeld                     another process works on it
    │   └── LeaseLost                     this process was declared dead
    ├── UserCodeError                     a function of the user raised
    ├── MissingExtra (ImportError)        an optional package is absent
    ├── StoreError (OSError)
    │   ├── Corrupt                       bytes differ from their digest
    │   ├── DiskFull
    │   └── WriteRefused                  read-only, or the device failed
    ├── LedgerError (RuntimeError)
    │   ├── LedgerNewer                   written by a newer Rueda
    │   └── LedgerBusy (TimeoutError)     locked for longer than we wait
    └── Defect (RuntimeError)             a broken promise of ours
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class RuedaError(Exception):
    """An error that says what was expected, what came, and what to do.

    Parameters
    ----------
    what
        One line: what went wrong.
    expected, got, do
        What was expected, what came instead, and the next step for the reader; empty ones are not
        shown.
    """

    exit_code: ClassVar[int] = 2
    http_status: ClassVar[int] = 400

    def __init__(self, what: str, *, expected: str = "", got: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.expected = expected
        self.got = got
        self.do = do

    def __str__(self) -> str:
        lines = [self.what]
        for name in ("expected", "got", "do"):
            if text := getattr(self, name):
                first, *rest = text.splitlines()
                lines.append(f"  {name + ':':<9} {first}")
                lines.extend(f"            {line}" for line in rest)
        return "\n".join(lines)

    def problem(self) -> dict[str, object]:
        """The error as an RFC 9457 ``application/problem+json`` object."""
        return {
            "type": f"urn:rueda:{type(self).__name__}",
            "title": type(self).__name__,
            "status": self.http_status,
            "detail": self.what,
            "expected": self.expected,
            "got": self.got,
            "do": self.do,
        }


class SpecError(RuedaError, ValueError):
    """What the user declared cannot be meant."""


class UnknownName(SpecError):
    """A name that does not exist."""

    @classmethod
    def among(cls, kind: str, name: str, names: Iterable[str]) -> UnknownName:
        """The error for ``name``, with the closest of ``names`` as the advice."""
        known = sorted(names)
        close = difflib.get_close_matches(name, known, n=1)
        advice = f"did you mean {close[0]!r}?" if close else f"use one of: {', '.join(known)}"
        return cls(f"unknown {kind} {name!r}", expected=", ".join(known), got=name, do=advice)


class NotCanonical(SpecError, TypeError):
    """A value without a canonical form: it cannot be part of a fingerprint."""


class InputError(RuedaError, ValueError):
    """What the user brought cannot be used."""

    http_status = 422


class MissingInput(InputError, FileNotFoundError):
    """A file or table that is not there."""


class BrokenInput(InputError):
    """Bytes that do not parse."""


class SchemaMismatch(InputError):
    """Columns or types that do not fit."""


class UnfitData(InputError):
    """Readable data that no model can be made of."""


class NotFound(RuedaError, LookupError):
    """No such artifact, ref, run or release."""

    http_status = 404


class Conflict(RuedaError):
    """Somebody else was first."""

    http_status = 409


class RefMoved(Conflict):
    """A compare-and-swap on a ref was lost."""


class LeaseHeld(Conflict):
    """Another process works on it, and is alive."""


class LeaseLost(Conflict):
    """This process was declared dead; another may have taken over. Nothing was written."""

    exit_code = 1


class UserCodeError(RuedaError):
    """A function of the user raised; the cause carries the user's own traceback."""


class MissingExtra(RuedaError, ImportError):
    """An optional package is absent."""


class StoreError(RuedaError, OSError):
    """The store could not do what it must."""

    exit_code = 1
    http_status = 503


class Corrupt(StoreError):
    """Bytes that differ from their digest; they were not used."""


class DiskFull(StoreError):
    """No space left; nothing half-written is visible."""


class WriteRefused(StoreError):
    """The file system is read-only, or the device reported an error."""


class LedgerError(RuedaError, RuntimeError):
    """The ledger could not do what it must."""

    exit_code = 1
    http_status = 503


class LedgerNewer(LedgerError):
    """The ledger was written by a newer Rueda."""

    exit_code = 2


class LedgerBusy(LedgerError, TimeoutError):
    """The ledger stayed locked for longer than we wait."""


class Defect(RuedaError, RuntimeError):
    """A promise of Rueda's own is broken: report it."""

    exit_code = 1
    http_status = 500
