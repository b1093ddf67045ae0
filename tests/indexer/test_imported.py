"""An index over vectors made elsewhere: the right rows, unit vectors, and nothing lost."""

import hashlib
import json
import os
import pickle
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from indexer.build import BATCH, add, build
from indexer.corpus import Query, Record, read_corpus, read_queries
from indexer.encoders import EncoderSpec, open_encoder
from indexer.errors import (
    IncompatibleError,
    InputError,
    InterlinguaError,
    LockedError,
    UsageError,
)
from indexer.imported import count_records, import_vectors, read_query_vectors
from indexer.index import IndexReader, IndexWriter, index_state
from indexer.npy import MAX_DIM, VectorFile
from indexer.records import Document
from indexer.verify import repair, verify
from tests.indexer.reference import as_pairs, dump, encoded, faiss_files, flip_bit, neighbours
from tests.indexer.reference import build as build_reference

DIM = 6


def records(n: int) -> list[Record]:
    """Make n records in two languages."""
    return [
        Record(
            Document(f"d{i}", f"text {i}", ("de", "en")[i % 2], f"g{i // 2}"), f"c.jsonl:{i + 1}"
        )
        for i in range(n)
    ]


def drawn(n: int, dim: int = DIM, seed: int = 0) -> NDArray[np.float64]:
    """(n, dim) rows of any length in random directions."""
    rng = np.random.default_rng(seed)
    rows: NDArray[np.float64] = rng.standard_normal((n, dim)) * rng.uniform(0.1, 9, (n, 1))
    return rows


def save(path: Path, array: NDArray[np.generic]) -> Path:
    """Write an npy file."""
    np.save(path, array)
    return path


def unit(row: Sequence[float]) -> NDArray[np.float32]:
    """Divide by the length, number by number."""
    squares = 0.0
    for x in row:
        squares += float(x) * float(x)
    return np.array([float(x) / squares**0.5 for x in row], dtype=np.float32)


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    """Forty rows."""
    return save(tmp_path / "v.npy", drawn(40))


def stored(path: Path) -> dict[str, NDArray[np.float32]]:
    """Read all vectors of an index by id."""
    return {id_: np.frombuffer(raw, np.float32) for id_, (_, raw) in dump(path).items()}


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", ">f4", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_row_i_is_the_vector_of_record_i(tmp_path: Path, kind: str, order: str) -> None:
    """Of every number format and order, over more than one batch."""
    n = BATCH + 7
    array = np.array(drawn(n), dtype=kind, order="F" if order == "F" else "C")
    file = save(tmp_path / "v.npy", array)
    assert b"'fortran_order': " + (b"True" if order == "F" else b"False") in file.read_bytes()
    report = import_vectors(file, records(n), tmp_path / "i")
    assert (report.documents, report.added, report.resumed_at) == (n, n, 0)
    assert report.languages == {"de": (n + 1) // 2, "en": n // 2}
    found = stored(tmp_path / "i")
    assert list(found) == [f"d{i}" for i in range(n)]
    for i, row in enumerate(array.tolist()):
        np.testing.assert_allclose(found[f"d{i}"], unit(row), rtol=2**-22, atol=1e-30)
    assert verify(tmp_path / "i") == []
    with IndexReader.open(tmp_path / "i") as reader:
        assert [d.text for d in reader.documents()] == [f"text {i}" for i in range(n)]


def test_answers_are_those_of_a_plain_scan(tmp_path: Path) -> None:
    """Scores and order, exactly; the query vectors come from a file, too."""
    array = drawn(60)
    import_vectors(save(tmp_path / "v.npy", array), records(60), tmp_path / "i")
    asked = [query(i) for i in range(5)]
    given_ = drawn(5, seed=1)
    questions = read_query_vectors(save(tmp_path / "q.npy", given_), asked, DIM)
    model = [encoded(id_, lang="en") for id_ in stored(tmp_path / "i")]
    model = [
        type(e)(e.document, v, 0, 0)
        for e, v in zip(model, stored(tmp_path / "i").values(), strict=True)
    ]
    with IndexReader.open(tmp_path / "i") as reader:
        answers = reader.search(questions, 10)
    for row, hits in zip(questions, answers, strict=True):
        assert as_pairs(hits) == neighbours(model, row, 10)
    cosines = (given_ @ array.T) / np.outer(
        np.linalg.norm(given_, axis=1), np.linalg.norm(array, axis=1)
    )
    best = [[f"d{i}" for i in np.argsort(-row)[:10]] for row in cosines]
    assert [[hit.document.id for hit in hits] for hits in answers] == best


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(
            st.floats(allow_nan=False, allow_infinity=False, width=64), min_size=3, max_size=3
        ).filter(any),
        min_size=1,
        max_size=5,
    )
)
def test_any_finite_row_becomes_a_unit_vector(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[float]]
) -> None:
    """From 5e-324 to 1e308: no square overflows or vanishes; the direction is kept."""
    path = save(tmp_path_factory.mktemp("npy") / "v.npy", np.array(rows))
    units, _ = VectorFile(path).units(0, len(rows), str)
    assert units.dtype == np.float32
    for made, row in zip(units, rows, strict=True):
        largest = max(abs(x) for x in row)
        assert np.linalg.norm(made.astype(np.float64)) == pytest.approx(1, abs=1e-6)
        np.testing.assert_allclose(made, unit([x / largest for x in row]), rtol=1e-6, atol=1e-37)


