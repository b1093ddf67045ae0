"""Every measure of the audit: what it means, its chance level, which direction is better."""

from dataclasses import dataclass
from typing import Literal

Needs = Literal["labels", "groups", "grid"]
"""What must be known: languages; also which documents mean the same (groups or judgements);
also a group in every language."""

Better = Literal["lower", "higher", "neither"]


@dataclass(frozen=True, slots=True)
class Definition:
    """What people need to know of a measure in order to read it."""

    name: str
    title: str
    """A few words for the head of a table."""
    needs: Needs
    better: Better
    """Where less language bias lies."""
    at_k: bool
    """Whether it looks at the k nearest."""
    range: str
    meaning: str
    """One sentence."""
    chance: str
    """What the chance level is and whether it is a closed form or a permutation."""


_DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "same_language",
        "same language",
        "labels",
        "lower",
        True,
        "0 to 1",
        "Share of the k nearest documents that are in the query's language, its own meaning left "
        "out.",
        "closed form: the language's share of the documents in reach",
    ),
    Definition(
        "excess",
        "excess",
        "labels",
        "lower",
        True,
        "below 0 to 1",
        "How far same_language is above chance, as a share of how far it could be: 0 is chance, "
        "1 as biased as possible.",
        "closed form: 0",
    ),
    Definition(
        "lift",
        "lift",
        "labels",
        "lower",
        True,
        "0 and up",
        "same_language divided by chance: 3 means three times as many as chance would put there.",
        "closed form: 1",
    ),
    Definition(
        "log_odds",
        "log-odds",
        "labels",
        "lower",
        True,
        "any number",
        "Logarithm of the odds of a neighbour in the query's language, over the odds by chance; "
        "half a neighbour added to both sides.",
        "closed form: 0",
    ),
    Definition(
        "p_value",
        "p",
        "labels",
        "higher",
        True,
        "0 to 1",
        "Mean over queries of the probability that chance puts as many neighbours in the query's "
        "language.",
        "closed form: its expectation under chance, a little above 0.5",
    ),
    Definition(
        "significant",
        "p ≤ 0.05",
        "labels",
        "lower",
        True,
        "0 to 1",
        "Share of queries with more neighbours of their language than chance explains "
        "(hypergeometric p of at most 0.05).",
        "closed form: the probability of such a p under chance, at most 0.05",
    ),
    Definition(
        "excess_matched",
        "excess, topics matched",
        "groups",
        "lower",
        True,
        "below 0 to 1",
        "excess among documents whose meaning is there in every language, so that a difference "
        "in topic cannot pass for one in language.",
        "closed form: 0",
    ),
    Definition(
        "strong_auc",
        "strong alignment",
        "groups",
        "higher",
        False,
        "0 to 1",
        "Probability that a translation in another language is nearer than an unrelated document "
        "of the query's language.",
        "closed form: 0.5",
    ),
    Definition(
        "strong_strict",
        "strong, strict",
        "groups",
        "higher",
        False,
        "0 to 1",
        "Share of translations that are nearer than every unrelated document of the query's "
        "language.",
        "closed form: 1 / (1 + unrelated documents of the language)",
    ),
    Definition(
        "weak_recall",
        "weak alignment",
        "groups",
        "higher",
        True,
        "0 to 1",
        "Share of other languages in which the nearest document is a translation, when each is "
        "searched alone.",
        "closed form: the share of translations among the documents of that language",
    ),
    Definition(
        "gap",
        "weak - strong",
        "groups",
        "lower",
        False,
        "-1 to 1",
        "weak_recall@1 less strong_strict: alignment that language bias hides. Large means that "
        "taking the bias out can help.",
        "closed form: the difference of their chance levels",
    ),
    Definition(
        "map",
        "LAReQA mAP",
        "groups",
        "higher",
        False,
        "0 to 1",
        "Mean average precision over the whole list of documents of all languages.",
        "closed form: the expectation over random orders",
    ),
    Definition(
        "rank_distance",
        "rank distance",
        "groups",
        "lower",
        False,
        "0 and up",
        "Places between a query's first and last translation, as a ratio to chance.",
        "closed form: 1",
    ),
    Definition(
        "recall_other_language",
        "recall, other languages",
        "groups",
        "higher",
        True,
        "0 to 1",
        "Share of the translations in other languages that are among the k nearest.",
        "closed form: k over the documents in reach",
    ),
    Definition(
        "recall_same_language",
        "recall, own language",
        "groups",
        "neither",
        True,
        "0 to 1",
        "Share of the right documents in the query's language that are among the k nearest.",
        "closed form: k over the documents in reach",
    ),
    Definition(
        "own_language_first",
        "own language first",
        "groups",
        "neither",
        False,
        "0 to 1",
        "Share of queries whose nearest right document is in their own language; whether that is "
        "wanted is for you to say.",
        "closed form: the own language's share of the right documents",
    ),
    Definition(
        "peer",
        "PEER",
        "groups",
        "higher",
        False,
        "0 to 1",
        "Mean p of a Kruskal-Wallis test that right documents of all languages rank alike.",
        "permutation of the ranks among the languages; near 0.5, never 1",
    ),
    Definition(
        "peer_effect",
        "PEER, effect",
        "groups",
        "lower",
        False,
        "0 to 1",
        "Epsilon squared of the same test: the share of the ranks' variance that language holds.",
        "closed form: (languages - 1) / (right documents - 1)",
    ),
    Definition(
        "served_recall",
        "served recall",
        "labels",
        "higher",
        True,
        "0 to 1",
        "Share of the k exactly nearest documents that the index serves among its k; 1 for an "
        "exact index.",
        "closed form: k over strangers",
    ),
    Definition(
        "language_variance",
        "variance: language",
        "grid",
        "lower",
        False,
        "0 to 1",
        "Share of the vectors' variance that is between the languages, over the meanings that are "
        "there in every language.",
        "closed form: (L - 1) / (L M - 1) for L languages and M meanings",
    ),
    Definition(
        "meaning_variance",
        "variance: meaning",
        "grid",
        "higher",
        False,
        "0 to 1",
        "Share of the vectors' variance that is between the meanings, over those that are there in "
        "every language.",
        "closed form: (M - 1) / (L M - 1) for L languages and M meanings",
    ),
    Definition(
        "interaction_variance",
        "variance: interaction",
        "grid",
        "neither",
        False,
        "0 to 1",
        "Share of the vectors' variance that neither language nor meaning explains alone, noise "
        "included.",
        "closed form: (L - 1) (M - 1) / (L M - 1) for L languages and M meanings",
    ),
    Definition(
        "language_probe",
        "language probe",
        "labels",
        "lower",
        False,
        "0 to 1",
        "Share of documents whose language a linear classifier reads off the vector, averaged over "
        "the languages.",
        "closed form: 1 / languages",
    ),
    Definition(
        "hub_skew",
        "hubness",
        "labels",
        "lower",
        True,
        "any number",
        "Skewness of how often each document is among the k nearest of another: large means that a "
        "few documents are everybody's neighbours.",
        "closed form: the skewness of the binomial distribution, near 1 / sqrt(k)",
    ),
    Definition(
        "hub_share",
        "share of hubs",
        "labels",
        "lower",
        True,
        "0 to 1",
        "Share of all neighbours that are hubs, the 1 % of documents that are neighbours most "
        "often; of a language: its share of the hubs.",
        "closed form: the expected share if neighbours were drawn at random; of a language: its "
        "share of the documents",
    ),
    Definition(
        "anisotropy",
        "anisotropy",
        "labels",
        "neither",
        False,
        "-1 to 1",
        "Mean cosine of two unrelated documents: how narrow the cone is that all vectors lie in, "
        "and why a cosine says nothing by itself.",
        "closed form: 0, as for directions that prefer nothing",
    ),
    Definition(
        "cosine_within",
        "cosine, same language",
        "labels",
        "neither",
        False,
        "-1 to 1",
        "Mean cosine of two documents of one language that do not mean the same, as far as the "
        "groups tell.",
        "closed form: the mean cosine of any two documents that do not mean the same",
    ),
    Definition(
        "cosine_across",
        "cosine, other languages",
        "labels",
        "neither",
        False,
        "-1 to 1",
        "Mean cosine of two documents of different languages that do not mean the same, as far as "
        "the groups tell.",
        "closed form: the mean cosine of any two documents that do not mean the same",
    ),
    Definition(
        "cosine_gap",
        "cosine gap",
        "labels",
        "lower",
        False,
        "-2 to 2",
        "cosine_within less cosine_across: how much nearer two unrelated documents are for being "
        "in one language.",
        "closed form: 0",
    ),
    Definition(
        "truncated",
        "cut off",
        "labels",
        "lower",
        False,
        "0 to 1",
        "Share of documents that are longer than the encoder reads, averaged over the languages.",
        "closed form: the share of all documents",
    ),
)

CATALOGUE = {each.name: each for each in _DEFINITIONS}
