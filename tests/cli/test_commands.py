"""Every command once, on real files, with the exit codes and JSON that scripts rely on."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cli.main import app
from indexer.index import IndexReader, index_state
from tests.cli.conftest import CORPUS, Ran, Run, write_jsonl

HEAVY = (
    "torch",
    "transformers",
    "faiss",
    "pyarrow",
    "tokenizers",
    "sqlite_utils",
    "scipy",
    "sklearn",
    "plotly",
)
REPORT = {
    "k", "same_language", "same_meaning", "language_only", "meaning_only", "both", "neither",
    "expected_same_language", "excess", "p_value", "relevant_total",
}  # fmt: skip


def test_build_says_what_it_did(tmp_path: Path, corpus: Path, run: Run) -> None:
    """A build reports the documents, their languages and where the labels came from."""
    path = tmp_path / "index"
    ran = run("build", corpus, "--index", path, "--encoder", "hashing", "--json")
    assert ran.code == 0
    report = ran.json()
    assert report["schema"] == "interlingua.build/1"
    assert (report["documents"], report["added"], report["rejected"]) == (8, 8, 0)
    assert report["languages"] == {"en": 3, "he": 2, "de": 2, "zh": 1}
    assert "8" in ran.err  # progress, as plain lines, since stderr is no terminal


def test_quiet_build_says_nothing_on_stderr(tmp_path: Path, corpus: Path, run: Run) -> None:
    """--quiet leaves stderr empty."""
    ran = run("build", corpus, "--index", tmp_path / "i", "--encoder", "hashing", "-q")
    assert (ran.code, ran.err) == (0, "")


def test_build_on_a_finished_index_names_add(index: Path, corpus: Path, run: Run) -> None:
    """A finished index is not built again: exit 2, and the remedy."""
    ran = run("build", corpus, "--index", index, "--encoder", "hashing")
    assert ran.code == 2
    assert "interlingua add" in ran.err


def test_search_json_has_the_fields_of_the_contract(index: Path, run: Run) -> None:
    """The document of one answer, field by field."""
    ran = run("search", "A cat leapt off the roof.", "--index", index, "-k", "3", "--json")
    answer = ran.json()
    assert answer["schema"] == "interlingua.search/1"
    query, hits, report = answer["query"], answer["hits"], answer["language_report"]
    assert isinstance(query, dict)
    assert isinstance(hits, list)
    assert isinstance(report, dict)
    assert query["lang"] == "en"
    assert query["lang_source"] == "detected"
    assert [hit["rank"] for hit in hits] == [1, 2, 3]
    assert set(hits[0]) >= {
        "rank", "id", "score", "lang", "group", "text", "metadata", "same_language", "same_meaning",
    }  # fmt: skip
    assert set(report) >= REPORT
    # The nearest is the sentence itself: a hit, and out of the bias measures.
    assert (hits[0]["id"], hits[0]["duplicate"]) == ("en1", True)
    assert (report["k"], report["duplicates"]) == (3, 1)
    # The text tells the group: en1, he1, de1 and zh1 mean the same.
    assert report["relevant_total"] == 4


def test_search_by_id_leaves_the_document_out(index: Path, run: Run) -> None:
    """The query named by its id is no neighbour of itself."""
    ran = run("search", "--id", "en1", "--index", index, "-k", "7", "--json")
    hits = ran.json()["hits"]
    assert isinstance(hits, list)
    assert sorted(hit["id"] for hit in hits) == sorted({c["id"] for c in CORPUS} - {"en1"})
    assert ran.json()["language_report"]["duplicates"] == 0  # type: ignore[index]


@pytest.mark.parametrize("languages", ["he", "he,de", "iw,DE"])
def test_search_in_languages_returns_exactly_k(languages: str, index: Path, run: Run) -> None:
    """--in restricts the neighbours and still gives k of them, in any spelling of the tags."""
    ran = run("search", "cat", "--index", index, "--in", languages, "-k", "2", "--json")
    hits = ran.json()["hits"]
    assert isinstance(hits, list)
    assert len(hits) == 2
    assert {hit["lang"] for hit in hits} <= {"he", "de"}


def test_search_where(index: Path, run: Run) -> None:
    """--where restricts by metadata."""
    ran = run("search", "cat", "--index", index, "--where", "topic=food", "--json")
    hits = ran.json()["hits"]
    assert isinstance(hits, list)
    assert {hit["id"] for hit in hits} == {"en2", "he2", "de2"}


def test_search_where_with_operators(index: Path, run: Run) -> None:
    """Several conditions, one of them on the same field, in any spacing."""
    options = ("--where", "topic ^= a", "--where", "topic>all", "--where", "topic!=food")
    ran = run("search", "cat", "--index", index, *options, "-k", "9", "--json")
    hits = ran.json()["hits"]
    assert isinstance(hits, list)
    assert {hit["id"] for hit in hits} == {"en1", "en3", "he1", "de1", "zh1"}


def test_search_queries_gives_one_document_a_line(tmp_path: Path, index: Path, run: Run) -> None:
    """--queries with --json prints JSON lines; judgements decide the meaning."""
    queries = tmp_path / "queries.jsonl"
    queries.write_text(
        '{"id": "q1", "text": "cat", "lang": "en", "relevant": ["he1", "de1"]}\n'
        '{"id": "q2", "text": "Katze", "lang": "de"}\n',
        encoding="utf-8",
    )
    ran = run("search", "--queries", queries, "--index", index, "-k", "8", "--json")
    first, second = (json.loads(line) for line in ran.out.splitlines())
    assert first["query"]["id"] == "q1"
    assert {h["id"] for h in first["hits"] if h["same_meaning"]} == {"he1", "de1"}
    assert first["language_report"]["relevant_total"] == 2
    assert second["language_report"]["same_meaning"] is None


def test_queries_come_in_any_format_of_a_corpus(tmp_path: Path, index: Path, run: Run) -> None:
    """The same answers, judgements too where the format has lists."""
    records = [
        {"id": "q1", "text": "cat", "lang": "en", "relevant": ["he1", "de1"]},
        {"id": "q2", "text": "Katze", "lang": "de", "relevant": []},
    ]
    plain = tmp_path / "q.jsonl"
    plain.write_text("".join(json.dumps(record) + "\n" for record in records))
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "q.parquet")
    (tmp_path / "q.csv").write_text("id,text,lang\nq1,cat,en\nq2,Katze,de\n")
    said = {
        kind: run("search", "--queries", tmp_path / f"q.{kind}", "--index", index, "--json").out
        for kind in ("jsonl", "parquet", "csv")
    }
    assert said["parquet"] == said["jsonl"]
    hits = {
        kind: [[h["id"] for h in json.loads(line)["hits"]] for line in out.splitlines()]
        for kind, out in said.items()
    }
    assert hits["csv"] == hits["jsonl"]
    assert len(hits["csv"]) == 2


def test_search_on_a_terminal_shows_every_script_and_a_sentence(index: Path, run: Run) -> None:
    """The table keeps right-to-left text letter by letter; words say what was found."""
    ran = run("search", "--id", "en1", "--index", index, "-k", "6", "--in", "en,he,zh,de")
    assert "חתול קפץ מהגג." in ran.out
    assert "neighbours" in ran.out
    assert "chance would put" in ran.out


def test_add_replaces_and_leaves_unchanged_documents_alone(
    tmp_path: Path, index: Path, run: Run
) -> None:
    """--on-duplicate replace counts what changed and what did not."""
    changed = [{**CORPUS[0], "text": "A cat jumped off the roof."}, CORPUS[1]]
    write_jsonl(tmp_path / "more.jsonl", changed)
    more = tmp_path / "more.jsonl"
    ran = run("add", more, "--index", index, "--on-duplicate", "replace", "--json", "-q")
    report = ran.json()
    assert (report["documents"], report["replaced"], report["unchanged"]) == (8, 1, 1)
    found = run("search", "A cat jumped off the roof.", "--index", index, "--json").json()["hits"]
    assert isinstance(found, list)
    assert found[0]["text"] == "A cat jumped off the roof."


def test_add_refuses_a_duplicate_with_its_place(tmp_path: Path, index: Path, run: Run) -> None:
    """Without a policy a duplicate id ends the run: exit 3, file:line, remedy; nothing changes."""
    write_jsonl(tmp_path / "more.jsonl", [CORPUS[0]])
    ran = run("add", tmp_path / "more.jsonl", "--index", index, "-q")
    assert ran.code == 3
    assert "more.jsonl:1: duplicate id 'en1'" in ran.err
    assert "--on-duplicate" in ran.err
    assert run("info", "--index", index, "--json").json()["documents"] == 8


def test_delete_where_and_in(index: Path, run: Run) -> None:
    """What conditions and languages let pass is counted, then removed, and nothing else."""
    options = ("--where", "topic=food", "--in", "he,de", "--index", index)
    dry = run("delete", *options, "--dry-run", "--json").json()
    assert (dry["deleted"], dry["languages"], dry["dry_run"]) == (2, {"de": 1, "he": 1}, True)
    assert run("info", "--index", index, "--json").json()["documents"] == len(CORPUS)
    assert run("delete", *options).out == f"deleted 2 documents from {index} (de 1, he 1)\n"
    left = run("search", "x", "--index", index, "-k", "9", "--json").json()["hits"]
    assert isinstance(left, list)
    assert {h["id"] for h in left} == {c["id"] for c in CORPUS} - {"he2", "de2"}
    assert run("delete", *options, "--json").json()["deleted"] == 0
    assert run("delete", "en1", *options).code == 2
    assert run("delete", "en1", "x", "--dry-run", "--index", index, "--json").json() == {
        "schema": "interlingua.delete/1", "dry_run": True, "deleted": 1, "missing": ["x"]
    }  # fmt: skip


def test_delete_removes_from_answers_and_reports_what_was_missing(
    tmp_path: Path, index: Path, run: Run
) -> None:
    """Deleted documents are in no answer; ids that were not there are named."""
    ids = tmp_path / "ids"
    ids.write_text("he1\nnobody\n")
    ran = run("delete", "en1", "--ids-from", ids, "--index", index, "--json")
    assert ran.json()["deleted"] == 2
    assert ran.json()["missing"] == ["nobody"]
    hits = run("search", "cat", "--index", index, "--json").json()["hits"]
    assert isinstance(hits, list)
    assert {"en1", "he1"}.isdisjoint(hit["id"] for hit in hits)
    assert len(hits) == 6


def test_info_json_has_the_fields_of_the_contract(index: Path, run: Run) -> None:
    """`info` describes the index without loading an encoder."""
    info = run("info", "--index", index, "--json").json()
    assert info["schema"] == "interlingua.info/1"
    assert set(info) >= {
        "documents", "deleted", "languages", "groups", "encoder", "fingerprint", "dim", "index",
        "transform", "path", "format",
    }  # fmt: skip
    assert set(info["index"]) >= {"kind", "files", "bytes", "tail"}  # type: ignore[call-overload]
    assert (info["documents"], info["groups"], info["encoder"]) == (8, 3, "hashing:64")


def test_why_an_index_is_searched_so_is_said(tmp_path: Path, corpus: Path, run: Run) -> None:
    """By `build` and by `info`, for the small and exact, too; never the reason of another kind."""
    why = "Flat: all vectors are looked at, since 8 documents are at most 50,000"
    ran = run("build", corpus, "--index", tmp_path / "i", "--encoder", "hashing")
    assert f"  searched by {why}\n" in ran.out
    assert f"searched by {why}\n" in run("info", "--index", tmp_path / "i").out

    many = [{"id": f"d{i}", "text": f"text {i}", "lang": "en"} for i in range(1200)]
    write_jsonl(tmp_path / "many.jsonl", many)
    path, kind = tmp_path / "ivf", ("--encoder", "hashing", "--index-kind", "ivf", "-q")
    assert run("build", tmp_path / "many.jsonl", "--index", path, *kind).code == 0
    assert "searched by IVF30,Flat: as asked\n" in run("info", "--index", path).out
    assert run("delete", *[f"d{i}" for i in range(600)], "--index", path).code == 0
    said = run("info", "--index", path).out
    assert "searched by IVF30,Flat\n" in said
    few = "600 documents are too few for ivf"
    assert f"reindex     would make it flat: all vectors are looked at, since {few}\n" in said


def test_verify_names_the_damage_and_repair_mends_it(index: Path, run: Run) -> None:
    """A cut-off FAISS file: verify exits 8 and names it, repair makes it whole again."""
    assert run("verify", "--index", index).code == 0
    before = run("search", "cat", "--index", index, "--json").out
    (file,) = index.rglob("*.faiss")
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-7])
    damaged = run("verify", "--index", index, "--json")
    assert damaged.code == 8
    assert file.name in damaged.out
    searched = run("search", "cat", "--index", index)
    assert searched.code == 8
    assert "interlingua repair" in searched.err
    file.write_bytes(file.read_bytes() + bytes(7))  # as long as it was: a quick look sees nothing
    quick = run("verify", "--quick", "--index", index)
    assert (quick.code, "whole" in quick.out) == (0, False)
    assert "nothing wrong at a quick look" in quick.out
    assert run("repair", "--index", index).code == 0
    assert run("verify", "--index", index).code == 0
    assert run("search", "cat", "--index", index, "--json").out == before


def test_another_encoder_is_refused_and_the_difference_said(
    index: Path, corpus: Path, run: Run
) -> None:
    """Search and add with another encoder end in exit 7 and say what differs."""
    for command in (("search", "cat"), ("add", corpus)):
        ran = run(*command, "--index", index, "--encoder", "hashing:128")
        assert ran.code == 7
        assert "dim" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("search", "cat", "--index", "nowhere"), 2, "interlingua build"),
        (("search", "--index", "nowhere"), 2, "interlingua build"),
        (("search", "cat", "--index", "nowhere", "--where", "topic"), 2, "KEY=VALUE"),
        (("search", "cat", "--index", "nowhere", "--in", "xx-bogus-tag"), 3, "BCP-47"),
        (("search", "cat", "--index", "nowhere", "-k", "0"), 2, "greater than or equal to 1"),
        (("delete", "--index", "nowhere"), 2, "no id"),
        (("info", "--index", "nowhere"), 2, "interlingua build"),
        (("verify", "--index", "nowhere"), 2, "interlingua build"),
        (("repair", "--index", "nowhere"), 2, "interlingua build"),
        (("build", "nowhere.jsonl", "--index", "i"), 3, "nowhere.jsonl"),
        (("build", ".", "--index", "i"), 3, "directory"),
        (("build", "--index", "i"), 2, "CORPUS"),
        (("convert", "tatoeba", "nowhere", "--output", "o"), 3, "nowhere"),
        (("frobnicate",), 2, "frobnicate"),
    ],
)
def test_a_mistake_ends_in_one_clear_message(
    arguments: tuple[str, ...],
    code: int,
    said: str,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The exit code of its kind, what is wrong and what to do; never a traceback."""
    monkeypatch.chdir(tmp_path)
    ran = run(*arguments)
    assert ran.code == code, ran.err
    assert said in ran.err
    assert ran.out == ""
    if ran.err.startswith("error: "):  # ours; a mistake in the options is shown by Typer
        assert ran.err.count("\n") == 1
        assert ran.err.endswith(")\n")  # the remedy


