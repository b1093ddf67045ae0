"""Calls to a server that fails, is slow, or should not learn a key."""

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import numpy as np
import pytest

from indexer.encoders import EncoderSpec, caller, open_encoder
from indexer.encoders.caller import Patience
from indexer.encoders.protocol import RemoteOptions
from indexer.encoders.remote import RemoteEncoder
from indexer.errors import EncoderError, UsageError
from tests.encoders.small_server import (
    MODEL,
    Act,
    Small,
    changed,
    cut,
    drop,
    sleep,
    status,
    truncate,
)

KEY = "sk-canary-0123456789abcdef"


@pytest.fixture
def small() -> Iterator[Small]:
    """A server of the test's own."""
    with Small().running() as running:
        yield running


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait hundredths where people wait seconds."""
    monkeypatch.setattr(caller, "PATIENCE", Patience(first=0.001, longest=0.01))


def opened(small: Small, **options: object) -> RemoteEncoder:
    """Open the server's encoder, and forget the call that this took."""
    spec = EncoderSpec(name(small), remote=RemoteOptions(**options))  # type: ignore[arg-type]
    encoder = open_encoder(spec)
    assert isinstance(encoder, RemoteEncoder)
    small.calls.clear()
    return encoder


def name(small: Small) -> str:
    """What the encoder is called on the command line."""
    return f"openai:{MODEL}@{small.url}/v1"


def in_a_moment() -> str:
    """A date as Retry-After may hold it; it has passed when it is read."""
    return format_datetime(datetime.now(UTC) - timedelta(seconds=5), usegmt=True)


@pytest.mark.parametrize(
    "acts",
    [
        [status(500)],
        [status(503, b"<html>busy</html>"), status(502, {}), status(504, b"")],
        [status(429, Retry_After="0"), status(429, Retry_After="0.01")],
        [status(429, Retry_After=in_a_moment())],
        [status(429, Retry_After="soon")],
        [drop],
        [truncate, truncate],
        [drop, status(500), truncate, status(529), drop, status(408)],
    ],
)
def test_what_may_go_away_is_tried_again(small: Small, acts: list[Act]) -> None:
    """The same call, and then the right answer."""
    encoder = opened(small)
    wanted = encoder.encode(["a", "b"], "passage").vectors
    small.calls.clear()
    small.acts = list(acts)
    np.testing.assert_array_equal(encoder.encode(["a", "b"], "passage").vectors, wanted)
    assert len(small.calls) == len(acts) + 1
    assert len({str(call.body) for call in small.calls}) == 1


def test_a_slow_answer_is_given_up_and_asked_again(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silence is a broken connection."""
    monkeypatch.setattr(caller, "READ_SECONDS", 0.5)
    encoder = opened(small)
    small.acts = [sleep(1.5)]
    encoder.encode(["a"], "passage")
    assert len(small.calls) >= 2  # a busy machine may be slow once more


def test_an_answer_that_drips_is_given_up(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, the whole does not."""
    stop = threading.Event()

    def drip(_small: Small, handler: object, _body: object) -> None:
        handler.send_response(200)  # type: ignore[attr-defined]
        handler.end_headers()  # type: ignore[attr-defined]
        while not stop.wait(0.01):
            try:
                handler.wfile.write(b" ")  # type: ignore[attr-defined]
            except OSError:
                break
        handler.close_connection = True  # type: ignore[attr-defined]

    encoder = opened(small)
    monkeypatch.setattr(caller, "TOTAL_SECONDS", 0.7)
    small.acts = [drip]
    try:
        encoder.encode(["a"], "passage")
    finally:
        stop.set()
    assert len(small.calls) >= 2  # a busy machine may be slow once more


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (status(503), "fails with 503: as asked, 7 times"),
        (status(429), "fails with 429: as asked, 7 times"),
        (drop, "the connection broke .*, 7 times"),
        (truncate, "the connection broke .*, 7 times"),
    ],
)
def test_what_does_not_go_away_ends_the_run(small: Small, act: Act, said: str) -> None:
    """With the server, the reason and what to do."""
    encoder = opened(small)
    small.always = act
    with pytest.raises(EncoderError, match=said) as caught:
        encoder.encode(["a"], "passage")
    assert caught.value.message.startswith(f"{small.url}/v1: ")
    assert "run the same command again" in str(caught.value.remedy)
    assert len(small.calls) == 7


def test_a_server_that_wants_an_hour_is_not_waited_for(small: Small) -> None:
    """It is said how long it wants."""
    encoder = opened(small)
    small.acts = [status(429, Retry_After="3600")]
    with pytest.raises(EncoderError, match="asks to wait 3600 s"):
        encoder.encode(["a"], "passage")
    assert len(small.calls) == 1


