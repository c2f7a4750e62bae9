"""Promotion: the refs of a model, moved by compare-and-swap.

``NAME@live`` names the traffic that servers follow, and is the one that clients race for; what it
says is what is live. ``NAME@champion`` follows it, and is caught up by whoever comes next if its
mover died in between. ``NAME@challenger`` is the release on trial or held back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from rueda.artifacts.deployment import PRESENCE, Deployment, Traffic, canary_shares
from rueda.artifacts.version import ALL, standing, traffic_at, version_name, version_of, versions
from rueda.kernel.artifact import Artifact, read_manifest
from rueda.kernel.digest import Digest
from rueda.kernel.errors import Conflict, NotFound, RefMoved
from rueda.kernel.home import Home
from rueda.kernel.record import Lease, Made, Note, RefMove, utc_text

RELEASE = "release"
APPLIED = "deployment-applied"
_PREFIX = 6


@dataclass(frozen=True, slots=True)
class Rollout:
    """What was done about the releases of ``name``, and where the traffic goes now.

    ``action`` is ``promoted``, ``canary``, ``held``, ``rolled-back`` or ``unchanged``; ``weights``
    holds percents by ``name@version``.
    """

    name: str
    action: str
    champion: str | None
    challenger: str | None
    weights: dict[str, float]
    sentence: str


@dataclass(frozen=True, slots=True)
class Live:
    """What was live at a time, since when, by whom and why."""

    name: str
    at: str
    since: str
    weights: dict[str, float]
    releases: dict[str, Digest]
    actor: str
    why: str


def register_version(home: Home, release: Artifact, *, actor: str, why: str) -> int:
    """The number of ``release`` among the versions of its name: its old one, or the next free one.

    Any number of processes may register at once: each release gets one number, and no number has
    two releases.
    """
    name = str(read_manifest(home.store, release).meta["name"])
    while True:
        known = versions(home.ledger, name)
        for number, digest in known.items():
            if digest == release.digest:
                return number
        number = max(known, default=0) + 1
        try:
            home.ledger.move(f"{name}@{number}", release.digest, expect=None, actor=actor, why=why)
        except RefMoved:
            continue
        return number


def resolve(home: Home, text: str) -> Artifact:
    """The artifact that ``text`` names: ``name@3``, ``name@champion``, ``name`` (its champion),
    ``models:/name/3``, ``models:/name@alias``, or the first digits of a digest.

    Raises
    ------
    NotFound
        Nothing is called so, or several digests start so.
    """
    ref = _ref_of(text)
    if digest := standing(home.ledger, ref):
        return Artifact(read_manifest(home.store, digest).kind, digest)
    if len(text) >= _PREFIX and set(text) <= set("0123456789abcdef"):
        found = [m for m in home.ledger.find(Made, limit=ALL) if m.id.startswith(text)]
        if len(found) == 1:
            return Artifact(found[0].kind, found[0].id)
    raise NotFound(
        f"nothing is called {text!r}",
        expected="name@version, name@champion, or the first digits of one digest",
        got=text,
        do="list what there is with `rueda models`",
    )


def release_of(home: Home, text: str) -> Artifact:
    """The release that ``text`` names; of a traffic, its stable release."""
    artifact = resolve(home, text)
    if artifact.kind == RELEASE:
        return artifact
    if artifact.kind == "traffic":
        return Artifact(RELEASE, Traffic.open(home.store, artifact).stable)
    raise NotFound(f"{text!r} is no release", expected="a release", got=f"a {artifact.kind}")


def live(home: Home, name: str) -> Traffic | None:
    """The traffic of ``name`` now; a champion without traffic has all of it."""
    digest = standing(home.ledger, f"{name}@live") or standing(home.ledger, f"{name}@champion")
    return traffic_at(home.store, name, digest) if digest else None


def live_at(home: Home, name: str, moment: datetime | None = None) -> Live:
    """What was live at ``moment`` (default: now), from the history of ``name@live``.

    Raises
    ------
    NotFound
        Nothing was.
    """
    at = utc_text(moment)
    found = home.ledger.find(RefMove, limit=1, before=at, name=f"{name}@live")
    if not found or found[0].new is None:
        raise NotFound(f"nothing of {name!r} was live at {at}", do="see `rueda models`")
    move = found[0]
    traffic = traffic_at(home.store, name, Digest(str(move.new)))
    names = {
        version_name(home.ledger, name, s.release): (s.release, s.percent) for s in traffic.shares
    }
    return Live(
        name,
        at,
        since=move.at,
        weights={version: percent for version, (_, percent) in names.items()},
        releases={version: release for version, (release, _) in names.items()},
        actor=move.actor,
        why=move.why,
    )


def promote(
    home: Home, name: str, which: str, *, actor: str, why: str = "", expect: str | None = None
) -> Rollout:
    """Send all traffic of ``name`` to ``which`` (a version number, an alias or a digest) at once.

    Parameters
    ----------
    expect
        The version that the caller believes to be the champion; None takes the present one.

    Raises
    ------
    RefMoved
        Another was faster, or the champion is not ``expect``; the message names the winner.
    """
    release = release_of(home, _named(name, which))
    _must_be_of(home, name, release)
    before = standing(home.ledger, f"{name}@live")
    if expect is not None:
        believed = release_of(home, _named(name, expect)).digest
        present = live(home, name)
        if present is None or present.stable != believed:
            raise _lost(home, name, _named(name, expect))
    _go_live(home, Traffic.whole(name, release.digest), before, actor, why or f"promote {which}")
    return settle(home, name, actor=actor, action="promoted", why=why)


def rollback(home: Home, name: str, *, actor: str, why: str = "") -> Rollout:
    """Send all traffic back: of a canary to its stable release, else to the champion before.

    Raises
    ------
    NotFound
        There is nothing to go back to.
    RefMoved
        Another was faster.
    """
    before = standing(home.ledger, f"{name}@live")
    present = live(home, name)
    if present is None:
        raise NotFound(f"nothing of {name!r} is live", do="promote a version first")
    target = present.stable if present.candidate else _champion_before(home, name)
    _go_live(home, Traffic.whole(name, target, back=True), before, actor, why or "rollback")
    return settle(home, name, actor=actor, action="rolled-back", why=why)


def apply_deployment(home: Home, deployment: Artifact, *, actor: str, why: str = "") -> Rollout:
    """Make ``deployment`` real: hold it, promote it, or start its canary. Once: a second
    application changes nothing, so that running a lifecycle again never undoes a rollback.
    """
    wish = Deployment.open(home.store, deployment)
    note = f"{APPLIED}/{deployment.digest}"
    if home.ledger.find(Note, limit=1, id=note):
        return settle(home, wish.name, actor=actor, action="unchanged", why="applied before")
    _point(home, f"{wish.name}@challenger", lambda: wish.release, actor, wish.sentence)
    action = "held" if wish.decision == "hold" else _start(home, wish, deployment, actor, why)
    body = {"action": action, "release": wish.release, "sentence": wish.sentence}
    home.ledger.append(
        Note(note, APPLIED, wish.name, utc_text(), body), actor=actor, why=why or wish.sentence
    )
    return settle(home, wish.name, actor=actor, action=action, why=wish.sentence)


def settle(
    home: Home, name: str, *, actor: str, action: str = "unchanged", why: str = ""
) -> Rollout:
    """Bring ``name@champion`` (and ``@challenger``) to where the live traffic is, and say what
    stands.
    """

    def champion() -> Digest | None:
        traffic = live(home, name)
        return traffic.stable if traffic else None

    _point(home, f"{name}@champion", champion, actor, why or action)
    traffic = live(home, name)
    top = traffic.stable if traffic else None
    if action == "promoted" and top and standing(home.ledger, f"{name}@challenger") == top:
        _point(home, f"{name}@challenger", lambda: None, actor, "became champion")
    challenger = standing(home.ledger, f"{name}@challenger")
    return Rollout(
        name,
        action,
        champion=version_name(home.ledger, name, top) if top else None,
        challenger=version_name(home.ledger, name, challenger) if challenger else None,
        weights=weights(home, traffic),
        sentence=why,
    )


def weights(home: Home, traffic: Traffic | None) -> dict[str, float]:
    """The percents of ``traffic`` by ``name@version``."""
    shares = traffic.shares if traffic else ()
    return {
        version_name(home.ledger, traffic.name, s.release): s.percent
        for s in shares
        if traffic is not None
    }


def replace_live(
    home: Home, traffic: Traffic, *, expect: Digest | None, actor: str, why: str
) -> None:
    """Move ``name@live`` to ``traffic`` if it still stands at ``expect``; see ``settle``."""
    _go_live(home, traffic, expect, actor, why)


def _start(home: Home, wish: Deployment, artifact: Artifact, actor: str, why: str) -> str:
    before = standing(home.ledger, f"{wish.name}@live")
    present = live(home, wish.name)
    first = wish.canary[0] if wish.canary else 100
    if present is not None and present.stable == wish.release and not present.candidate:
        return "unchanged"
    if artifact.digest in _deployments(home, wish.name):
        # Its mover died before the note, or is writing it just now.
        return "unchanged"
    alone = not is_served(home, wish.name)
    if present is None or first >= 100 or alone or present.stable == wish.release:
        whole = Traffic.whole(wish.name, wish.release)
        traffic, action = replace(whole, deployment=artifact.digest), "promoted"
    else:
        shares = tuple(canary_shares(present.stable, wish.release, first))
        traffic = Traffic(wish.name, shares, wish.sticky, artifact.digest)
        action = "canary"
    _go_live(home, traffic, before, actor, why or wish.sentence)
    return action


def is_served(home: Home, name: str) -> bool:
    """Whether a server answers for ``name`` now. Without one, no canary would ever end."""
    now = utc_text()
    leases = home.ledger.find(Lease, limit=ALL)
    return any(x.name.startswith(f"{PRESENCE}/{name}/") and x.expires_at > now for x in leases)


def _deployments(home: Home, name: str) -> set[Digest]:
    """The deployments that were live at any time."""
    moves = home.ledger.find(RefMove, limit=ALL, name=f"{name}@live")
    traffics = (traffic_at(home.store, name, move.new) for move in moves if move.new)
    return {traffic.deployment for traffic in traffics if traffic.deployment}


def _go_live(home: Home, traffic: Traffic, expect: Digest | None, actor: str, why: str) -> None:
    artifact = traffic.write(home.store)
    try:
        home.ledger.move(
            f"{traffic.name}@live", artifact.digest, expect=expect, actor=actor, why=why
        )
    except RefMoved as error:
        raise _lost(home, traffic.name, None) from error


def _lost(home: Home, name: str, believed: str | None) -> RefMoved:
    try:
        now = live_at(home, name)
    except NotFound:
        return RefMoved(f"nothing of {name!r} is live", expected=believed or "")
    winner = ", ".join(f"{version} {percent:g} %" for version, percent in now.weights.items())
    return RefMoved(
        f"the live traffic of {name!r} was changed by another: {winner}",
        expected=believed or "the traffic as it stood when this began",
        got=f"{winner}, moved by {now.actor} at {now.since}: {now.why}",
        do="look at what is live, and decide again",
    )


def _point(home: Home, ref: str, target: Callable[[], Digest | None], actor: str, why: str) -> None:
    """Move ``ref`` to ``target()`` until it stands there, whoever else moves it meanwhile."""
    while (wanted := target()) != (present := standing(home.ledger, ref)):
        try:
            home.ledger.move(ref, wanted, expect=present, actor=actor, why=why)
        except RefMoved:
            continue


def _champion_before(home: Home, name: str) -> Digest:
    """The champion before the present one. Champions that a rollback left behind do not count."""
    path: list[Digest] = []
    for move in reversed(home.ledger.find(RefMove, limit=ALL, name=f"{name}@live")):
        traffic = traffic_at(home.store, name, move.new) if move.new else None
        if traffic is None or traffic.candidate:
            continue
        if traffic.back and traffic.stable in path:
            del path[path.index(traffic.stable) + 1 :]
        elif not path or path[-1] != traffic.stable:
            path.append(traffic.stable)
    if len(path) < 2:
        raise NotFound(
            f"{name!r} has no champion before the present one",
            do=f"promote another version: `rueda promote {name} VERSION`",
        )
    return path[-2]


def _must_be_of(home: Home, name: str, release: Artifact) -> None:
    owner = read_manifest(home.store, release).meta.get("name")
    if owner != name or version_of(home.ledger, name, release.digest) is None:
        raise Conflict(
            f"{release} is not a registered version of {name!r}",
            expected=f"a version of {name}",
            got=f"a release of {owner}",
            do="list the versions with `rueda models`",
        )


def _named(name: str, which: str) -> str:
    """``3``, ``champion`` or ``name@3`` as a whole reference; digests stay as they are."""
    if "@" in which or ":" in which:
        return which
    looks_like_digest = len(which) >= _PREFIX and set(which) <= set("0123456789abcdef")
    return which if looks_like_digest and not which.isdigit() else f"{name}@{which}"


def _ref_of(text: str) -> str:
    text = text.removeprefix("models:/")
    name, slash, version = text.partition("/")
    if slash and "@" not in text:
        return f"{name}@{version}"
    return text if "@" in text else f"{text}@champion"
