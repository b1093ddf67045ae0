"""How large the pages of a new database are, so that vectors fill them.

SQLite keeps a row whole on a page where it fits, and the rest of the page stays empty when the next
does not: of pages of 4,096 bytes, two vectors of 384 dimensions leave a quarter unused.
"""

_SIZES = (4096, 8192, 16384)
_WORTH = 1.05
"""Larger pages make small commits larger, so they must save one part in twenty."""

_BESIDE_VECTOR = 12
"""Bytes of a row beside its numbers: its header, and the checksum."""

_CELL, _POINTER, _PAGE_HEADER = 11, 2, 8
"""Size and number of a row, at most (varints); its place in the page; the head of a leaf."""


def page_size(dim: int) -> int:
    """Choose the page size of a database of vectors.

    Args:
        dim: length of a vector.

    Returns:
        4,096, 8,192 or 16,384 bytes.
    """
    cheapest = min(bytes_a_row(dim, size) for size in _SIZES)
    return next(size for size in _SIZES if bytes_a_row(dim, size) <= _WORTH * cheapest)


def bytes_a_row(dim: int, size: int) -> float:
    """Work out how many bytes of the file a vector takes.

    What does not fit on a page of ``size`` bytes spills over to pages of its own, see
    https://sqlite.org/fileformat2.html#b_tree_pages.
    """
    payload = 4 * dim + _BESIDE_VECTOR
    most, least = size - 35, (size - 12) * 32 // 255 - 23
    local = payload
    if payload > most:
        local = least + (payload - least) % (size - 4)
        local = local if local <= most else least
    spilled = -(-(payload - local) // (size - 4))
    cell = local + _CELL + _POINTER + (4 if spilled else 0)
    return size / ((size - _PAGE_HEADER) // cell) + size * spilled
