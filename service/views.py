"""Views of the index through methods that it does not use: fitted once, kept within bounds."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from indexer.index import IndexReader, Snapshot, View
from search.debias.view import fit_view
from service.limits import Limits
from service.problems import Problem

Key = tuple[int, str]
"""Commit and method."""


class Stale(Exception):  # noqa: N818 - no error: it is made anew
    """A view is of another state than the one that is asked now."""


class Views:
    """The views of one index; one is fitted at a time, and whoever wants the same waits for it."""

    def __init__(self, reader: IndexReader, limits: Limits) -> None:
        self._reader, self._limits = reader, limits
        self._thread = ThreadPoolExecutor(1, "view")
        self._kept: OrderedDict[Key, View] = OrderedDict()
        self._fitting: dict[Key, asyncio.Future[View]] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Fit what is asked for, inside the block."""
        try:
            yield
        finally:
            self._thread.shutdown(wait=True, cancel_futures=True)

    def look(self, method: str) -> Key | None:
        """Name the view of the newest state, None when the index itself is it.

        Raises:
            Problem: the index is too large to be held in memory a second time.
        """
        with self._reader.snapshot() as state:
            if state.debiasing.method == method:
                return None
            if self.too_large(state):
                documents = sum(state.language_counts().values())
                raise Problem(
                    422,
                    "too-large",
                    f"trying {method} would hold all {documents} documents in memory a second time",
                    "apply it with `interlingua debias`",
                )
            return state.seq, method

    def too_large(self, state: Snapshot) -> bool:
        """Whether an index is not put through another method here."""
        documents = sum(state.language_counts().values())
        size = 4 * documents * state.settings.dim
        return documents > self._limits.view_documents or size > self._limits.view_bytes

    async def get(self, key: Key) -> View:
        """Find a view, or fit it; whoever stops waiting does not stop the fit.

        Raises:
            InputError: too little to fit the method on.
        """
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if key not in self._fitting:
            loop = asyncio.get_running_loop()
            future = loop.run_in_executor(self._thread, self._fit, key[1])
            future.add_done_callback(lambda done: self._fitted(key, done))
            self._fitting[key] = future
        return await asyncio.shield(self._fitting[key])

    def _fit(self, method: str) -> View:
        with self._reader.snapshot() as state:
            return fit_view(state, method)

    def _fitted(self, key: Key, done: "asyncio.Future[View]") -> None:
        """Keep a view that was made, and let go of what no longer fits or is of an older state."""
        del self._fitting[key]
        if done.cancelled() or done.exception() is not None:
            return
        view = done.result()
        self._kept[view.seq, key[1]] = view
        for old in [k for k in self._kept if k[0] < view.seq]:
            del self._kept[old]
        while sum(v.bytes for v in self._kept.values()) > self._limits.view_bytes:
            self._kept.popitem(last=False)


def through(state: Snapshot, view: View | None) -> Snapshot:
    """Look at a state as a view of it has it, or as it is without one.

    Raises:
        Stale: the view is of another state.
    """
    if view is None:
        return state
    if view.seq != state.seq:
        raise Stale
    return state.through(view)
