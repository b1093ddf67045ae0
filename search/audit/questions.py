"""Who asks in an audit: the documents themselves, or queries that were given."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from indexer.columns import Columns
from indexer.corpus import Query
from indexer.records import UNKNOWN_LANGUAGE, Vectors
from indexer.rows import text_key
from search.audit.pool import UNCERTAIN, Pool, places_by
from search.audit.result import Mode
from search.measures.evidence import NOBODY, Flags, Ints


@dataclass(frozen=True, slots=True)
class Questions:
    """m queries of known language, in a random order, so that any first part is a sample."""

    ids: tuple[str, ...]
    place: Ints
    """(m,) where each stood among the documents of the pool, or among the queries given."""
    vectors: Vectors
    """(m, d) unit rows."""
    language: Ints
    """(m,) numbers of the pool's languages."""
    uncertain: Flags
    """(m,) whether the language was detected with little certainty."""
    clusters: tuple[str, ...]
    """What the queries are versions or parts of: their group, else their document."""
    itself: Ints
    """(m,) the place in the pool of the document that is the query; NOBODY when none is."""
    duplicates: tuple[Ints, ...]
    """Places of the other documents with the query's very text, or cut from its document."""
    right: tuple[Ints, ...]
    """Places of the documents that mean the same, the query and its duplicates left out."""
    mode: Mode
    total: int
    """Queries before sampling and skipping."""
    skipped: dict[str, int]
    """Reason -> queries that are not asked."""

    def __len__(self) -> int:
        return len(self.ids)


NO_LANGUAGE = "unknown language"


def documents_ask(pool: Pool, columns: Columns, sample: int | None, seed: int) -> Questions:
    """Let each document of known language ask for its own neighbours, by its stored vector."""
    chosen = _choose(pool.language[: pool.known], sample, seed)
    texts, groups = places_by(pool.text_keys), places_by(pool.group)
    nobody = np.empty(0, np.int64)
    pieces = pieces_by_whole(pool)
    duplicates, right = [], []
    for place in chosen.tolist():
        twins = texts[int(pool.text_keys[place])]
        if pool.wholes is not None:
            twins = np.union1d(twins, pieces[pool.wholes[place]])
        same = groups.get(int(pool.group[place]), nobody)
        duplicates.append(twins[twins != place])
        right.append(np.setdiff1d(same, twins, assume_unique=True))
    known = any(len(places) for places in right)
    unknown = len(pool) - pool.known
    return Questions(
        ids=tuple(pool.ids[i] for i in chosen),
        place=chosen,
        vectors=pool.vectors[chosen],
        language=pool.language[chosen],
        uncertain=pool.uncertain[chosen],
        clusters=tuple(_cluster(pool, i) for i in chosen.tolist()),
        itself=chosen,
        duplicates=tuple(duplicates),
        right=tuple(right),
        mode="groups" if known else "labels",
        total=len(columns.ids),
        skipped={NO_LANGUAGE: unknown} if unknown else {},
    )


def _cluster(pool: Pool, place: int) -> str:
    """Name what a document must be drawn together with: chunks of one are not independent."""
    group = int(pool.group[place])
    if group != NOBODY:
        return pool.groups[group]
    return pool.ids[place] if pool.wholes is None else pool.wholes[place]