@pytest.mark.parametrize("text", ["", "   ", "a\0b", "\udc80"])
def test_a_query_that_is_no_text_is_refused(text: str, index: Path, run: Run) -> None:
    """An empty query, a NUL or bytes that are no UTF-8 are refused before they are encoded."""
    ran = run("search", text, "--index", index)
    assert ran.code == 3


def test_rejects_are_tolerated_up_to_a_number_and_kept(tmp_path: Path, run: Run) -> None:
    """--max-rejects builds with the rest and writes what was refused to rejects.jsonl."""
    bad = tmp_path / "bad.jsonl"
    bad.write_text(
        '{"id": "1", "text": "one", "lang": "en"}\n{"id": "2"}\n{"id": "1", "text": "two"}\n',
        encoding="utf-8",
    )
    refused = run("build", bad, "--index", tmp_path / "a", "--encoder", "hashing", "-q")
    assert refused.code == 3
    assert "bad.jsonl:2: no field 'text'" in refused.err
    path = tmp_path / "b"
    options = ("--encoder", "hashing", "--max-rejects", "2", "--json", "-q")
    ran = run("build", bad, "--index", path, *options)
    assert ran.code == 0, ran.err
    assert (ran.json()["documents"], ran.json()["rejected"]) == (1, 2)
    lines = [json.loads(line) for line in (path / "rejects.jsonl").read_text().splitlines()]
    assert [line["place"].rsplit(":")[-1] for line in lines] == ["2", "3"]
    assert run("verify", "--index", path).code == 0


