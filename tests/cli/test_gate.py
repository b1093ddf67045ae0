"""`interlingua gate`: exit codes, files and streams."""

import dataclasses
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import typer
from typer.testing import CliRunner, Result

from cli.gate import gate
from indexer.errors import InterlinguaError, UsageError
from search.audit.result import Audit
from search.audit.schema import audit_json
from search.measures.measure import Measure
from tests.search.comparable import before_and_after

app = typer.Typer()
app.command()(gate)


@app.callback()
def _several() -> None:
    """Make `gate` a command of its own."""


def call(*arguments: object) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(app, ["gate", *map(str, arguments)])


def write(path: Path, audit: Audit) -> Path:
    """Write an audit as `interlingua audit --json` does."""
    path.write_text(json.dumps(audit_json(audit)), encoding="utf-8")
    return path


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    """The audit before."""
    return write(tmp_path / "before.json", before_and_after(0.1)[0])


@pytest.fixture
def worse(tmp_path: Path) -> Path:
    """The audit after, excess@10 higher by 0.1."""
    return write(tmp_path / "after.json", before_and_after(0.1)[1])


def test_exit_codes(baseline: Path, worse: Path, tmp_path: Path) -> None:
    """0 kept, 4 broken, 5 nobody can tell; failing beats inconclusive."""
    assert call(baseline, "--baseline", baseline).exit_code == 0
    assert call(baseline, "--baseline", worse).exit_code == 0
    assert call(worse, "--baseline", baseline).exit_code == 4
    limits = tmp_path / "gate.toml"
    limits.write_text("[defaults]\nmin_queries = 181\n[measures.strong_auc]\nmax_decrease = 0.1")
    assert call(worse, "--baseline", baseline, "--thresholds", limits).exit_code == 5
    limits.write_text(
        '[measures.map]\nmin_value = 0.5\n[measures."excess@10"]\nmax_increase = 0.02'
    )
    assert call(worse, "--baseline", baseline, "--thresholds", limits).exit_code == 4
    assert call(baseline, "--baseline", baseline, "--thresholds", limits).exit_code == 5


def test_a_result_is_no_error_message(baseline: Path, worse: Path) -> None:
    """A broken limit is on stdout; stderr stays empty."""
    ran = call(worse, "--baseline", baseline)
    assert isinstance(ran.exception, SystemExit)
    assert ran.stderr == ""
    assert ran.stdout.splitlines()[-1].startswith("gate: fail (")
    assert max(map(len, ran.stdout.splitlines())) <= 100


def test_without_a_baseline(baseline: Path, tmp_path: Path) -> None:
    """Values alone; with none to judge it is a call that cannot be meant."""
    limits = tmp_path / "gate.toml"
    limits.write_text('[measures."excess@10"]\nmax_value = 0.1\nmax_increase = 0.02')
    ran = call(baseline, "--thresholds", limits)
    assert ran.exit_code == 4
    assert "without a baseline, changes are not judged: excess@10" in ran.stdout
    assert isinstance(call(baseline).exception, UsageError)


def test_defaults_are_for_what_either_audit_has(baseline: Path, tmp_path: Path) -> None:
    """A measure of the baseline that is gone must not pass unseen."""
    after = before_and_after(0.1)[0]
    overall = {m: v for m, v in after.overall.items() if m != Measure("strong_auc")}
    path = write(tmp_path / "less.json", dataclasses.replace(after, overall=overall))
    ran = call(path, "--baseline", baseline)
    assert ran.exit_code == 5
    assert "this audit lacks it" in ran.stdout


def test_reports_for_machines(baseline: Path, worse: Path, tmp_path: Path) -> None:
    """JUnit in a file, JSON alone on stdout, annotations beside it on stderr."""
    junit = tmp_path / "gate.xml"
    ran = call(worse, "--baseline", baseline, "--junit", junit, "--github", "--json")
    assert ran.exit_code == 4
    document = json.loads(ran.stdout)
    assert (document["status"], document["exit_code"]) == ("fail", 4)
    assert (document["audit"], document["baseline"]) == (str(worse), str(baseline))
    assert ET.parse(junit).getroot().attrib["failures"] == "2"  # noqa: S314 - our own
    assert [line.split()[0] for line in ran.stderr.splitlines()] == ["::error"] * 2 + ["::notice"]
    plain = call(worse, "--baseline", baseline, "--github")
    assert plain.stdout.splitlines()[-3:] == ran.stderr.splitlines()
    assert plain.stderr == ""


def test_seed_is_of_the_resampling(baseline: Path, worse: Path) -> None:
    """The same seed gives the same numbers, another one others."""
    first, again, other = (
        json.loads(call(worse, "--baseline", baseline, "--json", "--seed", seed).stdout)
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first["findings"][0]["low"] != other["findings"][0]["low"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"\xff", "cannot be read"),
        (b"[measures", "no TOML"),
        (b"[measures.nothing]\nmax_value = 1", "no such measure"),
    ],
)
def test_thresholds_that_cannot_be_used(
    baseline: Path, tmp_path: Path, content: bytes | None, message: str
) -> None:
    """A message that names the file, with exit 2."""
    limits = tmp_path / "gate.toml"
    if content is not None:
        limits.write_bytes(content)
    ran = call(baseline, "--baseline", baseline, "--thresholds", limits)
    assert isinstance(ran.exception, InterlinguaError)
    assert ran.exception.exit_code == 2
    assert ran.exception.message.startswith(str(limits))
    assert message in ran.exception.message
