"""The report in a real browser: every picture is drawn, offline, under the page's own policy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from sklearn.linear_model import LogisticRegression

import rueda as rd

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=15000",
    "--dump-dom",
)

needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    rng = np.random.default_rng(5)
    x, kind = rng.normal(size=800), rng.choice(["a", "<b>&</script>"], 800)
    y = np.where(x + rng.normal(size=800) > 0, "yes", "no")
    pa.csv.write_csv(pa.table({"x": x, "kind": kind, "y": y}), folder / "x.csv")
    lifecycle = rd.Lifecycle(
        "seen",
        extract=rd.Extract("x.csv", label="y"),
        train=rd.Train(LogisticRegression()),
        evaluate=rd.Evaluate(slices=("kind",)),
        project=folder,
    )
    return lifecycle.run().report(folder / "report.html")


def drawn(page: Path, profile: Path) -> int:
    """How many pictures the browser drew on ``page``."""
    assert BROWSER is not None
    # A browser that runs as root has no sandbox to offer.
    sandbox = ["--no-sandbox"] if os.getuid() == 0 else []
    command = [BROWSER, *OPTIONS, *sandbox, f"--user-data-dir={profile}", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return len(re.findall(r'<(?:canvas|svg)[^>]*class="marks"', done.stdout))


@needs_browser
def test_every_picture_is_drawn(report, tmp_path):
    assert drawn(report, tmp_path) >= 6


@needs_browser
def test_a_broken_script_is_noticed(report, tmp_path):
    """The planted fault: a page whose scripts changed is one that its policy keeps from running."""
    broken = tmp_path / "broken.html"
    text = report.read_text(encoding="utf-8")
    broken.write_text(text.replace("<script>", "<script>void 0;"), encoding="utf-8")
    assert drawn(broken, tmp_path / "profile") == 0
