"""The default encoder's tokenizer: hand cases, limits and counts."""

import pytest

from indexer.encoders.e5_tokenizer import build_tokenizer, normalise
from indexer.encoders.e5_weights import E5File, find_e5_file, load_e5_file, parse_e5
from indexer.encoders.tokens import TextTokenizer
from tests.encoders.models import e5_file

PIECES = [
    ("<s>", 0.0),
    ("<pad>", 0.0),
    ("</s>", 0.0),
    ("<unk>", 0.0),
    ("▁", -4.0),
    ("a", -3.0),
    ("b", -3.0),
    ("▁ab", -2.0),
    ("ab", -2.5),
    ("<", -5.0),
    ("s", -5.0),
    (">", -5.0),
    ("/", -5.0),
]
MAP = {0x9: " ", 0xA0: " ", 0x1: "", 0xFF42: "b"}


@pytest.fixture
def tiny_tokenizer() -> TextTokenizer:
    """A unigram over thirteen pieces with at most eight tokens."""
    file = parse_e5(e5_file(PIECES, MAP))
    return TextTokenizer(build_tokenizer(file), 8, lambda text: normalise(text, MAP))


@pytest.fixture(scope="module")
def real() -> E5File:
    """The real file."""
    return load_e5_file(find_e5_file())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ab", [0, 7, 2]),
        ("abab", [0, 7, 8, 2]),
        ("ab ab", [0, 7, 7, 2]),
        ("  ab \t\u00a0 ab \n"[:-1], [0, 7, 7, 2]),
        ("a\uff42", [0, 7, 2]),
        ("ab\x01", [0, 7, 2]),
        ("z", [0, 4, 3, 2]),
        ("", [0, 2]),
        ("</s>", [0, 4, 9, 12, 10, 11, 2]),
        ("<pad>", [0, 4, 9, 3, 5, 3, 11, 2]),
    ],
)
def test_hand_cases(tiny_tokenizer: TextTokenizer, text: str, expected: list[int]) -> None:
    """The likeliest segmentation; spaces joined and cut; control pieces spelt out are text."""
    assert tiny_tokenizer([text], "").ids == [expected]


def test_truncation_keeps_both_ends_and_counts(tiny_tokenizer: TextTokenizer) -> None:
    """The end token stays; what is dropped is counted before truncation."""
    tokens = tiny_tokenizer(["ab " * 20, "ab"], "")
    assert tokens.ids == [[0, *[7] * 6, 2], [0, 7, 2]]
    assert tokens.total.tolist() == [22, 3]
    assert tokens.dropped.tolist() == [14, 0]


def test_a_prompt_is_part_of_the_text(tiny_tokenizer: TextTokenizer) -> None:
    """It counts, and it is normalised with the text."""
    assert tiny_tokenizer(["  ab"], "ab ").ids == [[0, 7, 7, 2]]
    assert tiny_tokenizer.prompt_tokens("ab ") == 2


def test_left_truncation() -> None:
    """A tokenizer that drops the beginning keeps the end."""
    file = parse_e5(e5_file(PIECES, MAP))
    tokenizer = TextTokenizer(build_tokenizer(file), 4, None, truncate_left=True)
    assert tokenizer(["ab abab"], "").ids == [[0, 7, 8, 2]]
    assert tokenizer(["ab ab ab b"], "").ids == [[0, 4, 6, 2]]


def test_compositions_are_one_character() -> None:
    """NFC: a letter and its combining mark are what the map and the pieces know."""
    assert normalise("e\u0301", {}) == "\u00e9"


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Hello World!", [0, 35378, 6661, 38, 2]),
        (
            "This is a very long text with a lot of weird characters, such",
            [0, 3293, 83, 10, 4552, 4989, 7986, 678, 10, 5915, 111, 179459, 124850, 4, 6044, 2],
        ),
    ],
)
def test_published_ids(real: E5File, text: str, ids: list[int]) -> None:
    """The ids that XLM-RoBERTa's own tests state."""
    assert build_tokenizer(real).encode(normalise(text, real.character_map)).ids == ids


def test_compatibility_characters(real: E5File) -> None:
    """Ligatures, circled digits, wide spaces and superscripts become what they mean."""
    assert normalise("ﬁne  ①\u3000x²", real.character_map) == "fine 1 x2"
