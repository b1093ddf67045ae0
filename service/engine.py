"""The index behind the routes: blocking work on threads, texts through the batcher."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from indexer.chunking import Split, splitter
from indexer.corpus import Query
from indexer.index import IndexReader, IndexSettings, Snapshot, View
from indexer.records import Encoding, Role, Vectors
from indexer.transforms import NONE
from search.answer import Answer, answer_queries
from search.merging import NO_MERGING, Merging
from search.options import Mode, SearchOptions
from search.query import Index
from service.encoding import TextEncoder
from service.metrics import Metrics
from service.problems import overloaded
from service.settings import Settings
from service.views import Stale, Views, through

_Result = TypeVar("_Result")
_SEARCH_THREADS = 4
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Served:
    """Answers to several queries, all from one state of the index."""

    answers: tuple[Answer, ...]
    state: int
    """Number of the commit."""
    debias: str = NONE
    """Method that the vectors were put through."""
    merging: Merging = NO_MERGING
    """How the languages were merged."""
    mode: Mode = "dense"
    """How neighbours were found."""
    exact: bool = True
    """Whether no neighbour can have been missed."""


class Engine:
    """One opened index, its encoder and the threads that work with them."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.reader = IndexReader.open(settings.index)
        self.index = Index(self.reader)
        spec = self.reader.settings.encoder.moved(settings.encoder)
        self._texts = TextEncoder(spec, self.reader.settings, settings.limits, metrics)
        self._limits, self._metrics = settings.limits, metrics
        self._threads = ThreadPoolExecutor(_SEARCH_THREADS, "search")
        self._writing = ThreadPoolExecutor(1, "write")
        self._outstanding = 0
        self.views = Views(self.reader, settings.limits)
        self.ready = False
        self.stopping = asyncio.Event()

    @property
    def settings(self) -> IndexSettings:
        """What the index is fixed to."""
        return self.reader.settings

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Encode what is asked for, inside the block."""
        try:
            async with self._texts.running(), self.views.running():
                yield
        finally:
            for pool in (self._threads, self._writing):
                pool.shutdown(wait=True, cancel_futures=True)
            self.reader.close()

    async def load(self) -> None:
        """Load encoder, detector and FAISS files, and say ready.

        Raises:
            InterlinguaError: what cannot be served.
        """
        await self._texts.load()
        await asyncio.get_running_loop().run_in_executor(self._threads, self._load_index)
        self.ready = True

    def _load_index(self) -> None:
        self.index.detector.detect("ready?")
        with self.reader.snapshot():
            pass

    def inside(self, requests: int) -> None:
        """Be told how many requests are at work."""
        self._metrics.in_flight(requests)
        self._texts.inside(requests)

    async def encode(self, texts: Sequence[str], role: Role) -> Encoding:
        """Encode texts together with those of other requests.

        Raises:
            Problem: not ready, or too much is waiting, or it takes too long.
            IncompatibleError: nothing here encodes like the index.
        """
        self.check_ready()
        async with self._in_time():
            return await self._texts.encode(texts, role)

    async def blocking(self, call: Callable[[], _Result]) -> _Result:
        """Run a blocking call on a thread; a bounded number of them wait.

        Raises:
            Problem: too many wait, or it takes too long; the thread ends its work unheard.
        """
        return await self._on(self._threads, call)

    async def changing(self, call: Callable[[], _Result]) -> _Result:
        """Run a change of the index, one after the other.

        Whoever asked may go; a change that has begun is finished.
        """
        return await self._on(self._writing, call)

    async def _on(self, pool: ThreadPoolExecutor, call: Callable[[], _Result]) -> _Result:
        self.check_ready()
        # Abandoned work still occupies its thread, so it is counted until it has ended.
        if self._outstanding >= 2 * self._limits.in_flight:
            self._metrics.shed()
            raise overloaded("too much work is waiting")
        self._outstanding += 1
        future = asyncio.get_running_loop().run_in_executor(pool, call)
        future.add_done_callback(self._ended)
        async with self._in_time():
            return await asyncio.shield(future)

    def _ended(self, future: "asyncio.Future[_Result]") -> None:
        self._outstanding -= 1
        if not future.cancelled():
            future.exception()  # seen here, whoever waited may have gone

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._limits.seconds):
                yield
        except TimeoutError:
            raise overloaded("it took too long", 5) from None

    async def seen(self, debias: str | None, call: Callable[[Snapshot], _Result]) -> _Result:
        """Run a blocking call with the newest state of the index, through a method or as it is.

        Args:
            debias: name of a method; the index's own when None.
            call: what is to be done with the state, on a thread.

        Raises:
            Problem: too many wait, it takes too long, or the index is too large for this.
            InputError: too little to fit the method on.
        """
        for _ in range(_ATTEMPTS):
            view = None if debias is None else await self._view(debias)
            with suppress(Stale):
                return await self.blocking(partial(self._see, view, call))
        raise overloaded("the index changes faster than it can be looked at in another way", 5)

    async def _view(self, method: str) -> View | None:
        key = await self.blocking(lambda: self.views.look(method))
        if key is None:
            return None
        async with self._in_time():
            return await self.views.get(key)

    def _see(self, view: View | None, call: Callable[[Snapshot], _Result]) -> _Result:
        with self.reader.snapshot() as state:
            return call(through(state, view))

    def splitter(self) -> Split:
        """Make what cuts documents as the index does."""
        return splitter(self.settings.chunking, self._texts.opened, self.settings.role)

    def check_ready(self) -> None:
        """Refuse work before everything is loaded.

        Raises:
            Problem: it is not.
        """
        if not self.ready:
            raise overloaded("the index is being loaded", 2)

    def answer(
        self,
        state: Snapshot,
        queries: Sequence[Query],
        vectors: Vectors | None,
        options: SearchOptions,
    ) -> Served:
        """Search, on the calling thread, in one state of the index.

        Args:
            state: what is searched.
            queries: at most :data:`service.limits.MAX_BATCH`.
            vectors: (len(queries), d) unit rows; None in mode ``lexical``.
            options: what is wanted.
        """
        start = time.perf_counter()
        answers = tuple(answer_queries(state, queries, vectors, options))
        known = state.language_counts()
        self._metrics.searched(time.perf_counter() - start, state.seq)
        self._metrics.served(((a.query.lang, a.report) for a in answers), known)
        if options.mode == "lexical":
            return Served(answers, state.seq, mode="lexical")
        merging = options.merging or Merging.from_json(state.debiasing.merging)
        exact = options.exact or state.segments.exact
        return Served(answers, state.seq, state.debiasing.method, merging, options.mode, exact)
