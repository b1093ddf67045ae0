"""Building: batches, resumption after any interruption, duplicates, what is reported."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

import interlingua
from indexer.build import add, build
from indexer.chunking import Chunking
from indexer.corpus import Record, read_corpus
from indexer.encoders import EncoderSpec
from indexer.encoders.hashing import HashingEncoder
from indexer.errors import DuplicateError, IncompatibleError, InputError, LockedError, UsageError
from indexer.imported import import_vectors
from indexer.index import SEAL_AT, Indexing, IndexReader, index_state
from indexer.intake import BATCH
from indexer.lock import WriterLock
from indexer.records import Document, Encoding, Role
from indexer.rejects import Rejects
from indexer.verify import verify

HASHING = EncoderSpec("hashing")
LANGUAGES = ("en", "he", "zh")


def documents(n: int) -> list[Document]:
    """``n`` documents in three languages."""
    return [
        Document(f"d{i}", f"sentence number {i} about {i % 7}", LANGUAGES[i % 3], str(i // 3))
        for i in range(n)
    ]


def content(path: Path) -> list[tuple[Document, bytes]]:
    """Everything an index holds, vectors to the bit, in its order."""
    with IndexReader.open(path) as reader:
        found = list(reader.documents())
        vectors = reader.vectors([d.id for d in found])
    return [(d, v.tobytes()) for d, v in zip(found, vectors, strict=True)]


class Stop(Exception):  # noqa: N818 - it is no error
    """Ends a build from within, as a crash would."""


def stop_after(batches: int) -> Callable[[int], None]:
    """A progress function that ends the build once ``batches`` were committed."""

    def show(done: int) -> None:
        if done >= batches * BATCH:
            raise Stop

    return show


def test_build_commits_everything(tmp_path: Path) -> None:
    """All documents, in order, counted by language; the index is ready and whole."""
    corpus = documents(BATCH + 10)
    report = build(corpus, tmp_path / "i", encoder=HASHING)
    assert (report.documents, report.added, report.resumed_at) == (BATCH + 10, BATCH + 10, 0)
    assert report.languages == {lang: sum(d.lang == lang for d in corpus) for lang in LANGUAGES}
    assert [d for d, _ in content(tmp_path / "i")] == corpus
    assert index_state(tmp_path / "i") == "ready"
    assert verify(tmp_path / "i") == []


@pytest.mark.parametrize("batches", [1, 2, 3])
def test_interrupted_build_ends_like_an_uninterrupted_one(tmp_path: Path, batches: int) -> None:
    """Stopped after any batch, the same call goes on and the content is the same to the bit."""
    corpus = documents(3 * BATCH + 5)
    build(corpus, tmp_path / "whole", encoder=HASHING)
    with pytest.raises(Stop):
        build(corpus, tmp_path / "i", encoder=HASHING, progress=stop_after(batches))
    report = build(corpus, tmp_path / "i", encoder=HASHING)
    assert report.resumed_at == batches * BATCH
    assert report.added == len(corpus) - batches * BATCH
    assert content(tmp_path / "i") == content(tmp_path / "whole")


def test_unfinished_index_answers_and_says_so(tmp_path: Path) -> None:
    """What is committed can be searched before the build ends; add waits for it."""
    with pytest.raises(Stop):
        build(documents(2 * BATCH), tmp_path / "i", encoder=HASHING, progress=stop_after(1))
    with interlingua.open(tmp_path / "i") as index:
        assert index.info().state == "building"
        assert len(index.search("sentence number 3", k=5).hits) == 5
    with pytest.raises(UsageError, match="unfinished"):
        add(documents(1), tmp_path / "i")


def test_duplicates_are_refused_the_same_way_when_resumed(tmp_path: Path) -> None:
    """A record refused before the interruption is refused, counted and written down again."""
    corpus = documents(BATCH + 20)
    corpus[7] = corpus[3]
    corpus[BATCH + 2] = corpus[1]
    for name, interrupt in (("whole", False), ("i", True)):
        path = tmp_path / name
        if interrupt:
            with pytest.raises(Stop), Rejects(5, path / "rejects.jsonl") as rejects:
                build(corpus, path, encoder=HASHING, rejects=rejects, progress=stop_after(1))
        with Rejects(5, path / "rejects.jsonl") as rejects:
            report = build(corpus, path, encoder=HASHING, rejects=rejects)
        assert (report.documents, report.rejected) == (BATCH + 18, 2)
    assert content(tmp_path / "i") == content(tmp_path / "whole")
    kept = [(tmp_path / name / "rejects.jsonl").read_text() for name in ("whole", "i")]
    assert kept[0] == kept[1]


def test_the_same_text_without_ids_is_one_document(tmp_path: Path) -> None:
    """Records that the corpus gave no id are told apart by content: repeated, they are left out."""
    corpus = tmp_path / "c.jsonl"
    corpus.write_text('{"text": "Thank you."}\n' * 3 + '{"text": "Thanks."}\n', encoding="utf-8")
    with pytest.raises(Stop):
        build(read_corpus([str(corpus)]), tmp_path / "i", encoder=HASHING, progress=stop_after(0))
    report = build(read_corpus([str(corpus)]), tmp_path / "i", encoder=HASHING)
    assert (report.documents, report.unchanged, report.rejected) == (2, 2, 0)


def test_a_batch_of_repeats_moves_the_build_on(tmp_path: Path) -> None:
    """A batch in which every record is refused still counts as dealt with."""
    corpus = documents(BATCH) * 2 + documents(BATCH + 1)[BATCH:]
    with pytest.raises(Stop), Rejects(2 * BATCH) as rejects:
        build(corpus, tmp_path / "i", encoder=HASHING, rejects=rejects, progress=stop_after(2))
    with Rejects(2 * BATCH) as rejects:
        report = build(corpus, tmp_path / "i", encoder=HASHING, rejects=rejects)
    assert (report.resumed_at, report.documents) == (2 * BATCH, BATCH + 1)
    assert report.rejected == BATCH


def test_progress_goes_on_from_where_the_build_was(tmp_path: Path) -> None:
    """A resumed build reports first what was there, then each batch, up to the last record."""
    corpus = documents(2 * BATCH + 3)
    with pytest.raises(Stop):
        build(corpus, tmp_path / "i", encoder=HASHING, progress=stop_after(1))
    seen: list[int] = []
    build(corpus, tmp_path / "i", encoder=HASHING, progress=seen.append)
    assert seen == [BATCH, 2 * BATCH, 2 * BATCH + 3]


@pytest.mark.parametrize("role", ["passage", "query"])
def test_documents_are_encoded_in_the_role_of_the_index(
    tmp_path: Path, role: Literal["passage", "query"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documents take the index's role, also when added later; a query is always a query."""
    roles: list[str] = []
    encode = HashingEncoder.encode

    def spy(self: HashingEncoder, texts: Sequence[str], role: Role) -> Encoding:
        roles.append(role)
        return encode(self, texts, role)

    monkeypatch.setattr(HashingEncoder, "encode", spy)
    build(documents(2), tmp_path / "i", encoder=HASHING, role=role)
    add([Document("more", "more", "en")], tmp_path / "i")
    with interlingua.open(tmp_path / "i") as index:
        index.search("sentence")
    assert roles == [role, role, "query"]


