"""`interlingua compare` and where it takes its audits from."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from cli.compare import compare
from indexer.audits import save_audit
from indexer.errors import InputError, InterlinguaError, UsageError
from search.audit.schema import audit_json
from search.text import printable
from tests.cli.conftest import Run
from tests.search.comparable import before_and_after

app = typer.Typer()
app.command()(compare)


@app.callback()
def _several() -> None:
    """Make `compare` a command of its own."""


def call(*arguments: object) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(app, ["compare", *map(str, arguments)])


@pytest.fixture
def audits(tmp_path: Path) -> tuple[Path, Path]:
    """Two audits in files, the second worse by 0.1."""
    paths = tmp_path / "a.json", tmp_path / "b.json"
    for path, audit in zip(paths, before_and_after(0.1), strict=True):
        path.write_text(json.dumps(audit_json(audit)), encoding="utf-8")
    return paths


def test_the_table_says_what_moved(audits: tuple[Path, Path]) -> None:
    """Exit 0 whatever moved; at most 100 columns; languages of the headline measures."""
    ran = call(*audits)
    assert ran.exit_code == 0
    assert "excess@10 rose from" in ran.stdout
    assert "worse, and more than noise" in ran.stdout
    assert "strong_auc by language of the query" in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 100


def test_one_measure_and_the_other_correction(audits: tuple[Path, Path]) -> None:
    """The options arrive where they are meant to."""
    ran = call(*audits, "--measure", "strong_auc", "--correction", "bh", "--seed", 3, "--json")
    document = json.loads(ran.stdout)
    assert (document["correction"], document["seed"]) == ("bh", 3)
    assert list(document["measures"]) == ["strong_auc"]
    assert (document["a"], document["b"]) == tuple(map(str, audits))


def test_a_measure_asked_for_is_shown_by_language(audits: tuple[Path, Path]) -> None:
    """Also one that is no headline measure."""
    assert "language_probe by language" not in call(*audits).stdout
    ran = call(*audits, "--measure", "excess@10")
    assert "excess@10 by language of the query" in ran.stdout
    assert "strong_auc" not in ran.stdout


def test_an_index_stands_for_its_newest_audit(
    run: Run, index: Path, audits: tuple[Path, Path]
) -> None:
    """Kept audits are read like files; an index without one says how to make one."""
    with pytest.raises(UsageError, match="no audit is kept here"):
        raise error(call(index, audits[0]))
    for path in audits:
        save_audit(index, path.read_text(encoding="utf-8"), {}, 0)
    kept = json.loads(call(audits[0], index, "--json").stdout)
    assert kept["measures"] == json.loads(call(*audits, "--json").stdout)["measures"]


def test_a_real_audit_compared_with_itself(run: Run, index: Path, tmp_path: Path) -> None:
    """What `interlingua audit --json` writes is read, and has not moved."""
    ran = run("audit", "--index", index, "--json", "--quiet", "--no-save")
    assert ran.code == 0, ran.err
    (tmp_path / "real.json").write_text(ran.out, encoding="utf-8")
    document = json.loads(call(tmp_path / "real.json", tmp_path / "real.json", "--json").stdout)
    assert document["pairs"] == 8
    assert document["differing"] == []
    moved = {m: each["overall"]["difference"] for m, each in document["measures"].items()}
    assert set(moved.values()) <= {0.0, None}
    assert moved["excess@10"] == 0.0 or moved["excess@10"] is None
    assert moved["strong_auc"] == 0.0


Damage = Callable[[dict[str, object]], str]


def changed(**changes: object) -> Damage:
    """Replace keys of the audit."""
    return lambda audit: json.dumps({**audit, **changes})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda _: "", "no JSON"),
        (lambda _: "[]", "its schema is None"),
        (lambda _: '{"schema": "interlingua.info/1"}', "its schema is 'interlingua.info/1'"),
        (lambda _: '{"schema": "interlingua.audit/1"}', "no whole audit"),
        (lambda audit: json.dumps(audit)[:500], "no JSON"),
        (changed(per_query=None), "holds no values by query"),
        (changed(per_query=3), "no whole audit"),
        (changed(overall={"excess@10": {"value": 1}}), "no whole audit"),
        (changed(matrix={"k": "ten", "observed": {}, "expected": {}}), "damaged: a count"),
        (
            changed(per_query={"ids": ["a"], "languages": ["en"], "clusters": [], "values": {}}),
            "1 ids and 0 clusters",
        ),
        (
            changed(
                per_query={
                    "ids": ["a"],
                    "languages": ["en"],
                    "clusters": ["a"],
                    "values": {"excess@10": [float("nan")]},
                }
            ),
            "no numbers",
        ),
    ],
)
def test_a_damaged_file_is_one_line(
    audits: tuple[Path, Path], damage: Damage, message: str
) -> None:
    """Whichever of the two it is; the error names the file or the audit, and a remedy."""
    good, bad = audits
    bad.write_text(damage(json.loads(bad.read_text(encoding="utf-8"))), encoding="utf-8")
    for arguments in ((good, bad), (bad, good)):
        with pytest.raises(InputError, match=message) as caught:
            raise error(call(*arguments))
        assert caught.value.remedy
        assert "\n" not in printable(str(caught.value))
        assert str(bad) in caught.value.message or "audit holds no values" in caught.value.message


def test_a_file_that_is_not_there(audits: tuple[Path, Path], tmp_path: Path) -> None:
    """Named, with exit 3."""
    caught = error(call(audits[0], tmp_path / "gone.json"))
    assert caught.exit_code == 3
    assert "gone.json: cannot be read" in caught.message


def test_no_such_measure(audits: tuple[Path, Path]) -> None:
    """Neither a name that is none, nor one that the audits lack."""
    assert "names no measure" in error(call(*audits, "--measure", "Excess 10")).message
    assert "map is not in both audits" in error(call(*audits, "--measure", "map")).message


def error(ran: Result) -> InterlinguaError:
    """What the error boundary would print."""
    assert isinstance(ran.exception, InterlinguaError), ran.output
    return ran.exception
