"""P-values of several tests at once, corrected for there being several."""

import numpy as np

from search.comparison.result import Correction
from search.measures.evidence import Floats


def adjust(p: Floats, correction: Correction) -> Floats:
    """Correct p-values for the number of tests.

    ``holm`` (Holm 1979) bounds the chance of any false alarm, ``bh`` (Benjamini & Hochberg 1995)
    the expected share of false ones among the alarms.

    Args:
        p: (t,) in [0, 1]; NaN for a test that was not done, which counts for nothing.
        correction: which of the two.

    Returns:
        (t,) adjusted values in [0, 1], NaN where ``p`` is.
    """
    adjusted = np.full(len(p), np.nan)
    done = np.flatnonzero(~np.isnan(p))
    order = done[np.argsort(p[done], kind="stable")]
    count, rank = len(order), np.arange(len(order))
    if correction == "holm":
        steps = np.maximum.accumulate(p[order] * (count - rank))
    else:
        steps = np.minimum.accumulate((p[order] * count / (rank + 1))[::-1])[::-1]
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted
