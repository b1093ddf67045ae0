"""An index built over HTTP from our own service is the index that is built here."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.build import add, build
from indexer.chunking import Chunking
from indexer.encoders import EncoderSpec, caller
from indexer.encoders.caller import Patience
from indexer.encoders.e5 import open_e5_tokenizer
from indexer.encoders.protocol import RemoteOptions
from indexer.encoders.remote import PROBES
from indexer.errors import EncoderError, IncompatibleError, UsageError
from indexer.index import IndexReader, IndexWriter, index_state
from indexer.intake import BATCH
from indexer.records import Document
from indexer.verify import verify
from interlingua import Index
from tests.cli.conftest import CORPUS, Run, write_jsonl
from tests.encoders.small_server import DIM, MODEL, Small, sleep, status
from tests.indexer.reference import dump
from tests.service.serving import ROOT, Service, Threaded

SENTENCES = Chunking.parse("sentences")
KEY = "sk-canary-0123456789abcdef"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`interlingua serve` over an index of the hashing encoder."""
    path = tmp_path_factory.mktemp("served")
    build([Document("a", "a text", "en")], path / "i", encoder=EncoderSpec("hashing"))
    service = Threaded.start(path / "i", path / "log")
    yield service
    service.stop()


@pytest.fixture
def small() -> Iterator[Small]:
    """A server of the test's own."""
    with Small().running() as running:
        yield running


def documents(n: int) -> list[Document]:
    """Make n documents."""
    return [Document(f"d{i}", f"text number {i} of many", ("de", "en")[i % 2]) for i in range(n)]


def texts(path: Path) -> list[str]:
    """All texts."""
    with IndexReader.open(path) as reader:
        return [document.text for document in reader.documents()]


def vectors(path: Path) -> dict[str, bytes]:
    """All vectors, by id."""
    return {id_: raw for id_, (_, raw) in dump(path).items()}


def test_built_over_http_is_built_here(run: Run, served: Service, tmp_path: Path) -> None:
    """The same vectors bit by bit; the same answers, and the same audit but for the encoder."""
    corpus = tmp_path / "c.jsonl"
    write_jsonl(corpus, CORPUS)
    local, remote = tmp_path / "local", tmp_path / "remote"
    name = f"openai:hashing:64@{served.url}/v1"
    assert run("build", corpus, "--index", local, "--encoder", "hashing", "-q").code == 0
    ran = run(
        *("build", corpus, "--index", remote, "--encoder", name, "-q", "--input-types"),
        *("query,document", "--texts-per-request", 3),
    )
    assert ran.code == 0, ran.err
    assert vectors(remote) == vectors(local)
    assert verify(remote) == []

    def answers(path: Path, *arguments: object) -> Any:
        ran = run(*arguments, "--index", path, "--json")
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    for command in (("search", "a cat on the roof"), ("search", "חתול", "--in", "he,en")):
        assert answers(remote, *command) == answers(local, *command)
    ours, theirs = (answers(p, "audit", "--queries", corpus, "-q") for p in (local, remote))
    for measure in set(ours["overall"]) - {"truncated"}:
        assert theirs["overall"][measure] == ours["overall"][measure], measure
    assert theirs["overall"]["truncated"]["value"] is None
    about = answers(remote, "info")
    assert (about["encoder"], about["dim"], about["opened"]) == ("hashing:64", 64, name)
    assert (about["uncounted"], about["truncated"]) == (8, {})
    assert name in run("info", "--index", remote).out


def test_documents_are_added_through_it(served: Service, tmp_path: Path) -> None:
    """With the prompts and types that the index was built with."""
    spec = EncoderSpec(
        f"openai:hashing:64@{served.url}/v1", remote=RemoteOptions(passage_prompt="p: ")
    )
    build(documents(5), tmp_path / "i", encoder=spec)
    add(documents(9)[5:], tmp_path / "i")
    prompted = [Document(d.id, f"p: {d.text}", d.lang) for d in documents(9)]
    build(prompted, tmp_path / "j", encoder=EncoderSpec("hashing"))
    assert vectors(tmp_path / "i") == vectors(tmp_path / "j")