def test_an_unchanged_text_is_never_encoded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New labels, groups and metadata keep the vector; only what is new or changed is encoded."""
    build(documents(6), tmp_path / "i", encoder=HASHING)
    before = content(tmp_path / "i")
    texts: list[str] = []
    encode = HashingEncoder.encode

    def spy(self: HashingEncoder, asked: Sequence[str], role: Role) -> Encoding:
        texts.extend(asked)
        return encode(self, asked, role)

    monkeypatch.setattr(HashingEncoder, "encode", spy)
    old = documents(6)
    more = [
        replace(old[0], metadata={"a": 1}),
        replace(old[1], lang="de"),
        replace(old[2], group="another"),
        replace(old[3], text="another text"),
        Document("new", old[4].text, "en"),
        old[5],
    ]
    report = add(more, tmp_path / "i", on_duplicate="replace")
    assert texts == ["another text"]
    assert (report.added, report.replaced, report.reused, report.unchanged) == (5, 4, 4, 1)
    build([*more, old[4]], tmp_path / "fresh", encoder=HASHING)
    after = content(tmp_path / "i")
    assert {d.id: (d, v) for d, v in after} == {
        d.id: (d, v) for d, v in content(tmp_path / "fresh")
    }
    assert {d.id for d, _ in after} == {d.id for d, _ in before} | {"new"}
    assert verify(tmp_path / "i") == []


def test_a_change_of_metadata_alone_loads_no_encoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Labels can be mended where the encoder is not at hand."""
    build(documents(3), tmp_path / "i", encoder=HASHING)

    def refuse(_: object) -> None:
        raise Stop

    monkeypatch.setattr("indexer.build.open_encoder", refuse)
    labelled = [replace(d, group="g") for d in documents(3)]
    assert add(labelled, tmp_path / "i", on_duplicate="replace").reused == 3
    with pytest.raises(Stop):
        add([Document("x", "x", "en")], tmp_path / "i")