def test_rows_that_were_not_unit_are_counted(tmp_path: Path) -> None:
    """Rounding to float16 is not counted; unit rows in float32 stay within the last bit."""
    units = np.stack([unit(row) for row in drawn(40).tolist()])
    half = import_vectors(
        save(tmp_path / "h.npy", units.astype(np.float16)), records(40), tmp_path / "h"
    )
    units[[3, 9]] *= np.float32(1.01)
    units[5] *= 1e30
    full = import_vectors(save(tmp_path / "f.npy", units), records(40), tmp_path / "f")
    assert (half.rescaled, full.rescaled) == (0, 3)


def query(i: int) -> Query:
    """Make a query."""
    return Query(None, f"q{i}", "en", "given", None, None, None, f"q.jsonl:{i + 1}")


def overwrite(path: Path, make: Callable[[bytes], bytes]) -> Path:
    """Change the bytes of a file."""
    path.write_bytes(make(path.read_bytes()))
    return path


def twice(path: Path) -> Path:
    """Save two arrays to one file."""
    with path.open("wb") as stream:
        np.save(stream, drawn(40))
        np.save(stream, drawn(40))
    return path


def archive(path: Path) -> Path:
    """Write an npz archive under the name."""
    with path.open("wb") as stream:
        np.savez(stream, drawn(40))
    return path


def directory(path: Path) -> Path:
    """Make a directory of the name."""
    path.mkdir()
    return path


def pickled(path: Path) -> Path:
    """Write a pickle under the name."""
    path.write_bytes(pickle.dumps(drawn(40)))
    return path


