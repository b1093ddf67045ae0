"""docs/measures.md explains every measure there is; its examples are what the functions say."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import combinations, permutations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from scipy.stats import binom, chi2, kruskal, spearmanr

from search.audit.aggregate import Aggregator
from search.audit.caveats import COVERED, FEW
from search.audit.label_noise import label_noise
from search.audit.matched import matched_documents
from search.audit.options import KS, REPLICATES
from search.audit.planted import BIASED, FAIR
from search.audit.pool import UNCERTAIN, make_pool
from search.audit.representation import MOST
from search.audit.scores import AT_K, MEANING, MEANING_AT_K
from search.audit.scoring import gather
from search.audit.served import served_recall
from search.audit.tables import language_matrix
from search.measures.alignment import weak_recall
from search.measures.anchors import language_separated_map, random_map
from search.measures.anisotropy import cosines
from search.measures.catalogue import CATALOGUE, Definition
from search.measures.evidence import Evidence, Scores
from search.measures.hubness import Hubness, hubness
from search.measures.leave_one_out import leave_one_out
from search.measures.measure import Measure, Measurement
from search.measures.neighbours import excess, log_odds, p_value, same_language
from search.measures.peer import peer, peer_effect
from search.measures.probe import language_probe
from search.measures.ranking import expected_precision, recall_other_language
from search.measures.truncation import truncated
from search.measures.variance import VarianceShares, variance_shares
from search.reports.verdict import BAND, FEW_CLUSTERS, LARGE
from tests.audit.arrays import ask_queries, columns_of
from tests.audit.reference import Asked, Doc

PAGE = (Path(__file__).parents[2] / "docs" / "measures.md").read_text(encoding="utf-8")
K = 4
PARTS = ("Formula", "Chance", "Example", "Read it", "Pitfall", "Source")
NUMBER = r"-?\d+(?:\.\d+)?"
EQUATION = re.compile(rf"`([^`=]+) = ({NUMBER})`")
WORKED = re.compile(
    rf"[Vv]alue\s`(?:[^`=]+ = )?({NUMBER})`,\s+chance\s`(?:[^`=]+ = )?({NUMBER})`", re.DOTALL
)
CASES = sorted(CATALOGUE)


class Level(NamedTuple):
    """A measure of an example, and its chance level."""

    value: float
    chance: float


def sections() -> dict[str, str]:
    """Headings of the third level and the text under each."""
    parts = re.split(r"^### (.+)$", PAGE, flags=re.MULTILINE)
    bodies = [re.split(r"^## ", body, flags=re.MULTILINE)[0] for body in parts[2::2]]
    return dict(zip(parts[1::2], bodies, strict=True))


def measures() -> dict[str, str]:
    """The sections about a measure, by the measure as it stands in their heading."""
    return {h.strip("`"): body for h, body in sections().items() if h.startswith("`")}


def heading(definition: Definition) -> str:
    """How a measure is called in the JSON, with k where it looks at any number."""
    if definition.name == "weak_recall":
        return "weak_recall@1"
    return f"{definition.name}@k" if definition.at_k else definition.name


def says(text: str, value: float) -> bool:
    """Whether an equation in the text comes to the value, as far as it is printed."""
    return any(agrees(value, printed) for _, printed in EQUATION.findall(text))


def agrees(value: float, printed: str) -> bool:
    """Whether a printed number is the value, rounded; one without decimals is exact."""
    decimals = len(printed.partition(".")[2])
    if not decimals:
        return math.isclose(value, float(printed), abs_tol=1e-9)
    return abs(value - float(printed)) <= 0.5001 * 10.0**-decimals


def listed(pattern: str) -> list[tuple[str, str, bool]]:
    """The ranked documents that the page draws: language, meaning, whether it is right."""
    found = re.findall(rf"{pattern} +(\d+)  (\w\w) ([\w-]+)(  right)?", PAGE)
    ranked = sorted((int(rank), lang, name, bool(right)) for rank, lang, name, right in found)
    assert [rank for rank, *_ in ranked] == list(range(1, len(ranked) + 1))
    return [(lang, name, right) for _, lang, name, right in ranked]


def ranking(rows: Sequence[tuple[str, str, bool]]) -> list[Doc]:
    """Documents whose scores fall from rank to rank."""
    return [
        Doc(f"{lang} {name}", lang, name, f"{name} in {lang}", (len(rows) - place,))
        for place, (lang, name, _) in enumerate(rows)
    ]


QUERY = Doc("q", "en", None, "A cat leapt off the roof.", (1,))


@cache
def asked(pattern: str = "rank", k: int = K) -> Evidence:
    """The evidence of the one query about a drawn list."""
    rows = listed(pattern)
    right = {f"{lang} {name}" for lang, name, is_right in rows if is_right}
    pool, questions = ask_queries(ranking(rows), [QUERY], [right])
    matched = matched_documents(pool, questions) if pattern == "place" else None
    return gather(pool, questions, k, matched=matched).evidence


def only(scores: Scores) -> Level:
    """The one query's."""
    (value,), (chance,) = scores.values.tolist(), scores.chance.tolist()
    return Level(value, chance)


