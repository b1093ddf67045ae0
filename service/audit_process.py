"""One audit in a process of its own: it can be stopped at any point, and stalls nobody.

It reads one JSON object on stdin and writes one a line on stdout: ``{"done": n, "total": n}``,
at the end ``{"audit": id, "note": …}`` or ``{"error": …}``.
"""

import json
import os
import select
import sys
import threading
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

from indexer.audits import save_audit
from indexer.conditions import make_filter
from indexer.corpus import Query
from indexer.encoders import EncoderSpec
from indexer.errors import InterlinguaError, LockedError
from search.audit.options import AuditOptions
from search.audit.result import Audit
from search.audit.schema import audit_json
from search.audit.summary import summarise
from search.query import Index

_PATIENCE = 30.0
"""Seconds to wait for another process that writes."""


def main() -> None:
    """Do the audit that stdin asks for."""
    threading.Thread(target=_end_with_reader, daemon=True).start()
    try:
        order: dict[str, Any] = json.load(sys.stdin)
    except ValueError:  # the service was killed before it could say what to do
        sys.exit(1)
    try:
        _say(**_audit(order))
    except InterlinguaError as error:
        _say(error=error.message)
    except OSError as error:
        _say(error=error.strerror or "the disk failed")


def _audit(order: dict[str, Any]) -> dict[str, Any]:
    asked = order["options"]
    options = AuditOptions(
        ks=tuple(sorted(set(asked["k"]))),
        sample=asked["sample"],
        seed=asked["seed"],
        allowed=make_filter(asked["languages"], asked["where"]),
        as_served=asked["as_served"],
        peer=asked["peer"],
        command="POST /v1/audits",
    )
    spec = EncoderSpec.from_json(order["encoder"]) if order["encoder"] else None
    path = Path(order["index"])
    with Index.open(path, encoder=spec) as index:
        queries = None
        if asked["queries"] is not None:
            queries = [_query(index, query) for query in asked["queries"]]
        found = index.audit(
            options, queries=queries, progress=lambda done, total: _say(done=done, total=total)
        )
    document = json.dumps(audit_json(found), ensure_ascii=False, allow_nan=False)
    Path(order["result"]).write_text(document, encoding="utf-8")
    return _keep(path, document, found)


def _query(index: Index, fields_: dict[str, Any]) -> Query:
    names = {f.name for f in fields(Query)} & fields_.keys()
    return index.query(**{name: fields_[name] for name in names})


def _keep(path: Path, document: str, found: Audit) -> dict[str, Any]:
    """Keep the audit in the index; one that cannot be written to is no reason to lose it."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return {"audit": save_audit(path, document, summarise(found), found.index.seq)}
        except LockedError:
            if time.monotonic() >= end:
                return {"audit": None, "note": "not kept: another process writes to the index"}
            time.sleep(0.1)
        except (InterlinguaError, OSError):
            return {"audit": None, "note": "not kept: the index cannot be written to"}


def _say(**what: object) -> None:
    try:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # before the thread has seen it
        os._exit(1)


def _end_with_reader() -> None:
    """End this process when nobody reads any more what it says: the service was killed."""
    pipe = select.poll()
    pipe.register(sys.stdout.fileno(), 0)  # no event but an error, which is the reader's end
    pipe.poll()
    os._exit(1)


if __name__ == "__main__":
    main()
