"""The `interlingua` command: all commands, one error boundary."""

import os
import sys
from contextlib import suppress
from typing import Annotated

import typer

from cli.add import add
from cli.audit import audit
from cli.audits import audits
from cli.backup import backup
from cli.build import build
from cli.compact import compact
from cli.compare import compare
from cli.convert import convert
from cli.debias import debias
from cli.delete import delete
from cli.demo import demo
from cli.detect import detect
from cli.doctor import doctor
from cli.export import export
from cli.gate import gate
from cli.import_vectors import import_vectors
from cli.info import info
from cli.origin import origin
from cli.purge import purge
from cli.reindex import reindex
from cli.repair import repair
from cli.restore import restore
from cli.search import search
from cli.serve import serve
from cli.tune import tune
from cli.verify import verify
from indexer.errors import InterlinguaError

app = typer.Typer(
    name="interlingua",
    help="Index multilingual text, search it across languages, and see how much of an answer is "
    "language and how much is meaning.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 ok, 1 failed, 2 usage, 3 input rejected, 4 gate failed, 5 inconclusive, "
    "6 locked by another writer, 7 incompatible, 8 corrupt, 130 interrupted and resumable.",
)
for command in (
    build,
    add,
    delete,
    purge,
    compact,
    backup,
    restore,
    export,
    detect,
    search,
    audit,
    audits,
    compare,
    gate,
    debias,
    info,
    reindex,
    tune,
    verify,
    repair,
    doctor,
    demo,
    origin,
    serve,
):
    app.command()(command)
app.command(name="import")(import_vectors)
app.add_typer(convert, name="convert")


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)
    ] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"interlingua {installed('interlingua')}")
        raise typer.Exit


def run() -> None:
    """Run the command line and exit; a user's mistake ends in one message, never a traceback."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run the command line.

    Args:
        arguments: what follows the name of the command.

    Returns:
        The exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    try:
        app(arguments, prog_name="interlingua", obj=arguments)
        sys.stdout.flush()
    except InterlinguaError as error:
        _complain(f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        _complain("interrupted; what was committed stays, run the same command again to go on")
        return 130
    except (
        BrokenPipeError
    ):  # the reader of our output has gone: nothing to say, nobody to say it to
        _give_up_stdout()
        return 1
    except OSError as error:
        _give_up_stdout()
        place = error.filename or "standard output"
        _complain(f"error: {place}: {error.strerror} (check the path and the room on its disk)")
        return 1
    except SystemExit as stop:
        if stop.code == 130:
            _complain("interrupted; what was committed stays, run the same command again to go on")
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


def _give_up_stdout() -> None:
    """Let what is still buffered go nowhere, or the shutdown would fail on it again."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(line: str) -> None:
    from search.text import printable

    print(printable(line), file=sys.stderr)  # noqa: T201 - the one place that prints errors


if __name__ == "__main__":
    run()
