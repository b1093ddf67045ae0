"""Tatoeba accuracy into English over 36 language pairs, through build and search.

For each pair the pool is the English side of that pair (up to 1,000 sentences) and the queries
are the other side; a query counts when its nearest English sentence is its translation (Artetxe
& Schwenk 2019, arXiv 1812.10464). Chance is one in the pool; the interval is Wilson's, 95 %.

    python -m bench.tatoeba [--role query|passage] [--data DIR] [--encoder NAME]
"""

import argparse
import math
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import interlingua
from indexer.convert import convert_tatoeba

ROOT = Path(__file__).parents[1]


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    z, p = 1.959964, hits / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return centre - half, centre + half


def measure(source: Path, role: str, encoder: str) -> dict[str, tuple[int, int]]:
    """Return hits and queries of every pair."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "converted"
        convert_tatoeba(source, out)
        path = Path(folder) / "index"
        corpus = interlingua.read_corpus([str(out / "corpus.jsonl")])
        interlingua.build(
            (record for record in corpus if record.document.lang == "en"),  # what is searched
            path,
            encoder=interlingua.EncoderSpec(encoder),
            role="query" if role == "query" else "passage",
            progress=lambda done: print(f"{done} documents", end="\r", file=sys.stderr),
        )
        asked = defaultdict(list)
        for query in interlingua.read_queries(str(out / "queries.jsonl")):
            asked[(query.id or "").split("-")[0]].append(query)
        return {code: _pair(path, code, queries) for code, queries in sorted(asked.items())}


def _pair(path: Path, code: str, queries: list[interlingua.Query]) -> tuple[int, int]:
    """Ask one pair, against its own English sentences only."""
    allowed = interlingua.make_filter(["en"], {f"{code}-eng": "true"})
    with interlingua.open(path) as index:
        answers = index.search_many(queries, k=1, filter=allowed)
        return sum(bool(answer.hits[0].same_meaning) for answer in answers), len(queries)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data/tatoeba")
    parser.add_argument("--role", choices=("query", "passage"), default="query")
    parser.add_argument("--encoder", default="multilingual-e5-small")
    options = parser.parse_args()
    pairs = measure(options.data, options.role, options.encoder)
    print(f"encoder {options.encoder}, documents in role {options.role}\n")
    print("| language | accuracy % | 95 % interval | chance % | n |")
    print("| --- | ---: | :---: | ---: | ---: |")
    for code, (hits, n) in pairs.items():
        low, high = wilson(hits, n)
        row = f"{100 * hits / n:.1f} | {100 * low:.1f}–{100 * high:.1f} | {100 / n:.2f} | {n}"
        print(f"| {code} | {row} |")
    mean = sum(hits / n for hits, n in pairs.values()) / len(pairs)
    chance = sum(1 / n for _, n in pairs.values()) / len(pairs)
    total = sum(n for _, n in pairs.values())
    print(f"| macro average | {100 * mean:.1f} | | {100 * chance:.2f} | {total} |")


if __name__ == "__main__":
    main()
