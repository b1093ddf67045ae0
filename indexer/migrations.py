"""The schema of ``interlingua.db``, as numbered migrations from the first version on.

A released migration is never edited: a change is a new function, and :data:`FORMAT` counts them.
"""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from indexer.lexical import create_lexical
from indexer.scripts import script_of

APPLICATION_ID = 0x494C4E47
"""``ILNG``: tells our databases from everybody else's (``PRAGMA application_id``)."""

FORMAT = 6
"""Number of the newest migration (``PRAGMA user_version``)."""

SCRIPTS = 4
"""Number of the migration that :func:`m004_scripts` is."""

MIGRATIONS = Migrations("interlingua")


@MIGRATIONS()
def m001_initial(db: Database) -> None:
    """Documents, their raw vectors, and which FAISS files hold them.

    ``vid`` is never used twice (AUTOINCREMENT), so that a deleted vector that a FAISS file still
    holds can never be taken for a later one.
    """
    for statement in _M001:
        db.conn.execute(statement)
    db.conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.conn.execute("PRAGMA user_version = 1")


@MIGRATIONS()
def m002_audits(db: Database) -> None:
    """Audits that were kept with the index."""
    db.conn.execute(_M002)
    db.conn.execute("PRAGMA user_version = 2")


@MIGRATIONS()
def m003_debiasing(db: Database) -> None:
    """What takes the language bias out."""
    db.conn.execute(_M003)
    db.conn.execute("PRAGMA user_version = 3")


@MIGRATIONS()
def m004_scripts(db: Database) -> None:
    """The script that each text is written in, read off the text."""
    db.conn.create_function("script_of", 1, _script_of_bytes, deterministic=True)
    for statement in _M004:
        db.conn.execute(statement)
    db.conn.execute("PRAGMA user_version = 4")


@MIGRATIONS()
def m005_lexical(db: Database) -> None:
    """The texts of the documents, searched by their terms."""
    create_lexical(db.conn)
    db.conn.execute("PRAGMA user_version = 5")


@MIGRATIONS()
def m006_kinds(db: Database) -> None:
    """How FAISS searches, and what each of its files is."""
    for statement in _M006:
        db.conn.execute(statement)
    db.conn.execute("PRAGMA user_version = 6")


def _script_of_bytes(text: bytes) -> str:
    """Read the script of a text that may be damaged."""
    return script_of(text.decode("utf-8", "replace"))


_M001 = (
    # Fixed at creation: one row, JSON, with its own checksum.
    """CREATE TABLE settings (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        json TEXT NOT NULL,
        crc32 INTEGER NOT NULL
    )""",
    # How far the build is: `cursor` counts corpus records consumed.
    """CREATE TABLE progress (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        state TEXT NOT NULL CHECK (state IN ('building', 'ready')),
        cursor INTEGER NOT NULL CHECK (cursor >= 0)
    )""",
    # One row a transaction; readers see that the index changed by the highest `seq`.
    """CREATE TABLE commits (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        added INTEGER NOT NULL,
        removed INTEGER NOT NULL
    )""",
    # `vector`: little-endian float32. `crc32`: of vid (8 bytes, little-endian) and vector.
    """CREATE TABLE vectors (
        vid INTEGER PRIMARY KEY AUTOINCREMENT,
        vector BLOB NOT NULL,
        crc32 INTEGER NOT NULL
    )""",
    # `hash`: content_hash(). `text_key`: short hash of the text, to find equal texts by.
    # `crc32`: of all other columns.
    """CREATE TABLE documents (
        vid INTEGER PRIMARY KEY REFERENCES vectors (vid),
        id TEXT NOT NULL UNIQUE,
        text TEXT NOT NULL,
        lang TEXT NOT NULL,
        group_id TEXT,
        metadata TEXT NOT NULL,
        lang_source TEXT NOT NULL,
        lang_probability REAL,
        tokens INTEGER NOT NULL,
        tokens_dropped INTEGER NOT NULL,
        hash TEXT NOT NULL,
        text_key INTEGER NOT NULL,
        crc32 INTEGER NOT NULL
    )""",
    "CREATE INDEX documents_lang ON documents (lang)",
    "CREATE INDEX documents_group ON documents (group_id) WHERE group_id IS NOT NULL",
    "CREATE INDEX documents_text ON documents (text_key)",
    # FAISS files hold all vectors of first_vid..last_vid, dead ones included; `name` is the
    # SHA-256 of the file. Vectors above the highest last_vid are in no file: the tail.
    """CREATE TABLE files (
        name TEXT PRIMARY KEY,
        bytes INTEGER NOT NULL,
        rows INTEGER NOT NULL,
        first_vid INTEGER NOT NULL,
        last_vid INTEGER NOT NULL
    )""",
    # Vectors that were deleted and that a FAISS file still holds.
    "CREATE TABLE tombstones (vid INTEGER PRIMARY KEY)",
)

# `seq`: the commit that was audited. `summary`: small JSON. `document`: the audit's JSON, UTF-8,
# zlib. `crc32`: of all other columns. An id is never used twice.
_M002 = """CREATE TABLE audits (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created TEXT NOT NULL,
    seq INTEGER NOT NULL,
    summary TEXT NOT NULL,
    document BLOB NOT NULL,
    crc32 INTEGER NOT NULL
)"""

# No row: nothing is done. `fitted_on`: JSON. `transform`: Transform.to_bytes(), NULL when vectors
# stay as they are. `merging`: how the lists of the languages are merged, JSON. `crc32`: of all
# other columns.
_M003 = """CREATE TABLE debiasing (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    created TEXT NOT NULL,
    method TEXT NOT NULL,
    merging TEXT NOT NULL,
    fitted_on TEXT NOT NULL,
    transform BLOB,
    crc32 INTEGER NOT NULL
)"""

# `script`: ISO 15924. No part of the checksum of the row, since the text tells it.
_M004 = (
    "ALTER TABLE documents ADD COLUMN script TEXT NOT NULL DEFAULT 'Zyyy'",
    "UPDATE documents SET script = script_of(CAST(text AS BLOB))",
    "CREATE INDEX documents_script ON documents (script)",
)

# No row: the kind is chosen by the number of documents. `crc32`: of `json`. A file's `factory` is
# FAISS's name of what it holds. `inode` and `mtime_ns` are those of the file when its writer read
# it back, or 0: as long as they stay, nobody has written to it.
_M006 = (
    """CREATE TABLE indexing (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        json TEXT NOT NULL,
        crc32 INTEGER NOT NULL
    )""",
    "ALTER TABLE files ADD COLUMN factory TEXT NOT NULL DEFAULT 'Flat'",
    "ALTER TABLE files ADD COLUMN inode INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE files ADD COLUMN mtime_ns INTEGER NOT NULL DEFAULT 0",
)
