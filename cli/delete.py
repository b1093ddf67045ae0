"""`interlingua delete`."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import IndexPath, Json, Languages, Where, filter_of

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.records import Filter


def delete(
    index: IndexPath,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID…", help="Document ids.")] = None,
    ids_from: Annotated[
        str | None, typer.Option(metavar="FILE", help="One id a line; - is standard input.")
    ] = None,
    languages: Languages = None,
    where: Where = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count what would be deleted; delete nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Remove documents from every later answer; purge removes their bytes, too."""
    from indexer.errors import UsageError

    by_filter = languages is not None or bool(where)
    if by_filter and (ids or ids_from):
        raise UsageError("ids together with --where or --in", "give one of the two")
    if by_filter:
        _by_filter(index, filter_of(languages, where), dry_run, json)
        return
    wanted = [*(ids or []), *(_read_ids(ids_from) if ids_from else [])]
    if not wanted:
        raise UsageError("no id given", "name ids, a file of them with --ids-from, or --where")
    _by_id(index, wanted, dry_run, json)


def _by_id(index: "Path", wanted: list[str], dry_run: bool, json: bool) -> None:
    from cli.output import print_json
    from indexer.removal import delete as run
    from indexer.removal import missing_ids
    from search.text import printable

    missing = missing_ids(wanted, index) if dry_run else run(wanted, index)
    deleted = len(set(wanted)) - len(missing)
    if json:
        said = {"dry_run": dry_run, "deleted": deleted, "missing": missing}
        print_json({"schema": "interlingua.delete/1", **said})
        return
    typer.echo(_done(index, deleted, dry_run))
    if missing:
        shown = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        were = "id was" if len(missing) == 1 else "ids were"
        typer.echo(printable(f"{len(missing)} {were} not there: {shown}"), err=True)
        if whole := _cut(index, missing):
            note = f"one chunk alone cannot be deleted; its document can: {whole}"
            typer.echo(printable(note), err=True)


def _cut(index: "Path", missing: list[str]) -> str | None:
    """Name the document of an id that is one of a chunk, of the first such id."""
    from indexer.chunking import whole_id
    from indexer.index import IndexReader

    with IndexReader.open(index) as reader, reader.snapshot() as state:
        chunks = (id_ for id_ in missing if state.chunked and state.document(id_) is not None)
        return next((whole_id(id_) for id_ in chunks), None)


def _by_filter(index: "Path", allowed: "Filter", dry_run: bool, json: bool) -> None:
    from cli.filters import note_unmet
    from cli.output import print_json
    from indexer.removal import count_where, delete_where

    counts = (count_where if dry_run else delete_where)(allowed, index)
    deleted = sum(counts.values())
    if not deleted:
        note_unmet(index, allowed)
    if json:
        said = {"dry_run": dry_run, "deleted": deleted, "missing": [], "languages": dict(counts)}
        print_json({"schema": "interlingua.delete/1", **said})
        return
    languages = ", ".join(f"{lang} {n}" for lang, n in counts.items())
    typer.echo(_done(index, deleted, dry_run) + (f" ({languages})" if languages else ""))


def _done(index: "Path", deleted: int, dry_run: bool) -> str:
    from indexer.nouns import counted

    done = "would delete" if dry_run else "deleted"
    return f"{done} {counted(deleted, 'document')} from {index}"


def _read_ids(source: str) -> list[str]:
    """Read one id a line; blank lines are nothing."""
    from indexer.errors import InputError
    from indexer.lines import decode, find_sources, placed, read_lines

    ids = []
    for file in find_sources([source]):
        for line in read_lines(file):
            try:
                ids.append(decode(line).rstrip("\r\n"))
            except InputError as error:
                raise placed(line.place, error) from error
    return [id_ for id_ in ids if id_]
