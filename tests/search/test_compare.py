"""Two audits compared: by hand, by plain loops, by scipy, and on what was planted."""

import dataclasses
import itertools
import json
import math
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from scipy import stats

from indexer.errors import InputError, UsageError
from search.audit.result import Audit
from search.comparison.compare import compare
from search.comparison.correction import adjust
from search.comparison.paired import exact, resample_pairs
from search.comparison.result import Comparison
from search.comparison.schema import comparison_json
from search.comparison.sound import must_be_sound
from search.comparison.terminal import render_comparison
from search.comparison.words import by_noise_alone, differences_of_audits, sentence
from search.measures.measure import Measure, Measurement
from search.measures.resample import draws
from tests.search.comparable import AUC, EXCESS, HOSTILE, PROBE, Values, audit_of, before_and_after

LANGS, CLUSTERS = ["en", "he", "en", "he", "en"], ["1", "1", "2", "2", "3"]


def hand(a: Values, b: Values) -> Comparison:
    """Five queries, two languages, three clusters."""
    return compare(audit_of(LANGS, CLUSTERS, {EXCESS: a}), audit_of(LANGS, CLUSTERS, {EXCESS: b}))


def test_by_hand() -> None:
    """Three clusters have eight ways to flip; all differences are up, so two are as extreme."""
    found = hand([0.1, 0.2, 0.3, 0.4, 0.2], [0.4, 0.3, 0.6, 0.7, 0.5])
    overall = found.measures[EXCESS].overall
    assert [overall.a, overall.b] == pytest.approx([(0.2 + 0.3) / 2, (0.5 + 0.5) / 2])
    assert overall.difference == pytest.approx((0.3 + 0.2) / 2)
    assert (overall.n, overall.clusters, overall.left_out) == (5, 3, 0)
    assert overall.p == overall.p_adjusted == 2 / 8
    assert overall.outcome == "noise"
    assert found.exact
    english, hebrew = (found.measures[EXCESS].by_language[lang] for lang in ("en", "he"))
    assert [english.a, english.b, english.n] == pytest.approx([0.2, 0.5, 3])
    assert english.p == 2 / 8
    # Hebrew is in two clusters alone: 2 of 4 ways, and Holm doubles the smaller p.
    assert hebrew.p == 2 / 4
    assert (english.p_adjusted, hebrew.p_adjusted) == (0.5, 0.5)


def test_a_query_without_a_value_in_one_is_left_out_of_both() -> None:
    """Its value in the other audit does not count either."""
    overall = hand([0.1, 0.2, 9.0, 0.4, 0.2], [0.4, 0.3, None, 0.7, 0.5]).measures[EXCESS]
    assert overall.overall.left_out == 1
    assert overall.overall.n == 4
    assert overall.by_language["en"].a == pytest.approx(0.15)
    assert overall.by_language["en"].left_out == 1


def test_nothing_in_common_is_undefined_with_a_reason() -> None:
    """A measure defined for other queries in each audit has no difference; one cluster no p."""
    found = hand([0.1, None, None, None, None], [None, 0.3, 0.3, None, None]).measures[EXCESS]
    assert found.overall.difference is found.overall.p is None
    assert found.overall.reason == "no query has it in both audits"
    found = hand([0.1, 0.2, None, None, None], [0.2, 0.4, None, None, None]).measures[EXCESS]
    assert found.overall.difference == pytest.approx(0.15)
    assert found.overall.p is found.overall.low is None
    assert found.overall.reason == "no interval and no test: all of it is of one cluster"
    assert found.overall.outcome == "untested"


def random_case(
    seed: int, n: int = 40, clusters: int = 9
) -> tuple[list[int], list[int], list[float], list[float]]:
    """Language, cluster and two values of each query, some undefined."""
    rng = random.Random(seed)
    language = [0, 1, 2, *(rng.randrange(3) for _ in range(n - 3))]
    cluster = [*range(clusters), *(rng.randrange(clusters) for _ in range(n - clusters))]
    a = [math.nan if rng.random() < 0.1 else rng.random() for _ in range(n)]
    b = [math.nan if rng.random() < 0.1 else rng.random() + 0.1 for _ in range(n)]
    return language, cluster, a, b


