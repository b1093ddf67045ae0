"""`interlingua import`: an index over vectors made elsewhere, from the command line."""

import gc
import gzip
import io
import json
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cli.import_vectors import uncollected
from tests.cli.conftest import CORPUS, Run, write_jsonl
from tests.indexer.reference import dump


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    """One vector a record of the corpus, not of unit length."""
    path = tmp_path / "v.npy"
    np.save(path, np.random.default_rng(0).standard_normal((len(CORPUS), 5)).astype(np.float16))
    return path


def test_an_import_says_what_it_did(run: Run, corpus: Path, vectors: Path, tmp_path: Path) -> None:
    """Documents, languages, and how many rows were scaled."""
    ran = run("import", vectors, corpus, "--index", tmp_path / "i", "--quiet")
    assert (ran.code, ran.err) == (0, "")
    assert "8 documents" in ran.out
    assert "8 vectors were not of unit length" in ran.out
    assert run("verify", "--index", tmp_path / "i").code == 0
    info = run("info", "--index", tmp_path / "i", "--json").json()
    assert (info["encoder"], info["dim"], info["documents"]) == ("imported", 5, 8)
    assert info["arithmetic"] == "made elsewhere, float16"


def test_an_import_in_json(run: Run, corpus: Path, vectors: Path, tmp_path: Path) -> None:
    """The fields of a build and ``rescaled``."""
    path = tmp_path / "i"
    ran = run("import", vectors, corpus, "--index", path, "--name", "ada", "--quiet", "--json")
    document = ran.json()
    assert document["schema"] == "interlingua.import/1"
    assert document["path"] == str(path)
    assert (document["documents"], document["added"], document["rescaled"]) == (8, 8, 8)
    assert document["languages"] == {"de": 2, "en": 3, "he": 2, "zh": 1}
    assert run("info", "--index", path, "--json").json()["encoder"] == "ada"


def test_progress_goes_to_stderr(run: Run, corpus: Path, vectors: Path, tmp_path: Path) -> None:
    """With the number of records."""
    ran = run("import", vectors, corpus, "--index", tmp_path / "i")
    assert "importing: 8 of 8" in ran.err


def test_several_files_gzipped_or_renamed_fields(run: Run, vectors: Path, tmp_path: Path) -> None:
    """Records are counted over all of them."""
    write_jsonl(tmp_path / "a.jsonl", [{"t": r["text"], "lang": r["lang"]} for r in CORPUS[:3]])
    write_jsonl(tmp_path / "b.jsonl", [{"t": r["text"], "lang": r["lang"]} for r in CORPUS[3:]])
    packed = tmp_path / "b.jsonl.gz"
    packed.write_bytes(gzip.compress((tmp_path / "b.jsonl").read_bytes()))
    corpora = [tmp_path / "a.jsonl", packed]
    ran = run("import", vectors, *corpora, "--index", tmp_path / "i", "--text-field", "t")
    assert ran.code == 0, ran.err
    assert "8 documents" in ran.out


def test_wrong_counts_are_refused_before_anything_is_made(
    run: Run, corpus: Path, tmp_path: Path
) -> None:
    """Exit code 3, both counts, one line."""
    np.save(tmp_path / "v.npy", np.ones((7, 5)))
    ran = run("import", tmp_path / "v.npy", corpus, "--index", tmp_path / "i", "--quiet")
    assert (ran.code, ran.out) == (3, "")
    assert "7 vectors for 8 records" in ran.err
    assert ran.err.count("\n") == 1
    assert not (tmp_path / "i").exists()


def test_a_dry_run_reads_the_vectors_too(
    run: Run, corpus: Path, vectors: Path, tmp_path: Path
) -> None:
    """Their number and every row; nothing is written."""
    path = tmp_path / "i"
    ran = run("import", vectors, corpus, "--index", path, "--dry-run", "-q")
    rows, dim = np.load(vectors).shape
    assert ran.out.endswith(f"{rows} vectors of {dim} dimensions\n")
    assert (ran.code, ran.err) == (0, "")
    np.save(tmp_path / "w.npy", np.ones((7, 5)))
    ran = run("import", tmp_path / "w.npy", corpus, "--index", path, "--dry-run", "-q")
    assert (ran.code, "7 vectors for 8 records" in ran.err) == (3, True)
    bad = np.load(vectors)
    bad[5] = 0
    np.save(tmp_path / "w.npy", bad)
    ran = run("import", tmp_path / "w.npy", corpus, "--index", path, "--dry-run", "-q")
    assert "row 5 (from 0), the vector of record 6, is zero" in ran.err
    assert ran.code == 3
    assert not path.exists()


