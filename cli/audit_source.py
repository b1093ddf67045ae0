"""Where the audits come from that are compared: a file, or an index that keeps some."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from search.audit.result import Audit


def load_audit(argument: str) -> "Audit":
    """Read an audit.

    Args:
        argument: a JSON file that `interlingua audit --json` wrote, an index directory, of which
            the newest audit is taken, or ``directory@number`` for another one of its audits.

    Raises:
        InputError: no such file, or no sound audit.
        UsageError: an index that keeps no audit, or no index.
        CorruptError: the audit in the index is damaged.
        IncompatibleError: the index is of a newer version.
    """
    from pathlib import Path

    from indexer.audits import load_audit as load
    from search.audit.schema import parse_audit, read_audit
    from search.comparison.sound import must_be_sound

    path = Path(argument)
    directory, _, number = argument.rpartition("@")
    if path.is_dir():
        found = parse_audit(load(path), f"{argument}, its newest audit")
    elif number.isdecimal() and Path(directory).is_dir():
        found = parse_audit(load(Path(directory), int(number)), argument)
    else:
        found = read_audit(path)
    must_be_sound(found, argument)
    return found
