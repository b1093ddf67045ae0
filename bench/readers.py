"""Peak memory and speed of every corpus reader: 50 thousand records against 5 million.

    python -m bench.readers [--records 50000,5000000] [--formats 'csv;jsonl, gzip']

Each corpus is written to a temporary folder and read, by a process of its own each. Seconds are
those of the processor, as others may use the machine. Prints the table of docs/corpora.md. Needs
the extras parquet and zstd, 3 GB of disk, and half an hour.
"""

import argparse
import csv
import gzip
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

SENTENCE = "The {} harbour pilot waited until the tide had turned, and then some more."
CHUNK = 10_000


def rows(records: int) -> Iterator[dict[str, str]]:
    """Yield the records: about 75 letters of text, an id, a language, a group."""
    for i in range(records):
        text = SENTENCE.format(i)
        yield {"id": str(i), "text": text, "lang": "en", "group": str(i // 2), "topic": "sea"}


def write_jsonl(records: int, folder: Path, opener: Callable[[Path], Any] = Path.open) -> str:
    """Write JSON Lines through ``opener``."""
    path = folder / "corpus.jsonl"
    with path.open("wb") if opener is Path.open else opener(path) as file:
        for row in rows(records):
            file.write((json.dumps(row) + "\n").encode())
    return str(path)


def write_gzip(records: int, folder: Path) -> str:
    """Write JSON Lines in gzip, quickly."""
    return write_jsonl(records, folder, lambda path: gzip.open(path, "wb", compresslevel=1))


def write_zstd(records: int, folder: Path) -> str:
    """Write JSON Lines in Zstandard."""
    import zstandard

    return write_jsonl(records, folder, lambda path: zstandard.open(path, "wb"))


def write_csv(records: int, folder: Path) -> str:
    """Write a table with a header; TSV is read by the same code."""
    path = folder / "corpus.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(next(rows(1))))
        writer.writeheader()
        writer.writerows(rows(records))
    return str(path)


def write_text(records: int, folder: Path) -> str:
    """Write a line a document."""
    path = folder / "corpus.txt"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(row["text"] + "\n" for row in rows(records))
    return str(path)


def write_parallel(records: int, folder: Path) -> str:
    """Write two aligned files, half of the records each."""
    for lang in ("en", "de"):
        with (folder / f"corpus.{lang}").open("w", encoding="utf-8") as file:
            file.writelines(row["text"] + "\n" for row in rows(records // 2))
    return str(folder / "corpus.*")


def write_squad(records: int, folder: Path) -> str:
    """Write articles of 50 contexts."""
    path = folder / "corpus.en.json"
    contexts = ({"context": row["text"], "qas": []} for row in rows(records))
    with path.open("w", encoding="utf-8") as file:
        file.write('{"version": "1.1", "data": [')
        for article in range(records // 50):
            entry = {"title": str(article), "paragraphs": list(islice(contexts, 50))}
            file.write(", " * bool(article) + json.dumps(entry))
        file.write("]}")
    return str(path)


def write_llm(records: int, folder: Path) -> str:
    """Write the tables of llm, with tiny vectors."""
    path = folder / "corpus.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("create table collections (id integer primary key, name text, model text)")
        db.execute(
            "create table embeddings (collection_id integer, id text, embedding blob,"
            " content text, content_blob blob, content_hash blob, metadata text,"
            " updated integer, primary key (collection_id, id))"
        )
        db.execute("insert into collections values (1, 'all', 'm')")
        db.executemany(
            "insert into embeddings (collection_id, id, embedding, content, metadata)"
            " values (1, ?, x'00000000', ?, '{\"lang\": \"en\"}')",
            ((f"{int(row['id']):08}", row["text"]) for row in rows(records)),
        )
    return str(path)


def _batches(records: int) -> Iterator[Any]:
    import pyarrow as pa

    left = rows(records)
    while chunk := list(islice(left, CHUNK)):
        yield pa.RecordBatch.from_pylist(chunk)


def write_parquet(records: int, folder: Path) -> str:
    """Write row groups of a million."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path, table = folder / "corpus.parquet", pa.Table.from_batches(_batches(records))
    pq.write_table(table, path, row_group_size=1 << 20)
    return str(path)


def write_arrow(records: int, folder: Path) -> str:
    """Write everything as one batch, the worst case."""
    import pyarrow as pa

    path, table = folder / "corpus.arrow", pa.Table.from_batches(_batches(records))
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return str(path)


def write_datasets(records: int, folder: Path) -> str:
    """Write what save_to_disk writes: a stream of small batches."""
    import pyarrow as pa

    name, batches = "data-00000-of-00001.arrow", _batches(records)
    first = next(batches)
    with pa.ipc.new_stream(folder / name, first.schema) as writer:
        writer.write_batch(first)
        for batch in batches:
            writer.write_batch(batch)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name}]}))
    return str(folder)


WRITERS: dict[str, Callable[[int, Path], str]] = {
    "jsonl": write_jsonl,
    "jsonl, gzip": write_gzip,
    "jsonl, zstd": write_zstd,
    "csv": write_csv,
    "text": write_text,
    "parallel": write_parallel,
    "squad": write_squad,
    "llm": write_llm,
    "parquet": write_parquet,
    "arrow": write_arrow,
    "datasets": write_datasets,
}


def read(source: str, kind: str) -> None:
    """Read a corpus and print how many records it had, its seconds and the peak memory in MB."""
    from indexer.corpus import read_corpus

    asked = "parallel" if kind == "parallel" else None
    start = time.process_time()
    count = sum(1 for _ in read_corpus([source], format=asked, lang="en"))
    seconds = time.process_time() - start
    # ru_maxrss would also tell the peak of the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps([count, seconds, peak]))


def run(*arguments: str) -> str:
    """Run this file with one thread, and return what it printed."""
    paths = (str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", ""))
    alone = {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(
        [sys.executable, __file__, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **alone},
    )
    return done.stdout.strip()


def measure(kind: str, records: int) -> tuple[float, float]:
    """Write and read one corpus; return peak memory in MB and records a second."""
    with tempfile.TemporaryDirectory() as folder:
        source = run("--write", kind, str(records), folder)
        count, seconds, peak = json.loads(run("--read", source, kind))
    if count != records:
        raise SystemExit(f"{kind}: {count} records read of {records}")
    return peak, records / seconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", default="50000,5000000")
    parser.add_argument("--formats", default="")
    options = parser.parse_args()
    few, many = map(int, options.records.split(","))
    print(f"| format | MB, {few:,} records | MB, {many:,} records | records a second |")
    print("|---|---|---|---|")
    for kind in options.formats.split(";") if options.formats else WRITERS:
        small, _ = measure(kind, few)
        large, speed = measure(kind, many)
        print(f"| {kind} | {small:.0f} | {large:.0f} | {speed:,.0f} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        print(WRITERS[sys.argv[2]](int(sys.argv[3]), Path(sys.argv[4])))
    elif sys.argv[1:2] == ["--read"]:
        read(sys.argv[2], sys.argv[3])
    else:
        main()
