"""Examined: the profile of a file and what is wrong with it, as one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rueda.kernel.digest import Json
from rueda.pictures.markup import Tone, badge
from rueda.pictures.overview import profile_blocks
from rueda.pictures.page import Section, Table, Tiles, write_page

_TONES: dict[str, Tone] = {"high": "bad", "medium": "unsure", "low": "quiet"}


def write_profile_page(
    path: Path, name: str, profile: Mapping[str, Json], findings: Sequence[Mapping[str, Json]]
) -> Path:
    """Write the profile of the file ``name`` to ``path``: one HTML file that opens offline.

    Parameters
    ----------
    profile
        ``{"rows", "broken", "columns"}``.
    findings
        ``{"severity", "sentence", "do", …}`` of each, the most harmful first.
    """
    figures = [(profile["rows"], "rows"), (len(profile["columns"]), "columns")]
    figures += [(profile["broken"], "broken rows"), (len(findings), "findings")]
    told = Table(
        ("harm", "what", "what to do"),
        [(badge(f["severity"], _TONES[f["severity"]]), f["sentence"], f["do"]) for f in findings],
    )
    return write_page(
        path,
        name,
        [
            Section("Findings", [Tiles(figures), told if findings else "Nothing seems wrong."]),
            Section("Columns", profile_blocks(profile)),
        ],
        lead="What the file holds, and what to look at before a model learns from it.",
        foot="Written by Rueda. Everything on this page is in this file.",
    )