def test_a_long_wait_is_said(
    small: Small, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody should wonder what it waits for."""
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    encoder = opened(small)
    small.acts = [status(429, Retry_After="42")]
    with caplog.at_level(logging.WARNING):
        encoder.encode(["a"], "passage")
    assert max(waits) == 42
    assert "fails with 429: as asked; again in 42 s" in caplog.text


def test_calls_that_wait_together_say_it_once(
    small: Small, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Four calls at once meet the same outage: one notice a wait, not four."""
    monkeypatch.setattr(caller, "PATIENCE", Patience(first=1, attempts=3))
    encoder = opened(small, texts_per_request=1, requests_at_once=4)
    small.always = status(503)
    with caplog.at_level(logging.WARNING), pytest.raises(EncoderError):
        encoder.encode(["a", "b", "c", "d"], "passage")
    for thread in threading.enumerate():
        if thread.name == "ask":
            thread.join()  # nobody waits for calls under way, and they would wait in other tests
    assert caplog.text.count("again in") == 2


@pytest.mark.parametrize("asked", [{}, {"Retry_After": "0"}])
def test_waits_grow(small: Small, monkeypatch: pytest.MonkeyPatch, asked: dict[str, str]) -> None:
    """Twice as long each time, a tenth more at most, up to the longest; "at once" is no answer."""
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", lambda s: waits.append(s) if s > 0 else None)
    monkeypatch.setattr(caller, "PATIENCE", Patience(first=1, longest=8))
    encoder = opened(small)
    small.always = status(500, **asked)
    with pytest.raises(EncoderError):
        encoder.encode(["a"], "passage")
    for wait, wanted in zip(waits, [1, 2, 4, 8, 8, 8], strict=True):
        assert wanted <= wait <= 1.1 * wanted


def test_calls_keep_apart(small: Small) -> None:
    """Six hundred a minute are a tenth of a second apart, from several threads, too."""
    encoder = opened(small, requests_per_minute=600, texts_per_request=1)
    threads = [
        threading.Thread(target=encoder.encode, args=([f"{i}a", f"{i}b"], "passage"))
        for i in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = sorted(call.time for call in small.calls)
    assert len(times) == 6
    assert times[-1] - times[0] >= 0.45


def test_nobody_listens() -> None:
    """Said after three attempts: an address is more often wrong than a server just starting."""
    small = Small()
    with small.running():
        pass
    with pytest.raises(EncoderError, match=r"cannot be reached \(.*\), 3 times"):
        open_encoder(EncoderSpec(name(small)))


def test_a_server_that_restarts_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it has been there."""
    monkeypatch.setattr(caller, "PATIENCE", Patience(attempts=20, first=0.1, longest=0.3))
    small = Small()
    with small.running():
        encoder = opened(small)
    small.acts = [drop]  # what is left of the first server
    with ExitStack() as stack:
        again = threading.Timer(0.8, lambda: stack.enter_context(small.running()))
        again.start()
        try:
            encoder.encode(["a"], "passage")
        finally:
            again.join()  # else it would start a server that nobody stops
    assert small.texts == ["a", "a"]


def _leaks(text: object) -> bool:
    return KEY in str(text) or "canary" in str(text)


def test_the_key_goes_to_its_own_host_only(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither OpenAI's key nor another host's is sent to this one."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("INTERLINGUA_KEY_LOCALHOST", KEY)
    opened(small).encode(["a"], "passage")
    assert not any(_leaks(call.headers) for call in small.calls)
    monkeypatch.setenv("INTERLINGUA_KEY_127_0_0_1", f" {KEY}\n")
    encoder = opened(small)
    encoder.encode(["a"], "passage")
    assert [call.headers["Authorization"] for call in small.calls] == [f"Bearer {KEY}"]
    assert not _leaks((encoder.parts, encoder.name, encoder.fingerprint))


def test_openai_is_not_asked_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would refuse, after it was sent the texts; the variable is named instead."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(UsageError, match="OPENAI_API_KEY is not set"):
        open_encoder(EncoderSpec("openai:text-embedding-3-small"))


def test_a_key_that_is_none_is_refused_and_not_shown(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line break in it would forge a header."""
    for key in (f"{KEY}\r\nX: y", f"{KEY} {KEY}", f"{KEY}é"):
        monkeypatch.setenv("INTERLINGUA_KEY_127_0_0_1", key)
        with pytest.raises(UsageError, match="INTERLINGUA_KEY_127_0_0_1") as caught:
            open_encoder(EncoderSpec(name(small)))
        assert not _leaks(caught.value)


def test_neither_redirect_nor_proxy_gets_the_key(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor a text: the first is not followed, the second not used for plain http."""
    monkeypatch.setenv("INTERLINGUA_KEY_127_0_0_1", KEY)
    with Small().running() as other:
        for variable in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(variable, other.url)
        encoder = opened(small)
        small.acts = [status(308, {}, Location=f"{other.url}/{KEY}")]
        with pytest.raises(EncoderError, match="redirects") as caught:
            encoder.encode(["a secret text"], "passage")
        assert not _leaks(caught.value)
        assert other.calls == []


@pytest.mark.parametrize("code", [401, 400, 503, 200])
def test_a_server_that_says_the_key_aloud(
    small: Small, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Is not repeated."""
    monkeypatch.setenv("INTERLINGUA_KEY_127_0_0_1", KEY)
    encoder = opened(small)
    small.always = status(code, {"error": {"message": f"wrong key {KEY}"}})
    with pytest.raises(EncoderError) as caught:
        encoder.encode(["a"], "passage")
    assert not _leaks((caught.value, caught.value.remedy, caught.value.__cause__))
    if code == 401:
        assert "wrong key …" in str(caught.value)
        assert "another key in INTERLINGUA_KEY_127_0_0_1" in str(caught.value)
    small.always = changed(lambda answer: answer | {"model": KEY})
    assert not _leaks((opened(small).parts, opened(small).name))


def test_half_of_an_answer_as_if_whole(small: Small) -> None:
    """Is no broken connection, and not asked again."""
    encoder = opened(small)
    small.acts = [cut]
    with pytest.raises(EncoderError):
        encoder.encode(["a"], "passage")
    assert len(small.calls) == 1
