"""An audit from its index to its result."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from indexer.columns import Columns
from indexer.corpus import Query
from indexer.errors import InputError, UsageError
from indexer.index import IndexReader, Snapshot
from indexer.records import Filter, Vectors
from search.audit.aggregate import Aggregator
from search.audit.caveats import not_measured, warnings_of
from search.audit.describe import audited_index, audited_queries, per_query, versions
from search.audit.label_noise import label_noise
from search.audit.map2d import choose_points, vector_map
from search.audit.matched import matched_documents, meanings
from search.audit.options import DEFAULTS, LARGE, SAMPLE, AuditOptions
from search.audit.planted import prove
from search.audit.pool import Pool, make_pool
from search.audit.questions import Questions, documents_ask, queries_ask
from search.audit.representation import by_name, measure_vectors
from search.audit.result import (
    Audit,
    Method,
    VectorMap,
    WorstQuery,
)
from search.audit.scores import score_queries, score_rankings
from search.audit.scoring import gather
from search.audit.served import served_evidence, served_recall
from search.audit.tables import language_matrix, leave_one_out_table, map_anchors
from search.audit.worst import worst_queries
from search.measures.evidence import Flags, Scores
from search.measures.measure import Measure, Measurement, Profile
from search.measures.neighbours import log_odds
from search.merging import Merging

_PAGE = 20_000


def audit(
    reader: IndexReader,
    options: AuditOptions = DEFAULTS,
    *,
    queries: Sequence[Query] | None = None,
    vectors: Vectors | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Audit:
    """Audit the language bias of an index.

    Args:
        reader: the index.
        options: how.
        queries: who asks; when None every document asks for its own neighbours.
        vectors: (len(queries), d) unit rows, one a query.
        progress: called with the number of queries done, and of those that ask.

    Returns:
        The audit; ``interrupted`` when Ctrl-C ended it early.

    Raises:
        UsageError: options that cannot be meant.
        InputError: nothing to audit.
    """
    start = time.monotonic()
    _check(options, queries, vectors)
    proof = prove(options.seed)
    with reader.snapshot() as state:
        columns = searched_columns(state, options.allowed)
        pool = make_pool(columns, [] if queries is None else [q.lang for q in queries])
        size = _sample(options, len(columns.ids) if queries is None else len(queries))
        if queries is None or vectors is None:
            questions = documents_ask(pool, columns, size, options.seed)
        else:
            searched = state.debiasing.apply(vectors, [query.lang for query in queries])
            questions = queries_ask(pool, queries, searched, size, options.seed)
        if not len(questions) or not len(pool):
            raise InputError(
                f"{reader.path}: nothing to audit: no document, or no query of known language",
                "label the documents, give --queries, or widen --in and --where",
            )
        return _Run(reader, state, pool, questions, options, queries, progress).result(start, proof)


def searched_columns(state: Snapshot, allowed: Filter) -> Columns:
    """Read all documents, their vectors as they are searched."""
    columns = state.columns(allowed)
    for start in range(0, len(columns.ids), _PAGE):
        page = slice(start, start + _PAGE)
        columns.vectors[page] = state.debiasing.apply(
            columns.vectors[page], columns.languages[page]
        )
    return columns


class _Run:
    """One audit under way."""

    def __init__(
        self,
        reader: IndexReader,
        state: Snapshot,
        pool: Pool,
        questions: Questions,
        options: AuditOptions,
        queries: Sequence[Query] | None,
        progress: Callable[[int, int], None],
    ) -> None:
        self._reader, self._state, self._pool = reader, state, pool
        self._questions, self._options, self._given = questions, options, queries
        self._merging = options.merging or Merging.from_json(state.debiasing.merging)
        self._matched = matched_documents(pool, questions)
        asked, passes = len(questions), 2 if options.as_served else 1
        gathered = gather(
            pool,
            questions,
            max(options.ks),
            matched=self._partly_matched(),
            merging=self._merging,
            progress=lambda done: progress(done // passes, asked),
        )
        self._exact, self._interrupted = gathered.evidence, gathered.interrupted
        self._evidence = self._exact
        if options.as_served:
            self._exact, self._evidence = served_evidence(
                *(state, pool, questions, self._exact, options.allowed, self._merging),
                progress=lambda done: progress((asked + done) // passes, asked),
            )
            self._interrupted |= len(self._exact.query) < len(gathered.evidence.query)
        self._aggregator = Aggregator(
            self._evidence.language,
            [questions.clusters[i] for i in self._evidence.query.tolist()],
            pool.languages,
            seed=options.seed,
            replicates=options.replicates,
        )

    def _partly_matched(self) -> Flags | None:
        """Documents to ask again among; None when it would be the same question or an empty one."""
        known = self._matched[: self._pool.known]
        return self._matched if known.any() and not known.all() else None

    def result(self, start: float, proof: Mapping[str, float]) -> Audit:
        """Measure everything and put it together."""
        pool, evidence, questions = self._pool, self._evidence, self._questions
        meaning = questions.mode != "labels"
        scores = self._scores(meaning)
        overall: dict[Measure, Measurement] = {}
        by_language: dict[str, dict[Measure, Measurement]] = {}
        for measure, found in scores.items():
            _add(overall, by_language, measure, self._aggregator.measure(found))
            if measure.name == "same_language":
                odds = Measure("log_odds", measure.k)
                _add(overall, by_language, odds, self._log_odds(measure, found))
        k = matrix_k(self._options.ks)
        try:
            for measure, profile in self._of_vectors(k, meaning).items():
                _add(overall, by_language, measure, by_name(profile, pool.languages))
        except KeyboardInterrupt:  # what the queries found is there, and stays
            self._interrupted = True
        return Audit(
            mode=questions.mode,
            index=audited_index(self._reader.settings, pool, self._state, self._merging),
            queries=audited_queries(questions, evidence, pool.languages, self._given is not None),
            overall=overall,
            by_language=dict(sorted(by_language.items())),
            matrix=language_matrix(evidence, pool.languages, k),
            anchors=map_anchors(self._exact) if meaning else {},
            worst=self._worst(k),
            leave_one_out=leave_one_out_table(self._exact, pool.languages) if meaning else None,
            label_noise=label_noise(pool, questions, evidence, self._options.ks),
            warnings=warnings_of(pool, questions, self._matched),
            not_measured=not_measured(questions, self._matched),
            map2d=self._map(),
            method=self._method(start, proof),
            interrupted=self._interrupted,
            per_query=per_query(questions, evidence, pool.languages, scores),
        )

    def _scores(self, meaning: bool) -> dict[Measure, Scores]:
        """Take all measures that are defined on queries."""
        options, matched = self._options, bool(self._matched.any())
        scores = score_queries(self._evidence, options.ks, meaning=meaning, matched=matched)
        if options.as_served:
            for k in options.ks:
                scores[Measure("served_recall", k)] = served_recall(self._exact, self._evidence, k)
        if meaning:
            scores |= score_rankings(self._exact, peer=options.peer, seed=options.seed)
        return scores

    def _of_vectors(self, k: int, meaning: bool) -> dict[Measure, Profile]:
        """Take all measures that need no query."""
        return measure_vectors(
            self._pool,
            meanings(self._pool, self._questions),
            k,
            grouped=meaning,
            seed=self._options.seed,
            replicates=self._options.replicates,
        )

    def _log_odds(
        self, measure: Measure, share: Scores
    ) -> tuple[Measurement, dict[str, Measurement]]:
        """Measure the log-odds of languages from the shares of their queries."""
        k = measure.k or 1
        return self._aggregator.measure(
            share, lambda mean, chance, n: log_odds(mean, chance, n * k)
        )

    def _worst(self, k: int) -> tuple[WorstQuery, ...]:
        given = {}
        if self._given is not None:
            given = {
                id_: self._given[place]
                for id_, place in zip(self._questions.ids, self._questions.place, strict=True)
            }
        return worst_queries(
            self._state,
            self._pool,
            self._questions,
            self._evidence,
            k,
            given,
            self._options.allowed,
            self._merging,
        )

    def _map(self) -> VectorMap | None:
        places = choose_points(self._pool, self._options.seed)
        documents = (self._state.document(self._pool.ids[place]) for place in places)
        texts = {d.id: d.text for d in documents if d is not None}
        return vector_map(self._pool, texts, places)

    def _method(self, start: float, proof: Mapping[str, float]) -> Method:
        options = self._options
        return Method(
            command=options.command,
            seed=options.seed,
            replicates=options.replicates,
            ks=options.ks,
            sample=_sample(options, self._questions.total),
            search="as served" if options.as_served else "exact",
            arithmetic=self._reader.settings.arithmetic,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - start, 1),
            versions=versions(),
            self_check=dict(proof),
        )


def _add(
    overall: dict[Measure, Measurement],
    by_language: dict[str, dict[Measure, Measurement]],
    measure: Measure,
    found: tuple[Measurement, Mapping[str, Measurement]],
) -> None:
    overall[measure] = found[0]
    for lang, row in found[1].items():
        by_language.setdefault(lang, {})[measure] = row


def matrix_k(ks: Sequence[int]) -> int:
    """Choose the number of neighbours of the headline: 10, or the nearest to it."""
    return min(ks, key=lambda k: (abs(k - 10), k))


def _check(options: AuditOptions, queries: Sequence[Query] | None, vectors: Vectors | None) -> None:
    if not options.ks or min(options.ks) < 1:
        raise UsageError(f"-k {options.ks}", "give numbers of neighbours of at least 1")
    if options.replicates < 100:
        raise UsageError(f"{options.replicates} bootstrap samples", "take at least 100")
    if (queries is None) != (vectors is None):
        raise UsageError("queries without vectors, or the reverse", "give both or neither")


def _sample(options: AuditOptions, total: int) -> int | None:
    """Size of the sample; None when all are asked."""
    if options.sample is None:
        return SAMPLE if total > LARGE else None
    return options.sample if 0 < options.sample < total else None
