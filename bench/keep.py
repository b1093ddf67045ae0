"""What it takes to keep an index: time and memory of compact, purge, backup, restore and export.

An index of drawn vectors (384 dimensions, see bench/index_data.py) loses a tenth of its documents;
then each step runs in a process of its own.

    python -m bench.keep [--documents 100000] [--work DIR]
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.cached import say
from bench.index_data import clustered
from bench.index_one import memory

ROOT = Path(__file__).parents[1]


def delete(index: Path, _: Path) -> None:
    """Delete every tenth document by a condition."""
    from indexer.records import Condition, Filter
    from indexer.removal import delete_where

    delete_where(Filter(where=(Condition("tenth", "0"),)), index)


def compact(index: Path, _: Path) -> None:
    """Write FAISS files without the dead."""
    from indexer.compaction import compact as run

    run(index)


def purge(index: Path, _: Path) -> None:
    """Leave no byte of them."""
    from indexer.purge import purge as run

    run(index)


def backup(index: Path, work: Path) -> None:
    """Copy, links where they work."""
    from indexer.backup import backup as run

    run(index, work / "backup")


def restore(_: Path, work: Path) -> None:
    """Make an index of the copy."""
    from indexer.restore import restore as run

    run(work / "backup", work / "restored")


def jsonl(index: Path, work: Path) -> None:
    """Write records."""
    from indexer.exports.export import export

    with (work / "out.jsonl").open("wb") as file:
        export(index, file)


def parquet(index: Path, work: Path) -> None:
    """Write records and vectors."""
    from indexer.exports.export import export

    with (work / "out.parquet").open("wb") as file:
        export(index, file, format="parquet", vectors="raw")


STEPS: Mapping[str, Callable[[Path, Path], None]] = {
    "delete --where, a tenth": delete,
    "compact": compact,
    "purge": purge,
    "backup": backup,
    "restore": restore,
    "export, JSONL": jsonl,
    "export, Parquet with vectors": parquet,
}


def step(name: str, index: Path, work: Path) -> None:
    """Do one step in this process; print its seconds and its peak memory in bytes."""
    start = time.perf_counter()
    STEPS[name](index, work)
    print(json.dumps({"seconds": time.perf_counter() - start, "peak": memory("VmHWM")}))


def prepare(work: Path, documents: int) -> Path:
    """Make the index: vectors made elsewhere, a tenth of the records marked."""
    from indexer.corpus import read_corpus
    from indexer.imported import import_vectors
    from indexer.vectorfiles.files import open_vectors

    data = clustered(work, documents)
    marked = work / "marked.jsonl"
    with data.corpus.open(encoding="utf-8") as lines, marked.open("w", encoding="utf-8") as file:
        for number, line in enumerate(lines):
            record = {**json.loads(line), "tenth": number % 10}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    index = work / "index"
    shutil.rmtree(index, ignore_errors=True)
    import_vectors(open_vectors(data.vectors), read_corpus([str(marked)]), index)
    return index


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        step(arguments.step[0], Path(arguments.step[1]), arguments.work)
        return
    with tempfile.TemporaryDirectory(dir=arguments.work) as folder:
        work = Path(folder)
        index = prepare(work, arguments.documents)
        size = sum(file.stat().st_size for file in index.rglob("*") if file.is_file())
        print(f"{arguments.documents:,} documents of 384 dimensions, {size / 1e6:,.0f} MB\n")
        print("| step | seconds | peak MB |\n|---|---|---|")
        for name in STEPS:
            say(name)
            module = [sys.executable, "-m", "bench.keep", "--work", folder]
            command = [*module, "--step", name, str(index)]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT)
            found = json.loads(done.stdout)
            print(f"| {name} | {found['seconds']:.1f} | {found['peak'] / 1e6:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