def test_of_a_replaced_document_only_new_chunks_are_encoded(small: Small, tmp_path: Path) -> None:
    """Sentences that stay are known, also where one that was put before them moves them all."""
    spec = EncoderSpec(f"openai:{MODEL}@{small.url}/v1")
    path = tmp_path / "i"

    def whole(*sentences: str) -> Document:
        return Document("d", " ".join(sentences), "en")

    others = [Document("d#1", "It is another.", "en"), Document("e", "Others stay. So.", "en")]
    build([whole("One. Two. Three."), *others], path, encoder=spec, chunking=SENTENCES)
    before = vectors(path)
    for text, new, reused in (
        (whole("One.", "Zwei.", "Three."), ["Zwei."], 2),
        (whole("Zero.", "One.", "Zwei.", "Three."), ["Zero."], 3),
        (whole("Three.", "Three.", "It is another."), [], 3),
    ):
        small.calls.clear()
        report = add([text], path, on_duplicate="replace")
        assert [t for t in small.texts if t not in PROBES] == new
        assert (report.replaced, report.reused) == (1, reused)
    after = vectors(path)
    assert after["d#0"] == after["d#1"] == before["d#2"]
    assert after["d#2"] == before["d#1#0"]
    assert {id_ for id_ in after if id_.startswith("e")} == {"e#0", "e#1"}
    assert verify(path) == []


def test_chunks_of_tokens_are_cut_for_a_server(small: Small, tmp_path: Path) -> None:
    """By the default encoder's tokens; what a server says that it takes is the limit."""
    text = " ".join(f"word{n} and word{n + 1};" for n in range(60))
    spec, size = EncoderSpec(f"tei@{small.url}"), Chunking.parse("tokens:20")
    small.info["max_input_length"] = 16
    with pytest.raises(UsageError, match="20 tokens, and hashing-16 takes 14"):
        build([Document("d", text, "en")], tmp_path / "i", encoder=spec, chunking=size)
    small.info["max_input_length"] = 512
    report = build([Document("d", text, "en")], tmp_path / "j", encoder=spec, chunking=size)
    counts = open_e5_tokenizer().count(list(texts(tmp_path / "j")))
    assert max(counts) <= 20
    assert sum(counts) / 20 <= report.documents <= sum(counts) / 12


def test_a_server_that_moved(run: Run, small: Small, tmp_path: Path) -> None:
    """--encoder says where it is now, and nothing else."""
    path = tmp_path / "i"
    spec = EncoderSpec(
        f"openai:{MODEL}@{small.url}/v1", remote=RemoteOptions(query_prompt="query: ")
    )
    build(documents(3), path, encoder=spec)
    with Small().running() as other:
        ran = run("search", "text", "--index", path, "--encoder", f"openai:{MODEL}@{other.url}")
        assert ran.code == 0, ran.err
        assert other.texts[-1] == "query: text"
        assert {call.path for call in other.calls} == {"/embeddings"}


def test_a_model_that_was_changed_behind_its_name(small: Small, tmp_path: Path) -> None:
    """Another rotation is noticed, the noise of other arithmetic is not; nothing is answered."""
    path = tmp_path / "i"
    build(documents(3), path, encoder=EncoderSpec(f"openai:{MODEL}@{small.url}/v1"))
    noise = np.random.default_rng(0).standard_normal(DIM) * 1e-4
    small.change = lambda rows: (rows + noise).astype(np.float32)
    with Index.open(path) as index:
        assert len(index.search("text", k=3, lang="en").hits) == 3
    turn = np.eye(DIM)
    turn[:2, :2] = [[0.9, -(0.19**0.5)], [0.19**0.5, 0.9]]
    small.change = lambda rows: (rows @ turn).astype(np.float32)
    with Index.open(path) as index, pytest.raises(IncompatibleError, match="has changed") as caught:
        index.search("text", lang="en")
    assert caught.value.remedy
    with pytest.raises(IncompatibleError, match="has changed"):
        add(documents(4)[3:], path)
    small.change, small.model = (lambda rows: rows), "another"
    with Index.open(path) as index, pytest.raises(IncompatibleError, match="model hashing-16 is"):
        index.search("text", lang="en")
    assert len(dump(path)) == 3