def loop_difference(
    language: list[int], cluster: list[int], a: list[float], b: list[float], times: list[int]
) -> list[float]:
    """Difference of each language and of their average, a query at a time."""
    by_language = []
    for lang in range(3):
        total, count = 0.0, 0
        for i in range(len(a)):
            if language[i] == lang and not math.isnan(a[i]) and not math.isnan(b[i]):
                total += times[cluster[i]] * (b[i] - a[i])
                count += times[cluster[i]]
        by_language.append(total / count if count else math.nan)
    known = [x for x in by_language if not math.isnan(x)]
    return [*by_language, sum(known) / len(known) if known else math.nan]


@pytest.mark.parametrize("seed", range(3))
def test_intervals_equal_plain_loops(seed: int) -> None:
    """The bootstrap in matrices gives what each draw gives query by query."""
    language, cluster, a, b = random_case(seed)
    (found,) = resample_pairs(
        [(np.array(a), np.array(b))], np.array(language), np.array(cluster),
        level=0.9, seed=seed, replicates=150,
    )  # fmt: skip
    drawn = [
        loop_difference(language, cluster, a, b, [int(t) for t in row])
        for block in draws(9, seed=seed, replicates=150)
        for row in block
    ]
    for place in range(4):
        column = [row[place] for row in drawn if not math.isnan(row[place])]
        assert found.low[place] == pytest.approx(np.percentile(column, 5))
        assert found.high[place] == pytest.approx(np.percentile(column, 95))
    assert (found.b - found.a).tolist() == pytest.approx(
        loop_difference(language, cluster, a, b, [1] * 9)
    )


@pytest.mark.parametrize("seed", range(3))
def test_p_equals_plain_loops_over_all_flips(seed: int) -> None:
    """Nine clusters have 512 ways: the audits change places in each, query by query."""
    language, cluster, a, b = random_case(seed)
    (found,) = resample_pairs(
        [(np.array(a), np.array(b))], np.array(language), np.array(cluster),
        level=0.95, seed=0, replicates=512,
    )  # fmt: skip
    assert exact(9, 512)
    assert not exact(9, 511)
    observed = loop_difference(language, cluster, a, b, [1] * 9)
    beyond = [0] * 4
    for flips in itertools.product((False, True), repeat=9):
        one = [b[i] if flips[cluster[i]] else a[i] for i in range(len(a))]
        other = [a[i] if flips[cluster[i]] else b[i] for i in range(len(a))]
        for place, d in enumerate(loop_difference(language, cluster, one, other, [1] * 9)):
            beyond[place] += abs(d) >= abs(observed[place]) - 1e-12
    assert found.p.tolist() == pytest.approx([count / 512 for count in beyond])


@pytest.mark.parametrize("clusters", [8, 60])
def test_p_agrees_with_scipy(clusters: int) -> None:
    """SciPy flips the same signs: exactly where it can try all, nearly where both draw."""
    rng = np.random.default_rng(5)
    a, moved = rng.random(clusters), rng.normal(0.05, 0.15, clusters)
    codes = np.arange(clusters)
    (found,) = resample_pairs(
        [(a, a + moved)], np.zeros(clusters, np.int64), codes,
        level=0.95, seed=0, replicates=9999,
    )  # fmt: skip
    theirs = stats.permutation_test(
        (a + moved, a),
        lambda x, y, axis: (x - y).mean(axis=axis),
        permutation_type="samples",
        n_resamples=9999,
        vectorized=True,
        rng=np.random.default_rng(1),
    )
    assert 0.001 < theirs.pvalue < 0.9
    tolerance = 1e-9 if clusters == 8 else 0.02
    assert found.p[1] == pytest.approx(theirs.pvalue, abs=tolerance)


