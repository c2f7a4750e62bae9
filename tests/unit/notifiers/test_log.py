"""The alarm log: one line an alarm, whatever it says (FAULTS F47), whole after a crash."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from rueda.kernel.digest import Json
from rueda.kernel.errors import WriteRefused
from rueda.kernel.plugins import load_plugin
from rueda.notifiers.log import LogNotifier
from rueda.testing.notifier import check_notifier


def lines(path: Path) -> list[dict[str, Json]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_the_laws(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "alarms.jsonl"
    check_notifier(lambda: LogNotifier(path), lambda: lines(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().isascii()
    assert load_plugin("notifier", "log") is LogNotifier


def test_the_laws_reject_a_log_that_does_not_escape(tmp_path: Path) -> None:
    class Naive(LogNotifier):
        def notify(self, alarm: Mapping[str, Json]) -> None:
            with self._path.open("a") as file:
                file.write(f'{{"id": "{alarm["id"]}", "sentence": "{alarm["sentence"]}"}}\n')

    path = tmp_path / "alarms.jsonl"
    with pytest.raises((AssertionError, ValueError)):
        check_notifier(lambda: Naive(path), lambda: lines(path))


def test_the_laws_reject_a_log_that_forgets(tmp_path: Path) -> None:
    class Forgetful(LogNotifier):
        def notify(self, alarm: Mapping[str, Json]) -> None:
            self._path.write_text(json.dumps(dict(alarm)) + "\n")

    path = tmp_path / "alarms.jsonl"
    with pytest.raises(AssertionError):
        check_notifier(lambda: Forgetful(path), lambda: lines(path))


def test_a_torn_line_swallows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "alarms.jsonl"
    LogNotifier(path).notify({"id": "1"})
    with path.open("ab") as file:
        file.write(b'{"id": "torn by a cra')
    LogNotifier(path).notify({"id": "2"})
    first, torn, second = path.read_bytes().splitlines()
    assert (json.loads(first), json.loads(second)) == ({"id": "1"}, {"id": "2"})
    assert torn.startswith(b'{"id": "torn')


def test_threads_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "alarms.jsonl"
    threads = [
        threading.Thread(target=LogNotifier(path).notify, args=({"id": str(i)},)) for i in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(a["id"]) for a in lines(path)) == list(range(40))


def test_a_refused_write_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WriteRefused, match="alarm log"):
        LogNotifier(tmp_path / "file" / "alarms.jsonl").notify({"id": "1"})


def test_failing_fsync_is_never_a_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(file: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(WriteRefused):
        LogNotifier(tmp_path / "alarms.jsonl").notify({"id": "1"})
