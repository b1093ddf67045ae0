"""How long an audit takes and how much memory, on real sentences and at size.

    python -m bench.audit [--data DIR] [--documents 1000000] [--sample 10000]

First XQuAD-R whole: 13,090 questions against 13,014 sentences, every measure, 1,000 bootstrap
samples, after encoding. Then an index over planted vectors in eleven languages, imported, with a
sample of its documents asking. Each audit runs in a process of its own, whose peak memory is what
the operating system says. Prints a Markdown table.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import interlingua
from indexer.convert import convert_xquad_r
from indexer.imported import import_vectors

ROOT = Path(__file__).parents[1]
LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
DIM = 384
CHUNK = 50_000


def main() -> None:
    """Prepare, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data/xquad-r")
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=10_000)
    parser.add_argument("--audit", nargs=3, help=argparse.SUPPRESS)  # what the process does
    options = parser.parse_args()
    if options.audit:
        print(json.dumps(audit(*options.audit)))
        return
    print("| index | documents | queries | seconds | peak MB | excess@10 | 95 % interval |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | :---: |")
    with tempfile.TemporaryDirectory() as folder:
        if options.data.is_dir():
            row("XQuAD-R, default encoder", *sentences(options.data, Path(folder)), 0)
        if options.documents:
            row("planted", planted(options.documents, Path(folder)), "", options.sample)


def audit(index: str, vectors: str, sample: str) -> dict[str, float]:
    """Audit in this process, with the time and the memory it takes."""
    folder = Path(index).parent
    with interlingua.open(index) as opened:
        given = vectors or None
        queries = list(interlingua.read_queries(str(folder / "queries.jsonl"))) if given else None
        start = time.monotonic()
        found = opened.audit(
            interlingua.AuditOptions(sample=int(sample)),
            queries=queries,
            vectors=np.load(given) if given else None,
        )
        seconds = time.monotonic() - start
    excess = found.overall[interlingua.Measure("excess", 10)]
    assert excess.value is not None
    assert excess.low is not None
    assert excess.high is not None
    return {
        "documents": found.index.documents,
        "queries": found.queries.sampled,
        "seconds": seconds,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "value": excess.value,
        "low": excess.low,
        "high": excess.high,
    }


def row(name: str, index: Path, vectors: str | Path, sample: int) -> None:
    """Audit in a process of its own and print the line."""
    command = [sys.executable, __file__, "--audit", str(index), str(vectors), str(sample)]
    out = subprocess.run(command, check=True, capture_output=True, text=True)
    f = json.loads(out.stdout)
    print(
        f"| {name} | {f['documents']:,} | {f['queries']:,} | {f['seconds']:.1f} "
        f"| {f['megabytes']:.0f} | {f['value']:.3f} | {f['low']:.3f}–{f['high']:.3f} |"
    )


def sentences(source: Path, folder: Path) -> tuple[Path, Path]:
    """Index XQuAD-R and encode its questions, which is not measured."""
    convert_xquad_r(source, folder)
    interlingua.build(interlingua.read_corpus([str(folder / "corpus.jsonl")]), folder / "xquad")
    queries = list(interlingua.read_queries(str(folder / "queries.jsonl")))
    with interlingua.open(folder / "xquad") as index:
        np.save(folder / "queries.npy", index.encode_queries(queries))
    return folder / "xquad", folder / "queries.npy"


def planted(count: int, folder: Path) -> Path:
    """Import vectors that hold a meaning, a language and noise; every meaning in 11 languages."""
    rng = np.random.default_rng(0)
    meanings = count // len(LANGUAGES)
    vectors = np.lib.format.open_memmap(
        folder / "planted.npy", mode="w+", dtype=np.float32, shape=(meanings * 11, DIM)
    )
    directions = rng.standard_normal((len(LANGUAGES), DIM), dtype=np.float32)
    for start in range(0, meanings, CHUNK):
        size = min(CHUNK, meanings - start)
        points = rng.standard_normal((size, DIM), dtype=np.float32)
        for place, direction in enumerate(directions):
            noise = 0.5 * rng.standard_normal((size, DIM), dtype=np.float32)
            there = slice(place * meanings + start, place * meanings + start + size)
            vectors[there] = points + 0.15 * direction + noise
    vectors.flush()
    with (folder / "planted.jsonl").open("w", encoding="utf-8") as out:
        for lang in LANGUAGES:
            for i in range(meanings):
                record = {"id": f"{lang}{i}", "text": f"{lang} {i}", "lang": lang, "group": str(i)}
                out.write(json.dumps(record) + "\n")
    start_time = time.monotonic()
    records = interlingua.read_corpus([str(folder / "planted.jsonl")])
    import_vectors(folder / "planted.npy", records, folder / "planted", name="planted")
    print(f"imported in {time.monotonic() - start_time:.0f} s", file=sys.stderr)
    return folder / "planted"


if __name__ == "__main__":
    main()
