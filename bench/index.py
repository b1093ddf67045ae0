"""An index of a million vectors: interlingua beside FAISS, hnswlib, usearch and txtai, in one run.

Every step of every program runs in a process of its own: importing and building from the same two
files (vectors, records), then opening and searching with the least search parameter that finds the
wanted share of the ten nearest. Results are kept in --work, so that a run that was broken off goes
on, and ones of several days are printed together; --again measures anew.

    python -m bench.index [--documents 10000,100000,1000000] [--real 100000] [--recall 0.95]
                          [--systems NAME,…] [--work DIR] [--print]

Names: interlingua:KIND, interlingua:KIND/documents (the same index, answers with documents),
interlingua:KIND+lexical (texts kept for search by words, too), faiss:FACTORY,
faiss:FACTORY+200 (links chosen among as many candidates as ours), hnswlib, usearch, txtai:FACTORY.
"""

import argparse
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.cached import say
from bench.index_data import DIM, Data, clustered, real
from bench.index_table import print_curve, print_tables

ROOT = Path(__file__).parents[1]

SYSTEMS = (
    "interlingua:flat",
    "interlingua:flat/documents",
    "faiss:Flat",
    "txtai:IDMap,Flat",
    "interlingua:hnsw",
    "interlingua:hnsw/documents",
    "faiss:HNSW32,Flat",
    "faiss:HNSW32,Flat+200",
    "hnswlib",
    "usearch",
    "interlingua:ivf",
    "interlingua:ivf/documents",
    "interlingua:ivf+lexical",
    "faiss:IVF{lists},Flat",
)
"""``{lists}`` is what interlingua takes at that size."""

Result = Mapping[str, Any]


def measured(system: str, data: Data, work: Path, wanted: float, again: bool) -> Result:
    """Build and search, or read what an earlier run found."""
    kept = work / "results" / data.folder.name / f"{system.replace('/', '+')}.json"
    if kept.exists() and not again:
        found: Result = json.loads(kept.read_text())
        return found
    say(f"{data.folder.name}: {system}")
    index, _, variant = system.partition("/")
    folder = work / "indexes" / data.folder.name / index
    built = folder / "built.json"
    if again and not variant:
        shutil.rmtree(folder, ignore_errors=True)
    if not built.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        done = _step("build", index, data, folder)
        built.write_text(json.dumps(done))
    result = {
        "system": system,
        "build": json.loads(built.read_text()),
        "first": _step("first", system, data, folder),
        "search": _step("search", system, data, folder, str(wanted)),
    }
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(result))
    return result


def _step(step: str, system: str, data: Data, folder: Path, *more: str) -> Result:
    command = [sys.executable, "-m", "bench.index_one", step, system, str(data.folder)]
    ran = subprocess.run(
        [*command, str(folder), *more], stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT
    )
    found: Result = json.loads(ran.stdout.splitlines()[-1])
    return found


def clusters(n: int) -> int:
    """Choose the number of clusters as interlingua does: a power of two near 4 times the root."""
    return max(1, min(1 << round(math.log2(4 * math.sqrt(n))), n // 39))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", default="10000,100000,1000000")
    parser.add_argument("--real", type=int, default=0, help="also encode this many real texts")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--recall", type=float, default=0.95)
    parser.add_argument("--systems", default=";".join(SYSTEMS), help="names, ';' between them")
    parser.add_argument("--work", type=Path, default=Path.home() / ".cache" / "interlingua-bench")
    parser.add_argument("--again", action="store_true", help="measure anew what is kept")
    parser.add_argument("--print", action="store_true", help="print what is kept, measure nothing")
    return parser.parse_args()


def main() -> None:
    """Measure what is asked for, and print it."""
    options = _arguments()
    sizes = [int(n) for n in options.documents.split(",") if n]
    systems = [name for name in options.systems.split(";") if name]
    corpora = [(n, clustered(options.work / "data", n)) for n in sizes]
    if options.real:
        corpora.append((options.real, real(options.work / "data", options.data, options.real)))
    found: dict[str, list[Result]] = {}
    for n, data in corpora:
        for system in systems:
            name = system.format(lists=clusters(n))
            if options.print and not _is_kept(options.work, data, name):
                continue
            result = measured(name, data, options.work, options.recall, options.again)
            found.setdefault(data.folder.name, []).append(result)
    _report(found, options.recall)


def _is_kept(work: Path, data: Data, system: str) -> bool:
    file = f"{system.replace('/', '+')}.json"
    return (work / "results" / data.folder.name / file).exists()


def _report(found: Mapping[str, Sequence[Result]], wanted: float) -> None:
    for name, results in found.items():
        n = int(name.rpartition("-")[2])
        print(f"### {name}: {n:,} vectors of {DIM} dimensions, {4 * DIM * n / 1e6:,.0f} MB\n")
        print_tables(results, n, wanted)
    if len(found) > 1:
        print_curve(found)


if __name__ == "__main__":
    main()
