"""Records that are refused: counted, kept for mending, tolerated up to a limit."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TextIO

from indexer.errors import InputError, InterlinguaError
from indexer.nouns import counted

_REASONS = 50
_PLACES = 3
_OTHERS = "other reasons"


@dataclass(slots=True)
class Reason:
    """One reason for which records were refused."""

    count: int = 0
    places: list[str] = field(default_factory=list)
    """The first of them."""


class Rejects:
    """Counts the refused records of one run and writes them to a JSONL file.

    Each line is ``{"place", "reason", "record"}``; the record is the raw text, so that it can
    be mended and fed again. The file is made by the first refusal and replaces an older one;
    without tolerance (``limit=0``) nothing is written, since the error itself says it all.
    """

    def __init__(self, limit: int = 0, path: Path | None = None) -> None:
        """Make an empty count.

        Args:
            limit: how many records may be refused before the run ends.
            path: where to write them; None only counts.
        """
        self.limit = limit
        self.path = path
        self.count = 0
        self.reasons: dict[str, Reason] = {}
        self._file: TextIO | None = None

    def add(self, place: str, reason: str, remedy: str | None, raw: str) -> None:
        """Count one refused record and write it down.

        Args:
            place: ``file:line``.
            reason: what is wrong with it, without the place.
            remedy: what to do about it.
            raw: the record as it was read.

        Raises:
            InputError: more records than the limit have been refused.
        """
        self.count += 1
        self._tally(place, reason)
        if self.limit > 0:
            self._write({"place": place, "reason": reason, "record": raw})
        if self.count > self.limit:
            raise InputError(f"{place}: {reason}", self._remedy(remedy))

    def close(self) -> None:
        """Close the file; the count stays."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _tally(self, place: str, reason: str) -> None:
        """Count by reason; reasons quote the data, so there may be as many as records."""
        known = reason in self.reasons or len(self.reasons) < _REASONS
        tally = self.reasons.setdefault(reason if known else _OTHERS, Reason())
        tally.count += 1
        if len(tally.places) < _PLACES:
            tally.places.append(place)

    def _remedy(self, remedy: str | None) -> str | None:
        if self.limit == 0:
            return remedy
        said = f"{counted(self.count, 'record')} refused, {self.limit:,} allowed"
        kept = "" if self.path is None else f": see {self.path}"
        return f"{said}{kept}" if remedy is None else f"{remedy}; {said}{kept}"

    def _write(self, line: dict[str, str]) -> None:
        if self.path is None:
            return
        try:
            if self._file is None:
                # backslashreplace turns a lone surrogate into the JSON escape that it is.
                self._file = self.path.open("w", encoding="utf-8", errors="backslashreplace")
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as error:
            message = f"{self.path}: refused records cannot be written: {error.strerror}"
            raise InterlinguaError(message, "name a writable place for them") from error
