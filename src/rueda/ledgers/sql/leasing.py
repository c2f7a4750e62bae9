"""Leases: the right to work on something for a while, with a token that fences late writers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from rueda.kernel.errors import LeaseHeld, LeaseLost
from rueda.kernel.record import Lease, utc_text
from rueda.ledgers.sql.database import Moment
from rueda.ledgers.sql.tables import leases

# The owner of a lease that was given back; its row stays, because tokens only grow.
_NOBODY = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller of ``Ledger.lease`` asked for."""

    name: str
    owner: str
    ttl_s: float
    token: int | None


def grant_lease(connection: Connection, request: Request, moment: Moment, position: int) -> Lease:
    """Take, renew or give back a lease.

    An owner that takes its own lease again gets a new token, and so fences its former self.
    """
    row = _row(connection, request.name)
    if request.token is not None:
        _check_standing(row, request.name, request.token, gives_back=request.ttl_s <= 0)
        token = request.token
    else:
        if row is not None and row["owner"] != request.owner and _alive(row, moment):
            raise _held(row)
        token = 1 if row is None else row["token"] + 1
    values = _values(request, token, moment) | {"position": position}
    if row is None:
        connection.execute(insert(leases).values(name=request.name, **values))
    else:
        connection.execute(update(leases).where(leases.c.name == request.name).values(values))
    return Lease(request.name, request.owner, token, values["expires_at"])


def check_fence(connection: Connection, lease: Lease) -> None:
    """Refuse a writer whose lease was taken over or given back.

    One that only ran out of time still stands: nobody else has worked under the name since.
    """
    _check_standing(_row(connection, lease.name), lease.name, lease.token, gives_back=False)


def _check_standing(row: Any, name: str, token: int, *, gives_back: bool) -> None:
    gone = row is None or row["token"] != token or (row["owner"] == _NOBODY and not gives_back)
    if not gone:
        return
    owner = (row and row["owner"]) or "nobody"
    raise LeaseLost(
        f"the lease {name!r} was taken over or given back; nothing was written",
        expected=f"token {token}",
        got=f"token {row['token'] if row else 'none'}, held by {owner}",
        do="stop: another process may have gone on with this work",
    )


def _row(connection: Connection, name: str) -> Any:
    return connection.execute(select(leases).where(leases.c.name == name)).mappings().first()


def _values(request: Request, token: int, moment: Moment) -> dict[str, Any]:
    ttl_s = max(request.ttl_s, 0.0)
    return {
        "owner": request.owner if ttl_s > 0 else _NOBODY,
        "token": token,
        "expires_at": utc_text(moment.now + timedelta(seconds=ttl_s)),
        "ttl_s": ttl_s,
        "boot": moment.boot,
        "boot_expires_s": moment.boot_s + ttl_s,
    }


def _alive(row: Any, moment: Moment) -> bool:
    if row["owner"] == _NOBODY:
        return False
    if moment.boot and row["boot"] == moment.boot:
        return bool(moment.boot_s < row["boot_expires_s"])
    # Taken before this machine started, or the start is unknown: the wall clock decides. More time
    # left than was ever granted means that it was set back since.
    left_s = (datetime.fromisoformat(row["expires_at"]) - moment.now).total_seconds()
    return bool(0 < left_s <= row["ttl_s"])


def _held(row: Any) -> LeaseHeld:
    return LeaseHeld(
        f"{row['name']!r} is being worked on",
        expected="nobody else at it",
        got=f"held by {row['owner']} until {row['expires_at']}",
        do="wait for it; a lease whose owner died runs out by itself",
    )
