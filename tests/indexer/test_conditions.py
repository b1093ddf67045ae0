"""Conditions on metadata let pass what a plain filter in Python lets pass."""

from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.conditions import make_conditions, parse_condition
from indexer.errors import UsageError
from indexer.index import IndexReader
from indexer.records import Condition, Filter, Operator
from tests.indexer.reference import build, embed, encoded, holds

KEYS = ("k", "K", "$.k", "k.a", 'k"', "k']", "[0]", "#", "*", "", " k", "ключ", "k%", "k--", "k;")
TEXTS = ("", "a", "ab", "B", "é", "e\u0301", "日本", "\U0001f600", "%", "_", "*", "'", '"', "a\nb")
NUMERIC = (
    "0", "-0", "1", "10", "9", "007", "1.0", "1e1", "1E400", "-1e400", ".5", "5.", "+3", "0x10",
    "nan", "inf", "Infinity", "1_0", "١", " 1", "1 ", "9007199254740993", "9223372036854775807",
    "9223372036854775808", "-9223372036854775809", "1" * 5000, "true", "false", "null", "[1]", "",
)  # fmt: skip
VALUES: list[Any] = [
    *TEXTS, *NUMERIC, 0, 1, -1, 9, 10, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 0.0, -0.0, 1.0, 0.1,
    1e22, 1e-300, 1.7e308, True, False, None, [], [1], ["a"], {}, {"k": 1}, {"a": {"k": "b"}},
]  # fmt: skip
CONDITIONS = st.builds(
    Condition,
    st.sampled_from(KEYS),
    st.sampled_from([*TEXTS, *NUMERIC]) | st.text(max_size=3, alphabet="ab019.-é日"),
    st.sampled_from(get_args(Operator)),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build an index with every value under several keys, and some documents without any."""
    batch = [
        encoded(f"d{n}-{key}", metadata={key: value, "other": n})
        for n, value in enumerate(VALUES)
        for key in KEYS[:: 1 + n % 3]
    ]
    return build(tmp_path_factory.mktemp("conditions") / "i", [*batch, encoded("bare")])


@pytest.fixture(scope="module")
def reader(place: Path) -> Any:
    """Open it once."""
    with IndexReader.open(place) as opened:
        yield opened, list(opened.documents())


@given(conditions=st.lists(CONDITIONS, min_size=1, max_size=2))
def test_conditions_hold_as_in_python(reader: Any, conditions: list[Condition]) -> None:
    """Whatever key, operator and value: the same documents, in counts and in answers."""
    opened, documents = reader
    expected = {d.id for d in documents if all(holds(c, d.metadata.get(c.key)) for c in conditions)}
    filter_ = Filter(where=tuple(conditions))
    assert sum(opened.language_counts(filter_).values()) == len(expected)
    hits = opened.search(embed("x")[None], len(documents), filter_)[0]
    assert {hit.document.id for hit in hits} == expected


def test_what_the_rules_say(tmp_path: Path) -> None:
    """The examples of docs/corpora.md, one by one."""
    years: list[Any] = [1999, 2005.5, "2003", "2010-05-01", "unknown", True, None, [2004]]
    batch = [encoded(str(n), metadata={"year": year}) for n, year in enumerate(years)]
    path = build(tmp_path / "i", [*batch, encoded("absent")])

    def found(text: str) -> list[Any]:
        with IndexReader.open(path) as opened:
            filter_ = Filter(where=(parse_condition(text),))
            hits = opened.search(embed("x")[None], 99, filter_)[0]
        return [years[int(id_)] for id_ in sorted(hit.document.id for hit in hits)]

    assert found("year>2000") == [2005.5, "2003"]
    assert found("year <= 2005.5") == [1999, 2005.5, "2003"]
    assert found("year>=2010-01-01") == ["2010-05-01", "unknown"]
    assert found("year<2010-06") == ["2003", "2010-05-01"]
    assert found("year=2003") == ["2003"]
    assert found("year==true") == [True]
    assert found("year^=20") == [2005.5, "2003", "2010-05-01"]
    assert found("year=null") == []
    assert found("year!=2003") == [1999, 2005.5, "2010-05-01", "unknown", True, [2004]]


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("a=b", Condition("a", "b")),
        ("a=", Condition("a", "")),
        ("a=b=c", Condition("a", "b=c")),
        ("a b = c d ", Condition("a b", "c d ")),
        ("a==b", Condition("a", "b")),
        ("a<=b", Condition("a", "b", "<=")),
        ("a < =b", Condition("a", "=b", "<")),
        ("a>b", Condition("a", "b", ">")),
        ("a>=1", Condition("a", "1", ">=")),
        ("a^=b", Condition("a", "b", "^=")),
        ("a^b=c", Condition("a^b", "c")),
        ("a!=b\nc", Condition("a", "b\nc", "!=")),
        ("a!b=c", Condition("a!b", "c")),
    ],
)
def test_conditions_are_read_as_written(text: str, condition: Condition) -> None:
    """The first operator counts, the longest one that fits."""
    assert parse_condition(text) == condition


@pytest.mark.parametrize("text", ["", "a", "=b", "<1", " =b", "a^b", "!"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    """A message shows how it is written."""
    with pytest.raises(UsageError, match="KEY=VALUE"):
        parse_condition(text)


def test_conditions_of_a_mapping() -> None:
    """Values, numbers, and values by operator; what cannot be meant is refused."""
    where: dict[str, Any] = {"a": "b", "n": 2, "t": True, "y": {">=": 2000, "<": 1e3, "^=": "x"}}
    made = make_conditions(where)
    assert made == (
        Condition("a", "b"), Condition("n", "2"), Condition("t", "true"),
        Condition("y", "2000", ">="), Condition("y", "1000.0", "<"), Condition("y", "x", "^="),
    )  # fmt: skip
    unknown: Any = {"a": {"~": "b"}}
    for wrong in (unknown, {"a": float("nan")}, {"a": "\ud800"}, {"\udc80": "a"}):
        with pytest.raises(UsageError):
            make_conditions(wrong)
    with pytest.raises(UsageError, match="twice"):
        make_conditions([Condition("a", "1"), Condition("a", "2")])