def test_p_is_never_zero() -> None:
    """What was observed is one of the flips that were tried: no p below 1 / (replicates + 1)."""
    found = compare(*before_and_after(0.5), replicates=199).measures[EXCESS]
    assert found.overall.p == 1 / 200
    assert found.by_language["en"].p == 1 / 200


def test_interval_is_that_of_clusters() -> None:
    """Its width is the normal one of cluster means, not of queries: versions move together."""
    rng = np.random.default_rng(2)
    per_cluster = rng.normal(0, 1, 400)
    moved = np.repeat(per_cluster, 5)
    (found,) = resample_pairs(
        [(np.zeros(2000), moved)], np.zeros(2000, np.int64), np.repeat(np.arange(400), 5),
        level=0.95, seed=0, replicates=2000,
    )  # fmt: skip
    width = 2 * 1.96 * per_cluster.std() / math.sqrt(400)
    assert found.high[1] - found.low[1] == pytest.approx(width, rel=0.08)


def test_noise_is_found_about_as_often_as_alpha() -> None:
    """Of 300 pairs of audits that differ by noise alone, about 5 % have p <= 0.05."""
    alarms = sum(
        compare(*before_and_after(0.0, groups=30, seed=seed), replicates=199)
        .measures[EXCESS].overall.outcome != "noise"
        for seed in range(300)
    )  # fmt: skip
    # 15 expected; a binomial is outside of 5 to 29 less than once in 500 times.
    assert 5 <= alarms <= 29


def test_no_language_is_named_by_noise_more_often_than_alpha() -> None:
    """After Holm any of six languages is named in about 5 % of the comparisons, not in 26 %."""
    names = ("ar", "de", "en", "he", "ru", "zh")
    alarms = 0
    for seed in range(150):
        pair = before_and_after(0.0, groups=20, languages=names, seed=seed)
        rows = compare(*pair, replicates=399).measures[EXCESS].by_language.values()
        alarms += any(row.outcome != "noise" for row in rows)
    assert alarms <= 16


@pytest.mark.parametrize(("change", "outcome"), [(-0.08, "better"), (0.08, "worse")])
def test_what_was_planted_is_found(change: float, outcome: str) -> None:
    """A change of 0.08 is found, its direction named for both kinds of measures."""
    found = compare(*before_and_after(change)).measures
    assert found[EXCESS].overall.outcome == found[AUC].overall.outcome == outcome
    low, high = found[EXCESS].overall.low, found[EXCESS].overall.high
    assert low is not None
    assert high is not None
    assert low <= change <= high
    assert found[AUC].overall.difference == pytest.approx(-(found[EXCESS].overall.difference or 0))


def test_a_measure_without_a_better_side_is_changed() -> None:
    """Nobody says whether more answers in the own language are good."""
    a, b = before_and_after(0.2)
    own = Measure("own_language_first")
    renamed = [
        audit_of(x.per_query.languages, x.per_query.clusters, {own: x.per_query.values[EXCESS]})
        for x in (a, b)
        if x.per_query
    ]
    assert compare(*renamed).measures[own].overall.outcome == "changed"


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 14))
def test_exchanging_the_audits_changes_signs_alone(seed: int, groups: int) -> None:
    """Also when the queries stand in another order, and whether flips are drawn or all tried."""
    a, b = before_and_after(0.05, groups=groups, seed=seed)
    there = compare(a, b, replicates=500).measures[EXCESS]
    back = compare(shuffled(b, seed), a, replicates=500).measures[EXCESS]
    for x, y in zip(
        [there.overall, *there.by_language.values()],
        [back.overall, *back.by_language.values()],
        strict=True,
    ):
        assert (x.a, x.b, x.p, x.n) == (y.b, y.a, y.p, y.n)
        mirrored = [-(v or 0) for v in (y.difference, y.high, y.low)]
        assert [x.difference, x.low, x.high] == pytest.approx(mirrored)


