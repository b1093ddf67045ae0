"""What is installed: the façade re-exports and nothing else, typed for those who use it."""

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import interlingua

ROOT = Path(__file__).parents[2]


def test_facade_only_re_exports() -> None:
    """`interlingua.py` imports from the layers below, names what is public, defines nothing."""
    tree = ast.parse((ROOT / "interlingua.py").read_text(encoding="utf-8"))
    imported = {
        alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    kinds = {type(node) for node in tree.body}
    assert kinds == {ast.Expr, ast.ImportFrom, ast.Assign}  # docstring, imports, open and __all__
    assert set(interlingua.__all__) == imported | {"open"}
    assert all(getattr(interlingua, name).__doc__ for name in interlingua.__all__)


@pytest.mark.slow
def test_wheel_holds_the_corpus_and_its_types(tmp_path: Path) -> None:
    """The wheel carries data/, py.typed, and types for a module that cannot carry its own."""
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "-w", str(tmp_path), str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    for name in (
        "data/corpus.jsonl",
        "data/README.md",
        "service/page/index.html",
        "indexer/py.typed",
        "search/py.typed",
    ):
        assert (site / name).stat().st_size >= 0
    consumer = tmp_path / "consumer.py"
    consumer.write_text("import interlingua\ninterlingua.open('x').search(1)\n", encoding="utf-8")
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    (packages,) = venv.glob("lib/python3*/site-packages")
    (packages / "interlingua.pth").write_text(str(site), encoding="utf-8")
    mypy = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    checked = subprocess.run(
        [*mypy, "--python-executable", str(venv / "bin/python"), str(consumer)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert 'Argument 1 to "search" of "Index" has incompatible type "int"' in checked.stdout
