"""Whether a straight cut through the vectors tells their languages apart."""

import warnings
from typing import Any

import numpy as np

from indexer.records import Vectors
from search.measures.measure import Profile
from search.measures.resample import Floats, Ints, clusters, share_profile, undefined

_FOLDS = 5
_ROUNDS = 100
"""Of L-BFGS. Stopping early only makes the regularisation a little stronger."""

_ROUNDING = 1e-6

_FEW = f"needs 2 languages with {_FOLDS} groups each"
_RARE = f"fewer than {_FOLDS} groups: left out of the probe"


def language_probe(
    vectors: Vectors,
    language: Ints,
    group: Ints,
    *,
    seed: int,
    replicates: int,
    limit: int = 5000,
) -> Profile:
    """Share of documents whose language a linear classifier reads off the vector.

    Multinomial logistic regression (Libovicky, Rosa & Fraser 2020, "On the Language Neutrality of
    Pre-trained Multilingual Representations") with an L2 penalty, on standardised vectors: some
    encoders have one dimension so long that the penalty would else hide all others. Each document
    is judged by a classifier that saw neither it nor a document of its group, so that a topic
    cannot pass for a language. Overall is the mean recall over the languages. Chance, in closed
    form: 1 / languages, the mean recall of every classifier that does not look at the vector.

    That languages can be told apart does not yet harm retrieval. The interval is that of groups
    drawn with replacement, the classifiers as they are.

    Args:
        vectors: (n, d) float32.
        language: (n,) codes; negative for unknown, which leaves the document out.
        group: (n,) codes; a document without one (negative) is a group of its own.
        seed: of the sample, the folds and the bootstrap.
        replicates: of the bootstrap.
        limit: documents to look at, as many of each language as there are up to its part.

    Returns:
        The profile; ``n`` is the documents looked at. A language with fewer than 5 groups is no
        class: it has no value, with the reason.
    """
    rng = np.random.default_rng(seed)
    chosen, rare = _sample(language, group, limit, rng)
    left_out = {code: undefined(_RARE, n) for code, n in rare.items()}
    codes, place = np.unique(language[chosen], return_inverse=True)
    if len(codes) < 2:
        return Profile(undefined(_FEW, len(chosen)), left_out)
    cluster = clusters(group[chosen])
    hits = _predicted(vectors[chosen].astype(float), place, _folds(place, cluster, rng)) == place
    found = share_profile(
        hits, language[chosen], cluster, 1 / len(codes), seed=seed, replicates=replicates
    )
    return Profile(found.overall, {**found.by_language, **left_out})


def _sample(
    language: Ints, group: Ints, limit: int, rng: np.random.Generator
) -> tuple[Ints, dict[int, int]]:
    """Choose documents evenly over the languages; say which languages have too few groups."""
    luck = rng.random(len(language))  # one draw for all, so that the codes' order is no matter
    enough, rare = [], {}
    for code in np.unique(language[language >= 0]).tolist():
        rows = np.flatnonzero(language == code)
        if len(np.unique(clusters(group[rows]))) < _FOLDS:
            rare[code] = len(rows)
        else:
            enough.append(rows)
    part = max(_FOLDS, limit // max(1, len(enough)))
    chosen = [rows[np.argsort(luck[rows], kind="stable")[:part]] for rows in enough]
    return np.sort(np.concatenate([np.empty(0, np.int64), *chosen])), rare


def _folds(place: Ints, cluster: Ints, rng: np.random.Generator) -> Ints:
    """(n,) fold of each document, one for a whole cluster, rare languages spread over all."""
    rarity = np.bincount(place)[place]
    rarest = np.full(int(cluster.max()) + 1, len(place) + 1)
    np.minimum.at(rarest, cluster, rarity)
    order = np.lexsort((rng.random(len(rarest)), rarest))
    fold = np.empty(len(rarest), np.int64)
    fold[order] = np.arange(len(rarest)) % _FOLDS
    return fold[cluster]


def _predicted(vectors: Floats, place: Ints, fold: Ints) -> Ints:
    """(n,) the language that the classifier of the other folds reads off each vector."""
    predicted = np.empty_like(place)
    for each in range(_FOLDS):
        train, test = fold != each, fold == each
        centre = vectors[train].mean(axis=0)
        scale = vectors[train].std(axis=0)
        scale[scale <= _ROUNDING * np.abs(centre)] = 1  # a constant, but for float32's last digits
        classifier = _fitted((vectors[train] - centre) / scale, place[train])
        predicted[test] = classifier.predict((vectors[test] - centre) / scale)
    return predicted


def _fitted(vectors: Floats, place: Ints) -> Any:  # noqa: ANN401 - scikit-learn has no types
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    classifier = LogisticRegression(tol=1e-3, max_iter=_ROUNDS, class_weight="balanced")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return classifier.fit(vectors, place)
