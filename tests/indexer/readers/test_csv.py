"""CSV and TSV: what is read, what is refused, and where."""

import gzip
import json
import random
from pathlib import Path

import pytest

from indexer.corpus import read_corpus
from indexer.errors import InputError
from indexer.rejects import Rejects
from tests.indexer.readers.conftest import Reading

HEADER = b"id,text,lang\n"


def write(path: Path, content: bytes) -> Path:
    """Write a table."""
    path.write_bytes(content)
    return path


def test_rows_are_records_with_the_line_they_begin_on(tmp_path: Path) -> None:
    """A quoted line break is text, blank lines are passed over, CRLF ends a row."""
    content = b'\xef\xbb\xbfid,text,lang\r\n1,"a\r\nb, ""c""",en\r\n\r\n2,d,de\r\n'
    read = Reading(write(tmp_path / "c.csv", content))

    assert read.texts == ['a\r\nb, "c"', "d"]
    assert read.places == ["c.csv:2", "c.csv:5"]
    assert read.notes == [f"reading {tmp_path}/c.csv as csv"]


ROWS: dict[str, tuple[bytes, str]] = {
    "too few cells": (b"1,a\n", "2 cells, the header has 3"),
    "too many cells": (b"1,a,en,\n", "4 cells, the header has 3"),
    "NUL": (b"1,a\0b,en\n", "holds a NUL byte"),
    "Latin-1": (b"1,caf\xe9,en\n", "not UTF-8 at byte 6 (0xe9)"),
    "text behind a quote": (b'1,"a"b,en\n', "not well quoted: ',' expected after '\"'"),
    "a lone carriage return": (b"1,a\rb,en\n", "not well quoted: a lone carriage return"),
    "no text": (b"1,,en\n", "field 'text' is empty"),
    "unknown language": (b"1,a,xx\n", "unknown language tag 'xx'"),
    "a cell of 2 MiB": (b"1," + b"a" * (2 << 20) + b",en\n", "field 'text' is 2097152 bytes"),
    "a row of 5 MiB": (b"1," + b"a" * (5 << 20) + b",en\n", "a line longer than 4 MiB"),
}


@pytest.mark.parametrize(("row", "reason"), ROWS.values(), ids=list(ROWS))
def test_a_bad_row_is_refused_where_it_stands(tmp_path: Path, row: bytes, reason: str) -> None:
    """The rows around it are read."""
    path = write(tmp_path / "c.csv", HEADER + b"0,x,en\n" + row + b"2,y,en\n")
    read = Reading(path)

    assert read.texts == ["x", "y"]
    assert list(read.refused) == ["c.csv:3"]
    assert read.refused["c.csv:3"].startswith(reason)
    assert all(reason.isprintable() for reason in read.refused.values())


def test_an_open_quote_says_how_many_lines_it_took(tmp_path: Path) -> None:
    """What a bad quote swallowed is named, not lost silently."""
    path = write(tmp_path / "c.csv", HEADER + b'1,"a,en\n2,b,en\n3,"c",en\n4,d,en\n')
    read = Reading(path)

    assert read.texts == ["d"]
    assert read.refused == {"c.csv:2": "not well quoted: ',' expected after '\"', lines 2 to 4"}


def test_a_quote_that_is_never_closed_is_refused(tmp_path: Path) -> None:
    """At the end of the file, or after 4 MiB."""
    short = Reading(write(tmp_path / "c.csv", HEADER + b'1,"a,en\n2,b,en\n'))
    rows = b"".join(b"%d,%s,en\n" % (i, b"a" * 90) for i in range(90_000))
    long = Reading(write(tmp_path / "d.csv", HEADER + b'1,"a,en\n' + rows))

    assert short.refused == {"c.csv:2": "not well quoted: unexpected end of data, lines 2 to 3"}
    assert long.refused["d.csv:2"].startswith("a row longer than 4 MiB, lines 2 to ")
    assert long.rejects.count == 1
    assert len(long.texts) > 40_000


HEADERS: dict[str, tuple[bytes, str]] = {
    "no text column": (
        b"id,sentence,lang\n1,a,en\n",
        ":1: no column 'text'; the columns are 'id', 'sentence', 'lang'",
    ),
    "a column twice": (b"id,text,text\n1,a,b\n", ":1: column 'text' comes twice"),
    "semicolons": (b"id;text\n1;a\n", ":1: its columns are separated by semicolons"),
    "tabs": (b"id\ttext\n1\ta\n", ":1: its columns are separated by tabs"),
    "an open quote": (b'id,"text\n1,a\n', ":1: not well quoted"),
    "header alone": (b"id,text\n", ": holds no record"),
    "blank": (b"\n\r\n", ": holds no record"),
    "UTF-16": ("id,text\n1,a\n".encode("utf-16"), ": is UTF-16, not UTF-8"),
    "nothing": (b"", ": is empty"),
}


@pytest.mark.parametrize(("content", "reason"), HEADERS.values(), ids=list(HEADERS))
def test_a_bad_header_ends_the_run(tmp_path: Path, content: bytes, reason: str) -> None:
    """It is wrong for every row, so nothing is tolerated."""
    path = write(tmp_path / "c.csv", content)
    with pytest.raises(InputError) as caught:
        Reading(path)

    assert caught.value.message.startswith(f"{path}{reason}")
    assert caught.value.remedy
    assert str(caught.value).isprintable()


def test_a_blank_cell_is_no_id_but_empty_metadata(tmp_path: Path) -> None:
    """CSV cannot tell null from nothing."""
    (document,) = Reading(write(tmp_path / "c.csv", b"id,text,lang,x\n,a,en,\n")).documents

    assert len(document.id) == 32
    assert document.metadata == {"x": ""}


def test_refused_rows_are_kept_as_they_were(tmp_path: Path) -> None:
    """What --max-rejects writes down is the row, quotes and all."""
    path = write(tmp_path / "c.csv", HEADER + b'1,"a\nb"\r\n1,"",en\n')
    with Rejects(9, tmp_path / "rejects.jsonl") as rejects:
        assert list(read_corpus([str(path)], rejects=rejects)) == []
    kept = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]

    assert [line["record"] for line in kept] == ['1,"a\nb"', '1,"",en']


def test_damaged_gzip_ends_the_run_in_the_middle_of_a_table(tmp_path: Path) -> None:
    """What is wrong with the file is not taken for one bad row."""
    rows = b"".join(
        b"%d,%s,en\n" % (i, random.Random(i).randbytes(40).hex().encode()) for i in range(9999)
    )
    path = write(tmp_path / "c.csv.gz", gzip.compress(HEADER + rows)[:200_000])

    with pytest.raises(InputError, match="damaged gzip"):
        Reading(path)