def test_help_loads_nothing_heavy_and_is_quick() -> None:
    """`interlingua --help` imports neither torch nor FAISS; each module alone costs seconds."""
    code = (
        "import sys; from cli.main import main; code = main(['--help']);"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr); sys.exit(code)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stderr.strip().splitlines()[-1] == "[]"
    assert "build" in ran.stdout


def test_every_command_and_option_has_help() -> None:
    """No command, argument or option without a line that explains it."""
    import typer

    def undocumented(command: object, name: str) -> list[str]:
        missing = [] if getattr(command, "help", None) else [name]
        parameters = getattr(command, "params", [])
        missing += [f"{name} {p.name}" for p in parameters if not getattr(p, "help", None)]
        for child, sub in getattr(command, "commands", {}).items():
            missing += undocumented(sub, f"{name} {child}")
        return missing

    assert undocumented(typer.main.get_command(app), "interlingua") == []


def test_output_may_be_cut_short(index: Path) -> None:
    """A reader that goes away (`| head -1`) causes no traceback."""
    command = f"{sys.executable} -m cli.main search cat --index {index} --json | head -c 1"
    ran = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)  # noqa: S602
    assert "Traceback" not in ran.stderr


def test_interrupted_build_exits_130_and_goes_on(tmp_path: Path) -> None:
    """Ctrl-C leaves what was committed; the same command finishes the build."""
    records = [json.dumps({"id": str(i), "text": f"number {i}", "lang": "en"}) for i in range(3000)]
    path = tmp_path / "index"
    command = [
        # A shell that starts the tests in the background has them ignore interrupts.
        # And an interrupt that meets coverage while it holds its lock would never end.
        "env", "--default-signal=INT", "--unset=COVERAGE_PROCESS_CONFIG",
        sys.executable, "-m", "cli.main", "build", "-", "--index", str(path),
        "--encoder", "hashing", "-q",
    ]  # fmt: skip
    started = subprocess.Popen(command, stdin=-1, stderr=subprocess.PIPE, text=True)
    assert started.stdin is not None
    started.stdin.write("\n".join(records[:2000]) + "\n")
    started.stdin.flush()  # and the rest never comes: the build waits, as long as it takes
    while index_state(path) is None or not _documents(path):
        assert started.poll() is None
        time.sleep(0.05)
    started.send_signal(2)
    _, said = started.communicate(timeout=60)
    assert (started.returncode, "Traceback" in said) == (130, False), said
    assert "run the same command again" in said
    finished = subprocess.run(
        [*command, "--json"], input="\n".join(records), capture_output=True, text=True, check=True
    )
    report = json.loads(finished.stdout)
    assert report["documents"] == 3000
    assert 0 < report["resumed_at"] < 2000
    assert report["added"] == 3000 - report["resumed_at"]