def test_a_document_asks_by_its_stored_vector(
    run: Run, corpus: Path, vectors: Path, tmp_path: Path
) -> None:
    """Where nothing here encodes like them; the hits are those of its own row, itself left out."""
    path = tmp_path / "i"
    assert run("import", vectors, corpus, "--index", path, "-q").code == 0
    ran = run("search", "--id", "en1", "--index", path, "-k", "3", "--json")
    rows = np.load(vectors).astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    ids = [str(record["id"]) for record in CORPUS]
    scores = rows @ rows[ids.index("en1")]
    nearest = [ids[i] for i in np.argsort(-scores) if ids[i] != "en1"][:3]
    answer = json.loads(ran.out)
    assert [hit["id"] for hit in answer["hits"]] == nearest
    assert answer["query"]["id"] == "en1"
    assert run("search", "--id", "nobody", "--index", path).code == 3
    assert run("search", "--id", "en1", "--index", path, "--mode", "lexical").code == 0


@pytest.mark.parametrize(("rows", "code"), [(8, 0), (7, 3), (9, 3)])
def test_standard_input_is_counted_as_it_comes(
    run: Run,
    corpus: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: int,
    code: int,
) -> None:
    """Wrong counts leave an unfinished, empty index, which the right file then fills."""
    np.save(tmp_path / "v.npy", np.ones((rows, 5)))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(corpus.read_bytes())))
    ran = run("import", tmp_path / "v.npy", "-", "--index", tmp_path / "i", "--quiet")
    assert ran.code == code, ran.err
    if code:
        assert f"{rows} vectors for 8 records" in ran.err
        assert run("info", "--index", tmp_path / "i", "--json").json()["documents"] == 0
        np.save(tmp_path / "v.npy", np.ones((8, 5)))
        assert run("import", tmp_path / "v.npy", corpus, "--index", tmp_path / "i").code == 0
    assert run("info", "--index", tmp_path / "i", "--json").json()["documents"] == 8


@pytest.mark.parametrize("value", [np.nan, 0])
def test_a_bad_row_names_its_record(run: Run, corpus: Path, tmp_path: Path, value: float) -> None:
    """Row, file and line, exit code 3."""
    rows = np.ones((8, 5))
    rows[4] = value
    np.save(tmp_path / "v.npy", rows)
    ran = run("import", tmp_path / "v.npy", corpus, "--index", tmp_path / "i", "--quiet")
    assert ran.code == 3
    assert "row 4 (from 0)" in ran.err
    assert f"{corpus}:5" in ran.err


def test_a_refused_record_is_not_tolerated(run: Run, vectors: Path, tmp_path: Path) -> None:
    """The rows behind it would belong to others."""
    lines = [*CORPUS[:4], {"id": "x", "text": ""}, *CORPUS[5:]]
    write_jsonl(tmp_path / "c.jsonl", lines)
    ran = run("import", vectors, tmp_path / "c.jsonl", "--index", tmp_path / "i", "--quiet")
    assert ran.code == 3
    assert "c.jsonl:5" in ran.err


def test_searching_and_adding_say_what_to_do(
    run: Run, corpus: Path, vectors: Path, tmp_path: Path
) -> None:
    """Exit code 7 with the remedy; delete and repair need no encoder."""
    path = tmp_path / "i"
    assert run("import", vectors, corpus, "--index", path, "--quiet").code == 0
    write_jsonl(tmp_path / "more.jsonl", [{"id": "n", "text": "new", "lang": "en"}])
    for arguments in (
        ("search", "a cat", "--index", path),
        ("search", "a cat", "--index", path, "--encoder", "hashing"),
        ("add", tmp_path / "more.jsonl", "--index", path, "--quiet"),
    ):
        ran = run(*arguments)
        assert (ran.code, ran.out) == (7, "")
        assert "--query-vectors" in ran.err
        assert ran.err.count("\n") == 1
    assert run("import", vectors, corpus, "--index", path, "--quiet").code == 2
    assert run("delete", "en1", "--index", path).code == 0
    assert run("repair", "--index", path).code == 0
    assert run("info", "--index", path, "--json").json()["documents"] == 7


@pytest.fixture
def table(tmp_path: Path, vectors: Path) -> Path:
    """The corpus and its vectors in one Parquet file."""
    rows = np.load(vectors)
    columns = {name: [record.get(name) for record in CORPUS] for name in CORPUS[0]}
    path = tmp_path / "both.parquet"
    pq.write_table(pa.table({**columns, "embedding": list(rows)}), path)
    return path


