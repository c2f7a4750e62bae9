"""Report: a model's whole life on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rueda.kernel.digest import Json
from rueda.pictures.calibration import calibration_picture
from rueda.pictures.confusion import confusion_picture
from rueda.pictures.drift import drift_picture
from rueda.pictures.intervals import metric_picture, slices_picture
from rueda.pictures.lineage import Node, lineage_picture
from rueda.pictures.markup import Cell, Markup, badge, folded, lines, measured_text, number_text
from rueda.pictures.overview import profile_blocks
from rueda.pictures.page import Beside, Block, Picture, Section, Table, Tiles, write_page
from rueda.pictures.quality import quality_picture
from rueda.pictures.roc import roc_picture
from rueda.pictures.trials import trials_picture


@dataclass(frozen=True)
class Life:
    """What is known of a model's life, as plain JSON; what is absent is left out of the report.

    Attributes
    ----------
    name
        The model.
    windows
        One for each closed window, in order: ``{"window" or "month" or "start", "predictions",
        "labeled", "drift", "quality", "alarms", "rollout", "turn"}``, as ``rueda monitor --json``
        and the flights example give them.
    profile
        ``{"rows", "columns"}`` of the live model's training rows.
    scorecard
        ``Scorecard.to_json()`` of the live model.
    trials, params
        Of the live model's search, and the parameters that won.
    live
        What is live, in words, such as ``flight-delay@3``.
    nodes, edges
        The lineage of the live model.
    decisions
        ``{"at", "what", "verdict", "sentence"}``, in order: gates, canary verdicts, promotions.
    """

    name: str
    windows: Sequence[Mapping[str, Json]] = ()
    profile: Mapping[str, Json] | None = None
    scorecard: Mapping[str, Json] | None = None
    trials: Sequence[Mapping[str, Json]] = ()
    params: Mapping[str, Json] | None = None
    live: str = ""
    nodes: Sequence[Node] = ()
    edges: Sequence[tuple[str, str]] = ()
    decisions: Sequence[Mapping[str, Json]] = ()

    @property
    def primary(self) -> str | None:
        """The metric that the quality is told by."""
        measured = [name for window in self.windows for name in window.get("quality") or {}]
        if measured:
            return str(measured[0])
        return None if self.scorecard is None else str(self.scorecard["primary"])


def lifecycle_report(life: Life, path: Path) -> Path:
    """Write the report of ``life`` to ``path``: one HTML file that opens offline."""
    return write_page(
        path,
        life.name,
        life_sections(life),
        lead="The life of a model: what it learned from, how good it is, and what became of it.",
        foot="Written by Rueda. Everything on this page is in this file.",
    )


def life_sections(life: Life) -> list[Section]:
    """The sections of the report that there is something to say in."""
    makers = (_summary, _data, _model, _slices, _drift, _quality, _lineage, _decisions)
    return [section for make in makers if (section := make(life)) is not None]


def window_name(window: Mapping[str, Json]) -> str:
    """How a window is called: its month where it is one, else its first day."""
    if name := window.get("window") or window.get("month"):
        return str(name)
    first, last = (str(window.get(key, ""))[:10] for key in ("start", "end"))
    return first[:7] if last and last == _month_after(first) else first


def _month_after(day: str) -> str | None:
    """The first day of the month after ``day``, if that is one too."""
    year, month, rest = int(day[:4]), int(day[5:7]), day[7:]
    return f"{year + month // 12:04d}-{month % 12 + 1:02d}-01" if rest == "-01" else None


def _summary(life: Life) -> Section | None:
    if not life.windows and life.scorecard is None:
        return None
    alarms = sum(len(window.get("alarms", ())) for window in life.windows)
    turns = sum(1 for window in life.windows if window.get("turn"))
    figures: list[tuple[Cell, str]] = []
    if life.live:
        figures.append((life.live, "is live"))
    if life.windows:
        predictions = sum(window["predictions"] for window in life.windows)
        figures += [
            (predictions, f"predictions in {len(life.windows)} windows"),
            (alarms, "alarm" if alarms == 1 else "alarms"),
            (turns, "time retrained" if turns == 1 else "times retrained"),
        ]
    if life.scorecard is not None and life.primary in life.scorecard["metrics"]:
        value = life.scorecard["metrics"][life.primary]["value"]
        figures.append((value, f"{life.primary} on rows it never saw"))
    blocks: list[Block] = [Tiles(figures)]
    if life.windows:
        blocks.append(_windows_table(life))
    return Section("Summary", blocks)


def _windows_table(life: Life) -> Table:
    titles = (
        "window", "predictions", "labeled", f"{life.primary or 'quality'} (interval)", "drifted",
        "alarms", "what followed",
    )  # fmt: skip
    return Table(titles, [_window_line(life, window) for window in life.windows])


def _window_line(life: Life, window: Mapping[str, Json]) -> tuple[Cell, ...]:
    drift = window.get("drift") or {}
    moved = [name for name, told in drift.items() if told["verdict"] == "yes"]
    said = [alarm["sentence"] for alarm in window.get("alarms", ())]
    alarms = folded("1 alarm" if len(said) == 1 else f"{len(said)} alarms", said)
    return (
        window_name(window),
        window["predictions"],
        window["labeled"],
        _measured((window.get("quality") or {}).get(life.primary)),
        lines(moved) or Markup('<span class="none">none</span>'),
        alarms or Markup('<span class="none">none</span>'),
        _followed(window),
    )


def _measured(metric: Mapping[str, Json] | None) -> Cell:
    if not metric or metric["value"] is None:
        return None
    text = measured_text(metric["value"], metric["low"], metric["high"])
    return Markup(f'<span class="number">{text}</span>')


def _followed(window: Mapping[str, Json]) -> Cell:
    said = [f"<div>{text.html}</div>" for text in [lines(window.get("rollout") or [])] if text]
    if turn := window.get("turn"):
        gate = turn["gate"]
        sentence = lines([gate["sentence"]])
        verdict = badge(gate["verdict"] or "not judged")
        words = sentence.html if sentence else ""
        said.append(f"<div>Retrained; the gate says {verdict.html}{words}</div>")
    return Markup("".join(said)) if said else Markup('<span class="none">nothing to do</span>')


def _data(life: Life) -> Section | None:
    if life.profile is None:
        return None
    lead = f"What the live model was trained on: {life.profile['rows']:,} rows."
    return Section("Data", profile_blocks(life.profile), lead)


def _model(life: Life) -> Section | None:
    card = life.scorecard
    if card is None:
        return None
    champion = (card.get("champion") or {}).get("metrics", {})
    first: list[Block] = [
        Picture(metric_picture(name, one, card["baseline"].get(name), champion.get(name)))
        for name, one in card["metrics"].items()
        if one["value"] is not None
    ]
    curves = card["curves"]
    second: list[Block] = []
    if curves.get("roc"):
        second.append(Picture(roc_picture(curves["roc"])))
    if curves.get("calibration"):
        spec = calibration_picture(curves["calibration"])
        second.append(Picture(spec, _calibration_table(curves["calibration"])))
    if curves.get("confusion"):
        spec = confusion_picture(curves["confusion"])
        second.append(Picture(spec, _confusion_table(curves["confusion"])))
    lead = f"Judged on {card['rows']:,} rows that it never saw. {card['sentence']}"
    blocks: list[Block] = [_metrics_table(card)]
    blocks += [Beside(row) for row in (first, second) if row]
    if life.trials:
        spec = trials_picture(life.trials, str(card["primary"]), life.params)
        blocks.append(Picture(spec, _trials_table(life)))
    return Section("Model", blocks, lead)


def _metrics_table(card: Mapping[str, Json]) -> Table:
    rows = [
        (name, one["value"], one["low"], one["high"], card["baseline"].get(name, {}).get("value"))
        for name, one in card["metrics"].items()
    ]
    return Table(("metric", "value", "low", "high", "baseline"), rows)


def _trials_table(life: Life) -> Table:
    rows = [
        (
            trial["number"],
            trial["score"],
            trial.get("seconds"),
            ", ".join(f"{name} = {_plain(value)}" for name, value in trial["params"].items()),
        )
        for trial in life.trials
    ]
    return Table(("trial", "score", "seconds", "parameters"), rows)


def _plain(value: Json) -> str:
    return number_text(value) if isinstance(value, float) else str(value)


def _calibration_table(bins: Sequence[Mapping[str, Json]]) -> Table:
    return Table(
        ("the model said", "came true", "rows"),
        [(one["said"], one["true"], one["rows"]) for one in bins],
    )


def _confusion_table(confusion: Mapping[str, Json]) -> Table:
    classes = [str(value) for value in confusion["classes"]]
    rows = [(name, *line) for name, line in zip(classes, confusion["counts"], strict=True)]
    return Table(("true \\ decided", *classes), rows)


def _slices(life: Life) -> Section | None:
    card = life.scorecard
    if card is None or not card["slices"]:
        return None
    metric = str(card["primary"])
    spec = slices_picture(card["slices"], metric, card["metrics"][metric]["value"])
    rows = [
        (one["slice"], one["rows"], *(one["metrics"][metric][k] for k in ("value", "low", "high")))
        for one in card["slices"]
    ]
    table = Table(("slice", "rows", metric, "low", "high"), rows)
    return Section("Slices", [Picture(spec, table)], "Where the model is weaker than on the whole.")


def _drift(life: Life) -> Section | None:
    told = [
        {"window": window_name(window), "drift": window["drift"]}
        for window in life.windows
        if window.get("drift")
    ]
    if not told:
        return None
    rows = [
        (one["window"], feature, d["measure"], d["value"], d["threshold"], badge(_moved(d)))
        for one in told
        for feature, d in one["drift"].items()
        if d["verdict"] != "no"
    ]
    columns = ("window", "feature", "measure", "distance", "threshold", "verdict")
    clock = sorted({str(name) for window in life.windows for name in window.get("clock", ())})
    lead = "How far each feature lies from training; beyond its threshold it has drifted (dot)."
    if clock:
        lead += f" Left out, because time alone decides them: {', '.join(clock)}."
    table = Table(columns, rows) if rows else None
    return Section("Drift", [Picture(drift_picture(told), table)], lead)


def _moved(told: Mapping[str, Json]) -> str:
    return {"yes": "drifted", "no": "steady"}.get(told["verdict"], str(told["verdict"]))


def _quality(life: Life) -> Section | None:
    metric = life.primary
    measured = [w for w in life.windows if (w.get("quality") or {}).get(metric)]
    if metric is None or not measured:
        return None
    told: list[dict[str, Json]] = [
        {
            "window": window_name(window),
            "rows": window["labeled"],
            "event": "retrained" if window.get("turn") else "",
            **{key: window["quality"][metric].get(key) for key in ("value", "low", "high")},
        }
        for window in measured
    ]
    expected = None
    if life.scorecard is not None:
        expected = life.scorecard["metrics"].get(metric, {}).get("value")
    rows = [(t["window"], t["value"], t["low"], t["high"], t["rows"]) for t in told]
    table = Table(("window", metric, "low", "high", "labeled rows"), rows)
    lead = "Once labels came. The dashed line is what the live model's holdout promised."
    return Section("Quality", [Picture(quality_picture(told, metric, expected), table)], lead)


def _lineage(life: Life) -> Section | None:
    if not life.nodes:
        return None
    lead = "Where the live model came from; each box is one immutable artifact."
    return Section("Lineage", [lineage_picture(life.nodes, life.edges)], lead)


def _decisions(life: Life) -> Section | None:
    if not life.decisions:
        return None
    rows = [
        (str(d["at"])[:16].replace("T", " "), d["what"], badge(str(d["verdict"])), d["sentence"])
        for d in life.decisions
    ]
    return Section("Decisions", [Table(("when", "what", "verdict", "why"), rows)])