def level(found: Measurement) -> Level:
    """Value and chance of a measure of the vectors."""
    assert found.value is not None
    assert found.chance is not None
    return Level(found.value, found.chance)


@cache
def six_right() -> Evidence:
    """Three right documents in English before three in German."""
    rows = [("en" if i < 3 else "de", f"m{i}", True) for i in range(6)]
    right = {f"{lang} {name}" for lang, name, _ in rows}
    pool, questions = ask_queries(ranking(rows), [QUERY], [right])
    return gather(pool, questions, K).evidence


@cache
def grid() -> VarianceShares:
    """The table of four vectors that the page shows."""
    cells = re.findall(r"\( *(-?5), *(-?4), *(-?3)\)", PAGE)
    vectors = np.array(cells, np.float32)
    assert vectors.shape == (4, 3)
    language, group = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    return variance_shares(vectors, language, group, seed=0, replicates=100)


@cache
def hubs() -> Hubness:
    """Five documents, a, b, c (de), d, e (en); e is the nearest of all others."""
    near = np.array([[4], [4], [4], [4], [0]])
    language = np.array([0, 0, 0, 1, 1])
    return hubness(near, language, np.full(5, -1), seed=0, replicates=100)


def cosine(name: str) -> Level:
    """Four unit vectors."""
    vectors = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], np.float32)
    language, group = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    found = cosines(vectors, language, group, seed=0, replicates=100)
    return level(found.random if name == "random" else getattr(found, name).overall)


def served() -> Level:
    """The last of four neighbours is lost."""
    exact = asked()
    near = exact.neighbours.copy()
    near[:, -1] = -1
    return only(served_recall(exact, replace(exact, neighbours=near), K))


def probe() -> Level:
    """Ten documents on a line, three on the wrong side."""
    line = np.array([-1, -1, -1, -1, 1, 1, 1, 1, -1, -1], np.float32)[:, None]
    language = np.repeat([0, 1], 5)
    found = language_probe(line, language, np.arange(10) * 0 - 1, seed=0, replicates=100)
    return level(found.overall)


def cut() -> Level:
    """1 of 10 and 2 of 5 documents cut off."""
    dropped = np.array([3] + [0] * 9 + [1, 7, 0, 0, 0])
    language = np.repeat([0, 1], [10, 5])
    found = truncated(dropped, language, np.full(15, -1), seed=0, replicates=100)
    return level(found.overall)


def odds() -> Level:
    """The query alone in its language."""
    share = same_language(asked(), K)
    return Level(float(log_odds(share.values, share.chance, np.array([float(K)]))[0]), 0)


def dealt_at_random() -> float:
    """Mean p over all ways to deal six ranks to two languages."""
    ways = [set(some) for some in combinations(range(1, 7), 3)]
    tails = [kruskal(sorted(some), sorted({*range(1, 7)} - some)).pvalue for some in ways]
    assert len(tails) == 20
    return float(np.mean(tails))


def at_k(take: Callable[[Evidence, int], Scores]) -> Callable[[], Level]:
    """A measure of the four nearest."""
    return lambda: only(take(asked(), K))


def of_all(take: Callable[[Evidence], Scores]) -> Callable[[], Level]:
    """A measure of the whole list."""
    return lambda: only(take(asked()))


EXAMPLES: Mapping[str, Callable[[], Level]] = {
    **{name: at_k(take) for name, take in {**AT_K, **MEANING_AT_K}.items()},
    **{name: of_all(take) for name, take in MEANING.items()},
    "weak_recall": lambda: only(weak_recall(asked(), 1)),
    "excess_matched": lambda: only(MEANING_AT_K["excess_matched"](asked("place", 2), 2)),
    "recall_other_language": lambda: only(recall_other_language(asked(), 3)),
    "log_odds": odds,
    "anisotropy": lambda: cosine("random"),
    "peer": lambda: Level(only(peer(six_right(), 0)).value, dealt_at_random()),
    "peer_effect": lambda: only(peer_effect(six_right())),
    "language_variance": lambda: level(grid().language),
    "meaning_variance": lambda: level(grid().meaning),
    "interaction_variance": lambda: level(grid().interaction),
    "served_recall": served,
    "language_probe": probe,
    "hub_skew": lambda: level(hubs().skew.overall),
    "hub_share": lambda: level(hubs().share.overall),
    "cosine_within": lambda: cosine("within"),
    "cosine_across": lambda: cosine("across"),
    "cosine_gap": lambda: cosine("gap"),
    "truncated": cut,
}


