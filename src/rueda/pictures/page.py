"""Page: one HTML file that holds everything it shows and opens offline."""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import importlib.resources
import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeAlias

from rueda.kernel.errors import MissingExtra
from rueda.pictures.markup import Cell, Markup, text_of
from rueda.pictures.render import VEGA_LITE, converter
from rueda.pictures.theme import DARK, LIGHT, Palette, Spec, config


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under their titles; columns of numbers stand to the right."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, and its numbers as a table for those who want to read them."""

    spec: Spec
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """Blocks next to each other where there is room; ``small`` ones go more to a row."""

    blocks: Sequence[Block]
    small: bool = False


@dataclass(frozen=True, slots=True)
class Fold:
    """Blocks that open when asked for."""

    summary: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Tiles:
    """A few large figures with what they count."""

    figures: Sequence[tuple[Cell, str]]


Block: TypeAlias = "Table | Picture | Beside | Fold | Tiles | Markup | str"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with its place in the table of contents."""

    title: str
    blocks: Sequence[Block]
    lead: str = ""


NO_PICTURES = (
    "The pictures of this page are left out, because the package that draws them is not installed "
    "(pip install 'rueda[pictures]'). Their numbers stand in the tables."
)


def write_page(
    path: Path, title: str, sections: Sequence[Section], *, lead: str = "", foot: str = ""
) -> Path:
    """Write ``sections`` to ``path`` as one HTML file, whole or not at all.

    Every text is escaped, nothing is fetched, and no script runs but the page's own: its policy
    says so to the browser. Without the extra ``pictures`` the page has tables only, and says why.
    """
    content = page_html(title, sections, lead=lead, foot=foot)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(content, encoding="utf-8")
    draft.replace(path)
    return path


def page_html(title: str, sections: Sequence[Section], *, lead: str = "", foot: str = "") -> str:
    """The page as text: the same for the same sections."""
    bundle = _bundle()
    writer = _Writer(drawing=bundle is not None)
    parts = [writer.section(number, section) for number, section in enumerate(sections)]
    scripts = [bundle, _part("page.js")] if bundle is not None and writer.specs else []
    contents = "".join(
        f'<li><a href="#s{number}">{html.escape(section.title)}</a></li>'
        for number, section in enumerate(sections)
    )
    note = f'<p class="note">{html.escape(NO_PICTURES)}</p>' if bundle is None else ""
    specs = "".join(_json_block(f"p{n}", spec) for n, spec in enumerate(writer.specs))
    look = _json_block("look", {"light": config(), "dark": config(dark=True)})
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_style()}</style></head>\n"
        f'<body><div class="frame"><header><h1>{html.escape(title)}</h1>'
        f"<p>{html.escape(lead)}</p>{note}</header>\n"
        f'<div class="body"><nav aria-label="Contents"><ol>{contents}</ol></nav>'
        f"<main>{''.join(parts)}</main></div>\n"
        f"<footer>{html.escape(foot)}</footer></div>\n"
        f"{look}{specs}{''.join(f'<script>{script}</script>' for script in scripts)}"
        "</body></html>\n"
    )


@dataclass
class _Writer:
    """Blocks to HTML; the specs of the pictures met on the way are collected."""

    drawing: bool
    specs: list[Spec] = field(default_factory=list)

    def section(self, number: int, section: Section) -> str:
        lead = f"<p>{html.escape(section.lead)}</p>" if section.lead else ""
        blocks = "".join(self.block(block) for block in section.blocks)
        title = html.escape(section.title)
        return f'<section id="s{number}"><h2>{title}</h2>{lead}{blocks}</section>\n'

    def block(self, block: Block) -> str:
        match block:
            case str():
                return f'<div class="card">{html.escape(block)}</div>'
            case Markup():
                return f'<div class="card">{block.html}</div>'
            case Table():
                return f'<div class="card scroll">{_table(block)}</div>'
            case Picture():
                return self.picture(block)
            case Tiles():
                return _tiles(block)
            case Fold():
                inner = "".join(self.block(one) for one in block.blocks)
                return f"<details><summary>{html.escape(block.summary)}</summary>{inner}</details>"
            case Beside():
                inner = "".join(self.block(one) for one in block.blocks)
                return f'<div class="beside{" small" if block.small else ""}">{inner}</div>'

    def picture(self, picture: Picture) -> str:
        numbers = f'<div class="scroll">{_table(picture.table)}</div>' if picture.table else ""
        if not self.drawing:
            return f"<figure>{numbers}</figure>" if numbers else ""
        name = f"p{len(self.specs)}"
        self.specs.append(picture.spec)
        words = html.escape(str(picture.spec["description"]), quote=True)
        if numbers:
            numbers = f"<details><summary>numbers</summary>{numbers}</details>"
        return (
            f'<figure data-picture="{name}"><div class="plot" role="img" aria-label="{words}">'
            f"</div>{numbers}</figure>"
        )


def _tiles(tiles: Tiles) -> str:
    inner = "".join(
        f'<div class="tile"><b>{text_of(figure)}</b><span>{html.escape(what)}</span></div>'
        for figure, what in tiles.figures
    )
    return f'<div class="tiles">{inner}</div>'


def _table(table: Table) -> str:
    numeric = [_numeric([row[n] for row in table.rows]) for n in range(len(table.columns))]
    classes = [' class="number"' if right else "" for right in numeric]
    head = "".join(
        f"<th{kind}>{html.escape(title)}</th>"
        for title, kind in zip(table.columns, classes, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{kind or _short(cell)}>{text_of(cell)}</td>"
            for cell, kind in zip(row, classes, strict=True)
        )
        + "</tr>"
        for row in table.rows
    )
    caption = f"<caption>{html.escape(table.caption)}</caption>" if table.caption else ""
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _numeric(cells: Sequence[Cell]) -> bool:
    return any(type(cell) in (int, float) for cell in cells)


def _short(cell: Cell) -> str:
    return ' class="short"' if isinstance(cell, str) and len(cell) <= 24 else ""


def _style() -> str:
    light = _variables(LIGHT, ground="#f6f8fa")
    dark = _variables(DARK, ground="#11161b")
    return f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n" + _part(
        "page.css"
    )


def _variables(palette: Palette, ground: str) -> str:
    return "".join(f"--{name}:{value};" for name, value in asdict(palette).items()) + (
        f"--ground:{ground}"
    )


def _part(name: str) -> str:
    return (importlib.resources.files("rueda.pictures") / name).read_text(encoding="utf-8")


@functools.cache
def _bundle() -> str | None:
    """The libraries that draw, as one script; None where the extra is absent."""
    try:
        script: str = converter().javascript_bundle(vl_version=VEGA_LITE)
    except MissingExtra:
        return None
    # An end tag inside a string would end the script element.
    return re.sub(r"</(script)", r"<\\/\1", script, flags=re.IGNORECASE)


def _policy(scripts: Sequence[str]) -> str:
    """Only these very scripts run; nothing is loaded from anywhere."""
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _json_block(name: str, value: object) -> str:
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    content = content.replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{content}</script>\n'
