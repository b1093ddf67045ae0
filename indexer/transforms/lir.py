"""LIR: the strongest directions of each language are taken out of it.

Yang, Yang, Cer & Darve 2021, A Simple and Effective Method To Eliminate the Self Language Bias in
Multilingual Representations, equations 1 and 2 (arXiv 2109.04727).
"""

import numpy as np

from indexer.transforms.moments import Floats
from indexer.transforms.statistics import Statistics
from indexer.transforms.transform import Transform

RANK = 1


def fit_lir(statistics: Statistics) -> Transform:
    """Fit y = x - V_l V_l' x, V_l (d, 1) the first right singular vector of language l.

    Nothing is centred before.
    Texts of another or an unknown language lose the first directions of all documents.
    """
    moments = statistics.moments
    products = [*map(moments.products, moments.languages), moments.all_products()]
    strongest = np.array([strongest_of(p, RANK) for p in products], np.float32)
    nothing = np.zeros((len(products), moments.dim), np.float32)
    return Transform("lir", moments.languages, nothing, strongest, strongest)


def strongest_of(products: Floats, rank: int) -> Floats:
    """Find the first eigenvectors of a symmetric (d, d) matrix, as (rank, d) unit rows."""
    from scipy.linalg import eigh

    last = len(products) - 1
    first: Floats = eigh(products, subset_by_index=(last - rank + 1, last))[1][:, ::-1].T
    return first
