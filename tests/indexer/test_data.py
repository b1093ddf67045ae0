"""The corpus that ships with interlingua: complete, in the right scripts, as documented."""

import hashlib
import json
import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from data import CORPUS
from indexer.corpus import read_corpus

README = Path(CORPUS).with_name("README.md")
SCRIPTS = {
    "ar": {"ARABIC"},
    "el": {"GREEK"},
    "he": {"HEBREW"},
    "hi": {"DEVANAGARI"},
    "ja": {"HIRAGANA", "KATAKANA", "CJK", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"},
    "ko": {"HANGUL"},
    "ru": {"CYRILLIC"},
    "th": {"THAI"},
    "zh": {"CJK"},
}
REQUIRED = {"en", "he", "ar", "hi", "zh", "ja", "th", "ru", "tr", "sw", "fi", "de", "fr", "es"}

RECORDS = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]


def test_every_meaning_is_there_in_every_language() -> None:
    """At least 120 meanings in at least 14 languages on at least 8 topics, without a gap."""
    languages = {r["lang"] for r in RECORDS}
    groups = {r["group"] for r in RECORDS}
    assert languages >= REQUIRED
    assert len(groups) >= 120
    assert len(RECORDS) == len(languages) * len(groups)
    assert len({(r["lang"], r["group"]) for r in RECORDS}) == len(RECORDS)
    topics = Counter(r["topic"] for r in RECORDS if r["lang"] == "en")
    assert len(topics) >= 8
    assert min(topics.values()) > 1  # a distractor of its own topic for every sentence


def test_no_sentence_stands_twice() -> None:
    """Within a language every text is a text of its own."""
    texts = Counter((r["lang"], r["text"]) for r in RECORDS)
    assert [text for text, n in texts.items() if n > 1] == []


@pytest.mark.parametrize("lang", sorted({r["lang"] for r in RECORDS}))
def test_letters_are_of_the_language_and_the_text_is_clean(lang: str) -> None:
    """Every letter belongs to the script; NFC, no control characters, no stray spaces."""
    for record in (r for r in RECORDS if r["lang"] == lang):
        text = record["text"]
        assert unicodedata.normalize("NFC", text) == text
        assert text == text.strip()
        assert not re.search(r"\s\s", text)
        assert all(unicodedata.category(c) not in {"Cc", "Cf", "Co", "Cs"} for c in text), text
        for letter in (c for c in text if unicodedata.category(c).startswith("L")):
            script = unicodedata.name(letter).split()[0]
            assert script in SCRIPTS.get(lang, {"LATIN"}), (text, letter)


def test_reader_accepts_it_as_it_is() -> None:
    """Every record becomes a document with its language, group and topic."""
    documents = [record.document for record in read_corpus([str(CORPUS)])]
    assert len(documents) == len(RECORDS)
    for document, record in zip(documents, RECORDS, strict=True):
        assert (document.id, document.text, document.lang, document.group, document.metadata) == (
            record["id"],
            record["text"],
            record["lang"],
            record["group"],
            {"topic": record["topic"]},
        )


def test_readme_tells_the_checksum_and_the_counts() -> None:
    """The checksum and the counts of data/README.md are those of the file."""
    readme = README.read_text(encoding="utf-8")
    assert hashlib.sha256(CORPUS.read_bytes()).hexdigest() in readme
    languages = {r["lang"] for r in RECORDS}
    meanings = len(RECORDS) // len(languages)
    assert f"{meanings} everyday sentences, each in {len(languages)} languages" in readme
    assert all(f"`{lang}`" in readme for lang in languages)
