"""Trials: what the search tried, and which one won."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rueda.kernel.digest import Json
from rueda.pictures.theme import Spec, picture, rows


def trials_picture(
    trials: Sequence[Mapping[str, Json]], metric: str, best: Mapping[str, Json] | None = None
) -> Spec:
    """The score of each trial in the order they ran; the one whose parameters are ``best`` stands
    out.
    """
    known = [
        {
            "trial": trial["number"],
            "score": trial["score"],
            "seconds": trial.get("seconds"),
            "parameters": ", ".join(f"{k} = {_short(v)}" for k, v in trial["params"].items()),
            "best": best is not None and trial["params"] == best,
        }
        for trial in trials
        if trial.get("score") is not None
    ]
    x = {
        "field": "trial", "type": "ordinal", "title": "trial",
        "axis": {"grid": False, "labelAngle": 0},
    }  # fmt: skip
    y = {
        "field": "score", "type": "quantitative", "title": metric,
        "scale": {"zero": False}, "axis": {"tickCount": 5},
    }  # fmt: skip
    tips = [
        {"field": "trial"},
        {"field": "score", "format": ".4~g"},
        {"field": "parameters"},
        {"field": "seconds", "format": ".1f"},
    ]
    return picture(
        "Trials",
        "The score of each trial of the search",
        height=220,
        data=rows(known),
        encoding={"x": x, "y": y, "tooltip": tips},
        layer=[
            {"mark": {"type": "point", "size": 70}},
            {
                "transform": [{"filter": "datum.best"}],
                "mark": {"type": "point", "size": 130, "style": "best"},
            },
        ],
    )


def _short(value: Json) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
