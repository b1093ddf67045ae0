"""The audits of XQuAD-R as tables: encoders side by side, by language, without one answer."""

from collections.abc import Mapping
from statistics import mean

from bench.markdown import cell, table
from search.audit.result import Audit
from search.measures.measure import Measure

MEASURES = (
    "same_language@10",
    "excess@1",
    "excess@10",
    "excess_matched@10",
    "weak_recall@1",
    "strong_auc",
    "strong_strict",
    "gap",
    "map",
    "rank_distance",
    "recall_same_language@10",
    "recall_other_language@10",
    "own_language_first",
    "language_variance",
    "meaning_variance",
)
ROW_MEASURES = ("same_language@10", "weak_recall@1", "strong_auc", "strong_strict", "gap", "map")


def print_pooled(audits: Mapping[str, Audit]) -> None:
    """Print the measures of each encoder, one a column."""
    first = next(iter(audits.values()))
    print(
        f"{first.queries.sampled} questions, {first.index.documents} sentences; mAP of a random "
        f"order {first.anchors['map_random']:.4f}, of languages in blocks "
        f"{first.anchors['map_language_separated']:.4f}.\n"
    )
    table(
        ("measure", "chance", *audits, "n"),
        [
            (
                name,
                f"{first.overall[measure].chance:.4f}",
                *(cell(audit.overall[measure]) for audit in audits.values()),
                str(first.overall[measure].n),
            )
            for name in MEASURES
            for measure in [Measure.parse(name)]
        ],
    )


def print_languages(title: str, audit: Audit) -> None:
    """Print one encoder language by language."""
    print(f"### {title}\n")
    rows = []
    for lang, found in audit.by_language.items():
        taken = [found[Measure.parse(name)] for name in ROW_MEASURES]
        chance = f"{taken[0].chance:.3f}"
        rows.append((lang, cell(taken[0]), chance, *map(cell, taken[1:]), str(taken[-1].n)))
    table(("questions in", ROW_MEASURES[0], "by chance", *ROW_MEASURES[1:], "n"), rows)


def print_leave_one_out(audits: Mapping[str, Audit]) -> None:
    """Print how far mAP falls without the right answer of one language."""
    print("### Leave one answer out: fall of the mAP\n")
    print("*own*: without the answer in the question's language; *other*: mean over the others.\n")
    falls = {label: audit.leave_one_out or {} for label, audit in audits.items()}
    langs = list(next(iter(falls.values())))
    rows = []
    for lang in langs:
        row = [lang]
        for fall in falls.values():
            others = mean(fall[lang][other] or 0 for other in langs if other != lang)
            row += [f"{fall[lang][lang]:.3f}", f"{others:.3f}"]
        rows.append(row)
    means = [f"{mean(float(r[i]) for r in rows):.3f}" for i in range(1, len(rows[0]))]
    head = [f"{label}, {which}" for label in falls for which in ("own", "other")]
    table(("questions in", *head), [*rows, ["mean", *means]])
    label, whole = next(iter(falls.items()))
    print(f"{label}, all cells (row: question, column: answer taken away):\n")
    table(("", *langs), [(a, *(f"{whole[a][b]:.3f}" for b in langs)) for a in langs])
