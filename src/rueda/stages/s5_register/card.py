"""Card: the model card, written from evidence alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from rueda.artifacts.dataset import Dataset
from rueda.artifacts.model import Model
from rueda.artifacts.preparation.preparation import Preparation
from rueda.artifacts.scorecard import Scorecard, number_text
from rueda.artifacts.signature import Signature
from rueda.kernel.digest import Json

WORST_SLICES = 10


def write_card(
    name: str,
    dataset: Dataset,
    preparation: Preparation,
    model: Model,
    scorecard: Scorecard,
    signature: Signature,
    meta: Mapping[str, Json],
) -> str:
    """The card of one release, in Markdown. It has no date: the same evidence, the same card."""
    parts = [
        [f"# {name}", "", _purpose(dataset, model)],
        ["## Verdict", "", f"**{scorecard.verdict}**: {scorecard.sentence}", *_gates(scorecard)],
        ["## Data", "", *_data(dataset)],
        ["## What it takes", "", *_inputs(signature)],
        ["## Preparation", "", *[f"- {_cell(line)}" for line in preparation.describe()]],
        ["## Model", "", *_model(model)],
        [f"## Quality on {scorecard.rows:,} holdout rows", "", *_metrics(scorecard)],
        ["## Weakest slices", "", *_slices(scorecard)],
        ["## Packaging", "", *_packaging(meta)],
        ["## Limits", "", *_limits(dataset, model, scorecard)],
        ["## What traces it", "", *_table(("artifact", "digest"), sorted(meta["traces"].items()))],
    ]
    return "\n".join("\n".join(part) + "\n" for part in parts)


def _purpose(dataset: Dataset, model: Model) -> str:
    if model.task == "regression":
        return f"Predicts `{dataset.label}`, a number."
    classes = ", ".join(f"`{value}`" for value in model.classes)
    return f"Predicts `{dataset.label}`, one of {classes} ({model.task} classification)."


def _gates(scorecard: Scorecard) -> list[str]:
    lines = [f"- {gate['verdict']}: {gate['sentence']}" for gate in scorecard.gates]
    return ["", *lines] if lines else []


def _data(dataset: Dataset) -> list[str]:
    counts = dataset.counts
    sides = [(side, f"{counts[side]:,}") for side in ("read", "train", "holdout", "unlabeled")]
    sides.append(("quarantine", f"{counts['quarantine']:,}"))
    lines = _table(("rows", "count"), sides)
    split = dataset.manifest.meta.get("split")
    if split:
        lines += ["", f"Split: {_plain(split)}."]
    return lines


def _inputs(signature: Signature) -> list[str]:
    rows = [
        (f.name, _type(f.arrow), "yes" if f.nullable else "no", ", ".join(f.allowed or ())[:120])
        for f in signature.inputs
    ]
    return _table(("column", "type", "null", "values seen"), rows)


def _type(kind: pa.DataType) -> str:
    return str(kind.value_type) if pa.types.is_dictionary(kind) else str(kind)


def _model(model: Model) -> list[str]:
    lines = [f"- trainer: {model.trainer}", f"- features: {len(model.features)}"]
    described = model.manifest.meta.get("model")
    if described:
        name = str(described.get("class", "a function")).rpartition(".")[2]
        lines.append(f"- estimator: {name} `{_plain(described.get('params', described))}`")
    if model.params:
        lines.append(f"- found by search over {len(model.trials)} trials: `{_plain(model.params)}`")
    return lines


def _metrics(scorecard: Scorecard) -> list[str]:
    rows = []
    for name, metric in scorecard.metrics.items():
        interval = f"{number_text(metric['low'])} to {number_text(metric['high'])}"
        base = scorecard.baseline.get(name, {}).get("value")
        rows.append((name, number_text(metric["value"]), interval, number_text(base)))
    return _table(("metric", "value", "interval", "knowing nothing"), rows)


def _slices(scorecard: Scorecard) -> list[str]:
    if not scorecard.slices:
        return ["No slices were asked for."]
    rows = []
    for found in scorecard.slices[:WORST_SLICES]:
        metric = found["metrics"].get(scorecard.primary, {})
        interval = f"{number_text(metric.get('low'))} to {number_text(metric.get('high'))}"
        value = number_text(metric.get("value"))
        rows.append((found["slice"], f"{found['rows']:,}", value, interval))
    return _table(("slice", "rows", scorecard.primary, "interval"), rows)


def _packaging(meta: Mapping[str, Json]) -> list[str]:
    packaging = meta["packaging"]
    lines = [f"Format: {packaging['format']} ({_cell(packaging['reason'])}).", "", "Serving needs:"]
    return [*lines, "", *[f"- {line}" for line in meta["requirements"]]]


def _limits(dataset: Dataset, model: Model, scorecard: Scorecard) -> list[str]:
    lines = [f"- Fit: {scorecard.fit['sentence']}"] if scorecard.fit else []
    unmeasured = [name for name, m in scorecard.metrics.items() if m["value"] is None]
    if unmeasured:
        lines.append(f"- Not measured, for want of rows: {', '.join(unmeasured)}.")
    if dataset.counts["unlabeled"]:
        lines.append(
            f"- {dataset.counts['unlabeled']:,} rows had no label: nothing is known there."
        )
    if dataset.counts["quarantine"]:
        lines.append(f"- {dataset.counts['quarantine']:,} rows could not be read.")
    if model.task == "binary":
        lines.append("- Labels follow a threshold of 0.5; scores are what was judged.")
    return lines or ["- None came to light."]


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*lines, *[f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]]


def _cell(value: object) -> str:
    """``value`` on one line of a Markdown table, whatever a column may be called."""
    text = " ".join(str(value).split()).replace("\\", "\\\\").replace("|", "\\|")
    return text.replace("<", "&lt;")


def _plain(tree: Json) -> str:
    if isinstance(tree, dict):
        return ", ".join(f"{key} {_plain(value)}" for key, value in sorted(tree.items()))
    return _cell(tree)
