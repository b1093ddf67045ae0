"""How much one request may ask, and how much the service takes on at once."""

from dataclasses import dataclass

MAX_K = 1000
"""Neighbours of a query."""
MAX_TEXT = 32_768
"""Characters of a query or of a text to embed."""
MAX_DOCUMENT = 262_144
"""Characters of a document's text."""
MAX_BATCH = 256
"""Queries, texts or documents in one request; one block of :meth:`Index.search_many`."""
MAX_HITS = 20_000
"""Hits in one answer: neighbours times queries."""
MAX_DIMENSION = 65_536
"""Numbers in a vector."""
MAX_LANGUAGES = 100
"""Languages in a filter."""
MAX_AUDIT_QUERIES = 2_000
"""Queries that an audit is given."""

MAX_VERSIONS = 64
"""Versions of a meaning that are asked."""
MAX_POINTS = 3000
"""Documents on a map."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an operator may set."""

    body_bytes: int = 4 << 20
    """Largest request body."""
    buffered_bytes: int = 64 << 20
    """Of all request bodies together that are received or worked on; more are refused with 503."""
    receive_seconds: float = 15.0
    """Within which the headers, then the body, must have arrived, and an answer be read."""
    seconds: float = 30.0
    """Within which a request is answered."""
    in_flight: int = 64
    """Requests at work at once; more are refused with 503."""
    queued_texts: int = 1024
    """Texts that wait to be encoded."""
    batch_texts: int = 64
    """Texts that are encoded together."""
    batch_wait: float = 0.004
    """Seconds that the first text of a batch waits for others."""
    connections: int = 512
    """Open connections."""
    streams: int = 32
    """Open event streams."""
    audits_waiting: int = 4
    """Audits that wait while one runs."""
    audit_seconds: float = 3600.0
    """Within which an audit must be done."""
    shutdown_seconds: float = 30.0
    """That requests in flight have to finish when the service stops."""
    lock_seconds: float = 3.0
    """That a change waits for another process that writes."""
    view_documents: int = 100_000
    """Documents of an index that is put through a method that it does not use."""
    view_bytes: int = 512 << 20
    """Memory for the vectors of such views; the oldest give way."""
