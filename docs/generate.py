"""Write the parts of docs/ that come from the code: the command-line reference."""

import sys
from pathlib import Path

import typer
from typer.cli import get_docs_for_click

from cli.main import app

TARGET = Path(__file__).parent / "cli.md"


def command_reference() -> str:
    """Return the reference of every command in Markdown, made from its own help."""
    command = typer.main.get_command(app)
    context = typer.Context(command)
    return get_docs_for_click(obj=command, ctx=context, name="interlingua").strip() + "\n"


if __name__ == "__main__":
    TARGET.write_text(command_reference(), encoding="utf-8")
    sys.stdout.write(f"wrote {TARGET}\n")
