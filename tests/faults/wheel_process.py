"""Turns a counting lifecycle, and may kill itself at one point; run by the faults of the wheel.

``wheel_process.py HOME LOG [STAGE POINT]``: each stage that runs appends its name to LOG.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.lifecycles import CountingLifecycle, slowly

from rueda.kernel.home import open_home
from rueda.kernel.plugins import load_plugin
from rueda.kernel.record import Execution
from rueda.wheel import turn as wheel
from rueda.wheel.settle import Heartbeat

POINTS = ("before it starts", "after its output", "before the commit", "after the commit")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(home_folder: str, log: str, stage: str = "", point: str = "") -> None:
    home = open_home(Path(home_folder))
    wait = slowly(float(os.environ.get("SLOWLY", "0")))

    def act(name: str) -> None:
        if name == stage and point == POINTS[0]:
            die()
        with open(log, "a", encoding="utf-8") as lines:
            lines.write(name + "\n")
        wait(name)

    lifecycle = CountingLifecycle(Path(home_folder), act=act)
    finish = wheel._finish

    def dying_finish(now, made_stage, execution, outputs, meter, lease):
        if execution.stage == stage and point == POINTS[1]:
            die()
        finish(now, made_stage, execution, outputs, meter, lease)
        if execution.stage == stage and point == POINTS[3]:
            die()

    append = home.ledger.append

    def dying_append(*records, **options):
        ours = [r for r in records if isinstance(r, Execution) and r.stage == stage]
        if point == POINTS[2] and any(r.state == "ran" for r in ours):
            die()
        return append(*records, **options)

    if os.environ.get("FORGET_LEASES"):
        wheel.Heartbeat = lambda ledger, name: Heartbeat(ledger, f"{name}/{os.getpid()}")
    wheel._finish = dying_finish
    home.ledger.append = dying_append
    _, executions = wheel.turn(
        lifecycle, home, load_plugin("engine", "threads")(), actor="a process"
    )
    for execution in executions:
        print(execution.stage, execution.state, *execution.outputs.values())


if __name__ == "__main__":
    main(*sys.argv[1:])
