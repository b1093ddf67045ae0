"""`interlingua detect`."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import (
    Corpora,
    CorpusFormat,
    DetectorName,
    IdField,
    Json,
    LangField,
    Quiet,
    TextField,
)

if TYPE_CHECKING:
    from indexer.detection import Survey

_TAKEN_FOR = 3
"""Wrong languages shown beside one; ``--json`` has all."""


def detect(
    corpus: Corpora,
    detector: DetectorName = "py3langid",
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Score below which a language is und."),
    ] = None,
    format: CorpusFormat = None,  # noqa: A002 - the option's name
    id_field: IdField = "id",
    text_field: TextField = "text",
    lang_field: LangField = "lang",
    max_rejects: Annotated[int, typer.Option(min=0, help="Refused records to tolerate.")] = 0,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Say what languages a corpus is in, how surely, and how that agrees with its labels."""
    from cli.corpus_source import CorpusSource
    from cli.labels import warn_of_labels
    from cli.output import print_json
    from cli.progress import progress
    from indexer.corpus import Fields
    from indexer.detection import Survey
    from indexer.detectors import open_detector, own_threshold
    from indexer.rejects import Rejects

    # Without a threshold: the table says what each one would do.
    told = open_detector(detector, 0.0)
    survey = Survey(told, own_threshold(detector) if threshold is None else threshold)
    fields = Fields(id=id_field, text=text_field, lang=lang_field)
    source = CorpusSource(corpus, fields, format, None, told, quiet)
    rejects = Rejects(max_rejects)
    with progress("detecting", source.count(), quiet) as show:
        for done in survey.watch(source.records(rejects)):
            show(done)
    if json:
        print_json(_document(detector, survey, rejects.count))
    else:
        _print(detector, survey, rejects.count)
    warn_of_labels(survey.contradictions())


def _document(detector: str, survey: "Survey", rejected: int) -> dict[str, object]:
    """Make the ``interlingua.detect/1`` document, see docs/languages.md."""
    from dataclasses import asdict

    from indexer.detection import wilson

    rows = []
    for row in survey.confidence():
        low, high = wilson(row.right, row.judged) if row.judged else (None, None)
        accuracy = {"value": row.right / row.judged if row.judged else None}
        rows.append(asdict(row) | {"accuracy": accuracy | {"low": low, "high": high}})
    return {
        "schema": "interlingua.detect/1",
        "detector": detector,
        "threshold": survey.threshold,
        "records": survey.records,
        "labelled": survey.labelled,
        "rejected": rejected,
        "languages": {lang: asdict(count) for lang, count in survey.languages().items()},
        "confidence": rows,
        "scripts": dict(survey.scripts.most_common()),
        "contradictions": [asdict(found) for found in survey.contradictions()],
    }


def _print(detector: str, survey: "Survey", rejected: int) -> None:
    """Print the same for a person."""
    from cli.output import console
    from indexer.nouns import counted

    typer.echo(
        f"{counted(survey.records, 'record')}, {survey.labelled:,} with a label; {detector}, "
        f"a language below {survey.threshold:g} is und"
    )
    if rejected:
        typer.echo(f"{counted(rejected, 'record')} refused and left out")
    out = console()
    out.print(_languages(survey))
    out.print(_confidence(survey))
    scripts = ", ".join(f"{code} {n}" for code, n in survey.scripts.most_common())
    typer.echo(f"scripts: {scripts}")


def _languages(survey: "Survey") -> object:
    """Make the table of languages, with the agreement where there are labels."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    judged = ("labelled", "of these right", "und", "taken for") if survey.labelled else ()
    table.add_column("language")
    table.add_column("detected", justify="right")
    for name in judged:
        table.add_column(name, justify="left" if name == "taken for" else "right")
    for lang, count in survey.languages().items():
        wrong = sorted(count.taken_for.items(), key=lambda item: (-item[1], item[0]))
        taken = ", ".join(f"{code} {n}" for code, n in wrong[:_TAKEN_FOR])
        agreement = (str(count.given), str(count.right), str(count.und), taken)
        known = agreement if count.given else ("", "", "", "")
        table.add_row(lang, str(count.detected), *(known if judged else ()))
    return table


def _confidence(survey: "Survey") -> object:
    """Make the table of thresholds."""
    from rich.table import Table

    from indexer.detection import wilson

    table = Table(box=None, pad_edge=False, title="what a threshold would do", title_justify="left")
    for name in ("threshold", "detected", "share"):
        table.add_column(name, justify="right")
    if survey.labelled:
        table.add_column("right of the labelled", justify="right")
    for row in survey.confidence():
        cells = [f"{row.threshold:g}", str(row.detected)]
        cells.append(f"{row.detected / survey.records:.1%}" if survey.records else "")
        if survey.labelled and row.judged:
            low, high = wilson(row.right, row.judged)
            cells.append(f"{row.right / row.judged:.1%} ({low:.1%} to {high:.1%}, n {row.judged})")
        table.add_row(*cells)
    return table
