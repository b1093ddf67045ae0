"""The evaluation: halves that share nothing, values by hand, and the rule that recommends."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.corpus import Query
from indexer.errors import InputError
from indexer.index import IndexReader, IndexWriter
from indexer.records import Filter
from indexer.transforms import Statistics, fit_transform
from search.audit.pool import Pool, make_pool
from search.audit.questions import Questions, documents_ask, queries_ask
from search.audit.scoring import gather
from search.debias.candidates import Candidate, candidates
from search.debias.choose import choose, frontier
from search.debias.cost import measured as cost_of
from search.debias.evaluate import evaluate
from search.debias.folds import split
from search.debias.judge import own_neighbours, own_overlap, own_precision, served_share
from search.debias.options import EvaluationOptions
from search.debias.plot import evaluation_svg
from search.debias.result import Evaluation, Judgement, evaluation_json
from search.debias.table import evaluation_markdown
from search.measures.measure import Measurement
from search.merging import Merging
from tests.debias.conftest import PLANTED, planted_documents, write

FEW = (Candidate(), Candidate("centring"), Candidate(merging=Merging("softmax")))
OPTIONS = EvaluationOptions(candidates=FEW, replicates=200)


def pooled(path: Path, queries: list[Query] | None = None) -> tuple[Pool, Questions]:
    """Read an index as the evaluation does."""
    with IndexReader.open(path) as reader, reader.snapshot() as state:
        columns = state.columns(Filter())
    pool = make_pool(columns)
    if queries is None:
        return pool, documents_ask(pool, columns, None, 0)
    vectors = np.array([columns.vectors[i] for i in range(len(queries))])
    return pool, queries_ask(pool, queries, vectors, None, 0)


def judged_queries(n: int) -> list[Query]:
    """Ask for the same meaning in all languages, the own one among them."""
    found = []
    for number, e in enumerate(planted_documents()[:n]):
        right = frozenset(f"{lang}{e.document.group}" for lang in ("de", "en", "fi", "th"))
        found.append(
            Query(
                f"q{number}", f"question {number}", e.document.lang, "given", None, None, right, ""
            )
        )
    return found


def evaluated(path: Path, options: EvaluationOptions = OPTIONS) -> Evaluation:
    """Evaluate an index that asks itself."""
    with IndexReader.open(path) as reader:
        return evaluate(reader, options)


def test_halves_share_no_meaning(index: Path) -> None:
    """All documents of a group, and who asks for them, are in one half."""
    for queries in (None, judged_queries(60)):
        pool, questions = pooled(index, queries)
        folds = split(pool, questions)
        assert 0.2 < folds.documents.mean() < 0.8
        for group in np.unique(pool.group):
            assert len(set(folds.documents[pool.group == group])) == 1
        for row, right in enumerate(questions.right):
            assert set(folds.documents[right].tolist()) == {int(folds.queries[row])}


def test_one_question_joins_its_answers_where_there_are_no_groups(tmp_path: Path) -> None:
    """Sentences that answer one question are in one half, also through a chain of questions."""
    path = write(tmp_path / "i", planted_documents(grouped=False))
    chained = [
        replace(q, relevant=frozenset({f"de{n}", f"en{n}", f"fi{n // 2}"}))
        for n, q in enumerate(judged_queries(40))
    ]
    pool, questions = pooled(path, chained)
    folds = split(pool, questions)
    for row, right in enumerate(questions.right):
        assert set(folds.documents[right].tolist()) == {int(folds.queries[row])}
    assert len(set(folds.documents.tolist())) == 2


def test_every_question_is_judged_by_what_was_fitted_without_it(index: Path) -> None:
    """Halves, fits and shares computed apart: documents of the other half alone are fitted on."""
    found = evaluated(index)
    pool, questions = pooled(index)
    folds = split(pool, questions)
    spoken = [pool.languages[code] for code in pool.language.tolist()]
    shares: dict[str, list[float]] = {}
    for half in (0, 1):
        rows = np.flatnonzero(folds.documents != half)
        statistics = Statistics(24)
        statistics.add(pool.vectors[rows], [spoken[i] for i in rows], [None] * len(rows))
        made = fit_transform("centring", statistics).apply(pool.vectors, spoken)
        for place in np.flatnonzero(folds.documents == half).tolist():
            scores = made @ made[place]
            scores[place] = -np.inf
            best = np.argsort(-scores)[:10]
            share = float(np.mean([spoken[i] == spoken[place] for i in best]))
            shares.setdefault(spoken[place], []).append(share)
    expected = np.mean([np.mean(values) for values in shares.values()])
    assert found.judgements[1].share.value == pytest.approx(expected, abs=1e-9)


def test_neighbours_in_a_language_are_the_ten_nearest(index: Path) -> None:
    """By sorting; the asking document is none of them, and the overlap counts them."""
    pool, questions = pooled(index)
    found = own_neighbours(pool, questions, pool.vectors, questions.vectors)
    for row, place in enumerate(questions.itself.tolist()):
        mine = np.flatnonzero(
            (pool.language == questions.language[row]) & (np.arange(240) != place)
        )
        best = mine[np.argsort(-(pool.vectors[mine] @ pool.vectors[place]))[:10]]
        assert set(found[row].tolist()) == set(best.tolist())
    other = found.copy()
    other[:, :3] = 999
    overlap = own_overlap(found, other, np.full(len(found), 60))
    assert overlap.values == pytest.approx(0.7)
    assert overlap.chance == pytest.approx(10 / 60)


def test_share_and_own_precision_are_those_of_plain_loops(index: Path) -> None:
    """Sorted by hand, query by query."""
    pool, questions = pooled(index, judged_queries(40))
    evidence = gather(pool, questions, 10).evidence
    share, own = served_share(evidence, 10), own_precision(evidence)
    language = pool.language
    for row, query in enumerate(evidence.query.tolist()):
        scores = pool.vectors @ questions.vectors[query]
        best = np.argsort(-scores, kind="stable")
        mine = language == questions.language[query]
        assert share.values[row] == pytest.approx(mine[best[:10]].mean())
        inside = [place for place in best.tolist() if mine[place]]
        right = [inside.index(p) + 1 for p in questions.right[query].tolist() if mine[p]]
        expected = np.mean([(i + 1) / r for i, r in enumerate(sorted(right))])
        assert own.values[row] == pytest.approx(expected)


def test_planted_bias_is_taken_out_and_recommended(index: Path) -> None:
    """Centring is known to be right here; the untouched index is known to be wrong."""
    found = evaluated(index)
    base, centred = found.judgements[:2]
    assert base.excess.value is not None
    assert centred.excess.value is not None
    assert base.excess.value > 0.9
    assert centred.excess.value < 0.2
    assert base.map is not None
    assert centred.map is not None
    assert base.map.value is not None
    assert (centred.map.value or 0) > base.map.value + 0.3
    assert centred.bias_change.high is not None
    assert centred.bias_change.high < 0
    assert found.chosen is not None
    assert found.judgements[found.chosen].passes
    assert base.bias_change.value == 0
    assert not base.less_biased


def test_without_groups_overlap_is_the_guard(tmp_path: Path) -> None:
    """And methods that learn from groups are not tried."""
    path = write(tmp_path / "i", planted_documents(grouped=False))
    found = evaluated(path, replace(OPTIONS, candidates=None, sample=80, overlap_margin=0.9))
    assert (found.mode, found.guard) == ("labels", "overlap")
    assert all(j.map is None for j in found.judgements)
    assert not {"procrustes", "least-squares"} & {j.candidate.method for j in found.judgements}
    assert found.judgements[0].own_language.value == 1.0
    assert found.chosen is not None


def test_no_margin_lets_nothing_pass_that_changes_a_language(index: Path) -> None:
    """With a margin of 0 only what leaves every language's own list alone may be recommended."""
    found = evaluated(index, replace(OPTIONS, overlap_margin=0.0))
    assert not found.judgements[1].passes_guard
    assert found.judgements[2].passes_guard
    assert found.chosen == 2
    alone = evaluated(index, replace(OPTIONS, overlap_margin=0.0, candidates=FEW[:2]))
    assert alone.chosen is None
    assert "Nothing passes" in evaluation_markdown(alone)


