"""Standing: what a command that moved the traffic prints."""

from __future__ import annotations

import getpass
from collections.abc import Mapping

from rueda.cli.terminal import out, print_json
from rueda.wheel.promotion import Rollout


def actor() -> str:
    """The name under which the ledger keeps what this person does."""
    return getpass.getuser()


def print_rollout(rollout: Rollout, *, as_json: bool) -> None:
    """Say what stands now."""
    if as_json:
        print_json(
            {
                "name": rollout.name,
                "action": rollout.action,
                "champion": rollout.champion,
                "challenger": rollout.challenger,
                "weights": rollout.weights,
                "sentence": rollout.sentence,
            }
        )
        return
    out().print(f"{rollout.action}; now live: {weights_text(rollout.weights)}")


def weights_text(weights: Mapping[str, float]) -> str:
    """``m@1 95 %, m@2 5 %``."""
    return ", ".join(f"{version} {percent:g} %" for version, percent in weights.items())
