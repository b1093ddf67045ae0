"""Language detection on the Tatoeba sentences: coverage and accuracy, by threshold and language.

Prints the two tables of docs/corpora.md. Every distinct sentence counts once; a language weighs
the same whatever its number of sentences. Chance would be one in 137, the languages of the model.

    python bench/languages.py [--data DIR]
"""

import argparse
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from statistics import mean

import interlingua
from indexer.convert import convert_tatoeba
from indexer.languages import THRESHOLD, Langid

ROOT = Path(__file__).parents[1]
THRESHOLDS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
Detected = dict[str, list[tuple[str, float]]]


def detect(source: Path) -> Detected:
    """Return by true language what was detected, and how surely."""
    found: Detected = defaultdict(list)
    detector = Langid(threshold=0.0)
    with tempfile.TemporaryDirectory() as folder:
        convert_tatoeba(source, Path(folder))
        for record in interlingua.read_corpus([str(Path(folder) / "corpus.jsonl")]):
            said = detector.detect(record.document.text)
            found[record.document.lang].append((said.lang, said.probability))
    return found


def shares(lang: str, said: list[tuple[str, float]], threshold: float) -> tuple[float, float]:
    """Share of sentences that get a label, and share of those that get the right one."""
    labelled = [code for code, probability in said if probability >= threshold]
    right = sum(code == lang for code in labelled)
    return len(labelled) / len(said), right / len(labelled)


def print_thresholds(found: Detected) -> None:
    """Print coverage and accuracy by threshold."""
    print("| threshold | labelled | of these right | worst language |")
    print("|---|---|---|---|")
    for threshold in THRESHOLDS:
        rows = [shares(lang, said, threshold) for lang, said in found.items()]
        labelled, right = mean(row[0] for row in rows), mean(row[1] for row in rows)
        worst = min(row[1] for row in rows)
        print(f"| {threshold} | {labelled:.1%} | {right:.1%} | {worst:.1%} |")


def print_languages(found: Detected) -> None:
    """Print each language, and what it is taken for."""
    print("| language | n | right without threshold | labelled | of these right | taken for |")
    print("|---|---|---|---|---|---|")
    for lang, said in sorted(found.items()):
        _, right = shares(lang, said, 0.0)
        labelled, sure = shares(lang, said, THRESHOLD)
        wrong = Counter(c for c, p in said if p >= THRESHOLD and c != lang)
        confused = ", ".join(f"{c} {n}" for c, n in wrong.most_common(2) if n > 1)
        row = f"{100 * right:.1f} | {100 * labelled:.1f} | {100 * sure:.1f} | {confused}"
        print(f"| {lang} | {len(said)} | {row} |")


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data/tatoeba")
    found = detect(parser.parse_args().data)
    print_thresholds(found)
    print()
    print_languages(found)


if __name__ == "__main__":
    main()
