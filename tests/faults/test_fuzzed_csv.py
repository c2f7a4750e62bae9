"""CSV files with a few bytes changed: never a crash, never a row lost without a count."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest

from rueda.kernel.errors import RuedaError
from rueda.kernel.seams import Rejected
from rueda.sources.files import FileSource

CELLS = ["17", "0.5", "text", '"quo,ted"', '"a""b"', '"two\nlines"', "", "2020-01-02", "ü"]
NOISE = [b'"', b",", b"\n", b"\r", b"\xff", b"\x00", b'""', b"\r\n", b";", b"a", b"\xc3", b'",']


def mutated(seed: int) -> bytes:
    rng = random.Random(seed)
    quoted = seed % 2
    cells = CELLS if quoted else [cell for cell in CELLS if '"' not in cell]
    noise = NOISE if quoted else [piece for piece in NOISE if b'"' not in piece]
    columns = rng.randrange(1, 5)
    names = ",".join(f"c{i}" for i in range(columns))
    rows = [",".join(rng.choices(cells, k=columns)) for _ in range(rng.randrange(30))]
    content = bytearray(rng.choice(["\n", "\r\n"]).join([names, *rows]).encode())
    for _ in range(rng.randrange(1, 5)):
        at, to = rng.randrange(len(content) + 1), rng.randrange(len(content) + 1)
        change = rng.randrange(4)
        if change == 0:
            content[at:at] = rng.choice(noise)
        elif change == 1:
            del content[at : at + 3]
        elif change == 2:
            content[at:at] = content[min(at, to) : max(at, to)]
        else:
            content[at : at + 1] = bytes([rng.randrange(256)])
    return bytes(content)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
def test_mutated_files_never_crash_and_never_lose_a_row(tmp_path: Path, block: int) -> None:
    """Where no quote can join lines, each line with something in it is one row."""
    counted, refused = 0, []
    for seed in range(block * 1000, block * 1000 + 1000):
        content = mutated(seed)
        (tmp_path / "x.csv").write_bytes(content)
        rejected: list[Rejected] = []
        try:
            table = pa.Table.from_batches(FileSource("x.csv", tmp_path).batches(rejected.append))
        except RuedaError as error:
            refused.append(error.exit_code)
            continue
        if b'"' not in content:
            text = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n")
            lines = [line for line in text.split(b"\n") if line]
            assert len(table) + len(rejected) == len(lines) - 1, content
            counted += 1
    assert counted > 300
    assert set(refused) == {2}  # the user's mistake, never ours
