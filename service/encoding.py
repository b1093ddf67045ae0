"""The encoder of the index, behind the batcher, on threads of its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress

from indexer.encoders import Encoder, EncoderSpec, open_encoder
from indexer.encoders.threads import available_cores, compute_on, encoding_threads
from indexer.errors import IncompatibleError
from indexer.index import IndexSettings
from indexer.records import Encoding, Role
from service.batching import Batcher
from service.limits import Limits
from service.metrics import Metrics

_MOST = 2
"""Threads that encode at once, where the encoder allows it."""


class TextEncoder:
    """Encodes what requests ask for, together."""

    def __init__(
        self, spec: EncoderSpec, settings: IndexSettings, limits: Limits, metrics: Metrics
    ) -> None:
        self._spec, self._settings = spec, settings
        self._limits, self._metrics = limits, metrics
        self._threads = ThreadPoolExecutor(_MOST, "encode")
        self._encoder: Encoder | None = None
        self._batcher: Batcher | None = None
        self._workers: list[asyncio.Task[None]] = []
        self._cores: int | None = None
        self._inside = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Encode what is asked for, inside the block."""
        batcher = self._batcher = Batcher(
            self._encode_now,
            self._threads,
            most=self._limits.batch_texts,
            wait=self._limits.batch_wait,
            queued=self._limits.queued_texts,
            company=lambda: self._inside > batcher.requests,
            observe=self._metrics.batch,
        )
        self._metrics.watch_queue(lambda: batcher.queued)
        try:
            yield
        finally:
            for worker in self._workers:
                worker.cancel()
                with suppress(asyncio.CancelledError):
                    await worker
            self._threads.shutdown(wait=True, cancel_futures=True)

    async def load(self) -> None:
        """Load the encoder.

        Raises:
            InterlinguaError: it cannot be loaded, or is not the encoder of the index.
        """
        assert self._batcher is not None
        loop = asyncio.get_running_loop()
        workers = await loop.run_in_executor(self._threads, self._load)
        self._workers = [asyncio.create_task(self._batcher.run()) for _ in range(workers)]

    def _load(self) -> int:
        """Load, on a thread; return how many threads may encode at once."""
        if self._settings.vectors_only:
            return 1
        encoder = open_encoder(self._spec)
        self._settings.check(encoder)
        encoder.encode(["ready?"], "query")
        self._encoder = encoder
        workers = min(_MOST, encoding_threads(encoder))
        self._cores = available_cores() if workers > 1 else None
        return workers

    def inside(self, requests: int) -> None:
        """Be told how many requests are at work: those that are not here yet may come."""
        self._inside = requests

    async def encode(self, texts: Sequence[str], role: Role) -> Encoding:
        """Encode texts together with those of other requests.

        Raises:
            Problem: too much is waiting.
            IncompatibleError: nothing here encodes like the index.
        """
        assert self._batcher is not None
        return await self._batcher.encode(texts, role)

    def opened(self) -> Encoder:
        """Return the loaded encoder.

        Raises:
            IncompatibleError: nothing here encodes like the index.
        """
        if self._encoder is None:
            raise IncompatibleError(
                "the vectors of this index were made elsewhere", "send a vector, not a text"
            )
        return self._encoder

    def _encode_now(self, texts: Sequence[str], role: Role) -> Encoding:
        """Encode, on a thread, with its share of the processor."""
        encoder = self.opened()
        if self._cores is not None:
            assert self._batcher is not None
            compute_on(max(1, self._cores // self._batcher.sharing))
        return encoder.encode(texts, role)