def shuffled(audit: Audit, seed: int) -> Audit:
    """The same audit with its queries in another order."""
    q = audit.per_query
    assert q is not None
    order = list(range(len(q.ids)))
    random.Random(seed).shuffle(order)
    return audit_of(
        [q.languages[i] for i in order],
        [q.clusters[i] for i in order],
        {m: [v[i] for i in order] for m, v in q.values.items()},
        [q.ids[i] for i in order],
    )


def test_the_same_audit_twice_has_not_moved() -> None:
    """All differences are 0, every p is 1."""
    a, _ = before_and_after(0.0)
    found = compare(a, a)
    for row in [*found.measures[EXCESS].by_language.values(), found.measures[EXCESS].overall]:
        assert (row.difference, row.low, row.high, row.p) == (0, 0, 0, 1)
        assert row.outcome == "noise"
    assert found.differing == ()
    assert "stayed at" in sentence(EXCESS, found.measures[EXCESS].overall, 0.95)


def test_queries_of_one_audit_alone_are_counted() -> None:
    """They do not enter the values."""
    a = audit_of(["en"] * 4, list("1234"), {EXCESS: [0.1, 0.2, 0.3, 9.0]}, ["a", "b", "c", "x"])
    b = audit_of(["en"] * 3, list("123"), {EXCESS: [0.2, 0.3, 0.4]}, ["a", "b", "c"])
    found = compare(a, b)
    assert (found.pairs, found.only_a, found.only_b, found.clusters) == (3, 1, 0, 3)
    assert found.measures[EXCESS].overall.a == pytest.approx(0.2)


def one(**changes: object) -> Audit:
    """One audit of ten queries, something about them changed."""
    audit = audit_of(["en"] * 10, list("abcdefghij"), {EXCESS: [0.5] * 10})
    assert audit.per_query is not None
    changed = dataclasses.replace(audit.per_query, **changes)  # type: ignore[arg-type]
    return dataclasses.replace(audit, per_query=changed)


@pytest.mark.parametrize(
    ("b", "message"),
    [
        (dataclasses.replace(one(), per_query=None), "the second audit holds no values by query"),
        (one(ids=tuple("ABCDEFGHIJ")), "share 0 of 10 and 10 queries"),
        (one(ids=(), languages=(), clusters=(), values={}), "share 0 of 10 and 0 queries"),
        (one(ids=("q0", *"ABCDEFGHI")), None),
        (one(ids=("q0", "q0", *"ABCDEFGH")), "the second audit has the query 'q0' twice"),
        (one(languages=(*["en"] * 9, "he")), "1 of 10 shared queries have another language"),
        (one(clusters=tuple("abcdefghiX")), "'q9' has 'j' in the first, 'X' in the second"),
    ],
)
def test_what_does_not_belong_together_is_refused(b: Audit, message: str | None) -> None:
    """One query of ten is just enough; nothing, or another language or cluster, is not."""
    if message is None:
        assert compare(one(), b).pairs == 1
        return
    with pytest.raises(InputError, match=message):
        compare(one(), b)
    with pytest.raises(InputError):
        compare(b, one())


def test_measures_are_chosen_by_name() -> None:
    """One that is not in both is refused, with those that are."""
    a, b = before_and_after(0.1)
    assert list(compare(a, b, measures=[AUC, AUC]).measures) == [AUC]
    with pytest.raises(UsageError, match=r"map is not in both audits .*excess@10"):
        compare(a, b, measures=[Measure("map")])
    with pytest.raises(UsageError, match="take at least 100"):
        compare(a, b, replicates=99)
    with pytest.raises(UsageError, match="level 1"):
        compare(a, b, level=1.0)


