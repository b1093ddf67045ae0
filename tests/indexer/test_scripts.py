"""Scripts of texts and languages, and labels that contradict them."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.build import add, build
from indexer.contradictions import LabelCheck, contradicting_script, contradicting_scripts
from indexer.corpus import Record
from indexer.encoders import EncoderSpec
from indexer.records import Document, LanguageSource
from indexer.script_counts import codes, counted, scripts_of
from indexer.scripts import count_scripts, script_of, scripts_of_language

SOURCES: tuple[LanguageSource, ...] = ("given", "detected")
LABELS = ("en", "he", "zh", "ja", "ko", "ru", "sr", "und", "x-mine")
HEBREW = "החתול ישן על הספה כל היום"
NAMES = {"LATIN": "Latn", "CYRILLIC": "Cyrl", "GREEK": "Grek", "HEBREW": "Hebr", "ARABIC": "Arab",
         "DEVANAGARI": "Deva", "THAI": "Thai", "GEORGIAN": "Geor", "ARMENIAN": "Armn",
         "TAMIL": "Taml"}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Guten Morgen", "Latn"),
        ("доброе утро", "Cyrl"),
        (HEBREW, "Hebr"),
        ("สวัสดี", "Thai"),
        ("今天天气很好", "Hani"),
        ("新しい時代の幕開け", "Jpan"),
        ("カタカナ", "Jpan"),
        ("한국어 大韓民國", "Kore"),
        ("東京都庁", "Hani"),
        ("优惠活动正在进行中请尽快来选购の", "Hani"),
        ("GPT-4 が出た。新しいモデルの性能を調べる。", "Jpan"),
        ("ab бв", "Cyrl"),
        ("12345 ?! 😀", "Zyyy"),
        ("", "Zyyy"),
        ("\ud800", "Zyyy"),
        ("e\u0301", "Latn"),
    ],
    ids=ascii,
)
def test_a_text_has_the_script_of_most_of_its_letters(text: str, expected: str) -> None:
    """Digits and signs do not vote; Japanese and Korean are told from Chinese."""
    assert script_of(text) == expected


@given(st.text(st.characters(categories=["Lu", "Ll", "Lo"], max_codepoint=0x10FF), max_size=30))
def test_letters_are_counted_as_their_names_say(text: str) -> None:
    """For the scripts whose letters are named after them, Unicode's names give the same counts."""
    counted = count_scripts(text)
    for name, code in NAMES.items():
        named = [
            c
            for c in text
            if unicodedata.name(c, "").startswith((f"{name} LETTER", f"{name} SMALL LETTER"))
            or unicodedata.name(c, "").startswith(f"{name} CAPITAL LETTER")
        ]
        assert counted[code] >= len(named)
    assert counted.total() <= len(text)


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("en", {"Latn", "Shaw"}),
        ("he", {"Hebr"}),
        ("sr", {"Cyrl", "Latn"}),
        ("sh", {"Cyrl", "Latn"}),
        ("uz", {"Latn", "Cyrl", "Arab"}),
        ("zh", {"Hani", "Bopo"}),
        ("ja", {"Jpan", "Hani"}),
        ("ko", {"Kore"}),
        ("hi", {"Deva"}),
        ("no", {"Latn"}),
        ("fil", {"Latn"}),
        ("und", set()),
        ("x-mine", set()),
        ("qaa", set()),
    ],
)
def test_a_language_has_the_scripts_of_cldr(lang: str, expected: set[str]) -> None:
    """Several scripts where several are in use, none where nothing is known."""
    assert scripts_of_language(lang) == expected


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        (HEBREW, "en", "Hebr"),
        (HEBREW, "he", None),
        (HEBREW, "yi", None),
        ("The cat sleeps.", "he", "Latn"),
        ("הורד היום את Visual Studio Code", "he", None),
        ("我是Tom Hunter。", "zh", None),
        ("ꦲꦏꦸꦩꦼꦤ꧀ꦣꦶꦁ", "jv", None),
        ("Ово је текст.", "sr", None),
        ("Ovo je tekst.", "sr", None),
        ("今天天气很好", "ko", "Hani"),
        ("今天天气很好", "ja", None),
        ("新しい時代の幕開け", "zh", "Jpan"),
        ("kg", "ru", None),
        ("12345", "en", None),
        (HEBREW, "und", None),
        (HEBREW, "x-mine", None),
    ],
    ids=ascii,
)
def test_only_a_script_the_label_excludes_contradicts_it(
    text: str, lang: str, expected: str | None
) -> None:
    """Foreign names, stubs and languages nobody knows the script of are left alone."""
    assert contradicting_script(text, lang) == expected


