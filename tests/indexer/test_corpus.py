"""Reading corpora and queries."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.corpus import Fields, content_id, read_corpus, read_queries
from indexer.errors import InputError
from indexer.languages import Detection
from indexer.limits import ID_LIMIT, TEXT_LIMIT
from indexer.records import Document
from indexer.rejects import Rejects

USUAL = Fields()


class FixedDetector:
    """Says what it was told to say."""

    def __init__(self, lang: str, probability: float) -> None:
        self.detection = Detection(lang, probability)

    def detect(self, text: str) -> Detection:  # noqa: ARG002 - the protocol's name
        """Return the same for every text."""
        return self.detection


def write(path: Path, *records: Mapping[str, object]) -> str:
    """Write JSON Lines and return the path."""
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), "utf-8")
    return str(path)


def read_one(path: Path, record: Mapping[str, object], fields: Fields = USUAL) -> Document:
    """Return the document that one record becomes."""
    (read,) = read_corpus([write(path, record)], fields=fields, detector=FixedDetector("de", 0.7))
    return read.document


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is not there yet."""
    return tmp_path / "corpus.jsonl"


def test_a_full_record_becomes_a_document(path: Path) -> None:
    """Known fields go where they belong, all others are metadata, the place is told."""
    name = write(
        path,
        {
            "id": "eng1",
            "text": " The cat. ",
            "lang": "EN-us",
            "group": 7,
            "topic": {"a": [1, None]},
        },
    )
    (record,) = read_corpus([name])

    assert record.document == Document(
        id="eng1",
        text=" The cat. ",
        lang="en",
        group="7",
        metadata={"topic": {"a": [1, None]}},
        lang_source="given",
        lang_probability=None,
    )
    assert record.place == f"{name}:1"


def test_a_bare_text_is_a_record(path: Path) -> None:
    """Only the text is required: the id is a hash, the language detected, the group None."""
    document = read_one(path, {"text": "Hund"})

    assert document.id == content_id("", "Hund") == "93d426ac094e608d040ef3c3230f721c"
    assert (document.lang, document.lang_source, document.lang_probability) == (
        "de",
        "detected",
        0.7,
    )
    assert document.group is None
    assert document.metadata == {}


def test_null_and_empty_fields_are_absent(path: Path) -> None:
    """A null or empty id, language or group is the same as none."""
    bare = read_one(path, {"text": "Hund"})

    assert read_one(path, {"text": "Hund", "id": None, "lang": None, "group": None}) == bare
    assert read_one(path, {"text": "Hund", "id": "", "lang": "", "group": ""}) == bare


def test_a_missing_id_does_not_depend_on_the_detector(path: Path) -> None:
    """The hash takes the language as the corpus gives it, so detection can change."""
    name = write(
        path, {"text": "Hund"}, {"text": "Hund", "lang": "de"}, {"text": "Hund", "lang": "nl"}
    )
    german = [r.document.id for r in read_corpus([name], detector=FixedDetector("de", 1))]
    unknown = [r.document.id for r in read_corpus([name], detector=FixedDetector("und", 0.1))]

    assert german == unknown
    assert len(set(german)) == 3


def test_a_label_wins_over_the_detector(path: Path) -> None:
    """A language in the corpus is taken as it is, also when it is und."""
    name = write(path, {"text": "Hund", "lang": "fr"}, {"text": "Hund", "lang": "und"})
    read = [r.document for r in read_corpus([name], detector=FixedDetector("de", 1))]

    assert [(d.lang, d.lang_source, d.lang_probability) for d in read] == [
        ("fr", "given", None),
        ("und", "given", None),
    ]


def test_an_unsure_detection_is_und_with_its_probability(path: Path) -> None:
    """By default py3langid detects; below its threshold the language is und."""
    name = write(path, {"text": "42"}, {"text": "Der Hund bellt die ganze Nacht im Garten."})
    unsure, sure = (r.document for r in read_corpus([name]))

    assert (unsure.lang, unsure.lang_source) == ("und", "detected")
    assert unsure.lang_probability is not None
    assert unsure.lang_probability < 0.5
    assert (sure.lang, sure.lang_source) == ("de", "detected")


def test_fields_can_have_other_names(path: Path) -> None:
    """Renamed fields are read; the usual names are then ordinary metadata."""
    fields = Fields(id="nr", text="sentence", lang="language", group="meaning")
    document = read_one(
        path,
        {"nr": 5, "sentence": "Hund", "language": "de", "meaning": "dog", "text": "x", "id": "y"},
        fields,
    )

    assert (document.id, document.text, document.lang, document.group) == ("5", "Hund", "de", "dog")
    assert document.metadata == {"text": "x", "id": "y"}


def test_a_missing_text_field_lists_the_fields_found(path: Path) -> None:
    """Other column names are answered with what is there and the option that renames."""
    name = write(path, {"sentence": "Hund", "language": "de"})

    with pytest.raises(InputError) as caught:
        list(read_corpus([name]))

    assert (
        caught.value.message == f"{name}:1: no field 'text'; the fields are 'sentence', 'language'"
    )
    assert "--text-field" in str(caught.value.remedy)


