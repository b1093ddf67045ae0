"""Directories and cached Hub ids are opened as they describe themselves."""

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from indexer.encoders import EncoderSpec, open_encoder
from indexer.encoders.protocol import Pooling
from indexer.errors import InputError, UsageError
from indexer.records import Vectors
from tests.encoders.models import add_sentence_transformers, write_json, write_model

TEXTS = ["a man eats food", "food", "a a a a eats : man", "man query"]
SENTENCES = [
    "A man is eating food.",
    "Ein Mann isst etwas.",
    "The quick brown fox jumps over the lazy dog. " * 60,
    "x",
    "Prices rose 3.5 % (again) — don't ask why…",
]


def vectors(directory: Path, role: str = "passage") -> Vectors:
    """Unit vectors of the texts in float32."""
    encoder = open_encoder(EncoderSpec(str(directory)), "cpu float32")
    return encoder.encode(TEXTS, "query" if role == "query" else "passage").vectors


def ours_and_theirs(directory: Path, texts: list[str]) -> float:
    """Lowest cosine between this encoder and sentence-transformers on one directory."""
    from sentence_transformers import SentenceTransformer

    encoder = open_encoder(EncoderSpec(str(directory)), "cpu float32")
    theirs = SentenceTransformer(str(directory), device="cpu").encode_document(texts)
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    return float((encoder.encode(texts, "passage").vectors * theirs).sum(axis=1).min())


@pytest.mark.model
def test_equals_sentence_transformers_on_a_real_model(minilm: Path) -> None:
    """MiniLM: the same vectors in float32, and what is beyond its 256 tokens is counted."""
    assert ours_and_theirs(minilm, SENTENCES) > 0.99999
    encoder = open_encoder(EncoderSpec(str(minilm)), "cpu float32")
    encoding = encoder.encode(SENTENCES, "query")
    assert (encoder.dim, encoder.max_tokens) == (384, 256)
    assert encoding.tokens.tolist()[2:4] == [602, 3]
    assert encoding.tokens_dropped.tolist() == [0, 0, 602 - 256, 0, 0]


@pytest.mark.parametrize(
    "pooling",
    [
        {"word_embedding_dimension": 32, "pooling_mode_cls_token": True},
        {"word_embedding_dimension": 32, "pooling_mode_max_tokens": True},
        {"word_embedding_dimension": 32, "pooling_mode_mean_sqrt_len_tokens": True},
        {"embedding_dimension": 32, "pooling_mode": "lasttoken"},
        {"embedding_dimension": 32, "pooling_mode": ["mean"]},
        {"embedding_dimension": 32, "pooling_mode": "mean", "include_prompt": False},
        {"embedding_dimension": 32, "pooling_mode": "cls", "include_prompt": False},
    ],
)
def test_pooling_and_prompts_equal_sentence_transformers(tiny: Path, pooling: object) -> None:
    """Old and new keys, each pooling, prompts that are pooled and prompts that are not."""
    add_sentence_transformers(tiny, pooling)
    prompts = {"query": "query : ", "document": "passage : "}
    write_json(tiny / "config_sentence_transformers.json", {"prompts": prompts})
    write_json(tiny / "sentence_bert_config.json", {"max_seq_length": 8})
    assert ours_and_theirs(tiny, TEXTS) > 0.99999


def test_lower_case_and_limit(tiny: Path) -> None:
    """``do_lower_case`` and ``max_seq_length`` of the directory hold."""
    write_json(tiny / "sentence_bert_config.json", {"max_seq_length": 4, "do_lower_case": True})
    encoder = open_encoder(EncoderSpec(str(tiny)), "cpu float32")
    encoding = encoder.encode(["A MAN eats food", "a man"], "query")
    np.testing.assert_allclose(encoding.vectors[0], encoding.vectors[1], atol=1e-6)
    assert encoding.tokens.tolist() == [6, 4]
    assert encoding.tokens_dropped.tolist() == [2, 0]


@pytest.mark.parametrize(
    ("prompts", "default", "expected"),
    [
        ({"query": "query : ", "passage": "passage : "}, None, ("query : ", "passage : ")),
        ({"query": "query : ", "document": ""}, "query", ("query : ", "")),
        ({"other": "a "}, "other", ("a ", "a ")),
        ({"other": "a "}, None, ("", "")),
        ({}, None, ("", "")),
    ],
)
def test_prompt_names(
    tiny: Path, prompts: object, default: str | None, expected: tuple[str, str]
) -> None:
    """Names are mapped to our roles; the default prompt stands in where a role has none."""
    settings = {"prompts": prompts, "default_prompt_name": default}
    write_json(tiny / "config_sentence_transformers.json", settings)
    parts = open_encoder(EncoderSpec(str(tiny)), "cpu float32").parts
    assert (parts["query prompt"], parts["passage prompt"]) == expected


