"""The language report over LAReQA's XQuAD-R: 13,090 questions in 11 languages, 13,014 sentences.

Prints, by language of the question: how many of the ten nearest sentences are in that language,
what chance would give, the normalised excess, and how many of the eleven answers are found. The
interval is a cluster bootstrap over the 1,190 questions, since the eleven versions of one
question are not independent (Roy et al. 2020, arXiv 2004.05484).

    python -m bench.xquad_r [--data DIR] [--encoder NAME] [-k 10]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import interlingua
from indexer.convert import convert_xquad_r

ROOT = Path(__file__).parents[1]
REPLICATES = 1000
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """What one question got."""

    lang: str
    question: str
    same: float
    """Share of the neighbours in the language of the question, answers left out."""
    chance: float
    excess: float
    found: float
    """Share of the answers in other languages that are among the neighbours."""


def measure(source: Path, encoder: str, k: int) -> tuple[list[Row], int]:
    """Build the index and ask every question; also tell how many documents there are."""
    with tempfile.TemporaryDirectory() as folder:
        out, path = Path(folder) / "converted", Path(folder) / "index"
        convert_xquad_r(source, out)
        start = time.monotonic()
        interlingua.build(
            interlingua.read_corpus([str(out / "corpus.jsonl")]),
            path,
            encoder=interlingua.EncoderSpec(encoder),
            progress=lambda done: print(f"{done} documents", end="\r", file=sys.stderr),
        )
        built = time.monotonic()
        queries = interlingua.read_queries(str(out / "queries.jsonl"))
        with interlingua.open(path) as index:
            rows = [_row(answer) for answer in index.search_many(queries, k=k)]
            info = index.info()
    print(
        f"{info.documents} sentences indexed in {built - start:.0f} s, {len(rows)} questions "
        f"answered in {time.monotonic() - built:.0f} s, encoder {info.encoder}, {info.arithmetic}\n"
    )
    return rows, info.documents


def _row(answer: interlingua.Answer) -> Row:
    report = answer.report
    assert report.meaning_only is not None
    assert report.relevant_total is not None
    # Where all neighbours are right answers, nothing is left to measure the bias on.
    counted, nan = report.counted, float("nan")
    return Row(
        lang=answer.query.lang,
        question=answer.query.group or "",
        same=(report.counted_same_language or 0) / counted if counted else nan,
        chance=(report.expected_same_language or 0) / counted if counted else nan,
        excess=nan if report.excess is None else report.excess,
        found=report.meaning_only / (report.relevant_total - 1),
    )


def interval(values: Floats, cluster: NDArray[np.int64]) -> tuple[float, float]:
    """95 % percentile interval of the mean, whole clusters drawn with replacement."""
    sums = np.bincount(cluster, weights=values)
    sizes = np.bincount(cluster)
    drawn = np.random.default_rng(0).integers(0, len(sums), (REPLICATES, len(sums)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def line(name: str, rows: Sequence[Row]) -> str:
    """One line of the table."""
    cluster = np.unique([row.question for row in rows], return_inverse=True)[1]
    cells = []
    for field in ("same", "excess", "found"):
        values = np.array([getattr(row, field) for row in rows])
        known = np.isfinite(values)
        values = values[known]
        low, high = interval(values, np.unique(cluster[known], return_inverse=True)[1])
        cells.append(f"{values.mean():.3f} ({low:.3f}–{high:.3f})")
    chance = np.nanmean([row.chance for row in rows])
    counted = sum(bool(np.isfinite(row.excess)) for row in rows)
    row = f"{cells[0]} | {chance:.3f} | {cells[1]} | {cells[2]} | {counted} of {len(rows)}"
    return f"| {name} | {row} |"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data/xquad-r")
    parser.add_argument("--encoder", default="multilingual-e5-small")
    parser.add_argument("-k", type=int, default=10)
    options = parser.parse_args()
    rows, documents = measure(options.data, options.encoder, options.k)
    k = options.k
    print(f"By chance the excess is 0 and answers found@{k} {k / documents:.4f}.\n")
    print(f"| questions in | same language@{k} | by chance | excess@{k} | answers found@{k} | n |")
    print("| --- | :---: | :---: | :---: | :---: | ---: |")
    for lang in sorted({row.lang for row in rows}):
        print(line(lang, [row for row in rows if row.lang == lang]))
    # Every question stands once in every language, so this mean is the macro average, too.
    print(line("macro average", rows))


if __name__ == "__main__":
    main()
