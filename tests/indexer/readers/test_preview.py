"""What a dry run finds."""

import json
from pathlib import Path

from indexer.corpus import read_corpus
from indexer.readers.preview import Preview, preview
from indexer.rejects import Rejects


def look(path: Path, rows: list[object], **options: object) -> tuple[Preview, Rejects]:
    """Preview JSON Lines; a string is a line as it is."""
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text("".join(line + "\n" for line in lines))
    rejects = Rejects(10**9)
    found = preview(read_corpus([str(path)], rejects=rejects), rejects, **options)  # type: ignore[arg-type]
    return found, rejects


def test_records_languages_and_refusals_are_counted(tmp_path: Path) -> None:
    """The first records are kept, the most frequent language comes first."""
    rows: list[object] = [{"text": f"t{i}", "lang": "de" if i % 3 else "fr"} for i in range(30)]
    found, rejects = look(tmp_path / "c", ["{", *rows, {"text": ""}, {"text": "das Haus im Wald"}])

    assert [record.document.text for record in found.first] == ["t0", "t1", "t2", "t3", "t4"]
    assert (found.records, found.detected, found.repeated, found.stopped) == (31, 1, 0, None)
    assert (found.languages["de"], found.languages["fr"]) in {(21, 10), (20, 10)}
    assert sum(found.languages.values()) == 31
    assert {(tally.count, *tally.places) for tally in rejects.reasons.values()} == {
        (1, f"{tmp_path}/c:1"),
        (1, f"{tmp_path}/c:32"),
    }


def test_ids_that_come_twice_would_be_refused(tmp_path: Path) -> None:
    """Unless the same text without an id says itself again, or duplicates are wanted."""
    rows: list[object] = [
        {"id": "1", "text": "a", "lang": "en"},
        {"id": "1", "text": "b", "lang": "en"},
        {"id": "2", "text": "c", "lang": "en"},
        {"text": "d", "lang": "en"},
        {"text": "d", "lang": "en"},
    ]
    found, rejects = look(tmp_path / "c", rows)
    assert (found.records, found.repeated, rejects.count) == (3, 1, 1)
    assert rejects.reasons["duplicate id"].places == [f"{tmp_path}/c:2"]

    found, rejects = look(tmp_path / "c", rows, refuse_repeated=False)
    assert (found.records, found.repeated, rejects.count) == (3, 2, 0)

    found, rejects = look(tmp_path / "c", rows, exists={"2"}.__contains__)
    assert (found.records, found.repeated, rejects.count) == (2, 1, 2)


def test_what_ends_the_reading_is_told_beside_what_was_found(tmp_path: Path) -> None:
    """As the build would end, after its first batches."""
    path = tmp_path / "c.csv"
    path.write_text("text,lang\na,en\n")
    (tmp_path / "d.csv").write_text("sentence\nb\n")
    rejects = Rejects(9)
    found = preview(read_corpus([str(path), str(tmp_path / "d.csv")], rejects=rejects), rejects)

    assert (found.records, found.languages) == (1, {"en": 1})
    assert "no column 'text'" in str(found.stopped)


def test_reasons_that_quote_the_data_do_not_fill_the_memory(tmp_path: Path) -> None:
    """After fifty different ones they are counted together."""
    _, rejects = look(tmp_path / "c", [{"text": "a", "lang": f"q{i}"} for i in range(100, 300)])

    assert rejects.count == 200
    assert len(rejects.reasons) == 51
    assert rejects.reasons["other reasons"].count == 150
