"""Write the parts of docs/ that come from the code: the references of commands and of HTTP."""

import json
import sys
from pathlib import Path
from typing import Any

import typer
from typer.cli import get_docs_for_click

from cli.main import app
from service.reference import reference_document

TARGET = Path(__file__).parent / "cli.md"
HTTP = Path(__file__).parent / "http.md"
_OPERATIONS = "## Operations\n"


def command_reference() -> str:
    """Return the reference of every command in Markdown, made from its own help."""
    command = typer.main.get_command(app)
    context = typer.Context(command)
    return get_docs_for_click(obj=command, ctx=context, name="interlingua").strip() + "\n"


def http_page() -> str:
    """Return docs/http.md with the reference under its hand-written part made anew."""
    written = HTTP.read_text(encoding="utf-8").partition(_OPERATIONS)[0]
    return f"{written}{_OPERATIONS}\n{http_reference()}"


def http_reference() -> str:
    """Return the reference of every operation in Markdown, made from the OpenAPI document."""
    document = reference_document()
    parts = [
        _operation(method.upper(), path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    return "\n".join(parts)


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    """Write one operation: what it is for, a request, an answer, its statuses."""
    lines = [f"### {operation['summary']}", "", f"`{method} {path}`", ""]
    for where, body in [("Request", operation.get("requestBody", {})), *_successes(operation)]:
        for media, content in body.get("content", {}).items():
            for name, example in _examples(content):
                shown = example if isinstance(example, str) else json.dumps(example)
                lines += [f"{where}, `{media}`{name}:", "", "```text", shown.rstrip(), "```", ""]
    errors = ", ".join(status for status in operation["responses"] if status >= "400")
    return "\n".join([*lines, f"Problems: {errors}.", ""])


def _examples(content: dict[str, Any]) -> list[tuple[str, Any]]:
    """List the examples of a body, named where there are several; a vector would fill the page."""
    given = list(content.get("examples", {}).values())
    if len(given) < 2:
        return [("", given[0]["value"] if given else content["example"])]
    return [(f", {e['summary']}", e["value"]) for e in given if "vector" not in e["value"]]


def _successes(operation: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    answers = operation["responses"].items()
    return [(f"Answer {status}", answer) for status, answer in answers if status < "400"]


if __name__ == "__main__":
    TARGET.write_text(command_reference(), encoding="utf-8")
    HTTP.write_text(http_page(), encoding="utf-8")
    sys.stdout.write(f"wrote {TARGET} and {HTTP}\n")