def test_measures_of_the_vectors_are_compared_value_to_value() -> None:
    """No interval, no p, and it is said; what one audit lacks is listed."""
    a, b = before_and_after(0.1)
    higher = {**b.overall, PROBE: Measurement(0.875, 0.5, 0.8, 0.9, 400)}
    b = dataclasses.replace(b, overall={**higher, Measure("map"): higher[AUC]})
    found = compare(a, b)
    probe = found.measures[PROBE]
    assert not probe.paired
    assert (probe.overall.difference, probe.overall.p, probe.overall.low) == (0.125, None, None)
    assert (probe.overall.n, probe.overall.outcome) == (400, "untested")
    assert "value to value, without a test" in sentence(PROBE, probe.overall, 0.95)
    assert found.missing == {Measure("map"): "a"}
    assert "not measured in A: map" in list(differences_of_audits(found))


def test_what_else_differs_is_said() -> None:
    """Encoder, documents, languages that came and went."""
    a, b = before_and_after(0.1)
    index = dataclasses.replace(
        b.index, encoder="other", documents=7, languages={"de": 3, "fr": 4}, transform="centre"
    )
    lines = list(differences_of_audits(compare(a, dataclasses.replace(b, index=index))))
    for line in (
        "encoder: hashing -> other",
        "transform: none -> centre",
        "documents: 1500 -> 7",
        "languages of the documents: added fr; removed en, he",
    ):
        assert line in lines
    assert not any(line.startswith("fingerprint") for line in lines)


def test_sentence() -> None:
    """What moved, by how much, and whether it is more than noise."""
    a, b = before_and_after(0.08)
    found = compare(a, b)
    row = found.measures[EXCESS].overall
    assert sentence(EXCESS, row, 0.95) == (
        f"excess@10 rose from {row.a:.3f} to {row.b:.3f} ({row.difference:+.4f}, 95 % interval "
        f"{row.low:+.4f} to {row.high:+.4f}, p < 0.001, n = 180): worse, and more than noise "
        "explains."
    )
    assert by_noise_alone(found).startswith("2 of 2 measures moved by more than noise; by noise ")
    assert "0.1 would be" in by_noise_alone(found)


@pytest.mark.parametrize("seed", range(20))
def test_corrections_agree_with_others(seed: int) -> None:
    """Benjamini-Hochberg with scipy, Holm with its definition; a test not done counts for none."""
    p = np.random.default_rng(seed).random(seed + 1) ** 2
    assert adjust(p, "bh").tolist() == pytest.approx(stats.false_discovery_control(p).tolist())
    ordered = sorted(p.tolist())
    holm = {
        value: min(1.0, max((len(p) - j) * ordered[j] for j in range(i + 1)))
        for i, value in enumerate(ordered)
    }
    assert adjust(p, "holm").tolist() == pytest.approx([holm[value] for value in p.tolist()])
    with_gap = adjust(np.insert(p, 1, np.nan), "holm")
    assert math.isnan(with_gap[1])
    assert np.delete(with_gap, 1).tolist() == adjust(p, "holm").tolist()


def test_corrections_by_hand() -> None:
    """Three tests: Holm multiplies by 3, 2, 1; Benjamini-Hochberg by 3, 3/2, 1."""
    p = np.array([0.03, 0.01, 0.04])
    assert adjust(p, "holm").tolist() == pytest.approx([0.06, 0.03, 0.06])
    assert adjust(p, "bh").tolist() == pytest.approx([0.04, 0.03, 0.04])


def test_many_languages_can_still_be_told_from_noise() -> None:
    """With 70 languages 2000 flips could not make any p small enough, so more are tried."""
    names = [f"l{i:02}" for i in range(70)]
    found = compare(*before_and_after(0.5, groups=20, languages=names, noise=0.05))
    assert found.replicates == 7000
    assert all(row.outcome == "worse" for row in found.measures[EXCESS].by_language.values())