def _records() -> list[Record]:
    texts = [("en", "The cat sleeps."), *[("en", HEBREW + str(i)) for i in range(5)]]
    texts += [("he", "The dog barks.")]
    return [
        Record(Document(f"d{i}", text, lang), f"corpus.jsonl:{i + 1}")
        for i, (lang, text) in enumerate(texts)
    ]


def test_contradictions_are_counted_with_examples() -> None:
    """Counts by label and script, the first three places of each, records handed on untouched."""
    check = LabelCheck()
    assert list(check.watch(_records())) == _records()

    first, second = check.found()
    assert (first.lang, first.script, first.records) == ("en", "Hebr", 5)
    assert [e.place for e in first.examples] == [f"corpus.jsonl:{n}" for n in (2, 3, 4)]
    assert first.examples[0].text == HEBREW + "0"
    assert (second.lang, second.script, second.records) == ("he", "Latn", 1)


def test_a_detected_language_is_no_label() -> None:
    """What a detector got wrong is not the corpus's contradiction."""
    check = LabelCheck()
    check.add(
        Record(Document("a", HEBREW, "en", lang_source="detected", lang_probability=0.9), "x:1")
    )
    assert check.found() == ()


def test_build_and_add_report_contradictions(tmp_path: Path) -> None:
    """The report of a build has what its corpus contradicts; that of an addition, its own."""
    spec = EncoderSpec("hashing")
    built = build(_records(), tmp_path / "index", encoder=spec)
    assert [(c.lang, c.script, c.records) for c in built.contradictions] == [
        ("en", "Hebr", 5),
        ("he", "Latn", 1),
    ]
    added = add([Document("new", HEBREW, "de")], tmp_path / "index")
    assert [(c.lang, c.records) for c in added.contradictions] == [("de", 1)]
    assert added.contradictions[0].examples[0].place == "document 1"


TEXTS = st.text(max_size=30) | st.text("のカ漢字漢字漢字한국ab אб1 ", max_size=40)


@given(st.lists(st.tuples(TEXTS, st.sampled_from(LABELS)), max_size=20))
def test_many_texts_at_once_are_told_as_one_by_one(items: list[tuple[str, str]]) -> None:
    """Scripts, counts and contradictions, whatever characters there are."""
    texts, langs = [text for text, _ in items], [lang for _, lang in items]
    assert scripts_of(texts) == [script_of(text) for text in texts]
    assert contradicting_scripts(texts, langs) == [contradicting_script(t, g) for t, g in items]
    one_by_one = [dict(count_scripts(text)) for text in texts]
    at_once = [
        {code: int(n) for code, n in zip(codes(), row, strict=True) if n}
        for _, counts in counted(texts)
        for row in counts
    ]
    assert at_once == one_by_one


def test_long_texts_at_once() -> None:
    """Only their beginning is read; what is beyond the size of one part goes into the next."""
    texts = ["a" * 5000 + "б" * 9000, "", "б" * 4096 + "a" * 90_000, "漢" * 3000, "\ud800 x"] * 200
    assert scripts_of(texts) == ["Latn", "Zyyy", "Cyrl", "Hani", "Latn"] * 200
    assert len(list(counted(texts))) > 1
    assert sum(part.stop - part.start for part, _ in counted(texts)) == 1000


def test_labels_of_a_batch_are_checked_as_one_by_one() -> None:
    """The same counts, pairs and examples."""
    texts = ["חתול קפץ", "a cat", "кот", "9", "ein Hund"]
    records = [
        Record(
            Document(str(i), f"{texts[i % 5]} {i}", "en", lang_source=SOURCES[i % 7 == 0]),
            f"c:{i}",
        )
        for i in range(40)
    ]
    one, many = LabelCheck(), LabelCheck()
    for record in records:
        one.add(record)
    many.add_all(records[:13])
    many.add_all(records[13:])
    assert many.found() == one.found() != ()
