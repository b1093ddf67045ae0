"""Writes ``corpus.jsonl`` and ``queries.jsonl``: whole or not at all."""

import json
import os
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TextIO

from indexer.errors import InputError, UsageError
from indexer.lines import printable

CORPUS = "corpus.jsonl"
QUERIES = "queries.jsonl"


@dataclass(frozen=True, slots=True)
class ConvertReport:
    """What a conversion wrote."""

    documents: int
    queries: int
    languages: Mapping[str, int]
    """Documents of each language, by canonical tag, sorted."""
    groups: int
    """Different groups among the documents."""
    skipped: Mapping[str, int]
    """What was left out, by reason; reasons that did not occur are absent."""


class CorpusWriter:
    """A corpus in the making, as a context manager.

    Leaving it renames the finished files into place; leaving it with an error removes them,
    and what stood there before stays.
    """

    def __init__(self, src: Path, out: Path, *, queries: bool) -> None:
        """Name what is read and written; the folder is made on entering.

        Args:
            src: what is converted, for messages.
            out: folder to write to.
            queries: whether there will be a ``queries.jsonl``.
        """
        self._src = src
        self._out = out
        self._names = (CORPUS, QUERIES) if queries else (CORPUS,)
        self._files: dict[str, TextIO] = {}
        self._languages: Counter[str] = Counter()
        self._groups: set[str] = set()
        self._queries = 0
        self._skipped: Counter[str] = Counter()

    def __enter__(self) -> Self:
        stale = self._out / QUERIES
        if QUERIES not in self._names and stale.exists():
            message = f"{printable(str(stale))} would not belong to the new corpus"
            raise UsageError(message, "remove it, or write to another folder")
        try:
            self._out.mkdir(parents=True, exist_ok=True)
            for name in self._names:
                self._files[name] = self._part(name).open("w", encoding="utf-8", newline="\n")
        except OSError as error:
            self._discard()
            raise self._unwritable(error) from error
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        try:
            if error is None:
                self._commit()
        except OSError as failure:
            raise self._unwritable(failure) from failure
        finally:
            self._discard()

    def document(self, record: Mapping[str, object]) -> None:
        """Write one document, a record with id, text, lang and perhaps group."""
        self._write(CORPUS, record)
        self._languages[str(record["lang"])] += 1
        if "group" in record:
            self._groups.add(str(record["group"]))

    def query(self, record: Mapping[str, object]) -> None:
        """Write one query."""
        self._write(QUERIES, record)
        self._queries += 1

    def skip(self, reason: str, count: int = 1) -> None:
        """Count what is left out."""
        self._skipped[reason] += count

    @property
    def report(self) -> ConvertReport:
        """What has been written so far."""
        return ConvertReport(
            documents=self._languages.total(),
            queries=self._queries,
            languages=dict(sorted(self._languages.items())),
            groups=len(self._groups),
            skipped=dict(+self._skipped),
        )

    def _write(self, name: str, record: Mapping[str, object]) -> None:
        try:
            self._files[name].write(json.dumps(record, ensure_ascii=False) + "\n")
        except OSError as error:
            raise self._unwritable(error) from error

    def _commit(self) -> None:
        if not self._languages:
            name = printable(str(self._src))
            raise InputError(f"{name}: holds no sentence", "check what was named as the source")
        for file in self._files.values():
            file.flush()
            os.fsync(file.fileno())
        for name in self._names:
            self._part(name).replace(self._out / name)

    def _discard(self) -> None:
        for name, file in self._files.items():
            # What a full disk did not take is still buffered: closing fails once more.
            with suppress(OSError):
                file.close()
            self._part(name).unlink(missing_ok=True)
        self._files.clear()

    def _part(self, name: str) -> Path:
        return self._out / f".{name}.part"

    def _unwritable(self, error: OSError) -> UsageError:
        name = printable(str(self._out))
        return UsageError(f"{name}: cannot be written: {error.strerror}", "name another folder")
