"""Corpora that are broken, hostile or not corpora: each one error with a place, no traceback."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexer.corpus import read_corpus
from indexer.errors import InputError
from indexer.lines import LINE_LIMIT
from indexer.rejects import Rejects

GOOD = b'{"text": "good", "lang": "en"}\n'
MIB = 1 << 20


def _record(**fields: object) -> bytes:
    return json.dumps({"text": "a", "lang": "en", **fields}).encode()


def _nested(depth: int) -> bytes:
    """A record with ``depth`` containers inside one another, itself counted."""
    return b'{"text": "a", "lang": "en", "x": ' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


LINES: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"hello", "not JSON: expecting value at column 1"),
    "CSV": (b"id,text,lang", "not JSON"),
    "cut off": (b'{"text": "a', "not JSON: unterminated string starting at column 10"),
    "two records": (_record() + _record(), "not JSON: extra data at column 28"),
    "trailing comma": (b'{"text": "a",}', "not JSON"),
    "single quotes": (b"{'text': 'a'}", "not JSON"),
    "comment": (b"// text", "not JSON"),
    "array of records": (b'[{"text": "a"}', "not JSON"),
    "pretty-printed": (b"{", "not JSON"),
    "array": (b"[]", "an array instead of an object"),
    "string": (b'"text"', "a string instead of an object"),
    "number": (b"7", "a number instead of an object"),
    "null": (b"null", "null instead of an object"),
    "true": (b"true", "true instead of an object"),
    "raw control character": (b'{"text": "a\x01"}', "not JSON: invalid control character"),
    "raw NUL": (b'{"text": "a\0"}', "holds a NUL byte"),
    "NUL between": (b'{"text": "a"}\0', "holds a NUL byte"),
    "escaped NUL": (b'{"text": "a\\u0000"}', "holds a NUL character"),
    "NUL in a key": (b'{"text": "a", "\\u0000": 1}', "holds a NUL character"),
    "Latin-1": (b'{"text": "caf\xe9"}', "not UTF-8 at byte 14 (0xe9)"),
    "overlong UTF-8": (b'{"text": "\xc0\xaf"}', "not UTF-8"),
    "surrogate in UTF-8": (b'{"text": "\xed\xa0\x80"}', "not UTF-8"),
    "high surrogate": (b'{"text": "\\ud800"}', "holds a lone surrogate (\\ud800)"),
    "low surrogate": (b'{"text": "a\\udc00b"}', "holds a lone surrogate (\\udc00)"),
    "swapped surrogates": (b'{"text": "\\ude00\\ud83d"}', "holds a lone surrogate"),
    "surrogate in metadata": (
        b'{"text": "a", "x": [{"y": "\\udfff"}]}',
        "holds a lone surrogate (\\udfff)",
    ),
    "surrogate in a key": (b'{"text": "a", "\\ud800": 1}', "holds a lone surrogate"),
    "NaN": (b'{"text": "a", "x": NaN}', "NaN is no JSON number"),
    "Infinity": (b'{"text": "a", "x": [-Infinity]}', "-Infinity is no JSON number"),
    "overflow": (b'{"text": "a", "x": 1e999}', "1e999 is beyond the range"),
    "huge integer": (
        b'{"text": "a", "x": ' + b"9" * 5000 + b"}",
        "an integer beyond signed 64 bits",
    ),
    "65 bits": (_record(x=2**63), "an integer beyond signed 64 bits"),
    "key twice": (b'{"text": "a", "text": "b"}', "field 'text' comes twice"),
    "key twice inside": (b'{"text": "a", "x": {"k": 1, "k": 2}}', "field 'k' comes twice"),
    "key twice, escaped": (b'{"text": "a", "t\\u0065xt": "b"}', "field 'text' comes twice"),
    "33 deep": (_nested(33), "nested deeper than 32"),
    "surrogate 32 deep": (
        _nested(32).replace(b"[]", b'["\\ud800"]'),
        "holds a lone surrogate (\\ud800)",
    ),
    "100,000 deep": (b"[" * 100_000, "nested deeper than 32"),
    "100,000 objects deep": (b'{"a":' * 100_000, "nested deeper than 32"),
    "no text": (b'{"sentence": "a", "id": 1}', "no field 'text'; the fields are 'sentence', 'id'"),
    "no fields": (b"{}", "no field 'text'; the fields are none"),
    "many fields": (
        json.dumps({f"field{i}": i for i in range(99)}).encode(),
        "'field9', …",
    ),
    "a line break in a name": (b'{"a\\nb: forged": 1}', r"the fields are 'a\nb: forged'"),
    "null text": (_record(text=None), "field 'text' is null, not a string"),
    "number as text": (_record(text=5), "field 'text' is a number, not a string"),
    "list as text": (_record(text=["a"]), "field 'text' is an array, not a string"),
    "object as text": (_record(text={"en": "a"}), "field 'text' is an object, not a string"),
    "empty text": (_record(text=""), "field 'text' is empty"),
    "blank text": (_record(text=" \n\u3000\u00a0"), "field 'text' is blank"),
    "text too long": (_record(text="a" * (MIB + 1)), "field 'text' is 1048577 bytes long"),
    "id of another type": (_record(id=1.5), "field 'id' is a number, not a string or a whole"),
    "true as id": (_record(id=True), "field 'id' is true"),
    "list as id": (_record(id=["a"]), "field 'id' is an array"),
    "id too long": (_record(id="é" * 257), "field 'id' is 514 bytes long, 512 at most"),
    "line break in an id": (_record(id="a\nb"), "field 'id' holds a control character"),
    "group of another type": (_record(group={}), "field 'group' is an object"),
    "group too long": (_record(group="a" * 513), "field 'group' is 513 bytes long"),
    "language of another type": (_record(lang=["en"]), "field 'lang' is an array, not a string"),
    "number as language": (_record(lang=7), "field 'lang' is a number, not a string"),
    "unknown language": (_record(lang="xx"), "unknown language tag 'xx'"),
    "language by name": (_record(lang="English"), "unknown language tag 'English'"),
    "long language": (_record(lang="e" * 9999), "unknown language tag 'eee"),
    "escape in a language": (_record(lang="\x1b[2J"), "unknown language tag '\\x1b[2J'"),
    "too much metadata": (_record(x="a" * MIB), "the other fields take 1048"),
    "line too long": (_record(text="a" * 5 * MIB), "a line longer than 4 MiB"),
}


@pytest.mark.parametrize(("line", "reason"), LINES.values(), ids=list(LINES))
def test_a_bad_line_is_refused_where_it_stands(tmp_path: Path, line: bytes, reason: str) -> None:
    """One printable line names file, line and fault, beside a remedy; the rest is readable."""
    path = tmp_path / "corpus.jsonl"
    path.write_bytes(GOOD + line + b"\n" + GOOD)
    with pytest.raises(InputError) as caught:
        list(read_corpus([str(path)]))

    assert caught.value.message.startswith(f"{path}:2: {reason}") or reason in caught.value.message
    assert caught.value.message.startswith(f"{path}:2: ")
    assert str(caught.value).isprintable()
    assert len(caught.value.message) < 1000
    assert caught.value.remedy

    rejects = Rejects(1, tmp_path / "rejects.jsonl")
    with rejects:
        places = [record.place for record in read_corpus([str(path)], rejects=rejects)]

    assert places == [f"{path}:1", f"{path}:3"]
    assert rejects.count == 1
    assert json.loads((tmp_path / "rejects.jsonl").read_bytes())["place"] == f"{path}:2"


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        ('[\n{"text": "a"}\n]', "jq -c '.[]'"),
        ('{\n"text": "a"\n}', "jq -c ."),
        ("id,text\n1,a\n", "one JSON object a line"),
    ],
)
def test_json_that_is_not_json_lines_gets_its_own_remedy(
    tmp_path: Path, content: str, remedy: str
) -> None:
    """The two usual ways to miss JSON Lines are answered with the command that mends them."""
    path = tmp_path / "corpus.jsonl"
    path.write_text(content)
    with pytest.raises(InputError, match=r"corpus\.jsonl:1: not JSON") as caught:
        list(read_corpus([str(path)]))

    assert remedy in str(caught.value.remedy)


def test_the_longest_line_is_still_read(tmp_path: Path) -> None:
    """A line of exactly 4 MiB is whole, one byte more is not."""
    path = tmp_path / "corpus.jsonl"
    filled = b'{"text": "a", "lang": "en"' + b" " * (LINE_LIMIT - 27) + b"}"
    assert len(filled) == LINE_LIMIT
    path.write_bytes(filled + b"\n" + filled)
    assert len(list(read_corpus([str(path)]))) == 2
    path.write_bytes(b" " + filled + b"\n")

    with pytest.raises(InputError, match="a line longer than 4 MiB"):
        list(read_corpus([str(path)]))


def test_32_deep_is_still_read(tmp_path: Path) -> None:
    """The deepest record that is allowed."""
    path = tmp_path / "corpus.jsonl"
    path.write_bytes(_nested(32).replace(b"[]", b'["x", 1]'))

    assert len(list(read_corpus([str(path)]))) == 1


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that every example overwrites."""
    return tmp_path_factory.mktemp("fuzz") / "corpus.jsonl"


