"""Whose fault a failure is: the user's code, the user's input, or ours; and how to look at it."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path

from rueda.kernel.digest import Digest
from rueda.kernel.errors import Defect, RuedaError, UserCodeError
from rueda.kernel.refusal import refusal


def blame(
    error: BaseException, stage: str, project: Path, inputs: Mapping[str, Digest]
) -> BaseException:
    """What to raise for ``error`` out of ``stage``.

    Errors of ours and interrupts stay as they are. An error whose traceback passes through a file
    of ``project`` becomes a UserCodeError that names the line and the command that runs just that
    stage under a debugger; what the operating system refused is told as that; any other one is a
    Defect of ours.
    """
    if isinstance(error, RuedaError) or not isinstance(error, Exception):
        return error
    what = f"{type(error).__name__} in stage {stage}: {error}"
    given = ", ".join(f"{name} {digest[:12]}" for name, digest in inputs.items())
    frame = _last_frame_in(error, project)
    if frame is None and isinstance(error, OSError) and error.errno:
        return refusal(error)
    if frame is None:
        return Defect(
            what, got=given, do="report it with the traceback; `rueda run` resumes at this stage"
        )
    return UserCodeError(
        what,
        expected=f"{frame.name} to return",
        got=f"{frame.filename}:{frame.lineno}: {frame.line}\nwith {given}",
        do=f"rueda {stage} --debug   (runs just this stage again, and stops where it raises)",
    )


def user_traceback(error: BaseException, project: Path) -> str:
    """The traceback of ``error`` from the user's first frame on; all of it if none is theirs."""
    frames = traceback.extract_tb(error.__traceback__)
    for first, frame in enumerate(frames):
        if _is_of(frame.filename, project):
            frames = traceback.StackSummary.from_list(frames[first:])
            break
    lines = ["Traceback (from your code on):\n", *frames.format()]
    return "".join([*lines, *traceback.format_exception_only(error)])


def _last_frame_in(error: BaseException, project: Path) -> traceback.FrameSummary | None:
    frames = traceback.extract_tb(error.__traceback__)
    return next((f for f in reversed(frames) if _is_of(f.filename, project)), None)


def _is_of(file: str, project: Path) -> bool:
    path = Path(file)
    outside = "site-packages" in path.parts or not path.is_relative_to(project)
    return not outside and Path(__file__).parents[1] not in path.parents
