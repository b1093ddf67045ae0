"""Memory does not grow with the corpus, whatever it is written in."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tests.indexer.readers.test_same_everywhere import to_csv, to_jsonl, to_llm

RECORDS = 40_000

MEASURE = """
import sys
from pathlib import Path
from indexer.corpus import read_corpus
def peak():  # ru_maxrss would tell the parent's peak as well
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])
small, large = sys.argv[1:]
list(read_corpus([small], lang="en"))  # loads the code
before = peak()
read = sum(1 for _ in read_corpus([large], lang="en"))
print(read, peak() - before)
"""


def to_one_batch(rows: list[dict[str, str]], path: Path) -> Path:
    """Write everything as one Arrow batch."""
    table = pa.Table.from_pylist(rows)
    with pa.ipc.new_file(path / "c.arrow", table.schema) as writer:
        writer.write_table(table)
    return path / "c.arrow"


def to_one_group(rows: list[dict[str, str]], path: Path) -> Path:
    """Write everything as one row group of Parquet."""
    pq.write_table(pa.Table.from_pylist(rows), path / "c.parquet")
    return path / "c.parquet"


def to_zstd(rows: list[dict[str, str]], path: Path) -> Path:
    """Write one frame that shrinks, but not by a hundred."""
    packed = zstandard.ZstdCompressor(level=-20).compress(to_jsonl(rows, path).read_bytes())
    (path / "c.jsonl.zst").write_bytes(packed)
    return path / "c.jsonl.zst"


def to_squad(rows: list[dict[str, str]], path: Path) -> Path:
    """Write articles of ten contexts."""
    contexts = [{"context": row["text"]} for row in rows]
    data = [{"paragraphs": contexts[at : at + 10]} for at in range(0, len(rows), 10)]
    (path / "c.json").write_text(json.dumps({"data": data}))
    return path / "c.json"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """Records that all differ, of 2.5 kB each."""
    numbers = range(RECORDS)
    return [{"id": str(n), "text": " ".join(str(n * k) for k in range(9, 350))} for n in numbers]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory needs /proc")
@pytest.mark.parametrize("write", [to_csv, to_zstd, to_squad, to_llm, to_one_group, to_one_batch])
def test_a_hundred_megabytes_take_less_than_half_of_it(
    tmp_path: Path, rows: list[dict[str, str]], write: Callable[[list[dict[str, str]], Path], Path]
) -> None:
    """100 MB of text; what grows is blocks of fixed size and pages that the kernel maps ahead."""
    (tmp_path / "small").mkdir()
    files = [str(write(rows[:10], tmp_path / "small")), str(write(rows, tmp_path))]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *files],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    read, grown = map(int, done.stdout.split())

    assert read == RECORDS
    assert grown < 50 * 1024
