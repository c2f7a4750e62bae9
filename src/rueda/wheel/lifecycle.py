"""Lifecycle: a declaration that can be turned, from Python, a notebook or the terminal alike."""

from __future__ import annotations

import getpass
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from rueda.kernel.home import Home, home_folder, open_home
from rueda.kernel.plugins import load_plugin
from rueda.kernel.seams import Engine
from rueda.lifecycle import Declaration
from rueda.wheel.opened import TurnedRun
from rueda.wheel.turn import turn
from rueda.wheel.watch import Watch


@dataclass(frozen=True)
class Lifecycle(Declaration):
    """The seven stages of one model's life, declared; ``run()`` turns them.

    See ``rueda.lifecycle.Declaration`` for the parameters.

    Examples
    --------
    >>> import rueda as rd
    >>> from sklearn.linear_model import LogisticRegression
    >>> lifecycle = rd.Lifecycle(
    ...     "churn",
    ...     extract=rd.Extract("customers.csv", label="left"),
    ...     train=rd.Train(LogisticRegression()),
    ... )
    >>> lifecycle.name
    'churn'
    """

    def home(self, environment: Mapping[str, str] | None = None) -> Home:
        """The home of this lifecycle: ``RUEDA_HOME``, ``[tool.rueda] home``, or ``.rueda/`` beside
        its file.
        """
        assert self.project is not None
        return open_home(
            home_folder(self.project, os.environ if environment is None else environment)
        )

    def run(
        self,
        *,
        home: Home | Path | None = None,
        fresh: Collection[str] = (),
        until: str | None = None,
        trigger: str = "demand",
        actor: str | None = None,
        watch: Watch | None = None,
        engine: Engine | None = None,
    ) -> TurnedRun:
        """Turn the wheel once: what nothing changed is reused, the rest runs.

        Parameters
        ----------
        home
            An open home, or its folder.
        fresh
            Stages that run even if their result is known.
        until
            The last stage to run; None for all seven.
        trigger
            ``demand``, or the digest of the alarm that asks for this turn.

        Raises
        ------
        RuedaError
            A stage failed. What finished before it is kept; the next call goes on there.
        """
        place = open_home(home) if isinstance(home, Path) else home or self.home()
        run, executions = turn(
            self,
            place,
            engine or load_plugin("engine", "threads")(),
            actor=actor or actor_name(),
            trigger=trigger,
            fresh=fresh,
            until=until,
            watch=watch,
        )
        return TurnedRun(place, run, tuple(executions))


def actor_name() -> str:
    """Who is acting, for the ledger: the user's login name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container without a passwd entry for its user.
        return f"uid {os.getuid()}"
