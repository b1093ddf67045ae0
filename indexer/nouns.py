"""Numbers with their nouns, as people write them."""


def counted(n: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun: "1 document", "2,016 documents", "1 query", "2 queries".

    Args:
        n: how many.
        one: what one of them is called.
        many: what several are called; ``one`` with an s when None.
    """
    return f"{n:,} {one if n == 1 else many or f'{one}s'}"


def are(n: int) -> str:
    """Say that so many are: "is" of one, "are" of others."""
    return "is" if n == 1 else "are"
