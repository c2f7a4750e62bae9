"""What a user declares: the seven stage specs of one lifecycle, wired."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from rueda.kernel.errors import SpecError
from rueda.kernel.stage import Stage
from rueda.stages.s1_extract import EXTRACT, Extract
from rueda.stages.s2_prepare import PREPARE, Prepare
from rueda.stages.s3_train import TRAIN, Train
from rueda.stages.s4_evaluate import EVALUATE, Evaluate
from rueda.stages.s5_register import REGISTER, Register
from rueda.stages.s6_deploy import DEPLOY, Deploy
from rueda.stages.s7_monitor import MONITOR, Monitor

_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class Declaration:
    """A lifecycle as data: its name and one frozen spec a stage.

    Parameters
    ----------
    name
        Names the model everywhere: ``name@3``, ``name@champion``. Lowercase letters, digits, ``.``,
        ``_``, ``-``.
    extract, prepare, train, evaluate, register, deploy, monitor
        What each stage is to do; only ``extract`` and ``train`` have no default.
    project
        The folder that relative paths start from; the folder of the declaring file by default.

    Raises
    ------
    SpecError
        The name cannot be part of a URL, or a part is of another kind than its place asks for.
    """

    name: str
    extract: Extract
    train: Train
    prepare: Prepare = field(default_factory=Prepare)
    evaluate: Evaluate = field(default_factory=Evaluate)
    register: Register = field(default_factory=Register)
    deploy: Deploy = field(default_factory=Deploy)
    monitor: Monitor = field(default_factory=Monitor)
    project: Path | None = field(default=None, compare=False, metadata={"fingerprint": False})

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise SpecError(
                f"{self.name!r} cannot name a lifecycle",
                expected="1 to 63 lowercase letters, digits, '.', '_' or '-', such as flight-delay",
                got=repr(self.name),
                do="choose a name that can stand in a URL",
            )
        kinds = (Extract, Prepare, Train, Evaluate, Register, Deploy, Monitor)
        for kind in kinds:
            part = getattr(self, kind.__name__.lower())
            if not isinstance(part, kind):
                raise SpecError(
                    f"{kind.__name__.lower()}= of lifecycle {self.name!r} is not a {kind.__name__}",
                    expected=f"rd.{kind.__name__}(…)",
                    got=repr(part)[:80],
                    do=f"write {kind.__name__.lower()}=rd.{kind.__name__}(…)",
                )
        if self.project is None:
            object.__setattr__(self, "project", _declaring_folder())

    def stages(self) -> Iterator[tuple[Stage, object]]:
        """The seven stages in order, each with its spec."""
        yield EXTRACT, self.extract
        yield PREPARE, self.prepare
        yield TRAIN, self.train
        yield EVALUATE, self.evaluate
        yield REGISTER, replace(self.register, name=self.name)
        yield DEPLOY, self.deploy
        yield MONITOR, self.monitor


STAGE_NAMES = ("extract", "prepare", "train", "evaluate", "register", "deploy", "monitor")


def _declaring_folder() -> Path:
    """The folder of the file that is declaring a lifecycle right now; the working folder in a
    notebook.
    """
    here = str(Path(__file__).parent)
    frame = sys._getframe(1)
    while frame.f_back is not None:
        file = frame.f_code.co_filename
        # A dataclass's generated __init__ lives in "<string>".
        if not file.startswith(here) and not file.startswith("<string"):
            break
        frame = frame.f_back
    path = Path(frame.f_code.co_filename)
    return path.resolve().parent if path.is_file() else Path.cwd()
