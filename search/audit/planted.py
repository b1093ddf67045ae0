"""Proof on planted data that the audit can tell a biased encoder from a fair one.

Every audit runs it first, through the code that it will use, and reports what came out.
"""

import numpy as np

from indexer.columns import Columns
from indexer.errors import InterlinguaError
from indexer.records import Vectors
from search.audit.pool import make_pool
from search.audit.questions import documents_ask
from search.audit.scoring import gather
from search.measures.evidence import Floats, Ints
from search.measures.neighbours import excess

_LANGUAGES, _MEANINGS, _DIM, _K = 4, 50, 24, 10
_NOISE = 0.3
FAIR, BIASED = 0.1, 0.9
"""The fair encoder must stay below the one, the biased one above the other."""


def prove(seed: int = 0) -> dict[str, float]:
    """Measure excess@10 of a planted fair and a planted biased encoder.

    The fair one puts a text where its meaning is, with noise; the biased one where its language
    is, with noise. Both hold the same 50 meanings in 4 languages.

    Returns:
        ``fair``, near 0, and ``biased``, near 1.

    Raises:
        InterlinguaError: the audit cannot tell them apart; nothing it says could be trusted.
    """
    rng = np.random.default_rng(seed)
    language = np.repeat(np.arange(_LANGUAGES), _MEANINGS)
    meaning = np.tile(np.arange(_MEANINGS), _LANGUAGES)
    noise = _NOISE * rng.standard_normal((len(language), _DIM)) / np.sqrt(_DIM)
    directions = rng.standard_normal((_LANGUAGES + _MEANINGS, _DIM))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    found = {
        "fair": _excess(directions[_LANGUAGES + meaning] + noise, language, meaning),
        "biased": _excess(directions[language] + noise, language, meaning),
    }
    if found["fair"] > FAIR or found["biased"] < BIASED:
        raise InterlinguaError(
            f"the audit's check of itself failed: {found}", "report this, it is a defect"
        )
    return found


def _excess(points: Floats, language: Ints, meaning: Ints) -> float:
    """Mean excess@10 when each planted document asks."""
    vectors: Vectors = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
    n = len(vectors)
    columns = Columns(
        ids=[str(i) for i in range(n)],
        languages=[f"l{code}" for code in language],
        groups=[str(code) for code in meaning],
        text_keys=np.arange(n),
        probabilities=np.full(n, np.nan),
        tokens_dropped=np.zeros(n, np.int64),
        vectors=vectors,
    )
    pool = make_pool(columns)
    evidence = gather(pool, documents_ask(pool, columns, None, 0), _K).evidence
    return float(np.nanmean(excess(evidence, _K).values))
