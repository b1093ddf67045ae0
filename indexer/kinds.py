"""How FAISS is to search: the kind of index, its quantisation, and what is chosen where nothing is.

Exact search over every vector (``flat``) is the default up to :data:`EXACT_UP_TO` documents. The
other kinds look at a part of the vectors and may miss a neighbour: ``ivf`` looks into the nearest
of many clusters (Sivic and Zisserman 2003), ``hnsw`` walks a graph of neighbours (Malkov and
Yashunin 2018, arXiv 1603.09320). Quantised vectors take less memory: ``fp16`` half, ``sq8`` a
quarter, ``pq`` (product quantisation, Jégou et al. 2011) a sixteenth.
"""

import json
import math
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, get_args

from indexer.errors import CorruptError, UsageError
from indexer.nouns import are, counted

Kind = Literal["flat", "hnsw", "ivf"]
KindName = Literal["auto", "flat", "hnsw", "ivf"]
Quantisation = Literal["none", "fp16", "sq8", "pq"]
KIND_NAMES: tuple[KindName, ...] = get_args(KindName)
QUANTISATIONS: tuple[Quantisation, ...] = get_args(Quantisation)

EXACT_UP_TO = 50_000
"""Documents up to which ``auto`` is exact: one query then takes some 10 ms."""

FEWEST = 1_000
"""Documents below which every kind is exact: there is nothing to gain, and too little to train."""

EXACT = "Flat"
"""What FAISS calls exact search over raw float32."""

LINKS = 32
"""Neighbours of a vector in the graph (FAISS: M)."""

_SINCE = 6
"""The first format that has the table."""

_REMEDY = "set it again with `interlingua reindex --index-kind auto`"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the FAISS files of an index are."""

    kind: Kind
    quantisation: Quantisation
    factory: str
    """What FAISS calls it."""
    why: str
    """Why this one, in a sentence for people."""

    @property
    def exact(self) -> bool:
        """Whether every neighbour is found, and FAISS holds the vectors as they are searched."""
        return self.factory == EXACT


@dataclass(frozen=True, slots=True)
class Indexing:
    """What a person wants of the index, and what was tuned.

    Raises:
        UsageError: a name or a number that cannot be meant.
    """

    kind: KindName = "auto"
    quantisation: Quantisation | None = None
    """None: as much as ``memory_budget`` asks for, and none without one."""
    memory_budget: int | None = None
    """Bytes that the FAISS files may have."""
    effort: int | None = None
    """Clusters looked into (``nprobe``) or candidates of the walk (``efSearch``); the default of
    the kind when None."""
    refine: int | None = None
    """Candidates for each neighbour wanted that are scored by their raw vectors, where FAISS holds
    codes."""
    tuned: Mapping[str, object] = field(default_factory=dict)
    """JSON values: how the effort was found, and the recall that it gave."""

    def __post_init__(self) -> None:
        if self.kind not in KIND_NAMES:
            raise UsageError(f"no index kind {self.kind!r}", f"take one of {', '.join(KIND_NAMES)}")
        if self.quantisation is not None and self.quantisation not in QUANTISATIONS:
            known = ", ".join(QUANTISATIONS)
            raise UsageError(f"no quantisation {self.quantisation!r}", f"take one of {known}")
        if self.memory_budget is not None and self.memory_budget <= 0:
            raise UsageError(f"a memory budget of {self.memory_budget} bytes", "give more")

    def changed(
        self,
        kind: KindName | None,
        quantisation: Quantisation | None,
        memory_budget: int | None,
    ) -> "Indexing":
        """Replace what is given, and forget what was tuned, since it was tuned for another kind."""
        kept = self.quantisation if kind is None and memory_budget is None else None
        return Indexing(
            kind or self.kind,
            quantisation or kept,
            memory_budget or (self.memory_budget if quantisation is None else None),
        )

    def untuned(self) -> "Indexing":
        """Forget the recall that was measured: the vectors are others; the effort stays."""
        return replace(self, tuned={})

    def plan(self, documents: int, dim: int) -> Plan:
        """Choose.

        Args:
            documents: how many there are.
            dim: length of a vector.
        """
        kind, why = self._kind(documents)
        quantisation, reason = self._quantisation(kind, documents, dim)
        name = factory(kind, quantisation, documents, dim)
        return Plan(kind, quantisation, name, f"{why}{reason}")

    def _kind(self, documents: int) -> tuple[Kind, str]:
        if self.kind in {"hnsw", "ivf"} and documents < FEWEST:
            few = f"{counted(documents, 'document')} {are(documents)} too few for {self.kind}"
            return "flat", f"all vectors are looked at, since {few}"
        if self.kind != "auto":
            return self.kind, "as asked"
        if documents <= EXACT_UP_TO:
            few = f"{counted(documents, 'document')} {are(documents)} at most {EXACT_UP_TO:,}"
            return "flat", f"all vectors are looked at, since {few}"
        reason = "clusters, which are built fast and filter well"
        return "ivf", f"{reason}, since {documents:,} documents are more than {EXACT_UP_TO:,}"

    def _quantisation(self, kind: Kind, documents: int, dim: int) -> tuple[Quantisation, str]:
        budget = self.memory_budget
        if documents < FEWEST:
            return self._within("none", kind, documents, dim)
        if self.quantisation is not None or budget is None:
            return self._within(self.quantisation or "none", kind, documents, dim)
        sizes = {q: expected_bytes(kind, q, documents, dim) for q in QUANTISATIONS}
        fitting = [q for q, size in sizes.items() if size <= budget]
        return self._within(fitting[0] if fitting else QUANTISATIONS[-1], kind, documents, dim)

    def _within(
        self, quantisation: Quantisation, kind: Kind, documents: int, dim: int
    ) -> tuple[Quantisation, str]:
        """Say whether a quantisation keeps the budget, where there is one."""
        if self.memory_budget is None:
            return quantisation, ""
        what = "raw vectors" if quantisation == "none" else f"vectors in {quantisation}"
        fit = expected_bytes(kind, quantisation, documents, dim) <= self.memory_budget
        does = "fit" if fit else "need more than"
        return quantisation, f"; {what} {does} {self.memory_budget:,} bytes"

    def to_row(self) -> tuple[str, int]:
        """Serialise for the database: JSON and its checksum."""
        text = json.dumps(asdict(self), sort_keys=True)
        return text, zlib.crc32(text.encode())


DEFAULT_INDEXING = Indexing()


def factory(kind: Kind, quantisation: Quantisation, documents: int, dim: int) -> str:
    """Name an index as FAISS's ``index_factory`` takes it.

    ``np`` spares it a training that only a search by Hamming distance has a use for.
    """
    codes = {"none": "Flat", "fp16": "SQfp16", "sq8": "SQ8", "pq": f"PQ{subvectors(dim)}np"}
    if kind == "flat":
        # FAISS filters products of codes in clusters only, so they make one.
        return f"IVF1,{codes['pq']}" if quantisation == "pq" else codes[quantisation]
    if kind == "hnsw":
        return f"HNSW{LINKS},{codes[quantisation]}"
    return f"IVF{clusters(documents)},{codes[quantisation]}"


def clusters(documents: int) -> int:
    """Choose the number of clusters: a power of two near 4 √n, and 39 vectors each to train it."""
    near = 1 << round(math.log2(4 * math.sqrt(max(documents, 1))))
    return max(1, min(near, documents // 39))


def subvectors(dim: int) -> int:
    """Choose the parts of a vector that are coded one by one: of 4 numbers, as far as it goes."""
    return max(m for m in range(1, max(1, dim // 4) + 1) if dim % m == 0)


def kind_of(factories: Iterable[str]) -> Kind:
    """Name the kind of an index by FAISS's names of its files."""
    names: dict[str, Kind] = {"IVF1,": "flat", "IVF": "ivf", "HNSW": "hnsw"}
    known = list(factories)
    found = [names[start] for start in names for name in known if name.startswith(start)]
    return found[0] if found else "flat"