def test_a_locked_index_is_refused_before_the_encoder_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes second hears so at once, whether the index is begun or about to be."""

    def refuse(_: object) -> None:
        raise AssertionError("loaded an encoder")

    with pytest.raises(Stop):
        build(documents(2 * BATCH), tmp_path / "i", encoder=HASHING, progress=stop_after(1))
    monkeypatch.setattr("indexer.build.open_encoder", refuse)
    for name in ("i", "fresh"):
        (tmp_path / name).mkdir(exist_ok=True)
        lock = WriterLock(tmp_path / name / "LOCK")
        with pytest.raises(LockedError, match=str(os.getpid())):
            build(documents(1), tmp_path / name, encoder=HASHING)
        lock.release()


def test_a_large_addition_is_sealed(tmp_path: Path) -> None:
    """An addition that fills the tail ends in a FAISS file."""
    build(documents(1), tmp_path / "i", encoder=HASHING)
    more = [replace(d, id=f"m{d.id}") for d in documents(SEAL_AT)]
    add(more, tmp_path / "i")
    with IndexReader.open(tmp_path / "i") as reader:
        assert (reader.info().tail, reader.info().files) == (0, 2)


@pytest.mark.parametrize("change", ["edit", "drop", "shorten", "lengthen"])
def test_resuming_with_another_corpus_is_refused(tmp_path: Path, change: str) -> None:
    """A corpus that changed since the interruption is not mixed in: nothing is lost."""
    corpus = documents(2 * BATCH)
    with pytest.raises(Stop):
        build(corpus, tmp_path / "i", encoder=HASHING, progress=stop_after(1))
    before = content(tmp_path / "i")
    if change == "edit":
        corpus[5] = Document("d5", "another text", "en")
    elif change == "drop":
        del corpus[5]
    elif change == "shorten":
        corpus = corpus[:10]
    else:
        corpus.insert(3, Document("new", "another text", "en"))
    with pytest.raises(UsageError, match="not the corpus") as caught:
        build(corpus, tmp_path / "i", encoder=HASHING)
    assert "the same options (--lang" in str(caught.value.remedy)
    assert content(tmp_path / "i") == before


def test_resuming_with_another_encoder_or_role_is_refused(tmp_path: Path) -> None:
    """The first batches fix the encoder and the role."""
    corpus = documents(2 * BATCH)
    with pytest.raises(Stop):
        build(corpus, tmp_path / "i", encoder=HASHING, progress=stop_after(1))
    with pytest.raises(IncompatibleError, match="dim"):
        build(corpus, tmp_path / "i", encoder=EncoderSpec("hashing:32"))
    with pytest.raises(IncompatibleError, match="role"):
        build(corpus, tmp_path / "i", encoder=HASHING, role="query")


def test_a_build_that_has_kept_nothing_begins_again_as_it_is_told(tmp_path: Path) -> None:
    """What it was refused for may have been its options: with others it is a new build."""
    path, cut = tmp_path / "i", Chunking("tokens", 99_999)
    nothing = [Document("bad", "")]
    for encoder, chunking in ((HASHING, cut), (EncoderSpec("hashing:32"), None)):
        with pytest.raises((InputError, UsageError)):
            build(
                nothing,
                path,
                encoder=encoder,
                chunking=chunking,
                role="query",
                lexical=False,
                indexing=Indexing("hnsw"),
            )
        assert index_state(path) == "building"
    build(documents(1200), path, encoder=HASHING)
    build(documents(1200), tmp_path / "whole", encoder=HASHING)
    assert content(path) == content(tmp_path / "whole")
    assert verify(path) == []
    with IndexReader.open(path) as reader, IndexReader.open(tmp_path / "whole") as whole:
        assert reader.settings == whole.settings
        assert reader.info().asked == whole.info().asked


def test_rejected_document_ends_the_build_and_keeps_what_was_committed(tmp_path: Path) -> None:
    """A duplicate in the second batch: the first batch stays committed."""
    corpus = documents(2 * BATCH)
    corpus[BATCH + 1] = corpus[0]
    with pytest.raises(InputError, match=f"document {BATCH + 2}: duplicate id 'd0'"):
        build(corpus, tmp_path / "i", encoder=HASHING)
    assert len(content(tmp_path / "i")) == BATCH


@pytest.mark.parametrize(
    ("policy", "texts"), [("skip", ["old", "first"]), ("replace", ["new", "second"])]
)
def test_add_with_a_policy(tmp_path: Path, policy: str, texts: list[str]) -> None:
    """`skip` keeps the first of an id, `replace` the last, also within one batch."""
    build([Document("a", "old", "en")], tmp_path / "i", encoder=HASHING)
    more = [
        Document("a", "new", "en"),
        Document("b", "first", "en"),
        Document("b", "second", "en"),
    ]
    add(more, tmp_path / "i", on_duplicate="skip" if policy == "skip" else "replace")
    found = {d.id: d.text for d, _ in content(tmp_path / "i")}
    assert found == dict(zip("ab", texts, strict=True))


def test_unchanged_documents_are_not_encoded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replacing a document by itself calls no encoder."""
    corpus = documents(20)
    build(corpus, tmp_path / "i", encoder=HASHING)

    def refuse(*_: object) -> None:
        raise AssertionError("encoded")

    monkeypatch.setattr(HashingEncoder, "encode", refuse)
    report = add(corpus, tmp_path / "i", on_duplicate="replace")
    assert (report.added, report.replaced, report.unchanged) == (0, 0, 20)


