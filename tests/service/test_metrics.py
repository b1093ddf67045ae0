"""What Prometheus reads."""

import re
import sys
from concurrent.futures import ThreadPoolExecutor

from search.report import LanguageReport, Neighbour, Pool, language_report
from service.metrics import WINDOW, Metrics
from tests.service.conftest import Start


def values(page: str, name: str) -> dict[str, float]:
    """The values of a metric, by its labels."""
    return {
        labels: float(value)
        for labels, value in re.findall(rf"^{name}(?:\{{(.*)\}})? (\S+)$", page, re.MULTILINE)
    }


def report(same: int, other: int) -> LanguageReport:
    """A report on so many neighbours in English and German, of ten documents in each."""
    neighbours = [Neighbour("en", None, False)] * same + [Neighbour("de", None, False)] * other
    return language_report("en", neighbours, Pool({"en": 10, "de": 30}, {}, None))


def test_share_is_that_of_the_served_neighbours() -> None:
    """Share and chance are over the same neighbours, of the last answers, a language each."""
    metrics = Metrics()
    metrics.served(
        [("en", report(3, 1)), ("en", report(1, 3)), ("x-made-up", report(4, 0))], ["en"]
    )
    page = metrics.page().decode()
    assert values(page, "interlingua_same_language_share") == {
        'lang="en"': 0.5,
        'lang="other"': 1.0,
    }
    assert values(page, "interlingua_same_language_chance")['lang="en"'] == 0.25
    assert values(page, "interlingua_same_language_answers")['lang="en"'] == 2
    metrics.served([("en", report(0, 4))] * WINDOW, ["en"])
    page = metrics.page().decode()
    assert values(page, "interlingua_same_language_share")['lang="en"'] == 0
    assert values(page, "interlingua_same_language_answers")['lang="en"'] == WINDOW


def test_threads_may_serve_at_once() -> None:
    """Searches run in several threads, and one may end while another counts."""
    metrics, usual = Metrics(), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            served = [("en", report(2, 2))] * 200
            for done in [pool.submit(metrics.served, served, ["en"]) for _ in range(16)]:
                done.result()
    finally:
        sys.setswitchinterval(usual)
    page = metrics.page().decode()
    assert values(page, "interlingua_same_language_share") == {'lang="en"': 0.5}
    assert values(page, "interlingua_same_language_answers")['lang="en"'] == WINDOW


def test_answers_that_say_nothing_are_left_out() -> None:
    """Where no other share was possible the gauge is not moved."""
    metrics = Metrics()
    metrics.served([("en", language_report("en", [], Pool({"en": 1}, {}, None)))], ["en"])
    assert values(metrics.page().decode(), "interlingua_same_language_share") == {}


def test_requests_are_counted(start: Start) -> None:
    """Requests by route, batches, the state and the share of a real service."""
    with start().client() as client:
        for _ in range(3):
            client.post("/v1/search", json={"text": "A cat on the roof", "lang": "en", "k": 3})
        client.get("/v1/documents/nobody")
        client.get("/no/such/path")
        state = client.get("/v1/index").json()["state"]
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    requests = values(answer.text, "interlingua_http_requests_total")
    assert requests['method="POST",route="/v1/search",status="200"'] == 3
    assert requests['method="GET",route="/v1/documents/{id:path}",status="404"'] == 1
    assert requests['method="GET",route="none",status="404"'] == 1
    assert values(answer.text, "interlingua_batch_texts_sum") == {"": 3}
    assert values(answer.text, "interlingua_search_seconds_count") == {"": 3}
    assert values(answer.text, "interlingua_index_state") == {"": state}
    assert values(answer.text, "interlingua_same_language_answers") == {'lang="en"': 3}