def test_blank_lines_are_passed_over_and_counted_as_lines(path: Path) -> None:
    """A blank line holds no record, but the line numbers are those of an editor."""
    path.write_bytes(
        b'\xef\xbb\xbf\n  \r\n{"text": "a", "lang": "en"}\r\n\n{"text": "b", "lang": "en"}'
    )
    read = list(read_corpus([str(path)]))

    assert [(r.document.text, r.place.rsplit(":", 1)[1]) for r in read] == [("a", "3"), ("b", "5")]


def test_a_line_separator_inside_a_text_ends_no_record(path: Path) -> None:
    """Only a line feed ends a line; U+2028, U+0085 and the like are text."""
    text = "a\u2028b\u0085c\u2029d\x0be"
    assert read_one(path, {"text": text}).text == text


def test_limits_are_inclusive(path: Path) -> None:
    """A text of 1 MiB and an id of 512 bytes are taken, one byte more is not."""
    assert len(read_one(path, {"text": "é" * (TEXT_LIMIT // 2)}).text) == TEXT_LIMIT // 2
    assert len(read_one(path, {"text": "a", "id": "é" * (ID_LIMIT // 2)}).id) == ID_LIMIT // 2
    with pytest.raises(InputError, match="'text' is 1048577 bytes long, 1048576 at most"):
        read_one(path, {"text": "a" * (TEXT_LIMIT + 1)})
    with pytest.raises(InputError, match="'id' is 513 bytes long"):
        read_one(path, {"text": "a", "id": "a" * 513})


def test_tolerated_records_are_left_out(path: Path, tmp_path: Path) -> None:
    """The good records around a bad one are read; the bad one is in the file, mendable."""
    path.write_bytes(b'{"text": "a", "lang": "en"}\n{"text": \xff}\n{"text": "b", "lang": "xx"}\n')
    kept = tmp_path / "rejects.jsonl"
    with Rejects(2, kept) as rejects:
        read = [r.document.text for r in read_corpus([str(path)], rejects=rejects)]
    lines = [json.loads(line) for line in kept.read_text("utf-8").splitlines()]

    assert read == ["a"]
    assert rejects.count == 2
    assert [line["place"] for line in lines] == [f"{path}:2", f"{path}:3"]
    assert lines[0]["record"] == '{"text": \\xff}'
    assert lines[1]["reason"] == "unknown language tag 'xx'"


def test_queries_carry_their_judgements(path: Path) -> None:
    """The right answers are a set of ids; absent is not the same as none."""
    name = write(
        path,
        {"id": "q1", "text": "where", "lang": "en", "group": "g", "relevant": ["a", 7, "a"]},
        {"text": "wo", "relevant": []},
        {"text": "où", "relevant": None, "topic": "x"},
    )
    first, second, third = read_queries(name, detector=FixedDetector("de", 0.8))

    assert (first.id, first.group, first.relevant) == ("q1", "g", frozenset({"a", "7"}))
    assert (first.lang, first.lang_source, first.lang_probability) == ("en", "given", None)
    assert (second.id, second.group, second.relevant) == (None, None, frozenset())
    assert (second.lang, second.lang_source, second.lang_probability) == ("de", "detected", 0.8)
    assert third.relevant is None
    assert third.place == f"{name}:3"


@pytest.mark.parametrize(
    "relevant", ["a", {"a": 1}, [None], [["a"]], [True], [1.5], [""], ["a\nb"]]
)
def test_wrong_judgements_are_refused(path: Path, relevant: object) -> None:
    """Relevant ids are an array of ids and nothing else."""
    name = write(path, {"text": "where", "lang": "en", "relevant": relevant})

    with pytest.raises(InputError, match=r":1: field 'relevant' "):
        list(read_queries(name))


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
names = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=40)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
documents = st.builds(
    Document,
    id=names,
    text=texts.filter(lambda text: text.strip()),
    lang=st.sampled_from(["de", "zh", "he", "und", "x-mine"]),
    group=st.none() | names,
    metadata=st.dictionaries(
        texts.filter(lambda name: name not in {"id", "text", "lang", "group"}), values, max_size=4
    ),
)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that every example overwrites."""
    return tmp_path_factory.mktemp("round-trip") / "corpus.jsonl"


@settings(deadline=None)
@given(corpus=st.lists(documents, min_size=1, max_size=4), escaped=st.booleans())
def test_every_document_survives_writing_and_reading(
    scratch: Path, corpus: list[Document], escaped: bool
) -> None:
    """Any Unicode in any field, escaped or not, is read as it was written."""
    records = [
        {"id": d.id, "text": d.text, "lang": d.lang, "group": d.group, **d.metadata} for d in corpus
    ]
    lines = (json.dumps(record, ensure_ascii=escaped) + "\n" for record in records)
    scratch.write_bytes("".join(lines).encode())

    assert [r.document for r in read_corpus([str(scratch)])] == corpus
