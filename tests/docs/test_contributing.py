"""The map for the next developer names every file there is, and none that is gone."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_map_names_every_file() -> None:
    """Each file of indexer/ and search/ stands in the map of CONTRIBUTING.md."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text[text.index("| file | one idea |") : text.index("## Rules")]
    named = re.findall(r"`([\w/*]+(?:\.py)?)`", table)
    patterns = [name.removesuffix(".py").split("/")[-1].replace("*", ".*") for name in named]
    for path in [*ROOT.glob("indexer/**/*.py"), *ROOT.glob("search/*.py")]:
        if path.stem != "__init__":
            assert any(re.fullmatch(p, path.stem) for p in patterns), path.name
    stems = {path.stem for path in ROOT.glob("*/**/*.py") if ".venv" not in path.parts}
    for pattern in patterns:
        known = stems | {"interlingua", "indexer", "search", "cli", ""}
        assert any(re.fullmatch(pattern, stem) for stem in known), pattern