def test_a_target_share_is_what_bias_is_measured_from(index: Path) -> None:
    """Who wants half of the answers in their language gets about half."""
    options = replace(OPTIONS, target_share=0.5, candidates=None, sample=120, overlap_margin=1.0)
    found = evaluated(index, options)
    assert found.chosen is not None
    best = found.judgements[found.chosen]
    assert best.candidate.merging.name == "quota"
    assert best.share.value == pytest.approx(0.5, abs=0.06)


def measured(value: float, low: float | None = None, high: float | None = None) -> Measurement:
    """Make a measurement."""
    return Measurement(value, 0.0, low, high, 10)


def judgement(name: str, bias: float, meaning: float, high: float, guard: bool) -> Judgement:
    """Make one that has nothing but what the rule looks at."""
    return Judgement(
        candidate=Candidate(name),
        excess=measured(bias),
        share=measured(bias),
        map=measured(meaning),
        own_language=measured(1.0),
        bias_change=measured(high - 0.1, high - 0.2, high),
        own_change=measured(0.0),
        own_change_by_language={},
        excess_by_language={},
        passes_guard=guard,
        nearer=True,
        fit_seconds=0.0,
        fit_bytes=0,
        bytes=0,
        query_milliseconds=0.0,
    )


def test_the_rule() -> None:
    """Of those whose bias falls for certain and whose guard holds, the one that finds most."""
    rows = [
        judgement("none", 0.8, 0.3, 0.0, True),
        judgement("centring", 0.2, 0.5, -0.1, True),
        judgement("lir", 0.1, 0.9, -0.1, False),
        judgement("lsar", 0.3, 0.8, 0.1, True),
        judgement("leace", 0.1, 0.4, -0.1, True),
    ]
    assert choose(rows, None) == 1
    assert choose(rows[:1], None) is None
    assert choose([rows[0], replace(rows[1], nearer=False)], None) is None
    assert frontier(rows, None) == (2,)
    assert frontier([rows[0], rows[1], rows[4]], None) == (1, 2)


