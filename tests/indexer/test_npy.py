"""Vectors in an npy file: what is read, what is refused, and that nothing in it is run."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer import imported
from indexer.corpus import read_queries
from indexer.errors import (
    InputError,
)
from indexer.imported import import_vectors, read_query_vectors
from indexer.index import index_state
from indexer.intake import BATCH
from indexer.vectorfiles import MAX_DIM, open_vectors
from tests.indexer.elsewhere import DIM, drawn, query, records, save, unit, write
from tests.indexer.reference import dump


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
    units, _ = open_vectors(path).units(0, len(rows), str)
    assert units.dtype == np.float32
    for made, row in zip(units, rows, strict=True):
        largest = max(abs(x) for x in row)
        assert np.linalg.norm(made.astype(np.float64)) == pytest.approx(1, abs=1e-6)
        np.testing.assert_allclose(made, unit([x / largest for x in row]), rtol=1e-6, atol=1e-37)


@pytest.mark.parametrize("exponent", [-900, -300, 300, 900])
def test_the_length_of_a_row_changes_no_bit(tmp_path: Path, exponent: int) -> None:
    """Rows times a power of two: the same unit vectors, on the quick way and on the careful one."""
    rows = drawn(1000, 17)
    plain = open_vectors(save(tmp_path / "a.npy", rows)).units(3, 1000, str)
    moved = open_vectors(save(tmp_path / "b.npy", np.ldexp(rows, exponent))).units(3, 1000, str)

    assert moved.vectors.tobytes() == plain.vectors.tobytes()
    assert moved.rescaled == 997


def test_a_unit_row_is_kept_bit_by_bit(tmp_path: Path) -> None:
    """What was rounded to float32 once is not rounded again; a row farther off is divided."""
    rows = drawn(300, 384).astype(np.float32)
    units = rows / np.sqrt((rows * rows).sum(axis=1, keepdims=True))  # as most encoders do it
    made = open_vectors(save(tmp_path / "a.npy", units)).units(0, 300, str)
    assert made.rescaled == 0
    np.testing.assert_array_equal(made.vectors, units)
    lengths = np.linalg.norm(units.astype(np.float64), axis=1, keepdims=True)
    assert (units != (units / lengths).astype(np.float32)).any()  # or nothing was shown
    off = save(tmp_path / "b.npy", units * np.float32(1.00001))
    made = open_vectors(off).units(0, 300, str)
    assert made.rescaled == 0
    np.testing.assert_allclose(np.linalg.norm(made.vectors.astype(float), axis=1), 1, atol=2e-7)


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
        file = open_vectors(path)
    except InputError as error:
        assert error.remedy  # noqa: PT017 - what else is raised is the failure
    else:
        assert file.rows * file.dim * np.dtype(file.dtype).itemsize == 40 * DIM * 8


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    """A file that cannot be mapped."""
    os.mkfifo(tmp_path / "v.npy")
    with pytest.raises(InputError, match="not a plain file"):
        open_vectors(tmp_path / "v.npy")


@pytest.mark.parametrize(
    ("value", "said"), [(np.nan, "NaN"), (np.inf, "NaN or infinity"), (-np.inf, "NaN"), (0, "zero")]
)
@pytest.mark.parametrize("row", [0, BATCH + 3])
def test_a_row_that_is_no_direction_is_named(
    tmp_path: Path, value: float, said: str, row: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row and its record; batches before it stay, and the mended file goes on from there."""
    monkeypatch.setattr(imported, "BATCH", BATCH)
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
