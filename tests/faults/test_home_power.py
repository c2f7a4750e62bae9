"""F3: the power fails at random moments, and everything that was acknowledged is there.

``RUEDA_POWER_CUTS=200`` runs the full figure; by default a few dozen cuts are made.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CUTS = int(os.environ.get("RUEDA_POWER_CUTS", "25"))
RECOVERED_WITHIN_S = 10

pytestmark = pytest.mark.root


@pytest.fixture
def cut(ext4: Path, tmp_path: Path) -> Callable[[str, int], dict[str, Any]]:
    def run(variant: str, cuts: int) -> dict[str, Any]:
        mount = tmp_path / "mount"
        mount.mkdir()
        script = Path(__file__).with_name("power_cuts.py")
        # Mounts of its own: they go with it, however it ends.
        command = ["unshare", "-m", sys.executable, script, ext4, mount, tmp_path / "said"]
        done = subprocess.run(
            [*command, str(cuts), variant], capture_output=True, text=True, timeout=60 + 5 * cuts
        )
        assert done.returncode == 0, done.stderr
        outcome: dict[str, Any] = json.loads(done.stdout)
        return {**outcome, "errors": done.stderr}

    return run


@pytest.mark.slow
@pytest.mark.timeout(60 + 5 * CUTS)
def test_f3_nothing_that_was_acknowledged_is_lost(cut: Callable[..., dict[str, Any]]) -> None:
    outcome = cut("sound", CUTS)
    assert not outcome["wrong"], outcome["errors"]
    assert outcome["cuts"] == CUTS
    assert outcome["kept"] >= CUTS
    assert outcome["slowest_s"] <= RECOVERED_WITHIN_S
    print(
        f"F3: {CUTS} power cuts, {outcome['kept']} acknowledged writes, none lost, none torn;"
        f" recovered within {outcome['slowest_s']:.1f} s"
    )


@pytest.mark.parametrize("variant", ["unsynced_store", "unsynced_ledger"])
def test_f3_finds_what_is_not_synced(cut: Callable[..., dict[str, Any]], variant: str) -> None:
    outcome = cut(variant, 20)
    assert outcome["wrong"], "an unsynced write survived 20 power cuts"
