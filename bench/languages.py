"""Language detection on the Tatoeba sentences: what docs/languages.md says of each detector.

Every distinct sentence counts once; in an average a language weighs the same whatever its number of
sentences. Intervals are Wilson's at 95 %. Detectors that are not installed are named and left out.

    python -m bench.languages [--data DIR] [--detector NAME]...
"""

import argparse
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import interlingua
from indexer.contradictions import contradicting_script
from indexer.convert import convert_tatoeba
from indexer.detection import wilson
from indexer.detectors import DEFAULT_DETECTOR, DETECTORS, open_detector, own_threshold
from indexer.errors import UsageError

ROOT = Path(__file__).parents[1]
THRESHOLDS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
LENGTHS = (1, 10, 20, 40, 80, 10**9)


class Said(NamedTuple):
    """What a detector said of one sentence."""

    length: int
    """Characters."""
    lang: str
    """The likeliest language."""
    score: float


Detected = dict[str, list[Said]]
"""By true language."""


def sentences(source: Path) -> list[tuple[str, str]]:
    """Return (language, text) of every distinct sentence."""
    with tempfile.TemporaryDirectory() as folder:
        convert_tatoeba(source, Path(folder))
        records = interlingua.read_corpus([str(Path(folder) / "corpus.jsonl")])
        return [(r.document.lang, r.document.text) for r in records]


