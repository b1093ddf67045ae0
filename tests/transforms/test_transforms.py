"""Every method's closed form against another way to get it, and what they promise."""

import hashlib
from collections import Counter

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from indexer.errors import InputError, UsageError
from indexer.records import Vectors
from indexer.transforms import METHODS, Statistics, Transform, fit_transform
from indexer.transforms.lsar import language_subspace
from indexer.transforms.parallel import GroupSample
from tests.transforms.worlds import LANGUAGES, planted, same_language_share, statistics_of

VECTORS, SPOKEN, GROUPS = planted()
STATISTICS = statistics_of(VECTORS, SPOKEN, GROUPS)
FITTED = {name: fit_transform(name, STATISTICS) for name in METHODS}
LANGUAGE = np.array(SPOKEN)


def unit(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring rows to length 1."""
    made: NDArray[np.float64] = x / np.linalg.norm(x, axis=1, keepdims=True)
    return made


@pytest.mark.parametrize("name", METHODS)
def test_bits_do_not_depend_on_what_stands_beside(name: str) -> None:
    """A vector alone, in another order or in a large batch becomes the same bits."""
    transform = FITTED[name]
    whole = transform.apply(VECTORS, SPOKEN)
    order = np.random.default_rng(1).permutation(len(VECTORS))
    shuffled = transform.apply(VECTORS[order], [SPOKEN[i] for i in order])
    assert shuffled.tobytes() == whole[order].tobytes()
    for row in (0, 7, 100, 239):
        alone = transform.apply(VECTORS[row : row + 1], [SPOKEN[row]])
        assert alone.tobytes() == whole[row : row + 1].tobytes()


@pytest.mark.parametrize("name", METHODS)
def test_rows_are_unit_and_survive_serialising(name: str) -> None:
    """What comes out can be indexed, and is the same after a round trip through bytes."""
    made = FITTED[name].apply(VECTORS, SPOKEN)
    assert made.dtype == np.float32
    assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-5)
    t = FITTED[name]
    y = VECTORS.astype(np.float64) - t.offset[t.codes(SPOKEN)]
    rows = np.arange(len(y))
    if t.read is not None and t.erase is not None:
        which = t.codes(SPOKEN) if len(t.read) > 1 else 0 * rows
        inner = np.einsum("nd,nrd->nr", y, t.read[which])
        y -= np.einsum("nr,nrd->nd", inner, t.erase[which])
    if t.matrix is not None:
        which = t.codes(SPOKEN) if len(t.matrix) > 1 else 0 * rows
        y = np.einsum("nd,nde->ne", y, t.matrix[which])
    assert np.allclose(made, unit(y), atol=2e-6)
    again = Transform.from_bytes(FITTED[name].to_bytes())
    assert (again.method, again.languages) == (name, LANGUAGES)
    assert again.apply(VECTORS, SPOKEN).tobytes() == made.tobytes()


@pytest.mark.parametrize("name", [n for n in METHODS if n not in {"abtt", "zca"}])
def test_language_is_taken_out_of_planted_vectors(name: str) -> None:
    """Where a language is a shift, methods that know languages undo it."""
    before = same_language_share(VECTORS, SPOKEN)
    after = same_language_share(FITTED[name].apply(VECTORS, SPOKEN), SPOKEN)
    assert before > 0.9
    assert after < 0.45


def test_centring_subtracts_shrunk_means() -> None:
    """With many texts the means are almost the languages' own."""
    expected = np.array([VECTORS[name == LANGUAGE].mean(axis=0) for name in LANGUAGES])
    assert np.allclose(FITTED["centring"].offset[:-1], expected, atol=0.02)
    assert np.allclose(FITTED["centring"].offset[-1], VECTORS.mean(axis=0), atol=1e-6)


def test_a_language_of_one_text_is_not_taken_for_that_text() -> None:
    """Its mean is drawn towards the mean of all, so that something is left of the text."""
    vectors = np.vstack([VECTORS, VECTORS[:1]])
    found = fit_transform("centring", statistics_of(vectors, [*SPOKEN, "is"], [*GROUPS, "alone"]))
    row = found.offset[found.languages.index("is")]
    centre = vectors.mean(axis=0)
    assert np.linalg.norm(row - VECTORS[0]) > 0.1 * np.linalg.norm(centre - VECTORS[0])


def test_lir_removes_the_first_singular_vector_of_each_language() -> None:
    """As numpy's singular value decomposition of the language's own matrix has it."""
    for name in LANGUAGES:
        x = VECTORS[name == LANGUAGE].astype(np.float64)
        first = np.linalg.svd(x, full_matrices=False)[2][0]
        expected = unit(x - np.outer(x @ first, first))
        assert np.allclose(
            FITTED["lir"].apply(x.astype(np.float32), [name] * len(x)), expected, atol=1e-4
        )


def test_lsar_makes_shared_and_specific_orthogonal() -> None:
    """The subspace is orthonormal, holds all differences of means, and is orthogonal to m."""
    means = STATISTICS.moments.means().T
    subspace = language_subspace(means, 3)
    assert np.allclose(subspace.T @ subspace, np.eye(3), atol=1e-9)
    # All that is left of the means outside the subspace is one vector that they share.
    rest = means - subspace @ (subspace.T @ means)
    assert np.allclose(rest, rest[:, :1], atol=1e-9)


def test_leace_agrees_with_its_definition() -> None:
    """Computed from the data with matrix square roots, as theorem 4.3 writes it."""
    x = VECTORS.astype(np.float64)
    z = (LANGUAGE[:, None] == np.array(LANGUAGES)).astype(np.float64)
    mean = x.mean(axis=0)
    cross = (x - mean).T @ (z - z.mean(axis=0)) / len(x)
    whiten = np.real(scipy.linalg.sqrtm(np.linalg.inv((x - mean).T @ (x - mean) / len(x))))
    columns = scipy.linalg.orth(whiten @ cross, rcond=1e-8)
    eraser = np.linalg.inv(whiten) @ columns @ columns.T @ whiten
    expected = unit(x - mean - (x - mean) @ eraser.T)
    assert np.allclose(FITTED["leace"].apply(VECTORS, SPOKEN), expected, atol=1e-3)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
def test_leace_agrees_with_its_authors_package() -> None:
    """concept-erasure's eraser, fitted on the same vectors in float64."""
    import torch
    from concept_erasure import LeaceFitter

    z = (LANGUAGE[:, None] == np.array(LANGUAGES)).astype(np.float64)
    x = torch.from_numpy(VECTORS.astype(np.float64))
    fitter = LeaceFitter.fit(x, torch.from_numpy(z), shrinkage=False)
    erased = fitter.eraser(x).numpy() - VECTORS.mean(axis=0)
    assert np.allclose(FITTED["leace"].apply(VECTORS, SPOKEN), unit(erased), atol=1e-3)


def test_after_leace_no_linear_classifier_knows_the_language() -> None:
    """Before unit length is restored, accuracy is that of guessing."""
    t = FITTED["leace"]
    assert t.read is not None
    assert t.erase is not None
    y = VECTORS - t.offset[0]
    y = y - (y @ t.read[0].T) @ t.erase[0]
    assert LogisticRegression(max_iter=500).fit(VECTORS, LANGUAGE).score(VECTORS, LANGUAGE) > 0.95
    assert LogisticRegression(C=1e4, max_iter=500).fit(y, LANGUAGE).score(y, LANGUAGE) < 0.32


def test_top_components_and_whitening_are_those_of_the_covariance() -> None:
    """One direction of 24 goes; whitened variances are as shrinkage leaves them."""
    centred = VECTORS - VECTORS.mean(axis=0)
    first = np.linalg.svd(centred, full_matrices=False)[2][0]
    assert np.allclose(
        unit(centred - np.outer(centred @ first, first)),
        FITTED["abtt"].apply(VECTORS, SPOKEN),
        atol=1e-4,
    )
    matrix = FITTED["zca"].matrix
    assert matrix is not None
    covariance = np.cov(VECTORS.T.astype(np.float64), bias=True)
    shrunk = 0.5 * covariance + 0.5 * np.trace(covariance) / 24 * np.eye(24)
    white = matrix[0] @ shrunk @ matrix[0]
    assert np.allclose(white / white[0, 0], np.eye(24), atol=1e-3)


def test_procrustes_rotates_and_least_squares_solves() -> None:
    """Rotations are orthogonal; the ridge solution has no gradient left."""
    rotations = FITTED["procrustes"].matrix
    assert rotations is not None
    for r in rotations:
        assert np.allclose(r @ r.T, np.eye(24), atol=1e-5)
    x = unit((VECTORS - FITTED["least-squares"].offset[STATISTICS_CODES]).astype(np.float64))
    groups = np.array(GROUPS)
    target = np.array([x[groups == g].mean(axis=0) for g in GROUPS])
    matrix = FITTED["least-squares"].matrix
    assert matrix is not None
    a = matrix[0].astype(np.float64)
    ridge = (x**2).sum(axis=1).mean() / 24
    gradient = x.T @ (x @ a - target) / len(x) + ridge * (a - np.eye(24))
    assert np.abs(gradient).max() < 1e-6


STATISTICS_CODES = FITTED["least-squares"].codes(SPOKEN)


def test_languages_unseen_take_the_row_of_all_documents() -> None:
    """Unknown and unseen languages are treated alike, and as the rule says."""
    for transform in FITTED.values():
        unknown = transform.apply(VECTORS[:5], ["und"] * 5)
        assert unknown.tobytes() == transform.apply(VECTORS[:5], ["xx"] * 5).tobytes()
    expected = unit((VECTORS[:5] - VECTORS.mean(axis=0)).astype(np.float64))
    assert np.allclose(FITTED["centring"].apply(VECTORS[:5], ["und"] * 5), expected, atol=1e-5)


def test_a_vector_that_vanishes_stays_as_it_is() -> None:
    """The mean itself has no direction left once the mean is subtracted."""
    offset = np.zeros((2, 3), np.float32)
    offset[0] = [1, 0, 0]
    x = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    made = Transform("centring", ("en",), offset).apply(x, ["en", "und"])
    assert np.array_equal(made, x)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 239), min_size=1, max_size=60), st.integers(0, 60))
