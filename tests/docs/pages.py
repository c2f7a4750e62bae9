"""The pages of the documentation, and what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "SECURITY.md", ROOT / "CHANGELOG.md"]
    + [p for p in (ROOT / "docs").rglob("*.md") if p.parent.name != "reference"]
    + [ROOT / "docs" / "reference" / "json.md"]
)
"""Generated pages are not among them: they are checked by what they are made of."""

_FENCE = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<language>\w+)\n(?P<body>.*?)^```$", re.M | re.S
)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what the comment right above says of it, and its text."""

    page: Path
    line: int
    language: str
    mark: str
    body: str

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(language: str | None = None, mark: str | None = None) -> Iterator[Block]:
    """The fenced blocks of all pages, of ``language`` and marked ``mark…`` if these are given."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in _FENCE.finditer(text):
            line = text[: found.start("body")].count("\n") + 1
            block = Block(page, line, found["language"], found["mark"] or "", found["body"])
            if language in (None, block.language) and block.mark.startswith(mark or ""):
                yield block