def _documents(path: Path) -> int:
    with IndexReader.open(path) as reader:
        return reader.info().documents


def test_ran_parses_only_json() -> None:
    """The helper of these tests refuses what is no JSON document."""
    with pytest.raises(json.JSONDecodeError):
        Ran(0, "no json", "").json()


def test_formats_page_names_every_field(
    tmp_path: Path, index: Path, corpus: Path, run: Run
) -> None:
    """docs/formats.md names every field of every JSON document."""
    page = (Path(__file__).parents[2] / "docs/formats.md").read_text(encoding="utf-8")
    source = tmp_path / "parallel"
    source.mkdir()
    (source / "a.en").write_text("one\n")
    (source / "a.de").write_text("eins\n")
    documents = [
        run("build", corpus, "--index", tmp_path / "x", "--encoder", "hashing", "--json").json(),
        run("search", "--id", "en1", "--index", index, "--json").json(),
        run("info", "--index", index, "--json").json(),
        run("delete", "none", "--index", index, "--json").json(),
        run("verify", "--index", index, "--json").json(),
        run("repair", "--index", index, "--json").json(),
        run("convert", "parallel", source, "--output", tmp_path / "o", "--json").json(),
    ]
    for document in documents:
        assert str(document["schema"]) in page
        report = document.get("language_report")
        nested = report.keys() if isinstance(report, dict) else set()
        for field in (document.keys() | nested) - {"schema"}:
            assert (
                f"`{field}`" in page
                or f".{field}`" in page
                or f"`{field}." in page
                or f"`{field}[" in page
            ), field