def detect(name: str, texts: Sequence[tuple[str, str]]) -> tuple[Detected, float]:
    """Return what a detector says without a threshold, and its texts a second."""
    detector = open_detector(name, 0.0)
    for _, text in texts[:: max(1, len(texts) // 500)]:
        detector.detect(text)  # models load before the clock starts
    found: Detected = defaultdict(list)
    start = time.perf_counter()
    for lang, text in texts:
        said = detector.detect(text)
        found[lang].append(Said(len(text), said.lang, said.probability))
    return found, len(texts) / (time.perf_counter() - start)


def shares(lang: str, said: Sequence[Said], threshold: float) -> tuple[float, float | None]:
    """Share of sentences that get a label, and share of those that get the right one."""
    labelled = [s.lang for s in said if s.score >= threshold and s.lang != "und"]
    right = sum(code == lang for code in labelled)
    return len(labelled) / len(said), right / len(labelled) if labelled else None


def print_overview(found: dict[str, Detected], speeds: dict[str, float]) -> None:
    """Print one row a detector: all languages, the common ones, speed."""
    known = {name: open_detector(name).languages for name in found}
    every = set(next(iter(found.values())))
    common = every.intersection(*known.values())
    print(f"All {len(every)} languages; {len(common)} that every detector knows.\n")
    print(
        "| detector | languages | of these here | right, all | right, common | own threshold "
        "| labelled, common | of these right | texts/s |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, detected in found.items():
        at = own_threshold(name)
        free = {
            lang: shares(lang, said, 0.0)[0] * (shares(lang, said, 0.0)[1] or 0)
            for lang, said in detected.items()
        }
        sure = [shares(lang, detected[lang], at) for lang in common]
        print(
            f"| {name} | {len(known[name])} | {len(every & known[name])} "
            f"| {mean(free.values()):.1%} | {mean(free[lang] for lang in common):.1%} | {at} "
            f"| {mean(s[0] for s in sure):.1%} | {mean(s[1] or 0 for s in sure):.1%} "
            f"| {speeds[name]:,.0f} |"
        )


def print_thresholds(detected: Detected, known: frozenset[str]) -> None:
    """Print coverage and accuracy by threshold over the languages that the detector knows.

    The last column is what it does to the others: every label of theirs is wrong.
    """
    others = [said for lang, said in detected.items() if lang not in known]
    print(f"| threshold | labelled | of these right | worst | labelled, {len(others)} unknown |")
    print("|---|---|---|---|---|")
    for threshold in THRESHOLDS:
        rows = {
            lang: shares(lang, said, threshold) for lang, said in detected.items() if lang in known
        }
        right = {lang: row[1] for lang, row in rows.items() if row[1] is not None}
        worst = min(right, key=lambda lang: right[lang])
        labelled = mean(row[0] for row in rows.values())
        wrong = f"{mean(shares('', said, threshold)[0] for said in others):.1%}" if others else ""
        print(
            f"| {threshold} | {labelled:.1%} | {mean(right.values()):.1%} "
            f"| {worst} {right[worst]:.1%} | {wrong} |"
        )


def print_lengths(found: dict[str, Detected]) -> None:
    """Print accuracy by the length of the sentence, over the languages that a detector knows."""
    names = list(found)
    print(
        "| characters | n | "
        + " | ".join(f"{n}, right | {n}, labelled | of these right" for n in names)
        + " |"
    )
    print("|---" * (2 + 3 * len(names)) + "|")
    for low, high in pairwise(LENGTHS):
        cells = []
        for name in names:
            known = open_detector(name).languages
            cut = {
                lang: [s for s in said if low <= s.length < high]
                for lang, said in found[name].items()
                if lang in known
            }
            cut = {lang: said for lang, said in cut.items() if len(said) >= 10}
            free = [shares(lang, said, 0.0) for lang, said in cut.items()]
            sure = [shares(lang, said, own_threshold(name)) for lang, said in cut.items()]
            cells.append(
                f"{mean(a * (b or 0) for a, b in free):.1%} "
                f"| {mean(a for a, _ in sure):.1%} "
                f"| {mean(b for _, b in sure if b is not None):.1%}"
            )
        n = sum(
            low <= s.length < high for said in next(iter(found.values())).values() for s in said
        )
        shown = f"{low} to {high - 1}" if high < 10**9 else f"{low} and more"
        print(f"| {shown} | {n} | " + " | ".join(cells) + " |")


def print_languages(found: dict[str, Detected]) -> None:
    """Print each language with each detector: right without a threshold, and at its own."""
    print(
        "| language | n | "
        + " | ".join(f"{n}, right | labelled | of these right" for n in found)
        + " |"
    )
    print("|---" * (2 + 3 * len(found)) + "|")
    for lang in sorted(next(iter(found.values()))):
        cells = []
        for name, detected in found.items():
            if lang not in open_detector(name).languages:
                cells.append("not known | | ")
                continue
            said, at = detected[lang], own_threshold(name)
            labelled = [s.lang for s in said if s.score >= at and s.lang != "und"]
            right = sum(code == lang for code in labelled)
            cells.append(
                f"{interval(sum(s.lang == lang for s in said), len(said))} "
                f"| {len(labelled) / len(said):.1%} | {interval(right, len(labelled))}"
            )
        print(f"| {lang} | {len(next(iter(found.values()))[lang])} | " + " | ".join(cells) + " |")


def interval(hits: int, n: int) -> str:
    """Write a share in per cent with its Wilson interval."""
    if n == 0:
        return ""
    low, high = wilson(hits, n)
    return f"{100 * hits / n:.1f} ({100 * low:.1f} to {100 * high:.1f})"


def print_confusion(detected: Detected, threshold: float) -> None:
    """Print the confusion matrix at the detector's threshold, in per cent of each row."""
    langs = sorted(detected)
    print("| | " + " | ".join(langs) + " | other | und |")
    print("|---" * (len(langs) + 3) + "|")
    for lang in langs:
        said = [s.lang if s.score >= threshold else "und" for s in detected[lang]]
        counts = Counter(code if code in {*langs, "und"} else "other" for code in said)
        cells = (
            counts[code] and f"{100 * counts[code] / len(said):.1f}"
            for code in (*langs, "other", "und")
        )
        print(f"| **{lang}** | " + " | ".join(cell or "" for cell in cells) + " |")


def print_wrong(detected: Detected, threshold: float) -> None:
    """Print what each language is taken for, in sentences; twice at least."""
    print("| language | taken for |")
    print("|---|---|")
    for lang, said in sorted(detected.items()):
        wrong = Counter(s.lang for s in said if s.score >= threshold)
        del wrong[lang], wrong["und"]
        shown = ", ".join(f"{code} {n}" for code, n in wrong.most_common(4) if n > 1)
        if shown:
            print(f"| {lang} | {shown} |")


def print_scripts(texts: Sequence[tuple[str, str]]) -> None:
    """Print how often a right label is called contradicted by its script."""
    wrong = [(lang, text) for lang, text in texts if contradicting_script(text, lang)]
    print(
        f"{len(wrong)} of {len(texts)} right labels: "
        + ", ".join(f"{lang} {n}" for lang, n in Counter(w[0] for w in wrong).most_common())
    )


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data/tatoeba")
    parser.add_argument("--detector", action="append", choices=DETECTORS)
    arguments = parser.parse_args()
    texts = sentences(arguments.data)
    found: dict[str, Detected] = {}
    speeds: dict[str, float] = {}
    for name in arguments.detector or DETECTORS:
        try:
            found[name], speeds[name] = detect(name, texts)
        except UsageError as missing:
            print(f"left out: {missing}\n")
    print_overview(found, speeds)
    for name, detected in found.items():
        print(f"\n### {name}: by threshold\n")
        print_thresholds(detected, open_detector(name).languages)
    print("\n### By length\n")
    print_lengths(found)
    print("\n### By language\n")
    print_languages(found)
    for name, detected in found.items():
        print(f"\n### {name}: what is taken for what\n")
        print_wrong(detected, own_threshold(name))
    print(f"\n### {DEFAULT_DETECTOR}: confusion matrix\n")
    if DEFAULT_DETECTOR in found:
        print_confusion(found[DEFAULT_DETECTOR], own_threshold(DEFAULT_DETECTOR))
    print("\n### Scripts that contradict a right label\n")
    print_scripts(texts)


if __name__ == "__main__":
    main()
