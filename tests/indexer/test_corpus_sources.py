"""Sources that are missing, damaged, hostile or large."""

import gzip
import io
import json
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from indexer import packed
from indexer.corpus import read_corpus
from indexer.errors import InputError, UsageError
from indexer.rejects import Rejects

GOOD = b'{"text": "good", "lang": "en"}\n'
MIB = 1 << 20


def write(path: Path, *records: Mapping[str, object]) -> str:
    """Write JSON Lines and return the path."""
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), "utf-8")
    return str(path)


def test_several_sources_are_read_in_order(tmp_path: Path) -> None:
    """Files come as named, a pattern's files sorted, and a lone string is one file."""
    for name in ("b", "a", "c"):
        write(tmp_path / f"{name}.jsonl", {"text": name, "lang": "en"})
    sources = [str(tmp_path / "c.jsonl"), str(tmp_path / "[ab].jsonl")]
    lone: list[str] = str(tmp_path / "b.jsonl")  # type: ignore[assignment]

    assert [r.document.text for r in read_corpus(sources)] == ["c", "a", "b"]
    assert [r.document.text for r in read_corpus(lone)] == ["b"]


def test_a_file_named_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    """A name with brackets is a pattern only when there is no such file."""
    name = write(tmp_path / "part[1].jsonl", {"text": "here", "lang": "en"})

    assert [r.document.text for r in read_corpus([name])] == ["here"]


def test_gzip_is_told_by_its_content(tmp_path: Path) -> None:
    """Compressed and plain files are read alike, whatever they are called."""
    line = b'{"text": "a", "lang": "en"}\n'
    (tmp_path / "packed.jsonl").write_bytes(gzip.compress(line) + gzip.compress(line))
    (tmp_path / "plain.gz").write_bytes(line)
    read = list(read_corpus([str(tmp_path / "packed.jsonl"), str(tmp_path / "plain.gz")]))

    assert [r.place for r in read] == [
        f"{tmp_path}/packed.jsonl:1",
        f"{tmp_path}/packed.jsonl:2",
        f"{tmp_path}/plain.gz:1",
    ]


@pytest.mark.parametrize("packed", [False, True])
def test_standard_input_is_a_source(packed: bool) -> None:
    """A dash reads a pipe, gzipped or not."""
    line = '{"text": "ñandú", "lang": "es"}\n'.encode()
    program = (
        "from indexer.corpus import read_corpus\n"
        "print([(ascii(r.document.text), r.place) for r in read_corpus(['-'])])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=gzip.compress(line) if packed else line,
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )

    assert done.stdout.decode().strip() == str([(ascii("ñandú"), "stdin:1")])