def test_a_server_that_fails_in_the_middle(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole batches stay, and the next run asks for the rest only."""
    monkeypatch.setattr(caller, "PATIENCE", Patience(first=0.001, longest=0.01))
    spec = EncoderSpec(
        f"openai:{MODEL}@{small.url}/v1", remote=RemoteOptions(texts_per_request=256)
    )
    many = documents(2 * BATCH + 100)
    good = 1 + 3  # the probe, one batch of two calls, and half of the next
    small.acts = [sleep(0)] * good + [status(503)] * 7
    with pytest.raises(EncoderError, match="fails with 503"):
        build(many, tmp_path / "i", encoder=spec)
    assert index_state(tmp_path / "i") == "building"
    with IndexWriter.open(tmp_path / "i") as writer:
        assert writer.cursor == BATCH
    small.calls.clear()
    report = build(many, tmp_path / "i", encoder=spec)
    assert (report.documents, report.resumed_at) == (len(many), BATCH)
    # Calls are under way together, and may arrive in any order.
    asked = [text for text in small.texts if text.startswith("text")]
    assert sorted(asked) == sorted(d.text for d in many[BATCH:])
    build(many, tmp_path / "whole", encoder=EncoderSpec(f"hashing:{DIM}"))
    assert vectors(tmp_path / "i") == vectors(tmp_path / "whole")


def test_a_build_that_is_killed_goes_on(small: Small, tmp_path: Path) -> None:
    """What was committed is not paid for twice; the index is that of a run that went through."""
    corpus, path = tmp_path / "c.jsonl", tmp_path / "i"
    many = documents(3 * BATCH)
    write_jsonl(corpus, [{"id": d.id, "text": d.text, "lang": d.lang} for d in many])
    small.always = sleep(0.02)
    command = [
        *(sys.executable, "-m", "cli.main", "build", str(corpus), "--index", str(path), "-q"),
        *("--encoder", f"openai:{MODEL}@{small.url}/v1"),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    while len(small.texts) < BATCH + 200 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    with IndexWriter.open(path) as writer:
        committed = writer.cursor
    assert committed % BATCH == 0
    assert BATCH <= committed < len(many)
    small.calls.clear()
    small.always = None
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    assert len([t for t in small.texts if t.startswith("text")]) == len(many) - committed
    build(many, tmp_path / "whole", encoder=EncoderSpec(f"hashing:{DIM}"))
    assert vectors(path) == vectors(tmp_path / "whole")
    assert verify(path) == []


def test_it_is_served_like_any_index(small: Small, tmp_path: Path) -> None:
    """A service asks the server in turn; a failure of it is a bad gateway."""
    build(documents(3), tmp_path / "i", encoder=EncoderSpec(f"openai:{MODEL}@{small.url}/v1"))
    service = Threaded.start(tmp_path / "i", tmp_path / "log")
    try:
        with service.client() as client:
            found = client.post("/v1/search", json={"text": "text", "k": 2}).json()
            assert [hit["rank"] for hit in found["hits"]] == [1, 2]
            small.always = status(401)
            answer = client.post("/v1/search", json={"text": "text"})
            assert (answer.status_code, answer.json()["type"]) == (
                502,
                "urn:interlingua:problem:encoder",
            )
    finally:
        service.stop()


def test_info_needs_no_server(tmp_path: Path) -> None:
    """Nor does reading by vectors."""
    with Small().running() as small:
        build(documents(3), tmp_path / "i", encoder=EncoderSpec(f"openai:{MODEL}@{small.url}/v1"))
    with IndexReader.open(tmp_path / "i") as reader:
        assert reader.info().documents == 3


def test_no_key_is_stored_or_printed(
    small: Small,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Run,
) -> None:
    """Not in a byte of the index, not on stdout, stderr or in the log, whatever goes wrong."""
    monkeypatch.setenv("INTERLINGUA_KEY_127_0_0_1", KEY)
    write_jsonl(tmp_path / "c.jsonl", CORPUS)
    small.acts = [status(200, b"x"), status(401, {"detail": KEY}), status(429, {}, Retry_After=KEY)]
    monkeypatch.setattr(caller, "PATIENCE", Patience(first=0.001))
    name = f"openai:{MODEL}@{small.url}/v1"
    building = ("build", tmp_path / "c.jsonl", "--index", tmp_path / "i", "--encoder", name)
    commands: list[tuple[object, ...]] = [
        *[building] * 3,
        ("search", "a cat", "--index", tmp_path / "i"),
        ("search", "a cat", "--index", tmp_path / "i", "--json"),
        ("info", "--index", tmp_path / "i"),
        ("info", "--index", tmp_path / "i", "--json"),
        ("audit", "--index", tmp_path / "i", "--json"),
        ("search", "a cat", "--index", tmp_path / "i", "--encoder", f"tei@http://x:{KEY}@h/"),
        (
            "build",
            tmp_path / "c.jsonl",
            "--index",
            tmp_path / "j",
            "--encoder",
            f"tei@http://h/?key={KEY}",
        ),
    ]
    said = [run(*command) for command in commands]
    assert [ran.code for ran in said] == [1, 1, 0, 0, 0, 0, 0, 0, 2, 2]
    assert not any("canary" in ran.out + ran.err for ran in said)
    assert all(call.headers["Authorization"] == f"Bearer {KEY}" for call in small.calls)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 3
    for path in files:
        assert b"canary" not in path.read_bytes()
