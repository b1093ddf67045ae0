"""The README is true: its run is real, its commands and code work, its links lead somewhere."""

import contextlib
import io
import json
import re
import shlex
from pathlib import Path

import pytest

from cli.main import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
ROW = re.compile(r"^ *(\d+)  (-?\d\.\d{3})  (.*)$")
TOLERANCE = 0.004  # float32 and bfloat16 differ in the third decimal


def blocks(marker: str, page: str = README) -> str:
    """The fenced block that follows ``<!-- marker -->``."""
    found = re.search(rf"<!-- {marker} -->\n```\w*\n(.*?)```", page, re.DOTALL)
    assert found, marker
    return found.group(1)


def fenced(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language, "" for none."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [block for name, block in found if name == language]


def run(*arguments: str) -> tuple[int, str]:
    """Run the command line, its stdout returned."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = main(list(arguments))
    return code, out.getvalue()


def parse(output: str) -> tuple[list[str], dict[str, float]]:
    """Split a run into its fixed lines and its rows: the text of a row, and its score."""
    lines, rows = [], {}
    for line in output.splitlines():
        row = ROW.match(line.rstrip())
        if row:
            rows[row.group(3).strip()] = float(row.group(2))
        elif line.strip():
            lines.append(line.strip())
    return lines, rows


@pytest.mark.model
def test_demo_prints_what_the_readme_shows(tmp_path: Path) -> None:
    """The demo, twice: the same hits with the same scores, and the same report."""
    for _ in range(2):
        code, out = run("demo", "--index", str(tmp_path / "demo-index"), "--quiet")
        assert code == 0
        real = out.replace(str(tmp_path) + "/", "")
        lines, rows = parse(blocks("demo"))
        real_lines, real_rows = parse(real)
        assert real_lines == lines
        assert real_rows.keys() == rows.keys()
        assert real_rows == pytest.approx(rows, abs=TOLERANCE)


@pytest.mark.model
def test_audit_prints_what_the_readme_shows(tmp_path: Path) -> None:
    """The audit of the demo's index: the same words, numbers that float32 cannot move far."""
    index = str(tmp_path / "demo-index")
    assert run("demo", "--index", index, "--quiet")[0] == 0
    code, out = run("audit", "--index", index, "--quiet", "--no-save")
    assert code == 0
    shown = " ".join(blocks("audit").split("\n", 1)[1].split())
    real = " ".join(out.split())[: len(shown)]
    number = re.compile(r"\d[\d,]*\.?\d*")
    assert number.sub("#", real) == number.sub("#", shown)
    values = [[float(x.replace(",", "")) for x in number.findall(text)] for text in (real, shown)]
    assert values[0] == pytest.approx(values[1], abs=0.01, rel=0.02)


@pytest.mark.model
@pytest.mark.parametrize("page", ["README.md", "docs/getting-started.md"])
def test_python_of_the_docs_runs(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The Python of a page runs as it stands and finds the translation."""
    monkeypatch.chdir(tmp_path)
    (code,) = fenced(page, "python")
    exec(compile(code, page, "exec"), {})  # noqa: S102 - this is the point
    assert "he" in capsys.readouterr().out


def commands(page: str) -> list[list[str]]:
    """Every ``interlingua …`` line of a page, split as a shell would, without redirection."""
    lines = [
        line for line in "\n".join(fenced(page, "")).splitlines() if line.startswith("interlingua ")
    ]
    return [shlex.split(line.split(">")[0], comments=True)[1:] for line in lines]


@pytest.mark.model
@pytest.mark.parametrize("page", ["README.md", "docs/getting-started.md"])
def test_commands_of_the_docs_work(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands, in their order, on the records that the page shows."""
    monkeypatch.chdir(tmp_path)
    records = "".join(fenced(page, "json")).splitlines()
    assert all("text" in json.loads(record) for record in records)
    for name, lines in {
        "corpus.jsonl": records,
        "questions.jsonl": ['{"text": "Wo ist mein Paket?"}'],
        "more.jsonl": ['{"id": "faq-18-en", "text": "Where are you?", "lang": "en"}'],
        "new.jsonl": ['{"id": "faq-18-en", "text": "Where are you?", "lang": "en"}'],
    }.items():
        Path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    asked = commands(page)
    assert len(asked) >= 7
    for arguments in asked:
        code, out = run(*arguments)
        assert code == 0, arguments
        assert out, arguments


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file that is there, and a heading that it has."""
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("http"):
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = [re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings]
            assert anchor in slugs, target


def test_every_page_is_linked_from_the_readme() -> None:
    """No page of docs/ that nobody finds."""
    for page in (ROOT / "docs").glob("*.md"):
        assert f"docs/{page.name}" in README, page.name


def test_command_reference_is_what_the_code_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/cli.md is generated: `make docs` after a change of the command line."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    from generate import TARGET, command_reference  # type: ignore[import-not-found]

    assert TARGET.read_text(encoding="utf-8") == command_reference()


def test_layout_table_names_every_folder() -> None:
    """The README's layout has a line for every folder of code, and none for one that is gone."""
    named = set(re.findall(r"^\| `(\w+)/` \|", README, re.MULTILINE))
    code = {p.parent.name for p in ROOT.glob("*/*.py") if not p.parent.name.startswith(".")}
    assert named == code | {"data", "docs", "tests"}