def test_what_the_model_never_saw_is_counted_by_language(tmp_path: Path) -> None:
    """Texts longer than the input: how many and how much, for each language."""
    long = "abc" * 3000
    corpus = [Document("1", long, "en"), Document("2", "short", "en"), Document("3", long, "he")]
    report = build(corpus, tmp_path / "i", encoder=HASHING)
    dropped = len(long) - 4096  # the frame adds two characters, a trigram takes two away
    assert report.truncated == {"en": (1, dropped), "he": (1, dropped)}


def long_documents(n: int) -> list[Document]:
    """Documents that take a while to encode: about a second for 3,000."""
    return [replace(d, text=d.text * 20) for d in documents(n)]


KILLED = """
import sys
from pathlib import Path
from indexer.build import build
from indexer.encoders import EncoderSpec
from tests.indexer.test_build import long_documents
build(long_documents(3000), Path(sys.argv[1]), encoder=EncoderSpec("hashing"))
"""


def _kill(path: Path, delay: float) -> int:
    """Start a build in another process, kill it ``delay`` seconds after its first commit."""
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], cwd=Path.cwd())
    while index_state(path) is None and process.poll() is None:
        time.sleep(0.005)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    return process.wait()


@pytest.fixture
def delays() -> Iterator[float]:
    """Different moments, the same in every run."""
    return iter(np.random.default_rng(5).uniform(0.0, 1.0, 100))


def test_killed_build_ends_like_an_uninterrupted_one(
    tmp_path: Path, delays: Iterator[float]
) -> None:
    """SIGKILL at random moments, over and over, until the build gets through: the same content."""
    build(long_documents(3000), tmp_path / "whole", encoder=HASHING)
    killed = 0
    for delay in delays:
        if killed == 8:
            break
        killed += _kill(tmp_path / "i", delay) == -signal.SIGKILL
        if index_state(tmp_path / "i") == "ready":
            break
    assert killed > 0
    if index_state(tmp_path / "i") != "ready":
        build(long_documents(3000), tmp_path / "i", encoder=HASHING)
    assert content(tmp_path / "i") == content(tmp_path / "whole")
    assert verify(tmp_path / "i") == []


def test_a_document_keeps_its_own_vector_where_another_has_its_text(tmp_path: Path) -> None:
    """Vectors made elsewhere may differ for one text: a new label must not swap them."""
    np.save(tmp_path / "v.npy", np.eye(2, dtype=np.float32))
    twins = [Document("a", "same", "en"), Document("b", "same", "de")]
    import_vectors(tmp_path / "v.npy", [Record(d, d.id) for d in twins], tmp_path / "i")
    report = add([replace(twins[1], group="g")], tmp_path / "i", on_duplicate="replace")
    assert (report.replaced, report.reused) == (1, 1)
    with IndexReader.open(tmp_path / "i") as reader:
        assert reader.vectors(["a", "b"]).tolist() == [[1, 0], [0, 1]]


def test_an_id_that_is_there_is_refused_as_such(tmp_path: Path) -> None:
    """By the exported error, which names the id; still an InputError to who catches those."""
    build(documents(2), tmp_path / "i", encoder=HASHING)
    with pytest.raises(DuplicateError, match="duplicate id") as caught:
        add(documents(1), tmp_path / "i")
    assert caught.value.ids == [documents(1)[0].id]
