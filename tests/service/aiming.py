"""Generated requests aimed at what a service holds, so that they reach its index.

The document describes every service; which documents, jobs and models one holds it cannot say.
"""

from collections.abc import Callable, Iterator
from itertools import count
from time import monotonic, sleep
from typing import Any, NamedTuple
from urllib.parse import quote

import requests
import schemathesis
from hypothesis import strategies as st

TAGS = ("en", "de", "he", "ar", "zh-Hant", "pt_BR", "und", "eng", "nb", "qaa", "x-mine", "sr-Latn")
"""Tags that are taken; others come in requests that are meant to be wrong."""

Draw = Callable[[st.SearchStrategy[Any]], Any]


class There(NamedTuple):
    """What a service holds."""

    session: requests.Session
    url: str
    model: str
    dim: int
    job: str
    """An audit that has ended."""
    numbers: Iterator[int]
    """For ids that nothing has yet."""


IDS = ("en1", "en2", "de1", "he1", "a/b c", "und")
GROUPS = ("cat", "wash", "wall")


def find_out(session: requests.Session, url: str) -> There:
    """Ask a service for its encoder, and have it audit its index."""
    index = session.get(f"{url}/v1/index", timeout=60).json()
    job = session.post(f"{url}/v1/audits", json={"k": [1]}, timeout=60).json()["id"]
    end = monotonic() + 600  # of a busy machine
    while session.get(f"{url}/v1/audit-jobs/{job}", timeout=60).json()["state"] != "done":
        assert monotonic() < end
        sleep(0.1)
    return There(session, url, index["encoder"], index["dim"], job, count())


def aim(case: schemathesis.Case[Any], there: There, draw: Draw) -> None:
    """Put what is there where a request names something; the rest stays as it was made."""
    named = {"id": st.sampled_from(IDS), "job": st.just(there.job), "number": st.just(1)}
    for name in case.path_parameters or ():
        case.path_parameters[name] = draw(named[name])
    if case.method == "DELETE" and "id" in (case.path_parameters or ()):
        url = f"{there.url}/v1/documents/{quote(case.path_parameters['id'], safe='')}"
        there.session.put(url, json={"text": "Soon to be deleted."}, timeout=60)
    body: Any = case.body
    if isinstance(body, dict):
        for document in body.get("documents", ()):
            document["id"] = f"new-{next(there.numbers)}"
        for query in (body, *(body.get("queries") or ())):
            _aim_query(query, there, draw)


def _aim_query(body: dict[str, Any], there: There, draw: Draw) -> None:
    """Mend one query, or a body that is one."""
    if "model" in body:
        body["model"], body["dimensions"] = there.model, None
    if isinstance(body.get("vector"), list):
        body["vector"] = [1.0, *body["vector"] * there.dim][: there.dim]
    asked = body.get("text") is not None or body.get("vector") is not None
    if body.get("id") is not None and not asked:
        body["id"] = draw(st.sampled_from(IDS))
    if body.get("group") is not None and not asked:
        body["group"] = draw(st.sampled_from(GROUPS))