def test_one_parquet_file_holds_records_and_vectors(
    run: Run, corpus: Path, vectors: Path, table: Path, tmp_path: Path
) -> None:
    """The same index as of two files: the vector is no metadata."""
    assert run("import", table, "--index", tmp_path / "one", "--quiet").code == 0
    assert run("import", vectors, corpus, "--index", tmp_path / "two", "--quiet").code == 0
    assert dump(tmp_path / "one") == dump(tmp_path / "two")
    ran = run("import", table, table, "--index", tmp_path / "named", "--quiet")
    assert ran.code == 0, ran.err
    assert dump(tmp_path / "named") == dump(tmp_path / "two")
    ran = run("import", table, corpus, "--index", tmp_path / "beside", "--quiet")
    assert ran.code == 0, ran.err
    assert dump(tmp_path / "beside") == dump(tmp_path / "two")


def test_queries_bring_vectors_in_the_same_forms(
    run: Run, corpus: Path, vectors: Path, table: Path, tmp_path: Path
) -> None:
    """Search and audit answer alike, whatever file they lie in."""
    path = tmp_path / "i"
    assert run("import", vectors, corpus, "--index", path, "--quiet").code == 0
    fvecs = tmp_path / "q.fvecs"
    with fvecs.open("wb") as file:
        for row in np.load(vectors).astype("<f4"):
            file.write(len(row).to_bytes(4, "little") + row.tobytes())
    named = (table, "--vector-field", "embedding")
    for command in (("search", "--json"), ("audit", "-k", "1", "--json", "--quiet")):
        said = [
            run(*command, "--index", path, "--queries", corpus, "--query-vectors", file, *more)
            for file, *more in (
                (vectors,),
                (fvecs,),
                (table,),
                named,
            )
        ]
        assert [(ran.code, ran.err) for ran in said] == [(0, "")] * 4
        if command[0] == "search":
            assert len({ran.out for ran in said}) == 1
            first = [json.loads(line)["hits"][0] for line in said[0].out.splitlines()]
            rows = np.load(vectors).astype(float)
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            others = rows @ rows.T - 9 * np.eye(len(rows))  # a query is not its own answer
            best = [CORPUS[i]["id"] for i in others.argmax(axis=1)]
            assert [hit["id"] for hit in first] == best
        else:
            assert len({json.dumps(ran.json()["overall"]) for ran in said}) == 1


def test_what_was_exported_is_imported(
    run: Run, corpus: Path, vectors: Path, tmp_path: Path
) -> None:
    """Records and vectors, bit by bit, out of the one file that export writes."""
    assert run("import", vectors, corpus, "--index", tmp_path / "a", "--quiet").code == 0
    file = tmp_path / "out.parquet"
    ran = run("export", "--index", tmp_path / "a", "--output", file, "--vectors", "raw", "-q")
    assert ran.code == 0, ran.err
    ran = run("import", file, "--index", tmp_path / "b", "--quiet")
    assert ran.code == 0, ran.err
    assert "unit length" not in ran.out
    assert dump(tmp_path / "b") == dump(tmp_path / "a")


def test_a_dry_run_makes_nothing(run: Run, table: Path, tmp_path: Path) -> None:
    """The records are shown without their vectors."""
    ran = run("import", table, "--index", tmp_path / "i", "--dry-run")
    assert ran.code == 0
    assert "8 records (en 3, he 2, de 2, zh 1)" in ran.out
    assert "embedding" not in ran.out
    assert not (tmp_path / "i").exists()


def test_other_formats_and_wrong_labels(run: Run, vectors: Path, tmp_path: Path) -> None:
    """Whatever build reads; a label that its script contradicts gets the same warning."""
    lines = ["text,lang", *[f"{i} חתול קפץ מהגג,{'en' if i < 2 else 'he'}" for i in range(8)]]
    (tmp_path / "c.csv").write_text("\n".join(lines), encoding="utf-8")
    ran = run("import", vectors, tmp_path / "c.csv", "--index", tmp_path / "i", "--json", "--quiet")
    assert ran.code == 0, ran.err
    assert "warning: 2 records are in a script" in ran.err
    found = ran.json()["contradictions"]
    assert isinstance(found, list)
    assert [(c["lang"], c["script"], c["records"]) for c in found] == [("en", "Hebr", 2)]


def test_vectors_alone_are_no_corpus(run: Run, vectors: Path, tmp_path: Path) -> None:
    """Exit code 2 with the remedy."""
    ran = run("import", vectors, "--index", tmp_path / "i")
    assert ran.code == 2
    assert "no corpus is named" in ran.err
    assert not (tmp_path / "i").exists()


def test_cycles_are_looked_for_again_after_an_import() -> None:
    """Whatever happened in it, and only if they were before."""
    for ends in (False, True):
        with suppress(ValueError), uncollected():
            assert not gc.isenabled()
            if ends:
                raise ValueError
        assert gc.isenabled()
    with uncollected():
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