def test_one_language_cannot_be_compared(tmp_path: Path) -> None:
    """The error says what is missing."""
    path = write(tmp_path / "i", planted_documents()[:60])
    with pytest.raises(InputError, match="two languages"):
        evaluated(path)


def test_nothing_of_the_index_changes(index: Path) -> None:
    """An evaluation writes nothing."""
    before = {p.name: p.read_bytes() for p in index.rglob("*") if p.is_file()}
    evaluated(index)
    after = {p.name: p.read_bytes() for p in index.rglob("*") if p.is_file()}
    assert {n: b for n, b in after.items() if "-shm" not in n and "-wal" not in n} == {
        n: b for n, b in before.items() if "-shm" not in n and "-wal" not in n
    }


def test_reports_hold_every_candidate(index: Path) -> None:
    """JSON without NaN, a Markdown table, an SVG that is XML."""
    import json
    from xml.etree import ElementTree as ET

    found = evaluated(index)
    document = json.loads(json.dumps(evaluation_json(found), allow_nan=False))
    names = ["none", "centring", "softmax"]
    assert [row["name"] for row in document["candidates"]] == names
    assert document["recommended"] in names
    assert document["candidates"][1]["by_language"]["th"]["own_change"]["n"] == 60
    root = ET.fromstring(evaluation_svg(found))  # noqa: S314 - our own
    titles = [t.text for t in root.iter("{http://www.w3.org/2000/svg}title")]
    assert set(names) <= set(titles)
    text = evaluation_markdown(found)
    assert all(f"| {name} |" in text for name in names)
    assert text.count("<br>") == 4 * len({0, found.chosen, *found.frontier})


def test_candidates_name_themselves() -> None:
    """Each once; groups add two methods and their combinations."""
    names = [str(c) for c in candidates(groups=True)]
    assert len(names) == len(set(names))
    assert {"none", "lsar", "csls", "centring + softmax", "procrustes + csls"} <= set(names)
    assert len(candidates(groups=False)) < len(names)


def test_an_index_with_a_transform_is_judged_on_its_raw_vectors(index: Path) -> None:
    """What is in force now makes no difference to what is recommended."""
    from tests.debias.test_index import apply

    before = evaluation_json(evaluated(index))
    apply(index, "zca")
    after = evaluation_json(evaluated(index))
    for document in (before, after):
        document.pop("seq")
        for row in document["candidates"]:
            for measured_anew in ("fit_seconds", "fit_bytes", "query_milliseconds"):
                row.pop(measured_anew)
    assert before == after
    with IndexWriter.open(index) as writer:
        assert writer.settings == PLANTED


def test_the_memory_of_a_fit_is_its_peak() -> None:
    """An array of 8 MB that is gone at the end counts, what was held before does not."""
    before = np.ones(1_000_000)
    total, cost = cost_of(lambda: float((before[:, None] + np.zeros(1)).sum()))
    assert total == 1_000_000.0
    assert 8_000_000 <= cost.peak < 8_100_000


def test_every_fit_says_what_it_cost(index: Path) -> None:
    """LSAR stores directions beside the means; the untouched index costs nothing."""
    options = replace(OPTIONS, candidates=(*FEW, Candidate("lsar")))
    rows = {row["name"]: row for row in evaluation_json(evaluated(index, options))["candidates"]}
    assert rows["none"]["fit_bytes"] == rows["none"]["bytes"] == 0
    assert all(row["fit_bytes"] > 0 for row in rows.values() if row["method"] != "none")
    assert rows["lsar"]["bytes"] > rows["centring"]["bytes"] > 0