def test_without_modules_json(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Mean pooling, and a warning that says so; silent when the user chose."""
    plain = write_model(tmp_path / "plain")
    with caplog.at_level(logging.WARNING):
        means = vectors(plain)
    assert "mean of the last layer" in caplog.text
    np.testing.assert_array_equal(means, vectors(add_sentence_transformers(plain)))
    (plain / "modules.json").unlink()
    caplog.clear()
    open_encoder(EncoderSpec(str(plain), pooling="cls"), "cpu float32")
    assert not caplog.records


@pytest.mark.parametrize("pooling", ["cls", "max", "last", "pooler"])
@pytest.mark.parametrize("kind", ["BertModel", "XLMRobertaModel"])
def test_pooling_override(tmp_path: Path, kind: str, pooling: Pooling) -> None:
    """The user's pooling goes before the directory's; a pooler is the model's own."""
    import torch
    from transformers import AutoModel

    folder = add_sentence_transformers(write_model(tmp_path / "m", kind))
    encoder = open_encoder(EncoderSpec(str(folder), pooling=pooling), "cpu float32")
    model = AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        output = model(torch.tensor([[2, 6, 7, 8, 9, 3]]))
    state = output.last_hidden_state[0]
    rows = {"cls": state[0], "max": state.max(0).values, "last": state[-1]}
    expected = (rows | {"pooler": output.pooler_output[0]})[pooling].numpy()
    found = encoder.encode(["a man eats food"], "query").vectors[0]
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-5)


@pytest.mark.parametrize("layer", [0, 2, -2, -1, 3])
def test_layers(tiny: Path, layer: int) -> None:
    """A layer counts from the embeddings, or from the last backwards."""
    import torch
    from transformers import AutoModel

    encoder = open_encoder(EncoderSpec(str(tiny), layer=layer), "cpu float32")
    model = AutoModel.from_pretrained(tiny).eval()
    with torch.inference_mode():
        states = model(torch.tensor([[2, 9, 3]]), output_hidden_states=True).hidden_states
    expected = states[layer][0].mean(0).numpy()
    found = encoder.encode(["food"], "query").vectors[0]
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-5)
    assert encoder.parts["layer"] == ("last" if layer in {-1, 3} else "2" if layer else "0")


def test_architectures_without_packing(tmp_path: Path) -> None:
    """DistilBERT runs through its own forward pass, batched as alone."""
    import torch
    import transformers

    folder = write_model(tmp_path / "m")
    torch.manual_seed(4)
    config = transformers.DistilBertConfig(
        dim=32, n_layers=2, n_heads=4, hidden_dim=48, max_position_embeddings=20, vocab_size=11
    )
    transformers.DistilBertModel(config).save_pretrained(folder)
    encoder = open_encoder(EncoderSpec(str(folder), pooling="mean"), "cpu float32")
    together = encoder.encode(TEXTS, "query").vectors
    alone = [encoder.encode([text], "query").vectors[0] for text in TEXTS]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_bfloat16_directory(tiny: Path) -> None:
    """The number format moves the vectors little and the fingerprint not at all."""
    exact = open_encoder(EncoderSpec(str(tiny)), "cpu float32")
    rough = open_encoder(EncoderSpec(str(tiny)), "cpu bfloat16")
    cosines = (exact.encode(TEXTS, "query").vectors * rough.encode(TEXTS, "query").vectors).sum(1)
    assert cosines.min() > 0.995
    assert exact.fingerprint == rough.fingerprint
    assert (exact.arithmetic, rough.arithmetic) == ("cpu float32", "cpu bfloat16")


def as_cached(hub: Path, directory: Path, name: str) -> None:
    """Lay a directory out as the Hugging Face cache does."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    root = hub / f"models--{name.replace('/', '--')}"
    (root / "refs").mkdir(parents=True)
    (root / "refs" / "main").write_text(commit)
    shutil.copytree(directory, root / "snapshots" / commit)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache without a network."""
    cache = tmp_path / "hub"
    cache.mkdir()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return cache


@pytest.mark.model
def test_a_cached_real_model_opens_offline(hub: Path, minilm: Path) -> None:
    """A Hub id in the cache needs no network and equals its directory."""
    as_cached(hub, minilm, "sentence-transformers/all-MiniLM-L6-v2")
    cached = open_encoder(EncoderSpec("sentence-transformers/all-MiniLM-L6-v2"), "cpu float32")
    local = open_encoder(EncoderSpec(str(minilm)), "cpu float32")
    assert cached.fingerprint == local.fingerprint
    assert cached.name == "sentence-transformers/all-MiniLM-L6-v2"


def test_revisions_of_a_cached_id(hub: Path, tiny: Path) -> None:
    """A revision is looked up in the cache; an unknown one is an error with a remedy."""
    as_cached(hub, tiny, "org/tiny")
    (hub / "models--org--tiny/snapshots" / ("0123456789abcdef" * 3)[:40] / "old.bin").touch()
    for revision in (None, "main", ("0123456789abcdef" * 3)[:40]):
        open_encoder(EncoderSpec("org/tiny", revision), "cpu float32")
    with pytest.raises(InputError, match=r"'org/tiny' at revision 'v9'.*could not be fetched"):
        open_encoder(EncoderSpec("org/tiny", "v9"), "cpu float32")


def test_unknown_ids_and_names(hub: Path, tiny: Path) -> None:
    """Offline, a Hub id that is not cached says what to do; a path that is no id is a mistake."""
    with pytest.raises(InputError, match="not in the Hugging Face cache") as caught:
        open_encoder(EncoderSpec("org/absent"), "cpu float32")
    assert "network" in (caught.value.remedy or "")
    for name in ("./nowhere", "/nowhere", "a/b/c", "", str(tiny / "config.json")):
        with pytest.raises(UsageError, match="neither a directory nor"):
            open_encoder(EncoderSpec(name), "cpu float32")
    with pytest.raises(UsageError, match="has no revision"):
        open_encoder(EncoderSpec(str(tiny), revision="main"), "cpu float32")
