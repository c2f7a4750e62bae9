"""Seven stages that do nothing: Rueda against plain Python and the peers that reuse results.

Each is run as a whole process: cold, then again with nothing changed. The peers are those of
bench/peers/README.md.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 5
STAGES = [f"s{number}" for number in range(1, 8)]
PEERS = Path(__file__).parent / "peers" / ".venv" / "bin"

RUEDA = """
import sys
from dataclasses import dataclass
from pathlib import Path

from rueda.kernel.artifact import write_artifact
from rueda.kernel.home import open_home
from rueda.kernel.plugins import load_plugin
from rueda.kernel.stage import Stage
from rueda.wheel.turn import turn


@dataclass(frozen=True)
class Nothing:
    value: int = 0


def run(name):
    def stage(spec, inputs, context):
        meta = {key: artifact.digest for key, artifact in inputs.items()}
        return {name: write_artifact(context.store, "nothing", {}, {"stage": name, **meta})}

    return stage


class Lifecycle:
    name, project, extract = "nothing", Path.cwd(), None

    def stages(self):
        before = ()
        for name in "s1 s2 s3 s4 s5 s6 s7".split():
            yield Stage(name, 1, before, (name,), run(name)), Nothing()
            before = (name,)


_, executions = turn(
    Lifecycle(), open_home(Path(".rueda")), load_plugin("engine", "threads")(), actor="bench"
)
print(*[execution.state for execution in executions])
"""

PLAIN = """
passed = {}
for name in "s1 s2 s3 s4 s5 s6 s7".split():
    passed = {"stage": name, "before": passed}
"""

HAMILTON = """
from hamilton import driver, ad_hoc_utils

source = ["def s1() -> dict:\\n    return {'stage': 1}\\n"]
for number in range(2, 8):
    head = f"def s{number}(s{number - 1}: dict) -> dict:"
    source.append(head + f"\\n    return {{'stage': {number}}}\\n")
module = ad_hoc_utils.module_from_source("\\n".join(source), "stages")
built = driver.Builder().with_modules(module).with_cache(path=".cache").build()
print(built.execute(["s7"]))
"""


def rueda_script(folder: Path) -> None:
    (folder / "seven.py").write_text(RUEDA)


def dvc_pipeline(folder: Path) -> None:
    """Seven stages, each a process that writes a file: what DVC's users write."""
    (folder / "stage.py").write_text(
        "import sys, json\n"
        "name, before = sys.argv[1], sys.argv[2:]\n"
        "json.dump({'stage': name}, open(name + '.json', 'w'))\n"
    )
    lines = ["stages:"]
    for number, name in enumerate(STAGES):
        before = f"{STAGES[number - 1]}.json" if number else ""
        lines += [f"  {name}:", f"    cmd: {sys.executable} stage.py {name} {before}", "    deps:"]
        lines += ["    - stage.py"] + ([f"    - {before}"] if before else [])
        lines += ["    outs:", f"    - {name}.json"]
    (folder / "dvc.yaml").write_text("\n".join(lines) + "\n")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([PEERS / "dvc", "init", "--no-scm", "-q"], cwd=folder, check=True, **quiet)


def timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of one whole process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "HAMILTON_TELEMETRY_ENABLED": "false"}
    subprocess.run(
        command, cwd=folder, check=True, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def contest(name: str, command: list[str], prepare=None) -> None:
    cold, warm = [], []
    for _ in range(RUNS):
        folder = Path(tempfile.mkdtemp(prefix="rueda-bench-"))
        try:
            if prepare:
                prepare(folder)
            cold.append(timed(command, folder))
            warm.append(timed(command, folder))
        finally:
            shutil.rmtree(folder)
    cells = []
    for times in (cold, warm):
        wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
        cells.append(f"{wall:>8.2f} /{cpu:>6.2f}")
    print(f"{name:<12}{cells[0]:>18}{cells[1]:>18}")


def main() -> None:
    print(f"{'':<12}{'cold':>18}{'nothing changed':>18}   wall / CPU s, medians of {RUNS}")
    contest("plain Python", [sys.executable, "-c", PLAIN])
    contest("Rueda", [sys.executable, "seven.py"], rueda_script)
    if (PEERS / "dvc").exists():
        contest("DVC", [str(PEERS / "dvc"), "repro", "-q"], dvc_pipeline)
    else:
        print("DVC          not installed; see bench/peers/README.md")
    hamilton = [str(PEERS / "python"), "-c", HAMILTON]
    if (PEERS / "python").exists():
        contest("Hamilton", hamilton)
    else:
        print("Hamilton     not installed; see bench/peers/README.md")


if __name__ == "__main__":
    main()
