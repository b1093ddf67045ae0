"""What an index holds and what made it."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from indexer import tables
from indexer.debiasing import read_debiasing
from indexer.kinds import Indexing, Plan, kind_of, read_indexing
from indexer.migrations import SCRIPTS
from indexer.records import Filter, Role
from indexer.settings import IndexSettings
from indexer.wholes import count_wholes

_UNCOUNTED = "SELECT count(*) FROM documents WHERE tokens <= 0 OR tokens_dropped < 0"


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """The answer of ``info``, from one state of the index."""

    path: Path
    format: int
    """Number of the database's schema."""
    state: tables.State
    documents: int
    """Chunks, where documents are cut."""
    deleted: int
    """Deleted documents whose vectors a FAISS file still holds."""
    languages: Mapping[str, int]
    """Documents by language."""
    language_sources: Mapping[str, int]
    """Documents by where their language comes from: ``given``, ``detected``."""
    scripts: Mapping[str, int]
    """Documents by ISO 15924 code of their script; empty for an index of format 3 or less."""
    detector: str
    """What told the languages of documents without a label."""
    groups: int
    """Distinct groups."""
    truncated: Mapping[str, tuple[int, int]]
    """By language: documents longer than the model takes, and the tokens it never saw."""
    uncounted: int
    """Documents whose tokens nobody counted, so that it is not known whether they were cut."""
    encoder: str
    opened: str
    """How the encoder is opened: a name, a directory, a server."""
    fingerprint: str
    dim: int
    role: Role
    arithmetic: str
    kind: str
    """How FAISS searches: ``flat``, ``ivf`` or ``hnsw``."""
    factory: str
    """What its main file is, in FAISS's words; ``Flat`` is exact."""
    asked: Indexing
    """What was asked for, the effort of a search, and what was tuned."""
    plan: Plan
    """What the files would be if they were written now, and why."""
    files: int
    """FAISS files."""
    bytes: int
    """Their size."""
    tail: int
    """Documents that no FAISS file holds yet; they are found all the same."""
    transform: str
    """What is applied to vectors before they are compared: a method's name, or ``none``."""
    merging: Mapping[str, object]
    """How the lists of languages are merged; empty when they are not."""
    fitted_on: Mapping[str, object]
    """What the transform was fitted on."""
    unseen: Mapping[str, int]
    """Documents by language that the fit has not seen, ``und`` among them."""
    chunking: str | None
    """Where documents are cut; None where they are whole."""
    wholes: int | None
    """Documents that the chunks are of; None where they are whole."""


def describe(conn: sqlite3.Connection, path: Path, settings: IndexSettings) -> IndexInfo:
    """Describe the state that the connection's transaction sees."""
    languages = tables.language_counts(conn, Filter())
    records = tables.files(conn)
    debiasing = read_debiasing(conn, str(path))
    indexing = read_indexing(conn, str(path))
    seen = None if debiasing.transform is None else debiasing.transform.languages
    truncated = conn.execute(
        "SELECT lang, count(*), sum(tokens_dropped) FROM documents WHERE tokens_dropped > 0 "
        "GROUP BY lang ORDER BY lang"
    )
    return IndexInfo(
        path=path,
        format=_number(conn, "PRAGMA user_version"),
        state=tables.read_progress(conn)[0],
        documents=sum(languages.values()),
        deleted=_number(conn, "SELECT count(*) FROM tombstones"),
        languages=languages,
        language_sources=dict(
            conn.execute("SELECT lang_source, count(*) FROM documents GROUP BY 1 ORDER BY 1")
        ),
        scripts=_scripts(conn),
        detector=settings.detector,
        groups=_number(conn, "SELECT count(DISTINCT group_id) FROM documents"),
        truncated={lang: (n, dropped) for lang, n, dropped in truncated},
        uncounted=_number(conn, _UNCOUNTED),
        encoder=settings.encoder_name,
        opened=settings.encoder.name,
        fingerprint=settings.fingerprint,
        dim=settings.dim,
        role=settings.role,
        arithmetic=settings.arithmetic,
        kind=kind_of([record.factory for record in records]),
        factory=next((r.factory for r in records if r.factory != "Flat"), "Flat"),
        asked=indexing,
        plan=indexing.plan(sum(languages.values()), settings.dim),
        files=len(records),
        bytes=sum(r.bytes for r in records),
        tail=tables.tail_size(conn),
        transform=debiasing.method,
        merging=debiasing.merging,
        fitted_on=debiasing.fitted_on,
        chunking=None if settings.chunking is None else str(settings.chunking),
        wholes=None if settings.chunking is None else count_wholes(conn),
        unseen={} if seen is None else {n: c for n, c in languages.items() if n not in seen},
    )


def _scripts(conn: sqlite3.Connection) -> dict[str, int]:
    """Count documents by script; an index that no writer has migrated does not hold it."""
    if _number(conn, "PRAGMA user_version") < SCRIPTS:
        return {}
    query = "SELECT script, count(*) FROM documents GROUP BY script ORDER BY count(*) DESC, script"
    return dict(conn.execute(query).fetchall())


def _number(conn: sqlite3.Connection, query: str) -> int:
    return int(conn.execute(query).fetchone()[0])
