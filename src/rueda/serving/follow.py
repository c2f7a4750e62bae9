"""Follow: watch a ref, load and try what it names, then replace what answers as a whole."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Mapping

from rueda.artifacts.deployment import PRESENCE
from rueda.artifacts.rows import RowReader, Unknown
from rueda.artifacts.version import standing, traffic_at, version_name
from rueda.kernel.digest import Digest, Json
from rueda.kernel.errors import LeaseLost, RuedaError
from rueda.kernel.home import Home
from rueda.kernel.record import Lease, Note, utc_text
from rueda.serving.loaded import Live, Loaded, Opener

_log = logging.getLogger(__name__)

REFUSED = "load-refused"
_AGAIN_S = 5.0
_PRESENT_S = 30.0


class Follower:
    """Keeps ``live`` at what ``ref`` names; a release that does not load never replaces one that
    answers.

    Parameters
    ----------
    home
        Its ledger is asked every ``interval_s``. While it cannot answer, ``live`` stays.
    name
        The model.
    ref
        What to follow; ``NAME@live`` falls back to ``NAME@champion`` before the first promotion.
    open_release
        Opens and verifies a release by its digest.
    """

    def __init__(
        self,
        home: Home,
        name: str,
        ref: str,
        open_release: Opener,
        *,
        interval_s: float = 0.1,
        unknown: Unknown = "other",
    ) -> None:
        self.name = name
        self.ref = ref
        self.live: Live | None = None
        self.refused: Mapping[str, Json] | None = None
        self.swaps = 0
        self.missed_looks = 0
        self._home = home
        self._open = open_release
        self._interval_s = interval_s
        self._unknown = unknown
        self._tried: tuple[Digest, float] | None = None
        self._presence: Lease | None = None
        self._announced = -_PRESENT_S
        self._me = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"follow {ref}", daemon=True)

    def start(self) -> None:
        """Begin to watch, in a thread; the first look happens at once."""
        self._thread.start()

    def stop(self) -> None:
        """Cease to watch. A load that hangs is left behind."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)

    def look(self) -> bool:
        """Look once; whether ``live`` was replaced."""
        digest = standing(self._home.ledger, self.ref)
        if digest is None and self.ref == f"{self.name}@live":
            digest = standing(self._home.ledger, f"{self.name}@champion")
        if digest is not None and self.live is not None and self.live.digest == digest:
            self.refused = None
            return False
        if digest is None or self._too_early(digest):
            return False
        self._tried = (digest, time.monotonic())
        try:
            live = self._load(digest)
        # Whatever a release does wrong while it loads, what answers must go on.
        except Exception as error:  # noqa: BLE001
            self._refuse(digest, error)
            return False
        self.live, self.refused = live, None
        self.swaps += 1
        return True

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
                self._announce()
            # The ledger or the store may be away for an hour: what is loaded goes on answering.
            except Exception as error:  # noqa: BLE001
                if not self.missed_looks:
                    _log.warning("cannot follow %s: %s", self.ref, error)
                self.missed_looks += 1
            else:
                self.missed_looks = 0
            self._stop.wait(self._interval_s)
        if self._presence is not None:
            with contextlib.suppress(RuedaError):
                held = self._presence
                self._home.ledger.lease(held.name, held.owner, 0, token=held.token)

    def _announce(self) -> None:
        """Keep a lease that says that a server answers for this model: a canary needs one."""
        if time.monotonic() - self._announced < _PRESENT_S / 3:
            return
        name = f"{PRESENCE}/{self.name}/{self._me}"
        token = self._presence.token if self._presence else None
        try:
            self._presence = self._home.ledger.lease(name, self._me, _PRESENT_S, token=token)
        except LeaseLost:  # This machine slept for longer than the lease.
            self._presence = None
        self._announced = time.monotonic()

    def _too_early(self, digest: Digest) -> bool:
        """Whether ``digest`` was refused a moment ago: a broken release is not retried all day."""
        if self.refused is None or self._tried is None or self._tried[0] != digest:
            return False
        return time.monotonic() - self._tried[1] < _AGAIN_S

    def _load(self, digest: Digest) -> Live:
        traffic = traffic_at(self._home.store, self.name, digest)
        stable, *rest = [self._loaded(share.release) for share in traffic.shares]
        return Live(digest, traffic, stable, rest[0] if rest else None)

    def _loaded(self, digest: Digest) -> Loaded:
        if self.live is not None:
            for old in (self.live.stable, self.live.candidate):
                if old is not None and old.digest == digest:
                    return old
        release = self._open(digest)
        release.check_golden()
        version = version_name(self._home.ledger, self.name, digest)
        return Loaded(digest, version, release, RowReader(release.signature, unknown=self._unknown))

    def _refuse(self, digest: Digest, error: Exception) -> None:
        first_time = self.refused is None or self.refused["traffic"] != digest
        reason = f"{type(error).__name__}: {error}"
        self.refused = {"traffic": digest, "reason": reason, "at": utc_text()}
        if first_time:
            _log.error("%s is not loaded: %s", self.ref, reason)
            note = Note(f"{REFUSED}/{digest}", REFUSED, self.name, utc_text(), dict(self.refused))
            self._home.ledger.append(note, actor="serve", why=reason[:500])
