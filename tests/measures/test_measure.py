"""A measure's name as a value, and the catalogue of all of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import UsageError
from search.audit.planted import BIASED, FAIR, prove
from search.measures.catalogue import CATALOGUE
from search.measures.measure import Measure

NAMES = st.from_regex(r"[a-z][a-z_]{0,20}", fullmatch=True)


@given(NAMES, st.none() | st.integers(1, 999_999))
def test_prints_and_parses(name: str, k: int | None) -> None:
    """What is printed reads back as the same value."""
    measure = Measure(name, k)
    assert Measure.parse(str(measure)) == measure
    assert hash(Measure.parse(str(measure))) == hash(measure)


@pytest.mark.parametrize("text", ["", "excess@", "excess@0", "excess@-1", "Excess", "a@1@2", "é"])
def test_refuses_what_is_no_measure(text: str) -> None:
    """A mistake is named, with how to write it."""
    with pytest.raises(UsageError, match="excess@10"):
        Measure.parse(text)


def test_sorts_by_number_not_by_digits() -> None:
    """excess@5 comes before excess@10, and both after coverage."""
    names = ["excess@10", "map", "excess@5", "coverage"]
    assert [str(m) for m in sorted(map(Measure.parse, names))] == [
        "coverage", "excess@5", "excess@10", "map",
    ]  # fmt: skip


def test_catalogue_is_complete_sentences() -> None:
    """Every definition can stand in a report."""
    for name, known in CATALOGUE.items():
        assert known.name == name
        assert known.meaning.endswith(".")
        assert known.chance.startswith(("closed form", "permutation"))


@pytest.mark.parametrize("seed", range(5))
def test_planted_encoders_are_told_apart(seed: int) -> None:
    """The proof that every audit starts with holds for any seed."""
    found = prove(seed)
    assert abs(found["fair"]) < FAIR
    assert found["biased"] > BIASED
