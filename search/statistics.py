"""Chance: what a neighbourhood would look like if language played no part."""

from math import comb


def excess(hits: int, drawn: int, same: int, total: int) -> float | None:
    """Normalised excess of a language among the neighbours.

    E = (h/m - b) / (M - b) with h hits of the language among m drawn, b = same / total and
    M = min(m, same) / m the largest share there can be. 0 is chance, 1 as many as there can be,
    below 0 fewer than chance.

    Args:
        hits: h, drawn documents in the language.
        drawn: m, documents drawn.
        same: documents of the language in the pool.
        total: documents in the pool.

    Returns:
        E, or None where it is undefined: nothing drawn, or a pool in which no other share is
        possible (all of one language, or none of it).
    """
    if drawn == 0 or total == 0:
        return None
    chance = same / total
    largest = min(drawn, same) / drawn
    if largest <= chance:
        return None
    return (hits / drawn - chance) / (largest - chance)


def hypergeometric_tail(hits: int, drawn: int, same: int, total: int) -> float:
    """P[X >= hits] for X hypergeometric: drawn documents out of total, same of them marked.

    Computed in whole numbers, so it is exact to the last bit of the division at every size.

    Args:
        hits: smallest number of marked documents that counts as extreme.
        drawn: documents drawn without replacement.
        same: marked documents in the pool.
        total: documents in the pool; ``drawn <= total`` and ``same <= total``.

    Returns:
        Upper tail probability in [0, 1].
    """
    first, last = max(hits, drawn - (total - same), 0), min(drawn, same)
    ways = term = comb(same, first) * comb(total - same, drawn - first) if first <= last else 0
    for i in range(first, last):  # each term out of the one before it, still in whole numbers
        term = term * (same - i) * (drawn - i) // ((i + 1) * (total - same - drawn + i + 1))
        ways += term
    return ways / comb(total, drawn)
