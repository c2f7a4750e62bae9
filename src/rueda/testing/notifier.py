"""The laws of a notifier: what was delivered is there, whole, whatever it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from rueda.kernel.digest import Json
from rueda.kernel.seams import Notifier

Make: TypeAlias = Callable[[], Notifier]
Delivered: TypeAlias = Callable[[], Sequence[Mapping[str, Json]]]

_HOSTILE = (
    "plain",
    "two\r\nlines, and a third\u2028with a separator",
    "\x1b[31mred\x1b[0m \x00 and a bell \x07",
    '"},{"id":"forged"}',
    "späte Flüge ✈ \U0001f6ec",
    "x" * 1_000_000,
)
"""Sentences that would break a log that does not escape them."""


def check_notifier(make: Make, delivered: Delivered) -> None:
    """Hold the notifier that ``make`` gives to every law.

    Parameters
    ----------
    make
        Gives a notifier; notifiers made one after the other share their destination.
    delivered
        Gives all alarms that arrived there, in order, as a reader understands them.

    Raises
    ------
    AssertionError
        A law is broken.
    """
    notifier = make()
    assert isinstance(notifier, Notifier)
    alarms = [_alarm(i, sentence) for i, sentence in enumerate(_HOSTILE)]
    for number, alarm in enumerate(alarms, start=1):
        before = dict(alarm)
        notifier.notify(alarm)
        assert alarm == before, "the alarm was changed"
        assert len(delivered()) == number, "one call, one alarm"
    assert list(delivered()) == alarms, "an alarm arrived as something else"
    make().notify(alarms[0])
    assert [a["id"] for a in delivered()] == [a["id"] for a in [*alarms, alarms[0]]]


def _alarm(number: int, sentence: str) -> dict[str, Json]:
    return {
        "id": f"{number:016d}",
        "kind": "drift",
        "feature": sentence,
        "since": "2013-06-01T00:00:00.000000Z",
        "sentence": sentence,
        "severity": "low",
        "measure": "js",
        "value": 0.25,
        "threshold": 0.125,
        "evidence": {"rows": 4000, "now": [0.5, 0.5]},
    }