def test_every_measure_has_a_section_and_no_other_does() -> None:
    """Headings are the names of the JSON, in the order of the catalogue."""
    assert list(measures()) == [heading(each) for each in CATALOGUE.values()]
    assert set(EXAMPLES) == set(CATALOGUE)


@pytest.mark.parametrize("name", CASES)
def test_section_is_whole_and_agrees_with_the_catalogue(name: str) -> None:
    """What is needed, the range, the better end and the kind of chance level stand in it."""
    known = CATALOGUE[name]
    body = measures()[heading(known)]
    assert re.findall(r"^- \*\*([\w ]+)\*\* \S", body, re.MULTILINE) == list(PARTS)
    assert f"\n\nNeeds {known.needs} · range {known.range} · less bias: {known.better}\n" in body
    kind = re.search(r"\*\*Chance\*\* (Closed form|Permutation): ", body)
    assert kind
    assert known.chance.startswith(kind[1].lower())


@pytest.mark.parametrize("name", CASES)
def test_worked_example_is_what_the_function_gives(name: str) -> None:
    """Value and chance of each example, out of the documents that the page draws."""
    (printed,) = WORKED.findall(measures()[heading(CATALOGUE[name])])
    found = EXAMPLES[name]()
    assert agrees(found.value, printed[0]), (found.value, printed[0])
    assert agrees(found.chance, printed[1]), (found.chance, printed[1])


@pytest.mark.parametrize(("left", "right"), EQUATION.findall(PAGE))
def test_arithmetic(left: str, right: str) -> None:
    """Each equation of the page holds, as far as its right side is printed."""
    known = {"ln": math.log, "sqrt": math.sqrt, "p": chi2.sf}
    decimals = len(right.partition(".")[2])
    value = eval(left, {"__builtins__": {}}, known)  # noqa: S307 - a formula of our own page
    rounding = 0.51 if re.search(r"\d\.\d{3}", left) is None else 1.0  # built on rounded numbers
    assert abs(value - float(right)) <= rounding * 10.0**-decimals


def test_table_of_needs_is_the_catalogue() -> None:
    """What labels, groups and a full grid allow."""
    for kind, row in {"labels": "labels", "groups": "groups", "grid": "a full **grid**"}.items():
        (line,) = re.findall(rf"^\| (?:\*\*)?{re.escape(row)}(?:\*\*)? \|.*$", PAGE, re.MULTILINE)
        wanted = [each.name for each in CATALOGUE.values() if each.needs == kind]
        assert re.findall(r"`(\w+)`", line.split("|")[3]) == wanted


def test_measures_named_anywhere_exist() -> None:
    """Every `name@k` or `name@10` of the page is a measure."""
    named = set(re.findall(r"`(\w+)@(?:k|\d+)`", PAGE))
    assert named <= set(CATALOGUE)


def test_reference_agrees_with_the_example() -> None:
    """The drawn list again in plain loops, so that page, functions and reference are one."""
    rows = listed("rank")
    right = {f"{lang} {name}" for lang, name, is_right in rows if is_right}
    plain = Asked(QUERY, ranking(rows), right)
    assert plain.excess(K) == Fraction(2, 5)
    assert plain.p_value(K) == Fraction(51, 126)
    assert plain.strong_auc() == Fraction(1, 3)
    assert plain.weak_recall() == Fraction(1, 2)
    assert plain.average_precision() == Fraction(49, 72)
    assert [plain.rank(d) for d in plain.right] == [1, 3, 8]
    order = [f"{d.lang} {d.group}" for d in plain.strangers]
    assert f"nearest first: {', '.join(order)}." in PAGE.replace("\n", " ")


def test_significance_of_the_example() -> None:
    """Two of four are not significant, three would be; the p is the one that the page names."""
    body = measures()["significant@k"]
    assert f"p is {only(p_value(asked(), K)).value:.3f}, not significant" in body
    plain = Asked(QUERY, ranking(listed("rank")), {"en cat", "de cat", "fi cat"})
    assert plain.significant(K) == 0
    assert plain.significant_chance(K) == Fraction(6, 126)


