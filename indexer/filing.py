"""Which FAISS files an index has, and when they are written anew: the writer's part in it."""

import re
from pathlib import Path

from indexer import tables
from indexer.changes import log_commit, name_file, replace_files
from indexer.debiasing import Debiasing, is_transformed, read_debiasing, write_debiasing
from indexer.directory import sweep
from indexer.errors import CorruptError
from indexer.kinds import EXACT, Indexing, Plan, read_indexing, write_indexing
from indexer.sealing import is_compact, parts, write_all, write_files
from indexer.stages import Stages, untold
from indexer.store import DATABASE, WriteStore

OUTSIDE = 0.25
"""Share of the vectors that may lie outside the main file of an approximate kind."""


class Filing:
    """The FAISS files of an index whose lock is held.

    Args:
        store: its database.
        path: its directory.
        dim: length of a vector.
    """

    def __init__(self, store: WriteStore, path: Path, dim: int) -> None:
        self._store, self._conn, self._path, self._dim = store, store.conn, path, dim
        self._place = str(path / DATABASE)

    @property
    def indexing(self) -> Indexing:
        """What kind of index was asked for.

        Raises:
            CorruptError: it is damaged.
        """
        return read_indexing(self._conn, self._place)

    def plan(self) -> Plan:
        """Say what the files would be if they were written now."""
        return self.indexing.plan(tables.documents_in_all(self._conn), self._dim)

    def ask_for(self, indexing: Indexing) -> None:
        """Say what kind the index is to be; what was damaged is mended by it."""
        try:
            if indexing == self.indexing:
                return
        except CorruptError:
            pass
        with self._store.transaction() as conn:
            write_indexing(conn, indexing)
            log_commit(conn, "indexing", 0, 0)

    def is_overgrown(self, plan: Plan) -> bool:
        """Tell whether more lies outside the main file than should."""
        documents = tables.documents_in_all(self._conn)
        held = [r.rows for r in tables.files(self._conn) if _alike(r.factory, plan.factory)]
        return documents - sum(held) > OUTSIDE * documents

    def is_compact(self) -> bool:
        """Tell whether writing all files anew would gain nothing."""
        plan, files = self.plan(), tables.files(self._conn)
        planned = all(_alike(record.factory, plan.factory) for record in files)
        return planned and is_compact(self._conn) and (plan.exact or len(files) < 2)

    def seal_tail(self, stages: Stages = untold) -> None:
        """Write the tail to files: each is on disk and checked before the database names it.

        Args:
            stages: told how far it is.
        """
        tail = tables.live_vids(self._conn, tables.sealed_to(self._conn) + 1)
        transform = read_debiasing(self._conn, self._place).transform
        for record in write_files(
            *(self._conn, self._path, self._dim, transform, EXACT, parts(tail), stages)
        ):
            with self._store.transaction() as conn:
                name_file(conn, record)
                log_commit(conn, "seal", 0, 0)

    def write_anew(self, kind: str, indexing: Indexing, stages: Stages = untold) -> None:
        """Write all files anew, and name them in one transaction in the place of the old ones.

        Args:
            kind: what the log of commits is to call it.
            indexing: what was asked for.
            stages: told how far it is.
        """
        transform = read_debiasing(self._conn, self._place).transform
        records = write_all(self._conn, self._path, self._dim, transform, indexing, stages)
        with self._store.transaction() as conn:
            replace_files(conn, records)
            if kind == "reindex":
                write_indexing(conn, indexing)
            log_commit(conn, kind, 0, 0)
        sweep(self._path, self._conn)

    def debias(self, debiasing: Debiasing, stages: Stages = untold) -> None:
        """Keep a transform, and write all files anew unless raw vectors are and were searched.

        Args:
            debiasing: what to do.
            stages: told how far it is.
        """
        moves = debiasing.transform is not None or is_transformed(self._conn)
        records = []
        if moves:
            records = write_all(
                *(self._conn, self._path, self._dim, debiasing.transform),
                *(self.indexing, stages),
            )
        with self._store.transaction() as conn:
            if moves:
                replace_files(conn, records)
                if self.indexing.tuned:
                    write_indexing(conn, self.indexing.untuned())
            write_debiasing(conn, debiasing)
            log_commit(conn, "debias", 0, 0)
        sweep(self._path, self._conn)


def _alike(one: str, other: str) -> bool:
    """Whether two names of FAISS's differ in the number of clusters at most."""
    return re.sub(r"\d\d+,", ",", one) == re.sub(r"\d\d+,", ",", other)