class Bomb:
    """Shows when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, ("exploded",))


def objects(path: Path) -> Path:
    """Save an array of Python objects that would do something when loaded."""
    np.save(path, np.array([[Bomb()]], dtype=object), allow_pickle=True)
    return path


WRONG: dict[str, tuple[Callable[[Path], Path], str]] = {
    "absent": (lambda p: p, "no such file"),
    "directory": (directory, "not a plain file"),
    "empty": (lambda p: (p.write_bytes(b""), p)[1], "is empty"),
    "text": (lambda p: (p.write_text("[[1, 2]]"), p)[1], "not an npy file"),
    "pickle": (pickled, "not an npy file"),
    "npz": (archive, "npz archive"),
    "objects": (objects, "pickled Python objects"),
    "integers": (lambda p: save(p, np.ones((40, DIM), int)), "holds int64"),
    "complex": (lambda p: save(p, np.ones((40, DIM), complex)), "holds complex128"),
    "fields": (lambda p: save(p, np.zeros(40, [("x", "f4")])), "not float16"),
    "1-D": (lambda p: save(p, drawn(40)[:, 0]), r"shape \(40,\)"),
    "3-D": (lambda p: save(p, np.ones((40, 2, 2))), r"shape \(40, 2, 2\)"),
    "no rows": (lambda p: save(p, np.ones((0, DIM))), "holds no vector"),
    "no columns": (lambda p: save(p, np.ones((40, 0))), "holds no vector"),
    "on its side": (lambda p: save(p, np.ones((1, MAX_DIM + 1), np.float16)), "on its side"),
    "cut short": (lambda p: overwrite(save(p, drawn(40)), lambda b: b[:-1]), "is cut short"),
    "cut in the header": (lambda p: overwrite(save(p, drawn(40)), lambda b: b[:60]), "header"),
    "cut in the magic": (lambda p: overwrite(save(p, drawn(40)), lambda b: b[:7]), "header"),
    "version 9": (
        lambda p: overwrite(save(p, drawn(40)), lambda b: b[:6] + b"\x09" + b[7:]),
        "header",
    ),
    "header no dict": (
        lambda p: overwrite(save(p, drawn(40)), lambda b: b.replace(b"{'descr'", b"[['descr'")),
        "header",
    ),
    "enormous": (
        lambda p: overwrite(
            save(p, drawn(40)),
            lambda b: b.replace(b"(40, 6), }" + b" " * 14, b"(40000000000000, 6), }  "),
        ),
        "is cut short",
    ),
    "negative": (
        lambda p: overwrite(
            save(p, drawn(40)), lambda b: b.replace(b"(40, 6), } ", b"(-40, 6), }")
        ),
        "holds no vector",
    ),
    "two arrays": (twice, "bytes follow its array"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_file_that_is_no_matrix_is_refused(
    tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line with the file and a remedy; nothing is made, nothing is executed."""
    monkeypatch.chdir(tmp_path)
    make, said = WRONG[case]
    file = make(tmp_path / "v.npy")
    for call in (
        lambda: import_vectors(file, records(40), tmp_path / "i"),
        lambda: read_query_vectors(file, [query(i) for i in range(40)], DIM),
    ):
        with pytest.raises(InputError, match=said) as caught:
            call()
        assert caught.value.message.startswith(f"{file}: ")
        assert "\n" not in str(caught.value)
        assert caught.value.remedy
    assert not (tmp_path / "i").exists()
    assert not (tmp_path / "exploded").exists()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 127), st.integers(0, 255)), min_size=1, max_size=5))
