"""How many documents the encoder could not read to their end, and in which languages."""

import numpy as np

from search.measures.measure import Profile
from search.measures.resample import NO_DOCUMENT, Ints, clusters, share_profile, undefined


def truncated(
    tokens_dropped: Ints, language: Ints, group: Ints, *, seed: int, replicates: int
) -> Profile:
    """Share of documents cut off, by language and averaged over the languages (macro).

    A tokenizer cuts some scripts into more pieces than others (Petrov et al. 2023, "Language
    Model Tokenizers Introduce Unfairness Between Languages"), so that at the same number of
    tokens an encoder reads less of a text in them. Chance, in closed form: the share of all
    documents, which every language would have if language played no part.

    Args:
        tokens_dropped: (n,) of each document; negative where it is not known, which leaves the
            document out.
        language: (n,) codes; negative for unknown, which leaves the document out.
        group: (n,) codes, negative for none.
        seed: of the bootstrap over groups.
        replicates: of the bootstrap.
    """
    kept = (language >= 0) & (tokens_dropped >= 0)
    if not kept.any():
        return Profile(undefined(NO_DOCUMENT, 0), {})
    hits = tokens_dropped[kept] > 0
    return share_profile(
        hits,
        language[kept],
        clusters(group[kept]),
        float(np.mean(hits)),
        seed=seed,
        replicates=replicates,
    )
