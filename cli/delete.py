"""`interlingua delete`."""

from typing import Annotated

import typer

from cli.options import IndexPath, Json


def delete(
    index: IndexPath,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID…", help="Document ids.")] = None,
    ids_from: Annotated[
        str | None, typer.Option(metavar="FILE", help="One id a line; - is standard input.")
    ] = None,
    json: Json = False,
) -> None:
    """Remove documents from every later answer."""
    from cli.output import print_json
    from indexer.build import delete as run
    from indexer.errors import UsageError
    from search.text import printable

    wanted = [*(ids or []), *(_read_ids(ids_from) if ids_from else [])]
    if not wanted:
        raise UsageError("no id given", "name ids, or a file of them with --ids-from")
    missing = run(wanted, index)
    deleted = len(set(wanted)) - len(missing)
    if json:
        print_json({"schema": "interlingua.delete/1", "deleted": deleted, "missing": missing})
        return
    typer.echo(f"deleted {deleted} documents from {index}")
    if missing:
        shown = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        typer.echo(printable(f"{len(missing)} ids were not there: {shown}"), err=True)


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
