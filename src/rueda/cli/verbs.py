"""The verbs of the terminal: name, module, one line of help."""

from __future__ import annotations

from typing import NamedTuple

SHAPE = 1
"""The version of the objects that ``--json`` prints (docs/reference/json.md)."""


class Verb(NamedTuple):
    """One command: where it lives, and what it does in one line."""

    module: str
    help: str


STAGE_VERBS = {
    "extract": "read the source into a checked, split, profiled dataset",
    "prepare": "fit the feature preparation on the training rows",
    "train": "train, with search if the lifecycle has one",
    "evaluate": "judge on the holdout, against the gates and the champion",
    "register": "package and prove the release",
    "deploy": "decide what should be live, and move towards it",
}

VERBS = {
    "init": Verb("rueda.cli.init", "write a lifecycle.py that runs on your data"),
    "profile": Verb("rueda.cli.profile", "say what a file holds, and what is wrong with it"),
    "validate": Verb("rueda.cli.validate", "check a file against a schema, or infer one"),
    "run": Verb("rueda.cli.run", "turn the wheel: all seven stages, reusing what did not change"),
    **{name: Verb("rueda.cli.stage", text) for name, text in STAGE_VERBS.items()},
    "monitor": Verb("rueda.cli.monitor", "close a window over the predictions and judge it"),
    "serve": Verb("rueda.cli.serve", "answer predictions over HTTP, following what is live"),
    "predict": Verb("rueda.cli.predict", "predict a file through the serving path"),
    "label": Verb("rueda.cli.label", "import labels that came after their predictions"),
    "rollout": Verb("rueda.cli.rollout", "look at a canary, and let it advance or roll back"),
    "promote": Verb("rueda.cli.promote", "make a version the champion"),
    "rollback": Verb("rueda.cli.rollback", "make the previous champion live again"),
    "live": Verb("rueda.cli.live", "say what is live, or was at a time"),
    "models": Verb("rueda.cli.models", "list the registered versions"),
    "runs": Verb("rueda.cli.runs", "list the runs"),
    "show": Verb("rueda.cli.show", "show a run, a version or an artifact"),
    "why": Verb("rueda.cli.why", "say why a stage ran or was reused"),
    "report": Verb("rueda.cli.report", "write one HTML page about the model's life"),
    "fsck": Verb("rueda.cli.fsck", "verify every byte and every record of the home"),
    "plugins": Verb("rueda.cli.plugins", "list the implementations of every seam"),
    "doctor": Verb("rueda.cli.doctor", "check this installation and its home"),
}
"""In the order in which they are met."""
