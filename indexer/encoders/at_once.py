"""Several calls under way at once, their answers in order."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


def in_order(
    ask: Callable[[Question], Answer], questions: Sequence[Question], most: int
) -> Iterator[Answer]:
    """Ask ``most`` questions at a time, and hand the answers out in the order of the questions.

    What fails is raised in its turn, and whatever has not been asked by then never is. Nobody waits
    for calls that are still under way, so that Ctrl-C and a refusal end the run at once.

    Args:
        ask: may be called from several threads.
        questions: all of them.
        most: calls under way, at least 1; in this thread when 1 is enough.
    """
    if min(most, len(questions)) <= 1:
        yield from map(ask, questions)
        return
    answers: list[Future[Answer]] = [Future() for _ in questions]
    waiting: SimpleQueue[tuple[Question, Future[Answer]]] = SimpleQueue()
    for pair in zip(questions, answers, strict=True):
        waiting.put(pair)
    stopped = threading.Event()

    def work() -> None:
        while not stopped.is_set():
            try:
                question, answer = waiting.get_nowait()
            except Empty:
                return
            try:
                answer.set_result(ask(question))
            except BaseException as error:  # noqa: BLE001 - raised where the answer is awaited
                answer.set_exception(error)
                stopped.set()

    # No pool of concurrent.futures: Python would wait for its threads before it exits.
    for _ in range(min(most, len(questions))):
        threading.Thread(target=work, name="ask", daemon=True).start()
    try:
        for answer in answers:
            yield answer.result()
    finally:
        stopped.set()
