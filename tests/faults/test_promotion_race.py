"""Several processes promote at once: one wins each round, the others learn who (F17)."""

from __future__ import annotations

import itertools
import subprocess
import sys

from rueda.kernel.home import Home
from rueda.kernel.record import RefMove
from rueda.testing.marked import MarkedRelease
from rueda.wheel.promotion import promote, register_version

CLIENTS, ROUNDS = 4, 15

CLIENT = """
import sys
from pathlib import Path
from rueda.kernel.errors import RefMoved
from rueda.kernel.home import open_home
from rueda.wheel.promotion import promote
home, me = open_home(Path(sys.argv[1])), sys.argv[2]
for line in sys.stdin:
    expect, mine = line.split()
    try:
        promote(home, "m", mine, actor=me, expect=expect)
        print("won", flush=True)
    except RefMoved as lost:
        print("lost", "m@" in lost.got and "moved by" in lost.got, flush=True)
"""


CARELESS = """
from rueda.artifacts.deployment import Traffic
from rueda.artifacts.version import standing
def promote(home, name, mine, *, actor, expect):
    to = Traffic.whole(name, standing(home.ledger, f"{name}@{mine}")).write(home.store)
    while True:
        try:
            now = standing(home.ledger, f"{name}@live")
            return home.ledger.move(f"{name}@live", to.digest, expect=now, actor=actor)
        except RefMoved:
            continue
"""


def race(home: Home, promotion: str = "") -> list[list[list[str]]]:
    """What each client said in each round."""
    for mark in range(CLIENTS + 1):
        release = MarkedRelease.write(home.store, "m", mark / 10)
        register_version(home, release, actor="test", why="")
    script = CLIENT.replace("home, me =", promotion + "home, me =")
    clients = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(home.folder), f"client{i}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for i in range(CLIENTS)
    ]
    champion, rounds = CLIENTS + 1, []
    promote(home, "m", str(champion), actor="test")
    for _ in range(ROUNDS):
        contenders = [v for v in range(1, CLIENTS + 2) if v != champion]
        for client, version in zip(clients, contenders, strict=True):
            client.stdin.write(f"{champion} {version}\n")
            client.stdin.flush()
        said = [client.stdout.readline().split() for client in clients]
        rounds.append(said)
        champion = contenders[[word for word, *_ in said].index("won")]
    for client in clients:
        client.communicate()
    return rounds


def single_winners(rounds: list[list[list[str]]]) -> int:
    return sum([word for word, *_ in said].count("won") == 1 for said in rounds)


def test_one_wins_each_round_and_the_others_learn_who(home: Home) -> None:
    rounds = race(home)
    assert single_winners(rounds) == ROUNDS
    assert all(words == ["lost", "True"] for said in rounds for words in said if words[0] != "won")
    moves = home.ledger.find(RefMove, limit=1000, name="m@live")
    assert len(moves) == ROUNDS + 1
    assert all(new.old == old.new for new, old in itertools.pairwise(moves))


def test_the_race_would_notice_a_promotion_that_does_not_compare(home: Home) -> None:
    assert single_winners(race(home, CARELESS)) < ROUNDS
