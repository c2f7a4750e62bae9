"""Register: a model becomes a release: packaged with its preparation, proved, signed, traced."""

from __future__ import annotations

from collections.abc import Mapping

from rueda.kernel.artifact import Artifact
from rueda.kernel.stage import Context, Stage
from rueda.stages.s5_register.needs import NATIVE, SERVING
from rueda.stages.s5_register.spec import Register


def register(
    spec: Register, inputs: Mapping[str, Artifact], context: Context
) -> dict[str, Artifact]:
    """Make the release, and let it answer its golden sample as a server would.

    Raises
    ------
    Defect
        An answer differs from that of the training path; there is no release.
    """
    from rueda.artifacts.release import Release
    from rueda.kernel.artifact import write_artifact
    from rueda.stages.s5_register.assemble import assemble

    context.progress(0, 3, "packaging")
    files, meta = assemble(spec, inputs, context)
    context.progress(2, 3, "golden sample")
    artifact = write_artifact(context.store, "release", files, meta)
    Release.open(context.store, artifact).check_golden()
    return {"release": artifact}


REGISTER = Stage(
    name="register",
    version=1,
    needs=("dataset", "profile", "preparation", "model", "scorecard"),
    makes=("release",),
    run=register,
    distributions=("onnx", "skl2onnx", *(n for n in (*SERVING, *NATIVE) if n != "rueda")),
)