def fits(factory: str, documents: int) -> bool:
    """Tell whether so many documents are enough for an index that is trained."""
    return (
        factory != EXACT
        and documents >= FEWEST
        and clusters(documents) >= clusters_of(factory) // 4
    )


def clusters_of(factory: str) -> int:
    """Read the number of clusters out of FAISS's name; 0 where there are none."""
    return int(factory[3:].partition(",")[0]) if factory.startswith("IVF") else 0


def default_effort(factory: str) -> int:
    """Effort of an index that nobody has tuned."""
    if factory.startswith("IVF"):
        return max(8, clusters_of(factory) // 32)
    return 64


def default_refine(factory: str) -> int:
    """Candidates for each neighbour wanted that are scored exactly: more, the coarser the codes."""
    return 10 if ",PQ" in f",{factory}" else 2


def expected_bytes(kind: Kind, quantisation: Quantisation, documents: int, dim: int) -> int:
    """Expect the size of the FAISS files, which is also what a search of all of them holds."""
    codes = {"none": 4 * dim, "fp16": 2 * dim, "sq8": dim, "pq": subvectors(dim)}
    each = codes[quantisation] + 8
    if kind == "hnsw":
        each += 4 * (2 * LINKS + LINKS // 4) + 12
    if kind == "ivf":
        each += 16
    return documents * each + (4 * dim * clusters(documents) if kind == "ivf" else 0)


def read_indexing(conn: sqlite3.Connection, place: str) -> Indexing:
    """Read what the connection's transaction sees.

    Raises:
        CorruptError: the row is damaged.
    """
    number = conn.execute("PRAGMA user_version").fetchone()[0]
    row = number >= _SINCE and conn.execute("SELECT json, crc32 FROM indexing").fetchone()
    if not row:
        return DEFAULT_INDEXING
    if zlib.crc32(row[0].encode("utf-8", "surrogateescape")) != row[1]:
        raise CorruptError(f"{place}: the kind of the index is damaged", _REMEDY)
    return Indexing(**json.loads(row[0]))


def write_indexing(conn: sqlite3.Connection, indexing: Indexing) -> None:
    """Replace the row, inside the caller's transaction."""
    conn.execute("DELETE FROM indexing")
    conn.execute("INSERT INTO indexing (one, json, crc32) VALUES (1, ?, ?)", indexing.to_row())


def read_size(text: str) -> int:
    """Read a number of bytes: ``800MB``, ``1.5 GB``, ``2GiB`` or plain bytes.

    Raises:
        UsageError: it is none.
    """
    units = {"": 1, "B": 1}
    for power, letter in enumerate("KMGT", start=1):
        units[f"{letter}B"] = units[letter] = 1000**power
        units[f"{letter}IB"] = 1024**power
    stripped = text.strip().upper()
    digits = stripped.rstrip("BIKMGT ")
    unit = stripped[len(digits) :].strip()
    try:
        size = float(digits) * units[unit]
    except (ValueError, KeyError):
        size = math.nan
    if not 1 <= size < math.inf:
        raise UsageError(f"{text!r} is no size", "write it like 800MB, 1.5GB or 2GiB")
    return int(size)