def test_a_replaced_standard_input_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream put in place of standard input is read and left open."""
    stream = io.TextIOWrapper(io.BytesIO(b'{"text": "a", "lang": "en"}\n'))
    monkeypatch.setattr(sys, "stdin", stream)

    assert [r.document.text for r in read_corpus(["-"])] == ["a"]
    assert not stream.buffer.closed


def test_a_corpus_needs_a_source() -> None:
    """No source at all is a wrong call, not a wrong corpus."""
    with pytest.raises(UsageError, match="no corpus is named"):
        read_corpus([])


def _cut_gzip(path: Path) -> None:
    dice = random.Random(1)
    lines = [b'{"text": "' + dice.randbytes(32).hex().encode() + b'"}\n' for _ in range(999)]
    path.write_bytes(gzip.compress(b"".join(lines))[:20_000])


def _flipped_gzip(path: Path) -> None:
    packed = bytearray(gzip.compress(GOOD * 99))
    packed[-6] ^= 1
    path.write_bytes(packed)


def _garbage_gzip(path: Path) -> None:
    path.write_bytes(b"\x1f\x8b\x08" + b"\0" * 99 + random.Random(1).randbytes(999))


def _bomb(path: Path) -> None:
    path.write_bytes(gzip.compress(b"\n" * (64 * MIB)))


def _bomb_of_one_line(path: Path) -> None:
    path.write_bytes(gzip.compress(GOOD + b"a" * (64 * MIB)))


SOURCES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (str, "no such file"),
    "directory": (Path.mkdir, "is a directory, not a file"),
    "empty": (Path.touch, "is empty"),
    "blank": (lambda path: path.write_bytes(b"\n \r\n\n"), "holds no record"),
    "byte order mark alone": (lambda path: path.write_bytes(b"\xef\xbb\xbf"), "holds no record"),
    "link to nowhere": (lambda path: path.symlink_to("nowhere"), "no such file"),
    "link to itself": (lambda path: path.symlink_to(path), "cannot be read"),
    "UTF-16": (lambda path: path.write_text("{}", "utf-16"), "is UTF-16, not UTF-8"),
    "UTF-16 big": (lambda path: path.write_bytes(b"\xfe\xff\0{"), "is UTF-16, not UTF-8"),
    "cut gzip": (_cut_gzip, "damaged gzip"),
    "flipped gzip": (_flipped_gzip, "damaged gzip"),
    "garbage gzip": (_garbage_gzip, "damaged gzip"),
    "empty gzip": (lambda path: path.write_bytes(gzip.compress(b"")), "holds no record"),
    "gzip bomb": (_bomb, "gzip swells beyond 100 to 1"),
    "gzip bomb of one line": (_bomb_of_one_line, "gzip swells beyond 100 to 1"),
    "SQLite": (lambda path: path.write_bytes(b"SQLite format 3\0\n" * 9), "NUL"),
    "Parquet": (lambda path: path.write_bytes(b"PAR1\x15\x04\x15\xff\n" * 9), "not UTF-8"),
}


@pytest.mark.parametrize(("make", "reason"), SOURCES.values(), ids=list(SOURCES))
def test_a_bad_source_is_refused_by_name(
    tmp_path: Path, make: Callable[[Path], object], reason: str
) -> None:
    """What is no corpus at all is one line with its name, the fault and a remedy."""
    path = tmp_path / "corpus.jsonl"
    make(path)
    with Rejects(1) as rejects, pytest.raises(InputError) as caught:
        list(read_corpus([str(path)], rejects=rejects))

    assert caught.value.message.startswith(f"{path}:")
    assert reason in caught.value.message
    assert str(caught.value).isprintable()
    assert caught.value.remedy


@pytest.mark.parametrize("name", ["a\nb", "a\0b", "\udcff", "a\x1b[2J*", "x" * 5000, ""], ids=ascii)
def test_a_nasty_name_is_shown_harmless(name: str) -> None:
    """A name that is no path, or would forge output, is escaped in the message."""
    with pytest.raises(InputError) as caught:
        read_corpus([name])

    assert str(caught.value).isprintable()


def test_sources_are_checked_before_the_first_is_read(tmp_path: Path) -> None:
    """A file that is missing is known at once, not after hours with the first."""
    path = tmp_path / "corpus.jsonl"
    path.write_bytes(GOOD)

    with pytest.raises(InputError, match="no such file"):
        read_corpus([str(path), str(tmp_path / "missing.jsonl")])
    with pytest.raises(InputError, match="no file matches"):
        read_corpus([str(path), str(tmp_path / "*.json")])


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the system while reading becomes ours, with the reason."""
    (tmp_path / "corpus.jsonl").write_bytes(GOOD)

    def refuse(name: str) -> None:
        raise PermissionError(13, "Permission denied", name)

    monkeypatch.setattr(io, "FileIO", refuse)
    with pytest.raises(InputError, match=r"corpus\.jsonl: cannot be read: Permission denied"):
        list(read_corpus([str(tmp_path / "corpus.jsonl")]))


def test_gzip_is_limited_in_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that unpacks beyond the limit is refused although its ratio is harmless."""
    monkeypatch.setattr(packed, "LIMIT", 1000)
    path = tmp_path / "corpus.jsonl"
    path.write_bytes(gzip.compress(GOOD * 20))
    assert len(list(read_corpus([str(path)]))) == 20
    path.write_bytes(gzip.compress(GOOD * 40))

    with pytest.raises(InputError, match="gzip swells beyond"):
        list(read_corpus([str(path)]))


MEASURE = """
import sys
from pathlib import Path
from indexer.corpus import read_corpus
from indexer.rejects import Rejects
def peak():  # ru_maxrss would tell the parent's peak as well
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])
before = peak()
read = sum(1 for _ in read_corpus([sys.argv[1]], rejects=Rejects(9)))
print(read, peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory needs /proc")
@pytest.mark.parametrize("shape", ["one line", "many lines"])
def test_memory_does_not_grow_with_the_corpus(tmp_path: Path, shape: str) -> None:
    """200 MB in one line, or in a hundred thousand, take less than 40 MB."""
    path = tmp_path / "corpus.jsonl"
    if shape == "one line":
        with path.open("wb") as file:
            file.write(GOOD + b'{"text": "')
            file.writelines(b"a" * MIB for _ in range(200))
            file.write(b'"}\n' + GOOD)
    else:
        line = b'{"text": "' + b"a" * 1970 + b'", "lang": "en"}\n'
        path.write_bytes(line * 100_000)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    read, grown = map(int, done.stdout.split())

    assert read == (2 if shape == "one line" else 100_000)
    assert grown < 40 * 1024