def _mutate(seed: int, line: bytes) -> bytes:
    """Change, double or drop a few random bytes."""
    dice, damaged = random.Random(seed), bytearray(line)
    for _ in range(dice.randrange(1, 5)):
        at = dice.randrange(len(damaged))
        damaged[at : at + dice.randrange(3)] = dice.randbytes(dice.randrange(3)) or b"\\u"
    return bytes(damaged)


mutants = st.builds(
    _mutate,
    st.integers(0, 2**32),
    st.sampled_from([GOOD * 2, _record(id="x", group=3, meta={"a": [1.5, "é", None]})]),
)


@settings(deadline=None)  # the first example may load the detector
@given(content=st.binary(max_size=200) | st.text(max_size=99).map(str.encode) | mutants)
@example(b"\x1f\x8b")
@example(b"\xef\xbb\xbf\xef\xbb\xbf{}")
def test_any_bytes_are_read_or_refused(scratch: Path, content: bytes) -> None:
    """Whatever stands in a file, it is documents or an InputError, never another exception."""
    scratch.write_bytes(content)
    try:
        for record in read_corpus([str(scratch)], rejects=Rejects(1000)):
            assert record.document.text.strip()
            json.dumps(dict(record.document.metadata), allow_nan=False).encode()
    except InputError as error:
        shown = str(error)
    else:
        shown = ""

    assert shown.isprintable()