def queries_ask(
    pool: Pool, queries: Sequence[Query], vectors: Vectors, sample: int | None, seed: int
) -> Questions:
    """Let given queries ask.

    Args:
        pool: what they ask.
        queries: all of them.
        vectors: (len(queries), d) unit rows.
        sample: how many are asked at most; all when None.
        seed: of the sample and the order.
    """
    code = {name: number for number, name in enumerate(pool.languages)}
    spoken = [i for i, query in enumerate(queries) if query.lang != UNKNOWN_LANGUAGE]
    language = np.array([code[queries[i].lang] for i in spoken], np.int64)
    chosen = [spoken[i] for i in _choose(language, sample, seed)]
    meaning = _Meaning(pool)
    found = [meaning.of(queries[i]) for i in chosen]
    unknown = len(queries) - len(spoken)
    judged = any(queries[i].relevant is not None for i in chosen)
    grouped = any(len(right) for _, _, right in found)
    return Questions(
        ids=_unique([queries[i].id or f"query {i + 1}" for i in chosen]),
        place=np.array(chosen, np.int64),
        vectors=vectors[chosen],
        language=np.array([code[queries[i].lang] for i in chosen], np.int64),
        uncertain=np.array([(queries[i].lang_probability or 1) < UNCERTAIN for i in chosen], bool),
        clusters=tuple(queries[i].group or queries[i].id or f"query {i + 1}" for i in chosen),
        itself=np.array([itself for itself, _, _ in found], np.int64),
        duplicates=tuple(duplicates for _, duplicates, _ in found),
        right=tuple(right for _, _, right in found),
        mode="judgements" if judged else "groups" if grouped else "labels",
        total=len(queries),
        skipped={NO_LANGUAGE: unknown} if unknown else {},
    )


def own_text(pool: Pool, questions: Questions, query: int) -> frozenset[str]:
    """Ids of the documents that are a query or have its very text: no neighbours of it."""
    places = [int(questions.itself[query]), *questions.duplicates[query].tolist()]
    return frozenset(pool.ids[place] for place in places if place != NOBODY)


class _Meaning:
    """Which documents are a query, have its text, or share its meaning; as ``search`` decides."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._texts, self._groups = places_by(pool.text_keys), places_by(pool.group)
        self._places = {id_: place for place, id_ in enumerate(pool.ids)}
        self._numbers = {name: number for number, name in enumerate(pool.groups)}
        self._pieces = pieces_by_whole(pool)

    def of(self, query: Query) -> tuple[int, Ints, Ints]:
        """Find (the query itself, its duplicates, the right documents), as places."""
        twins = self._texts.get(text_key(query.text), np.empty(0, np.int64))
        itself = self._places.get(query.id, NOBODY) if query.id is not None else NOBODY
        itself = itself if itself in twins else NOBODY
        if itself != NOBODY and self._pool.wholes is not None:
            twins = np.union1d(twins, self._pieces[self._pool.wholes[itself]])
        if query.group is not None:
            numbers = {self._numbers.get(query.group, NOBODY)}
        else:
            telling = [itself] if itself != NOBODY else twins.tolist()
            numbers = {int(self._pool.group[place]) for place in telling}
        judged = [self._places[id_] for id_ in query.relevant or () if id_ in self._places]
        parts = [self._groups[n] for n in numbers if n in self._groups]
        parts += [self._pieces[id_] for id_ in query.relevant or () if id_ in self._pieces]
        right = np.unique(np.concatenate([np.array(judged, np.int64), *parts]))
        return itself, twins[twins != itself], np.setdiff1d(right, twins)


def pieces_by_whole(pool: Pool) -> dict[str, Ints]:
    """List the places of the chunks of each document; nothing where documents are whole."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for place, whole in enumerate(pool.wholes or ()):
        found[whole].append(place)
    return {whole: np.array(places, np.int64) for whole, places in found.items()}


def _choose(language: Ints, sample: int | None, seed: int) -> Ints:
    """Draw queries in a random order, as evenly over the languages as these allow."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(language))
    if sample is None or sample >= len(language):
        return shuffled
    # The i-th query of each language comes before the (i+1)-th of any: a prefix is stratified.
    seen: Counter[int] = Counter()
    turn = np.empty(len(language), np.int64)
    for position, code in enumerate(language[shuffled].tolist()):
        turn[position] = seen[code]
        seen[code] += 1
    return shuffled[np.argsort(turn, kind="stable")[:sample]]


def _unique(ids: list[str]) -> tuple[str, ...]:
    """Number ids that stand more than once, so that each query can be named."""
    count = Counter(ids)
    seen: Counter[str] = Counter()
    out = []
    for id_ in ids:
        seen[id_] += 1
        out.append(id_ if count[id_] == 1 else f"{id_} ({seen[id_]})")
    return tuple(out)