def test_statistics_of_parts_add_up(rows: list[int], cut: int) -> None:
    """Gathered in two parts and merged, or in another order: the same to the last digits."""

    def gather(some: list[int]) -> Statistics:
        vectors: Vectors = VECTORS[some]
        return statistics_of(vectors, [SPOKEN[i] for i in some], [GROUPS[i] for i in some])

    whole, first = gather(rows), gather(rows[:cut])
    first.merge(gather(rows[cut:][::-1]))
    assert first.moments.languages == whole.moments.languages
    assert np.allclose(first.moments.means(), whole.moments.means(), atol=1e-6)
    assert np.allclose(first.moments.all_products(), whole.moments.all_products(), atol=1e-6)
    assert sorted(first.parallel.rows().languages) == sorted(whole.parallel.rows().languages)


@settings(max_examples=60)
@given(st.permutations([(g, n) for g in range(20) for n in range(2 + g % 3)]), st.integers(1, 50))
def test_the_sample_of_groups_hangs_on_their_names_alone(
    order: list[tuple[int, int]], cut: int
) -> None:
    """However the texts are divided and ordered, the same groups are kept, and those whole."""

    def sample(texts: list[tuple[int, int]]) -> GroupSample:
        made = GroupSample(rows=13)
        for g, n in texts:
            made.add(np.full((1, 2), g, np.float32), ["en" if n % 2 else "de"], [f"g{g}"])
        return made

    hashes = {g: hash_of(f"g{g}") for g in range(20)}
    sizes = {g: 2 + g % 3 for g in range(20)}
    kept: list[int] = []
    for g in sorted(hashes, key=hashes.__getitem__):
        if sum(sizes[k] for k in kept) + sizes[g] > 13:
            break
        kept.append(g)
    parts = sample(order[:cut])
    parts.merge(sample(order[cut:]))
    for found in (sample(order), parts):
        got = Counter(found.rows().vectors[:, 0].astype(int).tolist())
        assert got == {g: sizes[g] for g in kept}


