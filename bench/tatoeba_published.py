"""Tatoeba as MTEB measures it, beside what is published.

Unlike ``bench/tatoeba.py`` this one keeps repeated sentences, each with its own right answer.
"""

from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from statistics import mean

import numpy as np

from bench import published
from bench.cached import Subject
from bench.markdown import table
from bench.tatoeba import wilson

USE_CODES = frozenset(
    ["ara", "cmn", "deu", "fra", "ita", "jpn", "kor", "nld", "por", "rus", "spa", "tha", "tur"]
)
"""Of the 36, those that the Universal Sentence Encoder was trained on."""
Sides = tuple[list[str], list[str]]
"""Sentences, and their English."""


def read_tatoeba(folder: Path) -> dict[str, Sides]:
    """Return (sentences, their English) by language code, repeated sentences included."""
    pairs = {}
    for english in sorted(folder.glob("tatoeba.*-eng.eng")):
        code = english.name.split(".")[1].removesuffix("-eng")
        sides = (english.with_suffix(f".{code}"), english)
        own, translated = (side.read_text(encoding="utf-8").splitlines() for side in sides)
        pairs[code] = (own, translated)
    return pairs


def accuracy(subject: Subject, pairs: dict[str, Sides]) -> dict[str, tuple[int, int]]:
    """Count by pair the sentences whose nearest English one stands in the same line."""
    texts = list(dict.fromkeys(t for sides in pairs.values() for side in sides for t in side))
    place = {text: row for row, text in enumerate(texts)}
    vectors = subject.encode(texts, "query").vectors
    found = {}
    for code, sides in pairs.items():
        own, english = (vectors[[place[text] for text in side]] for side in sides)
        nearest = (own @ english.T).argmax(axis=1)
        found[code] = (int((nearest == np.arange(len(own))).sum()), len(own))
    return found


def print_tatoeba(found: dict[str, dict[str, tuple[int, int]]]) -> None:
    """Print the accuracy of each encoder beside what is published, per cent."""
    print("## Tatoeba, into English\n")
    print(
        "Share of sentences, per cent, whose nearest English sentence stands in the same line, "
        "repeated sentences included as MTEB does. Both sides in the role of a query. "
        "Interval: Wilson.\n"
    )
    first = next(iter(found.values()))
    averages = {"macro average": list(first), "of these in USE": sorted(USE_CODES & first.keys())}
    head, columns = ["language"], [[*first, *averages]]
    for label, pairs in found.items():
        shares = {code: 100 * hits / n for code, (hits, n) in pairs.items()}
        ends = [wilson(hits, n) for hits, n in pairs.values()]
        ours = _with_means(shares, averages)
        head.append(f"{label} (95 %)")
        intervals = [f" ({100 * low:.1f}–{100 * high:.1f})" for low, high in ends]
        columns.append([f"{a:.1f}{b}" for a, b in zip_longest(ours, intervals, fillvalue="")])
        for run in published.TATOEBA.get(label, ()):
            theirs = _with_means({code: 100 * run.accuracy[code] for code in shares}, averages)
            head += [run.name, "difference"]
            columns.append([f"{value:.1f}" for value in theirs])
            columns.append([f"{a - b:+.1f}" for a, b in zip(ours, theirs, strict=True)])
    sizes = {code: n for code, (_, n) in first.items()}
    sums = [sum(sizes[code] for code in codes) for codes in averages.values()]
    table([*head, "n"], zip(*columns, map(str, [*sizes.values(), *sums]), strict=True))
    print(f"Chance: {100 * mean(1 / n for n in sizes.values()):.2f} %.")
    for label in found:
        runs = published.TATOEBA.get(label, ())
        text = "; ".join(f"{run.name}: {run.source}" for run in runs)
        print(f"Published of {label}: {text or 'not published'}.")
    print()


def _with_means(shares: Mapping[str, float], averages: Mapping[str, list[str]]) -> list[float]:
    """Append the averages to the values of all languages."""
    means = [mean(shares[code] for code in codes) for codes in averages.values()]
    return [*shares.values(), *means]
