"""The public Python API of interlingua; everything else may move.

import interlingua

corpus = interlingua.read_corpus(["corpus.jsonl"])
interlingua.build(corpus, "my-index")
with interlingua.open("my-index") as index:
    answer = index.search("A cat leapt off the roof", k=10)
    for hit in answer.hits:
        print(hit.rank, hit.score, hit.document.lang, hit.document.text)
    print(answer.report.same_language, answer.report.expected_same_language)
"""

from indexer.backup import BackupReport, backup
from indexer.build import add, build
from indexer.chunking import Chunking
from indexer.compaction import CompactReport, compact
from indexer.conditions import make_filter
from indexer.corpus import Fields, Query, Record, read_corpus, read_queries
from indexer.encoders import Encoder, EncoderSpec, RemoteOptions, open_encoder
from indexer.errors import (
    CorruptError,
    DuplicateError,
    EncoderError,
    IncompatibleError,
    InputError,
    InterlinguaError,
    LockedError,
    UsageError,
)
from indexer.exports.export import ExportReport, export
from indexer.imported import ImportReport, import_vectors, read_query_vectors
from indexer.index import IndexInfo
from indexer.intake import BuildReport
from indexer.languages import Detection, Detector, normalise_language
from indexer.purge import PurgeReport, purge
from indexer.records import Condition, Document, Encoding, Filter
from indexer.rejects import Rejects
from indexer.removal import delete, delete_where
from indexer.restore import RestoreReport, restore
from indexer.verify import Problem, RepairReport, repair, verify
from search.answer import Answer, Match
from search.atlas import export_atlas
from search.audit.options import AuditOptions
from search.audit.result import Audit
from search.audit.schema import read_audit
from search.measures.measure import Measure, Measurement
from search.query import Index
from search.report import LanguageReport

open = Index.open  # noqa: A001 - read as interlingua.open

__all__ = [
    "Answer",
    "Audit",
    "AuditOptions",
    "BackupReport",
    "BuildReport",
    "Chunking",
    "CompactReport",
    "Condition",
    "CorruptError",
    "Detection",
    "Detector",
    "Document",
    "DuplicateError",
    "Encoder",
    "EncoderError",
    "EncoderSpec",
    "Encoding",
    "ExportReport",
    "Fields",
    "Filter",
    "ImportReport",
    "IncompatibleError",
    "Index",
    "IndexInfo",
    "InputError",
    "InterlinguaError",
    "LanguageReport",
    "LockedError",
    "Match",
    "Measure",
    "Measurement",
    "Problem",
    "PurgeReport",
    "Query",
    "Record",
    "Rejects",
    "RemoteOptions",
    "RepairReport",
    "RestoreReport",
    "UsageError",
    "add",
    "backup",
    "build",
    "compact",
    "delete",
    "delete_where",
    "export",
    "export_atlas",
    "import_vectors",
    "make_filter",
    "normalise_language",
    "open",
    "open_encoder",
    "purge",
    "read_audit",
    "read_corpus",
    "read_queries",
    "read_query_vectors",
    "repair",
    "restore",
    "verify",
]