def test_expected_precision_is_the_mean_over_all_orders() -> None:
    """The closed form of map's chance level, as the page writes it, by brute force."""
    for right, reach in ((1, 5), (2, 5), (3, 6), (4, 4)):
        orders = [sorted(order) for order in permutations(range(1, reach + 1), right)]
        each = [sum(i / rank for i, rank in enumerate(order, 1)) / right for order in orders]
        harmonic = sum(1 / i for i in range(1, reach + 1))
        page = (harmonic + (right - 1) / (reach - 1) * (reach - harmonic)) / reach
        found = expected_precision(np.array([float(right)]), np.array([reach]))
        assert np.mean(each) == pytest.approx(page)
        assert found[0] == pytest.approx(page)


def test_levels_of_xquad_r() -> None:
    """Random level and rank distance that the page names, from 11 right among 13,014."""
    found = expected_precision(np.array([11.0]), np.array([13014]))
    assert f"{found[0]:.4f} on XQuAD-R (11 right among 13,014)" in PAGE
    assert f"= {round(10 / 12 * 13015)}` on XQuAD-R" in measures()["rank_distance"]


def test_lift_of_a_large_language_is_bounded() -> None:
    """Half of the documents: at most 2."""
    rows = [("en", f"e{i}", False) for i in range(4)] + [("de", f"d{i}", False) for i in range(4)]
    pool, questions = ask_queries(ranking(rows), [QUERY], [None])
    found = gather(pool, questions, K).evidence
    assert only(AT_K["lift"](found, K)).value == 2
    assert says(measures()["lift@k"], 2)


def test_log_odds_where_the_halves_decide() -> None:
    """All four of four hits, chance one half: log-odds of the halves alone."""
    found = log_odds(np.array([1.0]), np.array([0.5]), np.array([4.0]))[0]
    assert says(measures()["log_odds@k"], float(found))


def test_excess_before_topics_are_matched() -> None:
    """The VAT question: as biased as can be, until topics are matched."""
    assert only(excess(asked("place", 2), 2)).value == 1


def test_strict_alignment_falls_with_the_corpus() -> None:
    """The page's 0.99 of each stranger: strict share and AUC of ten and of a thousand."""
    assert says(measures()["strong_strict"], 0.99**10)
    assert says(measures()["strong_strict"], 0.99**1000)
    assert agrees(0.99**1000, "0.00004")


def test_hub_share_by_brute_force() -> None:
    """Expected largest of five binomial(4, 1/4) numbers over five; and the share of English."""
    below = binom.cdf(np.arange(4), 4, 0.25)
    assert EXAMPLES["hub_share"]().chance == pytest.approx((1 - below**5).sum() / 5)
    english = level(hubs().share.by_language[1])
    body = measures()["hub_share@k"]
    assert english.value == 1
    assert says(body, 1)
    assert says(body, english.chance)
    assert english.chance == 0.4


def test_macro_average() -> None:
    """Four English queries with 1, one German with 0."""
    aggregator = Aggregator(
        np.array([0, 0, 0, 0, 1]), list("abcde"), ["en", "de"], seed=0, replicates=REPLICATES
    )
    scores = Scores(np.array([1.0, 1, 1, 1, 0]), np.zeros(5), "")
    overall, rows = aggregator.measure(scores)
    assert (overall.value, overall.n) == (0.5, 5)
    assert {lang: (m.value, m.n) for lang, m in rows.items()} == {"en": (1, 4), "de": (0, 1)}
    assert says(PAGE[: PAGE.index("## The example")], 0.5)


def test_matrix_of_the_example() -> None:
    """Observed and expected shares of the three languages."""
    body = sections()["Language matrix"]
    found = language_matrix(asked(), ("de", "en", "fi"), K)
    assert found.observed == {"en": {"de": 0.25, "en": 0.5, "fi": 0.25}}
    assert found.expected["en"] == pytest.approx({"de": 1 / 3, "en": 1 / 3, "fi": 1 / 3})
    for value in (*found.observed["en"].values(), found.expected["en"]["de"]):
        assert says(body, value)
    assert "1.5, 0.75 and\n0.75 times" in body


def test_anchors_of_the_example() -> None:
    """Language-separated and random."""
    body = sections()["Anchors"]
    separated, random = language_separated_map(asked()), random_map(asked())
    assert separated is not None
    assert says(body, separated)
    assert f"random {random:.3f}." in body


def test_the_languages_of_the_anchor_stand_in_the_order_that_the_page_says() -> None:
    """The query's language first: four English documents, then the two German ones."""
    corpus = ranking(listed("place"))
    pool, questions = ask_queries(corpus, [QUERY], [{"en cat", "de cat"}])
    found = language_separated_map(gather(pool, questions, 2).evidence)
    assert found == pytest.approx((1 / 1 + 2 / 5) / 2)