def test_terminal_fits_and_names_both(tmp_path: Path) -> None:
    """At most 100 columns; headline measures language by language; nothing drives the terminal."""
    a, b = before_and_after(0.1, languages=("en", *HOSTILE))
    a = dataclasses.replace(a, index=dataclasses.replace(a.index, encoder=HOSTILE[0]))
    console = Console(width=100, record=True, file=(tmp_path / "out").open("w"), color_system=None)
    console.print(render_comparison(compare(a, b), HOSTILE[0], "b.json"))
    text = console.export_text()
    console.file.close()
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "excess@10 by language of the query" in text
    assert "240 queries are in both, 60 clusters." in text


def test_json_is_plain_and_whole() -> None:
    """Every difference by name; undefined is null; no NaN."""
    a, b = before_and_after(0.1)
    document = json.loads(json.dumps(comparison_json(compare(a, b), "A", "B"), allow_nan=False))
    assert document["schema"] == "interlingua.compare/1"
    assert (document["pairs"], document["a"], document["b"]) == (180, "A", "B")
    row = document["measures"]["excess@10"]
    assert row["better"] == "lower"
    assert row["by_language"].keys() == {"de", "en", "he"}
    assert row["overall"].keys() >= {"a", "b", "difference", "low", "high", "p", "p_adjusted", "n"}
    assert document["measures"]["language_probe"]["overall"]["p"] is None


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"clusters": ("a",)}, "10 ids and 1 clusters"),
        ({"languages": (*["en"] * 9, 7)}, "languages that are no text"),
        ({"ids": (*"abcdefghi", "\ud800")}, "ids that are no text"),
        ({"values": {EXCESS: (0.5,) * 9}}, "10 ids and 9 values of excess@10"),
        ({"values": {EXCESS: ("x",) * 10}}, "values of excess@10 that are no numbers"),
        ({"values": {EXCESS: (math.nan,) * 10}}, "values of excess@10 that are no numbers"),
        ({"values": {EXCESS: (10**400,) * 10}}, "values of excess@10 that are no numbers"),
        ({"values": {EXCESS: (True,) * 10}}, "values of excess@10 that are no numbers"),
    ],
)
def test_damaged_values_are_refused(damage: dict[str, object], message: str) -> None:
    """What is no number is named before anything is computed with it."""
    must_be_sound(one(), "a.json")
    with pytest.raises(InputError, match=f"^a.json: damaged: per_query has {message}"):
        must_be_sound(one(**damage), "a.json")


def test_damaged_measurements_are_refused() -> None:
    """Also those that are compared value to value, and the counts."""
    audit, wrong = one(), Measurement("x", 0.5, None, None, 3)  # type: ignore[arg-type]
    index = dataclasses.replace(audit.index, languages=["en"])  # type: ignore[arg-type]
    for damaged in (
        dataclasses.replace(audit, overall={PROBE: wrong}),
        dataclasses.replace(audit, by_language={"en": {PROBE: wrong}}),
        dataclasses.replace(audit, by_language={"\ud800": {}}),
        dataclasses.replace(audit, index=index),
        dataclasses.replace(audit, index=dataclasses.replace(audit.index, documents=-1)),
    ):
        with pytest.raises(InputError, match=r"^a.json: damaged: "):
            must_be_sound(damaged, "a.json")


def test_a_change_of_rounding_is_no_change() -> None:
    """However certain: 1e-6 in every query is another machine's arithmetic."""
    languages, clusters = ["en"] * 40, [str(i) for i in range(40)]
    before = [0.5 + i / 1000 for i in range(40)]
    outcomes = {}
    for step in (1e-6, 1e-3):
        after = [value + step for value in before]
        found = compare(
            audit_of(languages, clusters, {AUC: before}),
            audit_of(languages, clusters, {AUC: after}),
        ).measures[AUC]
        assert found.overall.p is not None
        assert found.overall.p < 0.01
        outcomes[step] = found.overall.outcome
        assert ("stayed at" in sentence(AUC, found.overall, 0.95)) == (step == 1e-6)
    assert outcomes == {1e-6: "noise", 1e-3: "better"}
