"""The methods by name; to add one, write its fit and add a line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from indexer.errors import InputError, UsageError
from indexer.transforms.aligned import fit_least_squares, fit_procrustes
from indexer.transforms.centring import fit_centring
from indexer.transforms.leace import fit_leace
from indexer.transforms.lir import fit_lir
from indexer.transforms.lsar import fit_lsar
from indexer.transforms.statistics import Statistics
from indexer.transforms.transform import Transform
from indexer.transforms.whitening import fit_top_components, fit_whitening

NONE = "none"


@dataclass(frozen=True, slots=True)
class Method:
    """A way to fit a transform."""

    fit: Callable[[Statistics], Transform]
    does: str
    """In a few words."""
    groups: bool = False
    """Whether it learns from groups."""


METHODS: Mapping[str, Method] = {
    "centring": Method(fit_centring, "subtracts the mean of the language"),
    "lir": Method(fit_lir, "removes the strongest direction of the language"),
    "lsar": Method(fit_lsar, "removes the subspace in which the means of languages differ"),
    "leace": Method(fit_leace, "removes what a linear classifier knows languages by"),
    "abtt": Method(fit_top_components, "removes the strongest directions of all texts"),
    "zca": Method(fit_whitening, "makes all directions count about the same"),
    "procrustes": Method(fit_procrustes, "turns each language towards its translations", True),
    "least-squares": Method(fit_least_squares, "moves texts towards their translations", True),
}


def fit_transform(name: str, statistics: Statistics) -> Transform:
    """Fit a method of the catalogue.

    Raises:
        UsageError: no such method.
        InputError: too little to fit it on: fewer than two languages, or no translations.
    """
    if name not in METHODS:
        raise UsageError(f"no method {name!r}", f"take {NONE}, {', '.join(METHODS)}")
    if len(statistics.moments.languages) < 2:
        found = ", ".join(statistics.moments.languages) or "none"
        raise InputError(
            f"{name} needs two languages, and the documents have {found}",
            "fit it on a corpus of several languages with --fit-on",
        )
    if METHODS[name].groups and not statistics.parallel.rows().groups:
        raise InputError(
            f"{name} needs documents that mean the same in two languages, and no group has them",
            "give the documents groups, fit on a corpus that has them, or take another method",
        )
    return METHODS[name].fit(statistics)