def test_any_damage_of_the_header_is_told(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    """Either it makes no difference to the shape, or it is one of our errors."""
    path = save(tmp_path_factory.mktemp("npy") / "v.npy", drawn(40))
    content = bytearray(path.read_bytes())
    for place, value in changes:
        content[place] = value
    path.write_bytes(content)
    try:
        file = VectorFile(path)
    except InputError as error:
        assert error.remedy  # noqa: PT017 - what else is raised is the failure
    else:
        assert file.rows * file.dim * np.dtype(file.dtype).itemsize == 40 * DIM * 8


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    """A file that cannot be mapped."""
    os.mkfifo(tmp_path / "v.npy")
    with pytest.raises(InputError, match="not a plain file"):
        VectorFile(tmp_path / "v.npy")


@pytest.mark.parametrize(
    ("value", "said"), [(np.nan, "NaN"), (np.inf, "NaN or infinity"), (-np.inf, "NaN"), (0, "zero")]
)
@pytest.mark.parametrize("row", [0, BATCH + 3])
def test_a_row_that_is_no_direction_is_named(
    tmp_path: Path, value: float, said: str, row: int
) -> None:
    """The row and its record; batches before it stay, and the mended file goes on from there."""
    n = BATCH + 10
    good = drawn(n)
    bad = good.copy()
    bad[row] = 0
    bad[row, 2] = value
    bad[row + 1] = np.nan  # the first one is named
    file = save(tmp_path / "v.npy", bad)
    with pytest.raises(InputError, match=rf"row {row} \(from 0\).*c\.jsonl:{row + 1},.*{said}"):
        import_vectors(file, records(n), tmp_path / "i", expected=n)
    assert index_state(tmp_path / "i") == "building"
    assert len(dump(tmp_path / "i")) == (BATCH if row else 0)
    with pytest.raises(InputError, match=rf"q\.jsonl:{row + 1},.*{said}") as caught:
        read_query_vectors(file, [query(i) for i in range(n)], DIM)
    assert caught.value.remedy

    save(file, good)
    report = import_vectors(file, records(n), tmp_path / "i", expected=n)
    assert (report.documents, report.resumed_at) == (n, BATCH if row else 0)
    import_vectors(file, records(n), tmp_path / "whole")
    assert dump(tmp_path / "i") == dump(tmp_path / "whole")


@pytest.mark.parametrize("n", [39, 41, 1, 40 + 3 * BATCH])
def test_counts_that_differ_are_named_before_anything_is_made(
    tmp_path: Path, vectors: Path, n: int
) -> None:
    """Where the corpus can be counted."""
    with pytest.raises(InputError, match=f"40 vectors for {n} records") as caught:
        import_vectors(vectors, records(n), tmp_path / "i", expected=n)
    assert caught.value.remedy
    assert not (tmp_path / "i").exists()


@pytest.mark.parametrize("records_", [1, 2 * BATCH - 1, 2 * BATCH, 2 * BATCH + 1, 4 * BATCH])
def test_counts_that_differ_in_a_stream_leave_nothing_half_there(
    tmp_path: Path, records_: int
) -> None:
    """What was committed is taken back; the right files then make the whole index."""
    rows = 2 * BATCH + 5
    file = save(tmp_path / "v.npy", drawn(rows))
    with pytest.raises(InputError, match=f"{rows} vectors for {records_} records"):
        import_vectors(file, iter(records(records_)), tmp_path / "i")
    assert dump(tmp_path / "i") == {}
    assert verify(tmp_path / "i") == []
    report = import_vectors(file, iter(records(rows)), tmp_path / "i")
    assert (report.documents, report.resumed_at) == (rows, 0)
    assert verify(tmp_path / "i") == []
    assert str(repair(tmp_path / "i")) == "nothing to repair"


def test_an_index_is_taken_back_only_while_it_is_built(tmp_path: Path) -> None:
    """A finished one is never emptied; sealed files do not matter."""
    path = build_reference(tmp_path / "i", [encoded("a"), encoded("b")], finish=False)
    with IndexWriter.open(path) as writer:
        writer._seal_tail()
        writer.restart()
        assert (writer.cursor, list(writer.documents())) == (0, [])
        writer.add([encoded("c")], cursor=1)
        writer.finish()
        with pytest.raises(UsageError):
            writer.restart()
    assert set(dump(path)) == {"c"}
    assert verify(path) == []


class StopError(Exception):
    """Stands for a crash."""


def dying(items: Sequence[Record], after: int) -> Iterator[Record]:
    """Hand out records until it ends badly."""
    yield from items[:after]
    raise StopError


@pytest.mark.parametrize("after", [0, BATCH, 2 * BATCH - 1, 2 * BATCH, 2 * BATCH + 5])
def test_an_interrupted_import_goes_on(tmp_path: Path, after: int) -> None:
    """The same documents and vectors as without the interruption, and the counts of both."""
    n = 2 * BATCH + 5
    file = save(tmp_path / "v.npy", drawn(n))
    with pytest.raises(StopError):
        import_vectors(file, dying(records(n), after), tmp_path / "i")
    seen: list[int] = []
    report = import_vectors(file, iter(records(n)), tmp_path / "i", progress=seen.append)
    done = after - after % BATCH
    assert (report.resumed_at, report.added, report.documents) == (done, n - done, n)
    lengths = [sum(x * x for x in row) ** 0.5 for row in drawn(n).tolist()]
    assert report.rescaled == sum(abs(length - 1) > 1e-3 for length in lengths)
    assert seen == [*range(BATCH, n, BATCH), n]
    import_vectors(file, records(n), tmp_path / "whole")
    assert dump(tmp_path / "i") == dump(tmp_path / "whole")
    assert [f.name for f in faiss_files(tmp_path / "i")] == [
        f.name for f in faiss_files(tmp_path / "whole")
    ]


def other_row(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """Change one committed row a little."""
    array[7, 1] += 1e-3
    return array


def test_another_corpus_or_file_is_not_mixed_in(tmp_path: Path) -> None:
    """After an interruption: refused with a remedy, and the right ones still go on."""
    n = BATCH + 5
    file = save(tmp_path / "v.npy", drawn(n))
    path = tmp_path / "i"
    with pytest.raises(StopError):
        import_vectors(file, dying(records(n), BATCH), path)
    other = save(tmp_path / "o.npy", other_row(drawn(n)))
    wide = save(tmp_path / "w.npy", drawn(n, DIM + 1))
    shorter = save(tmp_path / "s.npy", drawn(9))
    swapped = [records(n)[1], records(n)[0], *records(n)[2:]]
    calls: list[tuple[type[InterlinguaError], str, Callable[[], object]]] = [
        (
            UsageError,
            r"row 7 \(from 0\): not the vectors",
            lambda: import_vectors(other, records(n), path),
        ),
        (IncompatibleError, "6 dimensions", lambda: import_vectors(wide, records(n), path)),
        (IncompatibleError, "'mine'", lambda: import_vectors(file, records(n), path, name="mine")),
        (UsageError, "c.jsonl:2: not the corpus", lambda: import_vectors(file, swapped, path)),
        (
            UsageError,
            "c.jsonl:2: not the corpus",
            lambda: import_vectors(file, records(n)[1:], path),
        ),
        (UsageError, "not the corpus", lambda: import_vectors(shorter, records(9), path)),
        (IncompatibleError, "imported", lambda: build([], path, encoder=EncoderSpec("hashing"))),
    ]
    before = dump(path)
    for error, said, call in calls:
        with pytest.raises(error, match=said) as caught:
            call()
        assert caught.value.remedy
        assert dump(path) == before
    assert import_vectors(file, records(n), path).documents == n


def test_an_unfinished_build_is_not_imported_into(tmp_path: Path, vectors: Path) -> None:
    """It goes on as what it began."""
    path = build_reference(tmp_path / "i", [encoded("a")], finish=False)
    with pytest.raises(IncompatibleError, match="hashing:8 of 8 dimensions"):
        import_vectors(vectors, records(40), path)
    assert set(dump(path)) == {"a"}


def test_a_finished_index_or_a_writer_at_work_is_left_alone(tmp_path: Path, vectors: Path) -> None:
    """Usage error with a remedy; locked."""
    path = tmp_path / "i"
    import_vectors(vectors, records(40), path)
    with pytest.raises(UsageError, match="finished index") as caught:
        import_vectors(vectors, records(40), path)
    assert caught.value.remedy
    busy = build_reference(tmp_path / "b", [encoded("a")], finish=False)
    with IndexWriter.open(busy), pytest.raises(LockedError):
        import_vectors(vectors, records(40), busy)


def write(path: Path, lines: Sequence[object]) -> str:
    """Write a corpus."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return str(path)


def test_repeated_ids(tmp_path: Path) -> None:
    """Given ones are refused at their line; the same text without an id is left out, counted."""
    file = save(tmp_path / "v.npy", drawn(4))
    named = [{"id": i, "text": f"text {i}", "lang": "en"} for i in ("a", "b", "a", "c")]
    with pytest.raises(InputError, match="duplicate id 'a'") as caught:
        import_vectors(file, read_corpus([write(tmp_path / "n", named)]), tmp_path / "n.i")
    assert f"{tmp_path / 'n'}:3" in caught.value.message
    assert dump(tmp_path / "n.i") == {}

    texts = [{"text": t, "lang": "en"} for t in ("one", "two", "one", "three")]
    corpus = write(tmp_path / "t", texts)
    report = import_vectors(file, read_corpus([corpus]), tmp_path / "t.i", expected=4)
    assert (report.documents, report.unchanged) == (3, 1)
    by_text = {d.text: np.frombuffer(v, np.float32) for d, v in dump(tmp_path / "t.i").values()}
    for text, row in (("one", 0), ("two", 1), ("three", 3)):
        np.testing.assert_allclose(by_text[text], unit(drawn(4)[row].tolist()), rtol=2**-22)


def test_left_out_records_do_not_confuse_a_resumed_import(tmp_path: Path) -> None:
    """The rows stay those of their records on both sides of the interruption."""
    n = 2 * BATCH
    items = [
        Record(Document(f"d{i % 300}", "x", "en"), f"c:{i + 1}", named=False) for i in range(n)
    ]
    file = save(tmp_path / "v.npy", drawn(n))
    with pytest.raises(StopError):
        import_vectors(file, dying(items, BATCH), tmp_path / "i")
    report = import_vectors(file, items, tmp_path / "i")
    assert (report.documents, report.unchanged, report.added) == (300, n - 300, 0)
    import_vectors(file, items, tmp_path / "whole")
    assert dump(tmp_path / "i") == dump(tmp_path / "whole")


def test_counting_without_parsing(tmp_path: Path) -> None:
    """Blank lines hold no record; standard input and pipes cannot be counted ahead."""
    corpus = tmp_path / "c.jsonl"
    corpus.write_text('{"text": "a"}\n\n  \n{"text": "b"}', encoding="utf-8")
    assert count_records([str(corpus)]) == len(list(read_corpus([str(corpus)]))) == 2
    assert count_records([str(corpus), str(corpus)]) == 4
    assert count_records(["-"]) is None
    with pytest.raises(InputError, match="no such file"):
        count_records([str(tmp_path / "none")])


def test_what_the_index_says_of_its_encoder(tmp_path: Path, vectors: Path) -> None:
    """Name, dimension and a fingerprint over kind, name and dimension."""
    import_vectors(vectors, records(40), tmp_path / "i", name="ada: v2")
    with IndexReader.open(tmp_path / "i") as reader:
        info, fixed = reader.info(), reader.settings
    canonical = '{"dim":"6","kind":"vectors","name":"ada: v2"}'
    assert info.fingerprint == hashlib.sha256(canonical.encode()).hexdigest()
    assert (info.encoder, info.dim, info.role) == ("ada: v2", DIM, "passage")
    assert info.arithmetic == "made elsewhere, float64"
    assert (info.state, info.documents, info.groups, info.tail) == ("ready", 40, 20, 0)
    assert fixed.encoder == EncoderSpec("vectors:ada: v2")
    assert fixed.vectors_only


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x\x1b[2J", "n" * 201])
def test_a_name_that_cannot_be_shown_is_refused(tmp_path: Path, vectors: Path, name: str) -> None:
    """Nothing is made."""
    with pytest.raises(UsageError, match="cannot be a name"):
        import_vectors(vectors, records(40), tmp_path / "i", name=name)
    assert not (tmp_path / "i").exists()


def test_nothing_here_encodes_like_them(tmp_path: Path, vectors: Path) -> None:
    """Opening the encoder, adding documents, another encoder: incompatible, with the remedy."""
    path = tmp_path / "i"
    import_vectors(vectors, records(40), path)
    before = dump(path)
    with IndexReader.open(path) as reader:
        spec, fixed = reader.settings.encoder, reader.settings
    new = [Document("new", "a new text", "en")]
    calls: tuple[Callable[[], object], ...] = (
        lambda: open_encoder(spec),
        lambda: fixed.check(open_encoder(EncoderSpec("hashing:8"))),
        lambda: add(new, path),
        lambda: add(new, path, encoder=EncoderSpec("hashing:8")),
        lambda: build(new, tmp_path / "b", encoder=spec),
    )
    for call in calls:
        with pytest.raises(IncompatibleError, match="imported") as caught:
            call()
        assert caught.value.exit_code == 7
        assert "--query-vectors" in str(caught.value.remedy)
        assert "interlingua import" in str(caught.value.remedy)
    assert dump(path) == before
    assert index_state(tmp_path / "b") is None


def test_it_is_verified_repaired_and_deleted_from_like_any_index(
    tmp_path: Path, vectors: Path
) -> None:
    """No encoder is needed for it."""
    path = tmp_path / "i"
    import_vectors(vectors, records(40), path)
    before = dump(path)
    flip_bit(faiss_files(path)[0], 120)
    assert "SHA-256" in verify(path)[0].what
    assert len(repair(path).files_written) == 1
    assert verify(path) == []
    shutil.rmtree(path / "vectors")
    repair(path)
    assert dump(path) == before
    with IndexWriter.open(path) as writer:
        assert writer.delete(["d3", "none"]) == ["none"]
    assert set(dump(path)) == set(before) - {"d3"}


def test_query_vectors_must_fit(tmp_path: Path) -> None:
    """Both dimensions and both counts are named."""
    asked = list(read_queries(write(tmp_path / "q.jsonl", [{"text": "a"}, {"text": "b"}])))
    file = save(tmp_path / "q.npy", drawn(3))
    with pytest.raises(InputError, match="3 vectors for 2 queries") as caught:
        read_query_vectors(file, asked, DIM)
    assert caught.value.remedy
    with pytest.raises(InputError, match="6 dimensions, those of the index 7") as caught:
        read_query_vectors(file, asked, 7)
    assert caught.value.remedy
    assert read_query_vectors(save(file, drawn(2)), asked, DIM).shape == (2, DIM)
