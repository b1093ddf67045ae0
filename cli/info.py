"""`interlingua info`."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from cli.options import IndexPath, Json
from indexer.kinds import EXACT, default_effort, kind_of
from indexer.nouns import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexer.index import IndexInfo

_INDEX = ("kind", "factory", "files", "bytes", "tail", "asked", "plan")


def info(index: IndexPath, json: Json = False) -> None:
    """Say what an index holds and what made it; no encoder is loaded for it."""
    from cli.output import print_json
    from indexer.index import IndexReader

    with IndexReader.open(index) as reader:
        described = reader.info()
    if json:
        print_json(_document(described))
        return
    for name, value in _lines(described):
        typer.echo(f"{name:<12}{value}")


def _document(info: "IndexInfo") -> dict[str, object]:
    """Make the ``interlingua.info/1`` document, see docs/formats.md."""
    fields = asdict(info)
    kind = {name: fields.pop(name) for name in _INDEX}
    truncated = {
        lang: {"documents": n, "tokens_dropped": tokens}
        for lang, (n, tokens) in info.truncated.items()
    }
    return {
        "schema": "interlingua.info/1",
        **fields,
        "path": str(info.path),
        "truncated": truncated,
        "index": kind,
    }


def _transform(info: "IndexInfo") -> str:
    """Say what is done against bias, and on what it was fitted."""
    merging = info.merging.get("name")
    fitted = info.fitted_on.get("source")
    return (
        info.transform
        + (
            f", fitted on {fitted} ({counted(int(str(info.fitted_on['documents'])), 'document')})"
            if fitted
            else ""
        )
        + (f"; languages merged by {merging}" if merging else "")
    )


def _is_elsewhere(info: "IndexInfo") -> bool:
    """Whether how the encoder is opened says more than its name: a server, a directory."""
    return not (info.encoder.startswith(info.opened) or info.opened.endswith(info.encoder))


def _counted(numbers: "Mapping[str, int]") -> str:
    return ", ".join(f"{name} {number}" for name, number in numbers.items())


def _documents(info: "IndexInfo") -> str:
    if info.wholes is None:
        return f"{info.documents:,}"
    return f"{info.wholes:,}, in {counted(info.documents, 'chunk')} ({info.chunking})"


def _kind(info: "IndexInfo") -> list[tuple[str, object]]:
    """Say how FAISS searches and why, and what would be chosen now."""
    planned = kind_of([info.plan.factory])
    as_planned = planned == info.kind
    why = f": {info.plan.why}" if as_planned else ""
    lines: list[tuple[str, object]] = [("searched by", f"{info.factory}{why}")]
    if info.factory != EXACT:
        recall = info.asked.tuned.get("recall")
        said = "never tuned" if recall is None else f"recall {recall:.3f} when it was tuned"
        effort = info.asked.effort or default_effort(info.factory)
        lines.append(("effort", said if info.kind == "flat" else f"{effort}, {said}"))
    if not as_planned and info.state == "ready":
        lines.append(("reindex", f"would make it {planned}: {info.plan.why}"))
    return lines


def _lines(info: "IndexInfo") -> list[tuple[str, object]]:
    """Say the same for a person, what is zero or ordinary left out."""
    by_number = sorted(info.languages.items(), key=lambda item: (-item[1], item[0]))
    sources = ", ".join(f"{n} {source}" for source, n in info.language_sources.items())
    files = counted(info.files, "file")
    lines: list[tuple[str, object]] = [
        ("path", f"{info.path} (format {info.format})"),
        ("documents", f"{_documents(info)}, {counted(info.groups, 'group')}"),
        ("languages", f"{_counted(dict(by_number))} ({sources})" if by_number else "none"),
        *([("scripts", _counted(info.scripts))] if info.scripts else []),
        *([("detector", info.detector)] if "detected" in info.language_sources else []),
        ("encoder", f"{info.encoder}, {counted(info.dim, 'dimension')}, {info.arithmetic}"),
        *([("opened as", info.opened)] if _is_elsewhere(info) else []),
        ("role", info.role),
        ("fingerprint", info.fingerprint),
        ("faiss", f"{info.kind}, {files}, {counted(info.bytes, 'byte')}, tail {info.tail:,}"),
        *_kind(info),
        ("transform", _transform(info)),
    ]
    if info.state != "ready":
        lines.append(("state", "unfinished: run the same command again to go on"))
    if info.deleted:
        lines.append(("deleted", f"{info.deleted}, in no answer, still in a FAISS file"))
    lines.extend(
        ("truncated", f"{lang}: {counted(n, 'document')}, {counted(tokens, 'token')} cut off")
        for lang, (n, tokens) in info.truncated.items()
    )
    if info.uncounted:
        said = "where it is not known whether the text was cut"
        lines.append(("uncounted", f"{counted(info.uncounted, 'document')}, {said}"))
    return lines
