"""Several calls at once: as many as are allowed, answers in order, and no waiting for the rest."""

import threading
import time
from collections.abc import Iterator

import pytest

from indexer.encoders.at_once import in_order
from tests.encoders.small_server import Handler, Small, status, well
from tests.encoders.test_remote import opened

WAIT = 20.0
"""Seconds after which a test gives up; none takes as long."""


@pytest.fixture
def small() -> Iterator[Small]:
    """A server of the test's own."""
    with Small().running() as running:
        yield running


def test_answers_come_in_the_order_of_the_questions() -> None:
    """Also when the first is answered last."""
    last = threading.Event()

    def ask(n: int) -> int:
        if n == 0:
            assert last.wait(WAIT)
        if n == 5:
            last.set()
        return n * n

    assert list(in_order(ask, range(6), 2)) == [0, 1, 4, 9, 16, 25]
    assert list(in_order(ask, [], 4)) == []


@pytest.mark.parametrize("most", [1, 3, 8])
def test_never_more_than_allowed_are_under_way(most: int) -> None:
    """And as many as that."""
    lock = threading.Lock()
    now = highest = 0
    full = threading.Barrier(most)

    def ask(n: int) -> int:
        nonlocal now, highest
        with lock:
            now += 1
            highest = max(highest, now)
        if n < most:
            full.wait(WAIT)
        with lock:
            now -= 1
        return n

    assert list(in_order(ask, range(20), most)) == list(range(20))
    assert highest == most


def test_what_fails_is_raised_in_its_turn_and_the_rest_not_asked() -> None:
    """The first failure in order, whichever came first in time; nobody waits for the others."""
    asked: list[int] = []
    failed, never = threading.Event(), threading.Event()

    def ask(n: int) -> int:
        asked.append(n)
        if n == 1:
            assert failed.wait(WAIT)
            raise ValueError(n)
        if n == 2:
            failed.set()
            raise ValueError(n)
        if n == 3:
            never.wait(WAIT)
        return n

    answers = in_order(ask, range(100), 4)
    assert next(answers) == 0
    with pytest.raises(ValueError, match="1"):
        next(answers)
    assert len(asked) < 20
    never.set()


def test_who_stops_listening_waits_for_nobody() -> None:
    """Ctrl-C while a call hangs ends the run; what was not asked never is."""
    asked: list[int] = []
    hang = threading.Event()

    def ask(n: int) -> int:
        asked.append(n)
        if n:
            hang.wait(WAIT)
        return n

    answers = in_order(ask, range(50), 2)
    assert next(answers) == 0
    began = time.monotonic()
    answers.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < WAIT / 2
    hang.set()
    for thread in threading.enumerate():
        if thread.name == "ask":
            thread.join(WAIT)
    assert len(asked) <= 3


def test_a_server_is_asked_by_several_calls_at_once(small: Small) -> None:
    """Four are inside before the first is answered."""
    encoder = opened(small, texts_per_request=1)
    inside = threading.Barrier(4)

    def meet(small: Small, handler: Handler, body: dict[str, object]) -> None:
        inside.wait(WAIT)
        well(small, handler, body)

    small.always = meet
    texts = [f"text {n}" for n in range(8)]
    made = encoder.encode(texts, "passage").vectors
    assert (made == small.encoded(texts)).all()


def test_a_wait_that_the_server_asks_for_holds_for_all_calls(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other calls do not go on knocking meanwhile."""
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", lambda s: waits.append(s) if s > 0 else None)
    encoder = opened(small)
    small.acts = [status(429, Retry_After="420")]
    encoder.encode(["a"], "passage")
    waits.clear()
    encoder.encode(["b"], "passage")
    assert len(waits) == 1
    assert 300 < waits[0] <= 420
