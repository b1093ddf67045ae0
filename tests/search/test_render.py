"""One answer, drawn and in JSON, to the letter."""

import json

from rich.console import Console

from indexer.corpus import Query
from indexer.records import Document
from search.answer import Answer, Match
from search.render import answer_json, render_answer
from search.report import Neighbour, Pool, language_report

QUERY = Query("q1", "cat", "en", "detected", 0.875, "1", None, "here")
DOCUMENTS = [
    (Document("en1", "cat", "en", "1"), 1.0, True, True),
    (Document("he1", "חתול", "he", "1", {"topic": "animals", "n": 1}), 0.75, True, False),
    (Document("x" * 30, "dog\x1b[31m", "en", None), 0.5, False, False),
    (Document("u", "?", "und", None), -0.25, False, False),
]


def answer() -> Answer:
    """Four hits: the query's own text, a translation, a stranger, an unknown language."""
    hits = tuple(
        Match(d, score, rank, d.lang == "en", meaning, duplicate, d.id)
        for rank, (d, score, meaning, duplicate) in enumerate(DOCUMENTS, start=1)
    )
    neighbours = [Neighbour(d.lang, meaning, dup) for d, _, meaning, dup in DOCUMENTS]
    pool = Pool({"en": 6, "he": 3, "und": 1}, {"en": 1, "he": 1}, 2)
    return Answer(QUERY, hits, language_report("en", neighbours, pool))


def test_json_to_the_letter() -> None:
    """Every field of the document, with types that JSON keeps."""
    document = json.loads(json.dumps(answer_json(answer()), allow_nan=False))
    assert document["schema"] == "interlingua.search/1"
    assert document["query"] == {
        "id": "q1",
        "text": "cat",
        "lang": "en",
        "lang_source": "detected",
        "lang_probability": 0.875,
        "group": "1",
        "fitted": None,
    }
    assert document["hits"][1] == {
        "rank": 2,
        "id": "he1",
        "document": "he1",
        "score": 0.75,
        "lang": "he",
        "group": "1",
        "text": "חתול",
        "metadata": {"topic": "animals", "n": 1},
        "same_language": False,
        "same_meaning": True,
        "duplicate": False,
    }
    assert [hit["duplicate"] for hit in document["hits"]] == [True, False, False, False]
    report = document["language_report"]
    assert report.pop("excess") == 1.0  # one counted, in English
    assert round(report.pop("p_value"), 9) == round(5 / 7, 9)
    assert round(report.pop("expected_same_language"), 9) == round(5 / 7, 9)
    assert report == {
        "k": 4,
        "same_language": 2,
        "same_meaning": 2,
        "language_only": 1,
        "meaning_only": 1,
        "both": 1,
        "neither": 1,
        "relevant_total": 2,
        "counted": 1,
        "counted_same_language": 1,
        "duplicates": 1,
        "unknown_language": 1,
        "reason": None,
        "unit": "document",
    }


def test_table_to_the_letter() -> None:
    """Marks in the right columns, right-to-left text whole, nothing that drives a terminal."""
    console = Console(width=100, markup=False, highlight=False, no_color=True)
    with console.capture() as capture:
        console.print(render_answer(answer()))
    lines = [line.rstrip() for line in capture.get().splitlines()]
    assert lines[0] == "Query (en, detected, p = 0.88)  cat"
    rows = [line.split() for line in lines[4:8]]
    assert rows[0][:6] == ["1", "1.000", "en1", "en", "✓", "✓"]
    assert " ".join(rows[0][6:]) == "cat (the query's own text)"
    assert rows[1] == ["2", "0.750", "he1", "he", "·", "✓", "חתול"]
    assert rows[2] == ["3", "0.500", "x" * 19 + "…", "en", "✓", "·", "dog\ufffd[31m"]
    assert rows[3] == ["4", "-0.250", "u", "und", "?", "·", "?"]
    assert "\x1b" not in capture.get()
