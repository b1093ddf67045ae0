"""The origin report as people read it on a terminal and as programs read it in JSON."""

from dataclasses import asdict

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from indexer.encoders import Encoder
from indexer.nouns import counted
from search.origin import OriginReport, Pair, Score
from search.origin_question import Question
from search.text import printable

ORIGIN_SCHEMA = "interlingua.origin/1"
_SHOWN_TEXT = 200
_FEW = "So few sentences show a symptom; `interlingua audit` measures it on a corpus."


def origin_json(
    question: Question, report: OriginReport, encoder: Encoder, dropped: int
) -> dict[str, object]:
    """Make the ``interlingua.origin/1`` document; see docs/origin.md.

    Args:
        question: what was asked.
        report: what the distances say.
        encoder: whose distances they are.
        dropped: tokens of the sentences that the encoder did not take.
    """
    return {
        "schema": ORIGIN_SCHEMA,
        "encoder": encoder.name,
        "fingerprint": encoder.fingerprint,
        "pooling": encoder.parts.get("pooling"),
        "layer": encoder.parts.get("layer"),
        "arithmetic": encoder.arithmetic,
        "source": question.source,
        "published_encoder": question.encoder,
        "sentences": [asdict(sentence) for sentence in question.sentences],
        "tokens_dropped": dropped,
        "pairs": [{**asdict(pair), "difference": pair.difference} for pair in report.pairs],
        "strong_auc": asdict(report.strong),
        "weak": asdict(report.weak),
        "published_strong_auc": asdict(report.published_strong),
        "verdict": verdict(report),
    }


def render_origin(
    question: Question, report: OriginReport, encoder: Encoder, dropped: int
) -> RenderableType:
    """Draw the sentences, the distance of every pair, the scores and the verdict."""
    how = ", ".join(
        f"{key} {encoder.parts[key]}" for key in ("pooling", "layer") if key in encoder.parts
    )
    head = f"Cosine distances by {encoder.name}" + (f" ({how})" if how else "")
    lines = [head]
    if question.source is not None:
        lines.append(f"Sentences: {question.source}")
    if question.encoder is not None:
        lines.append(f"Published for: {question.encoder}")
    if dropped:
        lines.append(f"left out beyond what the encoder takes: {counted(dropped, 'token')}")
    return Group(
        *(Text(printable(line)) for line in lines),
        Text(),
        _sentences(question),
        Text(),
        _pairs(report.pairs),
        Text(),
        *_scores(report),
        Text(),
        Text(verdict(report)),
    )


def verdict(report: OriginReport) -> str:
    """Say what the scores mean, each sentence on a line of its own."""
    lines = [_strong(report.strong), _weak(report.strong, report.weak), _published(report), _FEW]
    return "\n".join(line for line in lines if line)


def _strong(score: Score) -> str:
    if score.value is None:
        return "No sentence has both a translation and a stranger in its language."
    wins = score.value * score.n
    what = (
        f"In {wins:g} of {score.n} comparisons the translation lies nearer than a sentence of "
        f"the same language that means something else; chance would make it {score.n / 2:g}"
    )
    if score.value == 0.5:
        return f"{what}. Language and meaning weigh the same here."
    if score.value < 0.5:
        return f"{what}. Language outweighs meaning here."
    return f"{what}. Meaning outweighs language here{'' if score.value == 1 else ', not always'}."


def _weak(strong: Score, weak: Score) -> str:
    """Tell an encoder that knows both languages and keeps them apart from one that knows one."""
    if weak.value is None or weak.chance is None:
        return ""
    what = (
        "Among the sentences of another language alone the translation is the nearest in "
        f"{weak.value * weak.n:g} of {weak.n}; chance would make it {weak.chance * weak.n:g}"
    )
    if weak.value <= weak.chance:
        return f"{what}. Nothing here says that the encoder knows both languages."
    if weak.value == 1 and (strong.value or 0) < 1:
        return f"{what}. The meaning is in the vectors, behind the language."
    return f"{what}."


def _published(report: OriginReport) -> str:
    differences = [abs(p.difference) for p in report.pairs if p.difference is not None]
    if not differences:
        return ""
    return (
        f"The {len(differences)} published distances and these differ by at most "
        f"{max(differences):.4f}."
    )


def _sentences(question: Question) -> Table:
    table = _table("id", "lang", "meaning", "text")
    for s in question.sentences:
        # The text stands last: a right-to-left line may reorder what follows it on a terminal.
        shown = (printable(s.id), s.lang, printable(s.group), printable(s.text, _SHOWN_TEXT))
        table.add_row(*(Text(cell) for cell in shown))
    return table


def _pairs(pairs: tuple[Pair, ...]) -> Table:
    compared = any(pair.published is not None for pair in pairs)
    headings = ["pair", "which is", "distance", *(["published", "difference"] * compared)]
    table = _table(*headings)
    for column in table.columns[2:]:
        column.justify = "right"
    for pair in pairs:
        cells = [f"{printable(pair.a)} – {printable(pair.b)}", _NAMES[pair.kind]]
        cells.append(f"{pair.distance:.4f}")
        if pair.published is not None and pair.difference is not None:
            cells += [f"{pair.published:.4f}", f"{pair.difference:+.4f}"]
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _scores(report: OriginReport) -> list[Text]:
    rows = [
        ("strong alignment AUC", report.strong),
        ("  of the published distances", report.published_strong),
        ("weak alignment, other language", report.weak),
    ]
    return [
        Text(f"{name:<36} {score.value:.2f}  (chance {score.chance:.2f}, n = {score.n})")
        for name, score in rows
        if score.value is not None and score.chance is not None
    ]


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for heading in headings:
        table.add_column(heading)
    return table


_NAMES = {
    "translation": "translation",
    "same language": "same language, other meaning",
    "other language": "other language, other meaning",
    "paraphrase": "same language, same meaning",
}
