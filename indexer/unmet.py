"""Why nothing passes a filter, in words."""

from pathlib import Path

from indexer.reader import IndexReader
from indexer.records import Condition, Filter
from indexer.snapshot import Snapshot

_NO_METADATA = {
    **dict.fromkeys(("lang", "language"), "; languages are chosen with --in"),
    **dict.fromkeys(("id", "text", "group"), "; conditions look at metadata alone"),
}


def unmet(path: str | Path, allowed: Filter) -> list[str]:
    """Say what keeps every document from passing.

    Args:
        path: the index directory.
        allowed: the filter.

    Returns:
        A clause for each part that no document meets, or one for all parts together; none where a
        document passes.

    Raises:
        InterlinguaError: as opening an index raises.
    """
    with IndexReader.open(Path(path)) as reader, reader.snapshot() as state:
        spoken = state.language_counts()
        if not spoken or len(state.allowed(allowed)):
            return []
        absent = sorted((allowed.languages or set()) - set(spoken))
        said = [f"no document is in {', '.join(absent)}"] if absent else []
        said += [why for condition in allowed.where if (why := _unmet(state, condition))]
        return said or ["no document meets all of its conditions"]


def _unmet(state: Snapshot, condition: Condition) -> str | None:
    key, value, operator = condition
    if len(state.allowed(Filter(where=(condition,)))):
        return None
    if len(state.allowed(Filter(where=(Condition(key, "", "^="),)))):  # any value begins so
        return f"no document has {key!r} {operator} {value!r}"
    return f"no document has a field {key!r}{_NO_METADATA.get(key, '')}"
