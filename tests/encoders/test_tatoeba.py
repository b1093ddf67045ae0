"""The default encoder finds translations as well as it is known to."""

from collections.abc import Callable

import numpy as np
import pytest

from indexer.encoders import Encoder

pytestmark = [pytest.mark.model, pytest.mark.slow]

BOTH_QUERIES = {
    "deu": 98.0,
    "fra": 92.2,
    "spa": 94.1,
    "rus": 92.3,
    "tur": 90.9,
    "heb": 77.1,
    "jpn": 83.2,
    "cmn": 91.6,
    "hin": 94.4,
    "tha": 93.4,
    "swh": 73.3,
}
PASSAGE_ENGLISH = {"deu": 97.0, "heb": 70.5, "cmn": 91.7, "swh": 74.6}
CASES = [("query", code, value) for code, value in BOTH_QUERIES.items()]
CASES += [("passage", code, value) for code, value in PASSAGE_ENGLISH.items()]


@pytest.mark.parametrize("encoder", ["e5", "e5_bfloat16"])
@pytest.mark.parametrize(("role", "code", "expected"), CASES)
def test_accuracy_into_english(
    encoder: str,
    role: str,
    code: str,
    expected: float,
    request: pytest.FixtureRequest,
    tatoeba: Callable[[str], tuple[list[str], list[str]]],
) -> None:
    """Share of sentences whose nearest English one is their translation, in per cent."""
    model: Encoder = request.getfixturevalue(encoder)
    own, english = tatoeba(code)
    queries = model.encode(own, "query").vectors
    targets = model.encode(english, "query" if role == "query" else "passage").vectors
    nearest = (queries @ targets.T).argmax(axis=1)
    assert 100 * (nearest == np.arange(len(own))).mean() == pytest.approx(expected, abs=0.3)