def hash_of(name: str) -> int:
    """The hash by which groups are kept."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest())


def test_products_are_exact() -> None:
    """The numbers on the grid, multiplied and added as Python's whole numbers."""
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((6, 40)) / 7).astype(np.float32)
    rotation = np.linalg.qr(rng.standard_normal((40, 40)))[0].astype(np.float32)
    made = Transform("t", (), np.zeros((1, 40), np.float32), matrix=rotation[None])
    assert made.matrix is not None
    rows = [[round(float(v) * 2**24) for v in row] for row in x]
    columns = [[round(float(v) * 2**22) for v in column] for column in made.matrix[0].T]
    exact = np.array(
        [[sum(map(int.__mul__, r, c)) / 2**46 for c in columns] for r in rows], np.float32
    )
    lengths = np.sqrt(np.einsum("ij,ij->i", exact, exact))
    assert made.apply(x, ["und"] * 6).tobytes() == (exact / lengths[:, None]).tobytes()


def test_what_cannot_be_fitted_is_refused() -> None:
    """One language, no translations, no such method."""
    with pytest.raises(UsageError, match="no method 'magic'"):
        fit_transform("magic", STATISTICS)
    with pytest.raises(InputError, match="centring needs two languages"):
        fit_transform("centring", statistics_of(VECTORS[:9], ["en"] * 9, GROUPS[:9]))
    alone = Statistics(24)
    alone.add(VECTORS, SPOKEN, [None] * len(SPOKEN))
    with pytest.raises(InputError, match="procrustes needs documents that mean the same"):
        fit_transform("procrustes", alone)
