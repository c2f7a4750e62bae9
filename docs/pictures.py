"""Draw the picture of the README: what `make run` shows, from a year that was lived.

``python docs/pictures.py [HOME]`` reads the months from the ledger of HOME (the example's own by
default), and writes ``docs/pictures/run.svg``.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from rueda.cli.terminal import table
from rueda.kernel.errors import NotFound
from rueda.kernel.home import open_home
from rueda.kernel.record import Note

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "flights"
PICTURE = ROOT / "docs" / "pictures" / "run.svg"
WIDTH = 150
COLUMNS = ("month", "predictions", "labeled", "drift", "ROC AUC (95 %)", "alarms", "what followed")


def main() -> int:
    months = lived(Path(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLE / ".rueda")
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(draw(months), encoding="utf-8")
    print(f"wrote {PICTURE}, {PICTURE.stat().st_size:,} bytes")
    return 0


def lived(home: Path) -> list[dict[str, Any]]:
    """The months of the year that was lived last in ``home``."""
    notes = open_home(home).ledger.find(Note, kind="flights.month", limit=100)
    if not notes:
        raise NotFound(f"no year was lived in {home}", do="make run")
    months = {n.body["month"]: dict(n.body) for n in notes if n.subject == notes[0].subject}
    return [months[name] for name in sorted(months)]


def draw(months: list[dict[str, Any]]) -> str:
    """The table that the example prints, as SVG."""
    sys.path.insert(0, str(EXAMPLE))
    import year

    rows = [
        (
            month["month"],
            month["predictions"],
            month["labeled"],
            year.text_of_drift(month),
            year.text_of_quality(month),
            year.text_of_alarms(month),
            year.text_of_turn(month),
        )
        for month in months
    ]
    console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False)
    console.print(table(f"{year.NAME} in {year.YEAR}", COLUMNS, rows))
    svg = console.export_svg(title="make run")
    # The picture loads nothing from elsewhere: a reader's own monospace font will do.
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    sys.exit(main())
