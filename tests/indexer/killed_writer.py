"""A writer that says what it is about to do and what it has done, until it is killed.

Run as a program it takes commands, ``{"path": …, "seed": …}`` a line, and forks a writer for
each: the libraries are imported once. What the writer says comes before it acts (``try``) and
after the index has acknowledged (``ack``), one line and one system call each.
"""

import json
import os
import random
import sys
from pathlib import Path

from indexer import sealing
from indexer import writer as writer_module
from indexer.compaction import compact_files
from indexer.index import IndexWriter, index_state
from tests.indexer.reference import SETTINGS, encoded

IDS = [f"d{n}" for n in range(200)]
BUILD = [f"b{n}" for n in range(30)]


def say(**line: object) -> None:
    """Write a line in one piece, past every buffer."""
    os.write(1, f"{json.dumps(line)}\n".encode())


def text_of(id_: str, version: int) -> str:
    """Make a text that tells which version of a document it is."""
    return f"{id_} version {version}"


def write_until_killed(path: Path, seed: int) -> None:
    """Finish the build if there is one to finish, then change the index without end."""
    rng = random.Random(seed)
    say(at="open")
    fresh = index_state(path) is None
    with IndexWriter.create(path, SETTINGS) if fresh else IndexWriter.open(path) as writer:
        if writer.state == "building":
            _build(writer)
        live = {id_ for id_, _ in writer.contents.all_hashes()}
        version = seed * 100_000
        while True:
            version += 1
            _change(writer, rng, live, version)


def _build(writer: IndexWriter) -> None:
    while writer.cursor < len(BUILD):
        end = writer.cursor + 6
        put = [(id_, 0) for id_ in BUILD[writer.cursor : end]]
        say(at="try", put=put, drop=[])
        writer.add([encoded(id_, text_of(id_, v)) for id_, v in put], cursor=end)
        say(at="ack", cursor=writer.cursor)
    writer.finish()


def _change(writer: IndexWriter, rng: random.Random, live: set[str], version: int) -> None:
    """Change the index in any way, in random sizes."""
    chosen = rng.sample(IDS, rng.randint(1, 40))
    kind = rng.choice(["add", "replace", "delete", "seal", "compact", "erase"])
    if kind == "seal":
        writer.seal()
    elif kind == "compact":
        compact_files(writer)
    elif kind == "erase":
        writer.store.erase(writer.path / "tmp")
    elif kind == "delete":
        say(at="try", put=[], drop=chosen)
        writer.delete(chosen)
        live.difference_update(chosen)
        say(at="ack")
    else:
        new = [id_ for id_ in chosen if kind == "replace" or id_ not in live]
        put = [(id_, version) for id_ in new]
        say(at="try", put=put, drop=[])
        writer.add([encoded(i, text_of(i, v)) for i, v in put], replace=kind == "replace")
        live.update(new)
        say(at="ack")


def main() -> None:
    """Fork a writer for each command, and report how it ended."""
    import faiss  # noqa: F401 - once, before the forks; nothing of it has run

    say(at="ready")
    for line in sys.stdin:
        command = json.loads(line)
        pid = os.fork()
        if not pid:
            try:
                write_until_killed(Path(command["path"]), command["seed"])
            except Exception as error:  # noqa: BLE001 - whatever it is, the test must hear of it
                say(at="error", error=repr(error))
            os._exit(1)
        say(at="pid", pid=pid)
        _, status = os.waitpid(pid, 0)
        say(at="end", status=status)


if __name__ == "__main__":
    # Small files, so that a short life sees many; not at import, which the tests do, too.
    writer_module.SEAL_AT = 40
    sealing.ROWS_A_FILE = 60
    main()
