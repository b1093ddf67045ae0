"""Make an index whole again, from what it holds itself: nothing is encoded anew."""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer import tables
from indexer.audits import damaged_audits, drop_audit
from indexer.changes import forget_file, log_commit, name_file, remove_vids, replace_files
from indexer.damage import (
    STRAY_TOMBSTONES,
    DamagedRow,
    FileState,
    damaged_documents,
    damaged_vectors,
    file_states,
    gaps,
    missing_vectors,
    other_scripts,
    overlaps,
)
from indexer.debiasing import read_debiasing
from indexer.directory import FILES, LOCK, QUARANTINE, find_database, make_folders, sweep
from indexer.disk import disk_errors, sync_directory
from indexer.errors import CorruptError
from indexer.kinds import EXACT, fits
from indexer.lexical import lexical_problems, renew_lexical
from indexer.lock import WriterLock
from indexer.migrations import FORMAT
from indexer.nouns import counted
from indexer.remedies import RESTORE
from indexer.rows import vector_crc
from indexer.sealing import MAX_VID, parts, write_files
from indexer.store import DATABASE, WriteStore, translated
from indexer.vector_files import FileRecord
from indexer.vectors import Vids


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What a repair did."""

    files_written: tuple[str, ...]
    """FAISS files written again from the database."""
    vectors_restored: tuple[str, ...]
    """Ids of documents whose vector was read back from a FAISS file."""
    lost: tuple[str, ...]
    """Ids of documents that could not be restored, now in ``quarantine``."""
    quarantine: str | None
    """File that takes the lost documents as corpus records, to be checked and added again."""
    swept: tuple[str, ...]
    """Unfinished or unnamed files that were removed."""
    lexical: bool = False
    """Whether the lexical index was made anew from the documents."""
    gone: int = 0
    """Documents that the log of commits counts and of which there was nothing left to keep."""
    unlogged: int = 0
    """Documents that the log of commits did not count, which are entered there now."""
    audits: tuple[int, ...] = ()
    """Stored audits that are damaged still: nothing else holds what they held."""

    def __str__(self) -> str:
        done = [
            f"{counted(len(items), what)} {happened}"
            for items, what, happened in (
                (self.files_written, "FAISS file", "written again"),
                (self.vectors_restored, "vector", "restored"),
                (self.swept, "left-over file", "removed"),
                (self.lost, "document", f"moved to {self.quarantine}, to be checked and added"),
            )
            if items
        ]
        if self.gone:
            done.append(f"{counted(self.gone, 'document')} gone, by the log of commits: {RESTORE}")
        if self.unlogged:
            done.append(f"{counted(self.unlogged, 'document')} entered in the log of commits")
        if self.lexical:
            done.append("lexical index made anew")
        done += [f"audit {id_} is damaged still: {drop_audit(id_)}" for id_ in self.audits]
        return "; ".join(done) or "nothing to repair"


def repair(path: str | Path) -> RepairReport:
    """Mend the index at ``path``; it answers as before when this returns.

    FAISS files are written again from the raw vectors in the database; a damaged raw vector is
    read back from the FAISS file that holds it. What neither holds any more is moved out of the
    index to ``quarantine.jsonl``, in the form of a corpus.

    Raises:
        UsageError: there is no index.
        LockedError: a process writes to it.
        IncompatibleError: made by a newer version.
        CorruptError: the database itself is beyond repair.
        InterlinguaError: the disk is full or fails.
    """
    path = Path(path)
    database = find_database(path)
    lock = WriterLock(path / LOCK)
    try:
        make_folders(path)
        store = WriteStore(database)
        try:
            with translated(database):
                return _Repair(path, store).run()
        finally:
            store.close()
    finally:
        lock.release()


class _Repair:
    """One repair of an index whose lock is held."""

    def __init__(self, path: Path, store: WriteStore) -> None:
        self._path = path
        self._store = store
        self._conn = store.conn
        settings = tables.read_settings(self._conn, path / DATABASE)
        self._dim, self._texts_kept = settings.dim, settings.lexical

    def run(self) -> RepairReport:
        """Mend the database first, since the files are made from it."""
        self._mend_structure()
        self._mend_scripts()
        lexical = self._mend_lexical()
        states = list(file_states(self._conn, self._path / FILES, self._dim))
        damaged = list(damaged_vectors(self._conn, self._dim))
        restored = self._restore([*damaged, *missing_vectors(self._conn)], states)
        lost = [
            *damaged_documents(self._conn),
            *(row for row in damaged if row.vid not in {r.vid for r in restored}),
        ]
        self._quarantine(lost)
        written = [self._rewrite(state) for state in states if state.problem]
        written.extend(self._cover())
        surplus = self._balance()
        kept = any(row.id is not None for row in lost)
        return RepairReport(
            files_written=tuple(name for name in written if name),
            vectors_restored=tuple(row.id for row in restored if row.id is not None),
            lost=tuple(dict.fromkeys(row.id for row in lost if row.id is not None)),
            quarantine=str(self._path / QUARANTINE) if kept else None,
            swept=tuple(sweep(self._path, self._conn)),
            lexical=lexical,
            gone=max(-surplus, 0),
            unlogged=max(surplus, 0),
            audits=tuple(damaged_audits(self._conn, FORMAT)),
        )

    def _mend_structure(self) -> None:
        """Make SQLite's own indexes anew when they disagree with their tables."""
        if self._structure() == "ok":
            return
        self._conn.execute("REINDEX")
        said = self._structure()
        if said != "ok":
            raise CorruptError(
                f"{self._path / DATABASE}: SQLite says: {said}",
                RESTORE,
            )

    def _mend_scripts(self) -> None:
        """Read scripts off the texts again where they are not stored so."""
        found = [(meant, vid) for vid, _, _, meant in other_scripts(self._conn)]
        if found:
            with self._store.transaction() as conn:
                conn.executemany("UPDATE documents SET script = ? WHERE vid = ?", found)
                log_commit(conn, "scripts", 0, 0)

    def _mend_lexical(self) -> bool:
        """Make the lexical index anew when it is not that of the documents."""
        if not any(lexical_problems(self._conn, filled=self._texts_kept)):
            return False
        with self._store.transaction() as conn:
            renew_lexical(conn, filled=self._texts_kept)
            log_commit(conn, "lexical", 0, 0)
        return True

    def _structure(self) -> str:
        return str(self._conn.execute("PRAGMA integrity_check(1)").fetchone()[0])

    def _restore(
        self, damaged: Sequence[DamagedRow], states: Iterable[FileState]
    ) -> list[DamagedRow]:
        """Read vectors back from FAISS files that are what was written."""
        wanted = {row.vid: row for row in damaged if row.id is not None}
        plain = read_debiasing(self._conn, str(self._path / DATABASE)).transform is None
        restored: list[DamagedRow] = []
        for segment in (state.segment for state in states if state.segment is not None):
            here = [int(vid) for vid in segment.vids if int(vid) in wanted]
            for vid in here:
                row = segment.vectors(segment.vids.searchsorted([vid]))
                blob = row.astype("<f4").tobytes()
                if self._put_back(vid, blob, raw=plain and segment.raw):
                    restored.append(wanted[vid])
        return restored

    def _put_back(self, vid: int, blob: bytes, *, raw: bool) -> bool:
        """Write a vector if its checksum, or what is left of it, says that it is the right one.

        Where nothing is left the file's SHA-256 speaks for it, if it holds vectors as they were
        added (``raw``).
        """
        query = "SELECT vector, crc32 FROM vectors WHERE vid = ?"
        kept, crc32 = self._conn.execute(query, [vid]).fetchone() or (blob if raw else None, None)
        if vector_crc(vid, blob) != crc32 and blob != kept:
            return False
        with self._store.transaction() as conn:
            conn.execute(
                "INSERT INTO vectors (vid, vector, crc32) VALUES (?, ?, ?) ON CONFLICT (vid) "
                "DO UPDATE SET vector = excluded.vector, crc32 = excluded.crc32",
                [vid, blob, vector_crc(vid, blob)],
            )
            log_commit(conn, "restore", 0, 0)
        return True

    def _quarantine(self, lost: Sequence[DamagedRow]) -> None:
        """Move documents out of the index; they are on disk elsewhere before they go."""
        if not lost:
            return
        vids = sorted({row.vid for row in lost})
        with self._store.transaction() as conn:
            records = [_record(conn, row) for row in lost if row.id is not None]
            if records:
                _append_synced(self._path / QUARANTINE, records)
            conn.execute("PRAGMA defer_foreign_keys = ON")
            remove_vids(conn, vids)
            log_commit(conn, "quarantine", 0, len({row.vid for row in lost if row.id is not None}))

    def _rewrite(self, state: FileState) -> str | None:
        """Write a FAISS file again from the live vectors of its range; None when none is left."""
        first, last, factory = *state.record[3:5], state.record.factory
        vids = tables.vector_vids(self._conn, first, last)
        written = list(self._write(factory if fits(factory, len(vids)) else EXACT, [vids]))
        with self._store.transaction() as conn:
            forget_file(conn, state.record)
            for record in written:
                name_file(conn, record)
            log_commit(conn, "rewrite", 0, 0)
        return written[0].name if written else None

    def _cover(self) -> Iterator[str]:
        """Let every vector before the tail be in one FAISS file, and no tombstone be in none."""
        ranges = list(gaps(self._conn))
        if overlaps(self._conn):
            ranges = [(1, MAX_VID)]
            with self._store.transaction() as conn:
                replace_files(conn, [])
                log_commit(conn, "rewrite", 0, 0)
        for first, last in ranges:
            files = parts(tables.vector_vids(self._conn, first, last))
            for record in self._write(EXACT, files):
                with self._store.transaction() as conn:
                    forget_file(conn, record)  # tombstones in its range: it holds no dead vector
                    name_file(conn, record)
                    log_commit(conn, "rewrite", 0, 0)
                yield record.name
        if self._conn.execute(STRAY_TOMBSTONES).fetchone():
            with self._store.transaction() as conn:
                conn.execute(f"DELETE FROM tombstones WHERE vid IN ({STRAY_TOMBSTONES})")  # noqa: S608
                log_commit(conn, "rewrite", 0, 0)

    def _write(self, factory: str, files: Sequence[Vids]) -> Iterator[FileRecord]:
        """Write live vectors to files that nothing names yet; none for no vectors."""
        transform = read_debiasing(self._conn, str(self._path / DATABASE)).transform
        some = [vids for vids in files if len(vids)]
        return write_files(self._conn, self._path, self._dim, transform, factory, some)

    def _balance(self) -> int:
        """Enter what the documents are more, or fewer, than the log of commits counts."""
        query = (
            "SELECT (SELECT count(*) FROM documents) - "
            "(SELECT coalesce(sum(added - removed), 0) FROM commits)"
        )
        surplus = int(self._conn.execute(query).fetchone()[0])
        if surplus:
            with self._store.transaction() as conn:
                log_commit(conn, "balance", max(surplus, 0), max(-surplus, 0))
        return surplus


def _record(conn: sqlite3.Connection, row: DamagedRow) -> str:
    """Write what is left of a document as a line of a corpus."""
    query = "SELECT id, text, lang, group_id, metadata FROM documents WHERE vid = ?"
    id_, text, lang, group, metadata = conn.execute(query, [row.vid]).fetchone()
    try:
        fields = json.loads(metadata)
    except ValueError:
        fields = {}
    record = {**fields, "id": id_, "text": text, "lang": lang, "group": group}
    if row.what == "the document is damaged":
        record["damaged"] = True
    return json.dumps(record, default=repr)


def _append_synced(path: Path, lines: Sequence[str]) -> None:
    """Append lines to a file and make them durable."""
    with disk_errors(path):
        with path.open("a", encoding="ascii") as file:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        sync_directory(path.parent)
