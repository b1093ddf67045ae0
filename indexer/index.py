"""The index directory as the rest of the program sees it.

One process writes (:class:`IndexWriter`), many read (:class:`IndexReader`), and the database in
the directory is the only truth; see ``docs/storage.md``.
"""

from indexer.debiasing import NOTHING, Debiasing
from indexer.info import IndexInfo
from indexer.kinds import Indexing, Plan
from indexer.reader import IndexReader, index_state
from indexer.rows import content_hash
from indexer.settings import IndexSettings
from indexer.snapshot import Snapshot
from indexer.views import View
from indexer.writer import SEAL_AT, IndexWriter

__all__ = [
    "NOTHING",
    "SEAL_AT",
    "Debiasing",
    "IndexInfo",
    "IndexReader",
    "IndexSettings",
    "IndexWriter",
    "Indexing",
    "Plan",
    "Snapshot",
    "View",
    "content_hash",
    "index_state",
]
