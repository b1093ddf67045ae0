"""What `bench/index.py` searches: vectors, their records, queries and the exact answers.

``clustered`` is drawn: a text is the sum of its topic, its meaning, its language and noise, in 11
languages a meaning, directions drawn from a spectrum that falls off like that of a sentence
encoder. The first *n* of a million are the same whatever *n* is. ``real`` is encoded text: the
sentences of Tatoeba and XQuAD-R, and pairs of neighbouring ones until there are enough.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.cached import say

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

DIM = 384
K = 10
QUERIES = 2000
"""The first half to choose search parameters with, the second to measure."""

_SENTENCES = {
    "ar": "الجملة {row} من هذه المجموعة تقول بلغتها ما تعنيه المجموعة {group}.",
    "de": "Satz {row} dieser Sammlung sagt in seiner Sprache, was Gruppe {group} bedeutet.",
    "el": "Η πρόταση {row} αυτής της συλλογής λέει στη γλώσσα της τι σημαίνει η ομάδα {group}.",
    "en": "Sentence {row} of this corpus says in its own language what group {group} means.",
    "es": "La frase {row} de esta colección dice en su lengua lo que significa el grupo {group}.",
    "hi": "इस संग्रह का वाक्य {row} अपनी भाषा में कहता है कि समूह {group} का क्या अर्थ है।",
    "ru": "Предложение {row} этого собрания говорит на своём языке, что значит группа {group}.",
    "th": "ประโยค {row} ของชุดนี้บอกในภาษาของตนว่ากลุ่ม {group} หมายความว่าอะไร",
    "tr": "Bu derlemin {row} numaralı cümlesi {group} grubunun anlamını kendi dilinde söyler.",
    "vi": "Câu {row} của tập này nói bằng tiếng của nó nhóm {group} nghĩa là gì.",
    "zh": "这个语料库的第{row}句用自己的语言说明第{group}组的意思。",
}
LANGUAGES = tuple(_SENTENCES)
TOPICS = 2000
_MEANINGS = 1000
_CHUNK = _MEANINGS * len(LANGUAGES)
_SPECTRUM = (1 + np.arange(DIM, dtype=np.float32)) ** -0.5
_TOPIC, _MEANING, _LANGUAGE, _NOISE = 1.0, 0.9, 0.8, 0.45


class Data(NamedTuple):
    """Files of one corpus."""

    folder: Path

    @property
    def vectors(self) -> Path:
        """(n, 384) float32 unit rows, npy."""
        return self.folder / "vectors.npy"

    @property
    def corpus(self) -> Path:
        """Record *i* of row *i*, JSONL, with id ``d<i>``."""
        return self.folder / "corpus.jsonl"

    @property
    def queries(self) -> Path:
        """(2000, 384) float32 unit rows, npy."""
        return self.folder / "queries.npy"

    @property
    def truth(self) -> Path:
        """(2000, 10) int64, npy: the nearest rows, exactly."""
        return self.folder / "truth.npy"


def clustered(folder: Path, n: int) -> Data:
    """Make the drawn corpus of *n* documents, unless it is there."""
    data = Data(folder / f"clustered-{n}")
    if data.truth.exists():
        return data
    data.folder.mkdir(parents=True, exist_ok=True)
    say(f"drawing {n} vectors")
    vectors = np.lib.format.open_memmap(data.vectors, "w+", np.float32, (n, DIM))
    with data.corpus.open("w", encoding="utf-8") as file:
        for start in range(0, n, _CHUNK):
            rows = _drawn(start // _CHUNK, noise=0)[: n - start]
            vectors[start : start + len(rows)] = rows
            file.writelines(_lines(start, len(rows)))
    vectors.flush()
    np.save(data.queries, _queries(n))
    _solve(data)
    return data


def recall(found: Rows, truth: Rows) -> float:
    """Share of the true neighbours that were found."""
    hits = sum(len(np.intersect1d(f, t)) for f, t in zip(found, truth, strict=True))
    return hits / truth.size


def _drawn(chunk: int, noise: int) -> Floats:
    """Draw the vectors of a thousand meanings, (11000, 384); another ``noise`` says them anew."""
    shared = np.random.default_rng(0)
    topics = _directions(shared, TOPICS)
    languages = _directions(shared, len(LANGUAGES))
    rng = np.random.default_rng([1, chunk])
    # Topics are as uneven as subjects are: a few have most of the texts.
    topic = topics[np.minimum(rng.zipf(1.3, _MEANINGS) - 1, TOPICS - 1)]
    meaning = _TOPIC * topic + _MEANING * _directions(rng, _MEANINGS)
    texts = meaning[:, None] + _LANGUAGE * languages
    said = np.random.default_rng([2, chunk, noise])
    texts = texts + _NOISE * _directions(said, _CHUNK).reshape(texts.shape)
    texts /= np.linalg.norm(texts, axis=2, keepdims=True)
    return np.asarray(texts.reshape(-1, DIM), dtype=np.float32)


def _directions(rng: np.random.Generator, n: int) -> Floats:
    """Draw n directions of about unit length from the spectrum."""
    drawn = rng.standard_normal((n, DIM), np.float32) * _SPECTRUM
    return np.asarray(drawn / np.sqrt(np.square(_SPECTRUM).sum()), dtype=np.float32)


def _queries(n: int) -> Floats:
    """Say meanings of the corpus anew: the same topic, meaning and language, other noise."""
    rng = np.random.default_rng(3)
    wanted = np.sort(rng.choice(n, min(QUERIES, n), replace=False))
    asked = [
        _drawn(chunk, noise=1)[wanted[wanted // _CHUNK == chunk] % _CHUNK]
        for chunk in np.unique(wanted // _CHUNK).tolist()
    ]
    return rng.permutation(np.concatenate(asked))


def _lines(start: int, n: int) -> Iterator[str]:
    """Write records; what their text says matters little here, but for its length and script."""
    for row in range(start, start + n):
        lang, group = LANGUAGES[row % len(LANGUAGES)], row // len(LANGUAGES)
        text = _SENTENCES[lang].format(row=row, group=group)
        record = {"id": f"d{row}", "text": text, "lang": lang, "group": f"g{group}"}
        yield json.dumps(record, ensure_ascii=False) + "\n"


def _solve(data: Data) -> None:
    """Find the exact neighbours, in blocks."""
    say("finding the exact neighbours")
    vectors, queries = np.load(data.vectors, mmap_mode="r"), np.load(data.queries)
    best = np.full((len(queries), 0), 0, np.int64)
    scores = np.full((len(queries), 0), 0, np.float32)
    for start in range(0, len(vectors), 50_000):
        found = queries @ vectors[start : start + 50_000].T
        near = np.argpartition(-found, K, axis=1)[:, :K]
        scores = np.concatenate([scores, np.take_along_axis(found, near, axis=1)], axis=1)
        best = np.concatenate([best, near + start], axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :K]
        best = np.take_along_axis(best, order, axis=1)
        scores = np.take_along_axis(scores, order, axis=1)
    np.save(data.truth, best)


def real(folder: Path, texts: Path, n: int) -> Data:
    """Encode *n* real texts and 2,000 more to ask with, unless it was done.

    Args:
        folder: where corpora are kept.
        texts: the folder with ``tatoeba`` and ``xquad-r``.
        n: documents.
    """
    data = Data(folder / f"real-{n}")
    if data.truth.exists():
        return data
    from indexer.encoders import EncoderSpec, open_encoder

    data.folder.mkdir(parents=True, exist_ok=True)
    found = _texts(texts, n + QUERIES)
    encoder, blocks = open_encoder(EncoderSpec()), []
    for start in range(0, len(found), 2000):
        say(f"{start} of {len(found)} texts encoded")
        kept = data.folder / f"block-{start}.npy"
        if not kept.exists():
            block = [text for text, _ in found[start : start + 2000]]
            np.save(kept, encoder.encode(block, "passage").vectors)
        blocks.append(np.load(kept))
    vectors = np.concatenate(blocks)
    np.save(data.queries, vectors[n:])
    np.save(data.vectors, vectors[:n])
    with data.corpus.open("w", encoding="utf-8") as file:
        for row, (text, lang) in enumerate(found[:n]):
            record = {"id": f"d{row}", "text": text, "lang": lang}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    _solve(data)
    for kept in data.folder.glob("block-*.npy"):
        kept.unlink()
    return data


def _texts(folder: Path, n: int) -> list[tuple[str, str]]:
    """Gather different texts and their languages, in a seeded order."""
    sentences = [*_tatoeba(folder / "tatoeba"), *_xquad(folder / "xquad-r")]
    pairs = [
        (f"{one} {two}", lang) for (one, lang), (two, other) in pairwise(sentences) if lang == other
    ]
    once, more = list(dict.fromkeys(sentences)), list(dict.fromkeys(pairs))
    rng = np.random.default_rng(0)
    more = [more[i] for i in rng.permutation(len(more))[: max(0, n - len(once))]]
    found = [*once, *more]
    if len(found) < n:
        raise SystemExit(f"{folder}: only {len(found)} different texts for {n}")
    return [found[i] for i in rng.permutation(len(found))[:n]]


def _tatoeba(folder: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.glob("tatoeba.*")):
        lang = file.suffix[1:]
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.strip():
                yield line.strip(), lang


def _xquad(folder: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.glob("*.json")):
        for article in json.loads(file.read_text(encoding="utf-8"))["data"]:
            for paragraph in article["paragraphs"]:
                for start, end in _breaks(paragraph):
                    yield paragraph["context"][start:end].strip(), file.stem
                for question in paragraph["qas"]:
                    yield question["question"], file.stem


def _breaks(paragraph: dict[str, Sequence[Sequence[int]]]) -> Sequence[Sequence[int]]:
    """Read where the sentences of a paragraph begin and end."""
    return paragraph["sentence_breaks"]