def test_leave_one_out_of_the_example() -> None:
    """Falls without the answer of each language."""
    body = sections()["Leave one answer out"]
    german, english, finnish = leave_one_out(asked())[1].tolist()
    for name, fall in {"en": english, "de": german, "fi": finnish}.items():
        (line,) = re.findall(rf"^- without {name} cat .*$", body, re.MULTILINE)
        assert says(line, fall), (name, fall)


def test_label_noise_of_the_example() -> None:
    """Two of the four neighbours are uncertain: en sun and fi tea."""
    rows = listed("rank")
    corpus = ranking(rows)
    doubtful = {"en sun", "fi tea"}
    right = {f"{lang} {name}" for lang, name, is_right in rows if is_right}
    _, questions = ask_queries(corpus, [QUERY], [right])
    pool = make_pool(columns_of(corpus, [0.5 if d.id in doubtful else 0.99 for d in corpus]))
    found = label_noise(pool, questions, asked(), (K,))
    assert found.uncertain_documents == 2
    body = sections()["Label noise"]
    for name, ends in (("same_language", (0.25, 0.75)), ("excess", (-0.2, 1.0))):
        assert found.bounds[Measure(name, K)] == pytest.approx(ends)
        assert all(says(body, end) for end in ends)


def test_peer_is_a_constant_with_one_answer_a_language() -> None:
    """Whatever the order: H is n - 1, and our function refuses."""
    body = sections()["PEER, and why it is refused"]
    for n, order in ((2, [2, 1]), (3, [3, 1, 8]), (11, [5, 3, 20, 4, 9, 2, 7, 40, 1, 6, 8])):
        test = kruskal(*([rank] for rank in order))
        assert test.statistic == pytest.approx(n - 1)
        assert says(body, float(test.pvalue))
    assert np.isnan(peer(asked(), 0).values).all()
    assert np.isnan(peer_effect(asked()).values).all()


def test_permutations_of_peer_come_to_the_mean_over_all() -> None:
    """Fifty shuffles of the example are near the 20 ways there are."""
    assert only(peer(six_right(), 0)).chance == pytest.approx(dealt_at_random(), abs=0.12)


def test_chance_of_peer_effect_is_the_mean_over_all_orders() -> None:
    """(languages - 1) / (n - 1), by brute force."""
    ways = [set(some) for some in combinations(range(1, 7), 3)]
    effects = [kruskal(list(w), list({*range(1, 7)} - w)).statistic / 5 for w in ways]
    assert only(peer_effect(six_right())).chance == pytest.approx(np.mean(effects))


def test_chance_of_measures_that_we_do_not_take() -> None:
    """MLRS of shuffles, exactly; of MRC, by drawing."""
    body = sections()["What is not measured, and why"]
    n = 50
    rise = sum(max(i - j, 0) for i in range(1, n + 1) for j in range(1, n + 1)) / n
    assert says(body, 100 * rise / sum(i - 1 for i in range(1, n + 1)))
    for k in (2, 3, 5):
        assert union_spearman(k) == pytest.approx(-3 * k**2 / (4 * k**2 - 1), abs=0.02)
    for k in (5, 10):
        assert says(body, -3 * k**2 / (4 * k**2 - 1))


def union_spearman(k: int) -> float:
    """Mean over random orders of two lists of k that have no document in common."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(400):
        one = np.concatenate([rng.permutation(k), k + rng.permutation(k)])
        other = np.concatenate([k + rng.permutation(k), rng.permutation(k)])
        found.append(float(spearmanr(one, other).statistic))
    return float(np.mean(found))


def test_constants_of_the_page() -> None:
    """Limits that the code holds, in the sentences that name them."""
    text = " ".join(PAGE.split())
    for sentence in (
        f"{KS[0]}, {KS[1]}, {KS[2]} and {KS[3]} unless `-k` says otherwise",
        f"{REPLICATES:,} times",
        f"Fewer than {FEW_CLUSTERS} groups",
        f"fewer than {FEW} queries",
        f"within {BAND} of 0 fair, and a value from {LARGE} on large",
        f"no more than {MOST:,} documents",
        f"more than {MOST:,} documents the hubs are",
        f"fewer than {COVERED:.0%} of the documents".replace("%", " %"),
        f"probability below {UNCERTAIN}",
        f"fair one must be at most {FAIR}, that of the biased one at least {BIASED}",
    ):
        assert sentence in text, sentence
