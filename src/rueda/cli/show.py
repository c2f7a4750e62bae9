"""`rueda show`: a run, a version, or any artifact by its digest."""

from __future__ import annotations

import argparse
import re

from rueda.artifacts.scorecard import Scorecard
from rueda.artifacts.version import ALL, version_name
from rueda.cli.declared import add_place, the_home
from rueda.cli.terminal import out, print_json, table
from rueda.cli.turned import print_run
from rueda.kernel.artifact import Artifact, read_file, read_manifest
from rueda.kernel.errors import NotFound
from rueda.kernel.home import Home
from rueda.kernel.record import Made, Run
from rueda.wheel.opened import TurnedRun
from rueda.wheel.promotion import resolve


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        nargs="?",
        help="a run, name@version, name@alias or a digest (default: the last run)",
    )
    add_place(parser)


def run(arguments: argparse.Namespace) -> int:
    home = the_home(arguments)
    what: str | None = arguments.what
    if what is None or re.fullmatch(r"\d{8}-\d{6}.*", what):
        turned = TurnedRun.open(home, what or _last(home))
        if arguments.json:
            print_json(turned.to_json())
        else:
            print_run(out(), turned)
        return 0
    if "@" in what:
        return _show_version(home, what, json=arguments.json)
    return _show_artifact(home, what, json=arguments.json)


def _last(home: Home) -> str:
    found = home.ledger.find(Run, limit=1)
    if not found:
        raise NotFound("there is no run yet", do="turn the wheel with `rueda run`")
    return found[0].id


def _show_version(home: Home, what: str, *, json: bool) -> int:
    release = resolve(home, what)
    manifest = read_manifest(home.store, release)
    traces = manifest.meta["traces"]
    card = Scorecard.open(home.store, Artifact("scorecard", traces["scorecard"]))
    name = version_name(home.ledger, manifest.meta["name"], release.digest)
    if json:
        print_json(
            {
                "version": name,
                "release": release.digest,
                "task": manifest.meta["task"],
                "packaging": manifest.meta["packaging"],
                "traces": traces,
                "metrics": dict(card.metrics),
                "baseline": card.baseline,
                "slices": list(card.slices),
                "fit": card.fit,
                "gates": list(card.gates),
                "verdict": card.verdict,
                "sentence": card.sentence,
            }
        )
        return 0
    card_text = read_file(home.store, manifest, "card.md").decode("utf-8")
    console = out()
    console.print(f"[bold]{name}[/]  release {release.digest}")
    if not console.is_terminal:
        print(card_text)
        return 0
    from rich.markdown import Markdown

    console.print(Markdown(card_text))
    return 0


def _show_artifact(home: Home, prefix: str, *, json: bool) -> int:
    found = [m for m in home.ledger.find(Made, limit=ALL) if m.id.startswith(prefix)]
    if len({m.id for m in found}) != 1:
        raise NotFound(
            f"no single artifact begins with {prefix!r}",
            expected="a run, name@version, or the beginning of one artifact's digest",
            got=", ".join(m.id[:16] for m in found[:5]) or "none",
            do="`rueda show` prints the digests of the last run",
        )
    made = found[0]
    manifest = read_manifest(home.store, made.id)
    files = [{"name": f.name, "bytes": f.size_bytes, "digest": f.digest} for f in manifest.files]
    if json:
        print_json(
            {
                "digest": made.id,
                "kind": made.kind,
                "made_by": made.execution,
                "made_at": made.made_at,
                "files": files,
                "meta": manifest.meta,
            }
        )
        return 0
    console = out()
    console.print(f"[bold]{made.kind}[/] {made.id}\nmade by {made.execution} at {made.made_at}")
    rows = [(f["name"], f["bytes"], f["digest"]) for f in files]
    console.print(table("", ("file", "bytes", "digest"), rows))
    return 0
