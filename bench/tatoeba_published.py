"""Tatoeba as MTEB measures it, beside what is published.

Unlike ``bench/tatoeba.py`` this one keeps repeated sentences, each with its own right answer.
"""

from pathlib import Path
from statistics import mean

import numpy as np

from bench import published
from bench.cached import Subject
from bench.markdown import table
from bench.tatoeba import wilson

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
    head, columns = ["language"], []
    first = next(iter(found.values()))
    columns.append([*first, "macro average"])
    for label, pairs in found.items():
        shares = {code: hits / n for code, (hits, n) in pairs.items()}
        ends = {code: wilson(hits, n) for code, (hits, n) in pairs.items()}
        head.append(f"{label} (95 %)")
        cells = [
            f"{100 * shares[c]:.1f} ({100 * ends[c][0]:.1f}–{100 * ends[c][1]:.1f})" for c in shares
        ]
        columns.append([*cells, f"{100 * mean(shares.values()):.1f}"])
        for run in published.TATOEBA.get(label, ()):
            theirs = [*(run.accuracy[c] for c in shares)]
            theirs.append(mean(theirs))
            ours = [*shares.values(), mean(shares.values())]
            head += [run.name, "difference"]
            columns.append([f"{100 * p:.1f}" for p in theirs])
            columns.append([f"{100 * (a - b):+.1f}" for a, b in zip(ours, theirs, strict=True)])
    head.append("n")
    columns.append([*(str(n) for _, n in first.values()), str(sum(n for _, n in first.values()))])
    table(head, zip(*columns, strict=True))
    chance = mean(1 / n for _, n in first.values())
    print(f"Chance: {100 * chance:.2f} %.")
    for label in found:
        runs = published.TATOEBA.get(label, ())
        text = "; ".join(f"{run.name}: {run.source}" for run in runs)
        print(f"Published of {label}: {text or 'not published'}.")
    print()
