"""The documents of an audit as arrays, sorted by language so that each language is one slice."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from indexer.columns import Columns
from indexer.records import UNKNOWN_LANGUAGE, Vectors
from search.measures.evidence import NOBODY, Flags, Ints

UNCERTAIN = 0.9
"""A detected language is uncertain below this probability."""


@dataclass(frozen=True, slots=True)
class Pool:
    """N documents, those of unknown language last."""

    ids: list[str]
    vectors: Vectors
    """(N, d) unit rows."""
    languages: tuple[str, ...]
    """The L languages of documents and queries, in order; ``und`` is none of them."""
    language: Ints
    """(N,) 0..L-1, ascending; NOBODY for unknown ones, at the end."""
    starts: Ints
    """(L + 1,) language l holds the places starts[l] to starts[l + 1]."""
    group: Ints
    """(N,) numbers of groups; NOBODY without one."""
    groups: tuple[str, ...]
    text_keys: Ints
    """(N,) equal for equal texts."""
    order: Ints
    """(N,) breaks ties between equal scores: a hash of the id, in which language has no part."""
    uncertain: Flags
    """(N,) whether the language is unknown, or detected with little certainty."""
    tokens_dropped: Ints
    """(N,)"""
    wholes: tuple[str, ...] | None = None
    """(N,) ids of the documents that the chunks are of; None where documents are whole."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def known(self) -> int:
        """Documents of known language: the first ``known``."""
        return int(self.starts[-1])


def make_pool(columns: Columns, query_languages: Iterable[str] = ()) -> Pool:
    """Sort documents by language.

    Args:
        columns: the documents.
        query_languages: languages that queries have and documents may lack.
    """
    present = {*columns.languages, *query_languages} - {UNKNOWN_LANGUAGE}
    languages = tuple(sorted(present))
    code = {name: number for number, name in enumerate(languages)}
    language = np.array([code.get(name, len(languages)) for name in columns.languages], np.int64)
    order = np.argsort(language, kind="stable")
    language = language[order]
    groups = tuple(sorted({g for g in columns.groups if g is not None}))
    number = {name: i for i, name in enumerate(groups)}
    group = np.array([NOBODY if g is None else number[g] for g in columns.groups], np.int64)
    unknown = language == len(languages)
    with np.errstate(invalid="ignore"):
        doubtful = columns.probabilities[order] < UNCERTAIN
    ids = [columns.ids[i] for i in order]
    return Pool(
        ids=ids,
        vectors=columns.vectors[order],
        languages=languages,
        language=np.where(unknown, NOBODY, language),
        starts=np.searchsorted(language, np.arange(len(languages) + 1)),
        group=group[order],
        groups=groups,
        text_keys=columns.text_keys[order],
        order=np.array([crc32(id_.encode()) for id_ in ids], np.int64),
        uncertain=unknown | doubtful,
        tokens_dropped=columns.tokens_dropped[order],
        wholes=None if columns.wholes is None else tuple(columns.wholes[i] for i in order),
    )


def places_by(keys: NDArray[np.int64]) -> dict[int, Ints]:
    """List the places of each key, NOBODY left out."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    for place, key in enumerate(keys.tolist()):
        if key != NOBODY:
            found[key].append(place)
    return {key: np.array(places, np.int64) for key, places in found.items()}
