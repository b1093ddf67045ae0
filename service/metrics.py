"""What Prometheus reads."""

from collections import deque
from collections.abc import Callable, Iterable
from threading import Lock

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from search.report import LanguageReport
from service.batching import Batch

WINDOW = 500
"""Answers a language whose share of its own language is shown."""
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_OTHER = "other"


class Metrics:
    """The metrics of one service, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "interlingua_http_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._latency = Histogram(
            "interlingua_http_request_seconds",
            "Time to answer.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._encode = Histogram(
            "interlingua_encode_seconds",
            "Time to encode a batch.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._search = Histogram(
            "interlingua_search_seconds",
            "Time to search, after encoding.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._batch = Histogram(
            "interlingua_batch_texts",
            "Texts encoded together.",
            buckets=_TEXTS,
            registry=registry,
        )
        self._in_flight = Gauge(
            "interlingua_requests_in_flight", "Requests at work.", registry=registry
        )
        self._queue = Gauge(
            "interlingua_queue_texts", "Texts that wait to be encoded.", registry=registry
        )
        self._shed = Counter(
            "interlingua_requests_shed", "Requests refused: too many at once.", registry=registry
        )
        self._state = Gauge(
            "interlingua_index_state", "Number of the state served last.", registry=registry
        )
        self._bias = Bias(registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(method, route, str(status)).inc()
        self._latency.labels(route).observe(seconds)

    def batch(self, batch: Batch) -> None:
        """Note one batch of texts."""
        self._encode.observe(batch.seconds)
        self._batch.observe(batch.texts)

    def searched(self, seconds: float, state: int) -> None:
        """Note one search, and the state it was answered from."""
        self._search.observe(seconds)
        self._state.set(state)

    def served(self, reports: Iterable[tuple[str, LanguageReport]], known: Iterable[str]) -> None:
        """Note what was served: the languages of the queries and their reports."""
        languages = frozenset(known)
        for lang, report in reports:
            self._bias.add(lang if lang in languages else _OTHER, report)

    def shed(self) -> None:
        """Count a request that was refused for want of room."""
        self._shed.inc()

    def in_flight(self, number: int) -> None:
        """Note how many requests are at work."""
        self._in_flight.set(number)

    def watch_queue(self, size: Callable[[], int]) -> None:
        """Read the length of the queue whenever somebody asks."""
        self._queue.set_function(size)

    def page(self) -> bytes:
        """Write everything in the text format."""
        return bytes(generate_latest(self._registry))


class Bias:
    """The share of served neighbours in the query's language, and what chance would give.

    Both are over the same neighbours: those the language report counts, of the last
    :data:`WINDOW` answers in that language whose excess is defined.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._share, self._chance, self._answers = (
            Gauge(f"interlingua_same_language_{name}", text, ["lang"], registry=registry)
            for name, text in (
                ("share", "Share of served neighbours in the query's language, recent answers."),
                ("chance", "The same share if language played no part."),
                ("answers", "Recent answers that the share is about."),
            )
        )
        self._recent: dict[str, deque[tuple[int, int, float]]] = {}
        self._adding = Lock()

    def add(self, lang: str, report: LanguageReport) -> None:
        """Take one answer in; several threads may at once."""
        hits, expected = report.counted_same_language, report.expected_same_language
        if report.excess is None or hits is None or expected is None:
            return
        with self._adding:
            recent = self._recent.setdefault(lang, deque(maxlen=WINDOW))
            recent.append((hits, report.counted, expected))
            total = sum(counted for _, counted, _ in recent)
            self._share.labels(lang).set(sum(hits for hits, _, _ in recent) / total)
            self._chance.labels(lang).set(sum(expected for _, _, expected in recent) / total)
            self._answers.labels(lang).set(len(recent))
