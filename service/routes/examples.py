"""Requests and answers that the OpenAPI document shows; a test sends the requests."""

from typing import Any

REPORT: dict[str, Any] = {
    "k": 2,
    "same_language": 1,
    "same_meaning": 1,
    "language_only": 1,
    "meaning_only": 1,
    "both": 0,
    "neither": 0,
    "expected_same_language": 0.4,
    "excess": 1.0,
    "p_value": 0.4,
    "relevant_total": 3,
    "counted": 1,
    "counted_same_language": 1,
    "duplicates": 0,
    "unknown_language": 0,
    "reason": None,
    "unit": "document",
}
HIT: dict[str, Any] = {
    "rank": 1,
    "id": "de1",
    "document": "de1",
    "score": 0.91,
    "lang": "de",
    "group": "1",
    "text": "Eine Katze sprang vom Dach.",
    "metadata": {"topic": "animals"},
    "same_language": False,
    "same_meaning": True,
    "duplicate": False,
}
ASK: dict[str, Any] = {
    "text": "A cat leapt off the roof.",
    "k": 2,
    "languages": ["en", "de"],
    "where": {"topic": "animals"},
    "language_report": True,
}
ASK_VECTOR: dict[str, Any] = {"vector": [0.125] * 64, "lang": "en", "k": 2}
ASK_DOCUMENT: dict[str, Any] = {"id": "en1", "k": 2, "language_report": True}
ASK_DEBIASED: dict[str, Any] = {
    "text": "A cat leapt off the roof.",
    "k": 2,
    "debias": "centring",
    "merging": {"name": "softmax"},
}
EXPLANATION = "Language: 1 of 2 neighbours is in en, the query's language."
HOW: dict[str, Any] = {"mode": "dense", "debias": "none", "merging": "none", "exact": True}
FOUND: dict[str, Any] = {
    "state": 7,
    "schema": "interlingua.search/1",
    "mode": "dense",
    "query": {
        "id": "q-1",
        "text": "A cat leapt off the roof.",
        "lang": "en",
        "lang_source": "detected",
        "lang_probability": 0.98,
        "group": "1",
        "fitted": None,
    },
    "hits": [HIT],
    "language_report": REPORT,
    "explanation": EXPLANATION,
    "how": HOW,
}
ASK_MANY: dict[str, Any] = {
    "queries": [{"text": "A cat leapt off the roof.", "lang": "en"}, {"text": "Katze"}],
    "k": 2,
}
FOUND_MANY: dict[str, Any] = {
    "schema": "interlingua.searches/1",
    "state": 7,
    "answers": [FOUND],
}
DOCUMENT: dict[str, Any] = {
    "id": "faq-17-en",
    "text": "How do I return a parcel?",
    "lang": "en",
    "group": "faq-17",
    "metadata": {"shop": "books"},
}
STORED: dict[str, Any] = {
    **DOCUMENT,
    "lang_source": "given",
    "lang_probability": None,
    "state": 7,
}
CHANGED: dict[str, Any] = {"added": 1, "replaced": 0, "deleted": 0, "state": 8}
DELETED: dict[str, Any] = {"added": 0, "replaced": 0, "deleted": 1, "state": 9}
LANGUAGES: dict[str, Any] = {
    "languages": [{"lang": "en", "documents": 3, "share": 0.75}],
    "state": 7,
}
INDEX: dict[str, Any] = {
    "schema": "interlingua.info/1",
    "state": 7,
    "writable": False,
    "format": 2,
    "documents": 4,
    "deleted": 0,
    "wholes": None,
    "chunking": None,
    "languages": {"de": 1, "en": 3},
    "language_sources": {"detected": 1, "given": 3},
    "detector": "langid",
    "scripts": {"Latn": 4},
    "groups": 2,
    "encoder": "multilingual-e5-small",
    "fingerprint": "5f0c" * 16,
    "dim": 384,
    "role": "passage",
    "transform": "none",
    "merging": "none",
    "vectors_only": False,
    "index": {"kind": "flat", "files": 1, "bytes": 6144, "tail": 0},
}
AUDIT: dict[str, Any] = {"k": [1, 5, 10], "sample": 1000, "seed": 0}
JOB: dict[str, Any] = {
    "id": "0123456789abcdef0123456789abcdef",
    "state": "running",
    "created": "2026-01-01T12:00:00+00:00",
    "started": "2026-01-01T12:00:01+00:00",
    "ended": None,
    "done": 512,
    "total": 2016,
    "audit": None,
    "note": None,
}
AUDITS: dict[str, Any] = {
    "schema": "interlingua.audits/1",
    "audits": [
        {"id": 1, "created": "2026-01-01T12:00:09Z", "seq": 7, "summary": {"mode": "groups"}}
    ],
}
EMBED: dict[str, Any] = {
    "input": ["A cat leapt off the roof."],
    "model": "multilingual-e5-small",
    "input_type": "query",
}
EMBEDDED: dict[str, Any] = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.1, -0.2]}],
    "model": "multilingual-e5-small",
    "usage": {"prompt_tokens": 12, "total_tokens": 12},
}
