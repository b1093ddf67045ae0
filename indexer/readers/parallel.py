"""Aligned text files, ``NAME.LANG``: line i of one translates line i of the others."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

from indexer.errors import InputError
from indexer.languages import normalise_language
from indexer.lines import Line, decode, printable, read_lines
from indexer.nouns import counted
from indexer.packed import SUFFIXES
from indexer.readers.jsonl import kept
from indexer.readers.reader import Raw, Reader, Source

_NAMES = "name them talk.en and talk.de: the language behind the last dot"


def read(source: Source) -> Iterator[Raw]:
    """Yield line 1 of all files of a set, then line 2, and so on; a set shares its name."""
    blank = 0
    sets = _sets(source.paths)
    for files in sets.values():
        _check_lengths(files)
    for stem, files in sets.items():
        for number, lines in enumerate(_aligned(list(files.values())), 1):
            group = f"{stem}.{number}" if stem else str(number)
            for tag, line in zip(files, lines, strict=True):
                if line.raw.strip():
                    yield _record(source, group, tag, line)
                else:
                    blank += 1
    if blank:
        source.note(f"{blank} blank lines left out; their translations stay")


def _record(source: Source, group: str, tag: str, line: Line) -> Raw:
    fields = source.fields
    try:
        text = decode(line).strip()
    except InputError as error:
        return Raw(line.place, error, kept(line))
    named = {fields.id: f"{group}.{tag}", fields.text: text, fields.lang: tag, fields.group: group}
    return Raw(line.place, cast("dict[str, object]", named), line.raw)


def _sets(paths: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Return for each set of files its tags as written and their paths.

    Raises:
        InputError: a file is no file, has no language in its name or nothing beside it.
    """
    sets: dict[str, dict[str, str]] = {}
    for path in paths:
        if not Path(path).is_file():
            raise InputError(f"{printable(path)}: parallel texts cannot come by a pipe", _NAMES)
        stem, tag = _split_name(path)
        if tag in sets.setdefault(stem, {}):
            both = f"{printable(sets[stem][tag])} and {printable(path)}"
            raise InputError(f"{both} are the same language of one set", _NAMES)
        sets[stem][tag] = path
    for files in sets.values():
        if len(files) == 1:
            (path,) = files.values()
            raise InputError(f"{printable(path)}: no translation of it is named", _NAMES)
    return sets


def _split_name(path: str) -> tuple[str, str]:
    """Split ``talk.en``, ``talk.en.txt`` or ``talk.en.gz`` into the set's name and the tag."""
    name = Path(path).name
    for suffix in (*SUFFIXES, ".txt"):
        name = name.removesuffix(suffix)
    stem, _, tag = name.rpartition(".")
    try:
        normalise_language(tag)
    except InputError as error:
        reason = f"{printable(path)}: its name does not end in a language"
        raise InputError(reason, _NAMES) from error
    return printable(stem), tag


def _check_lengths(files: dict[str, str]) -> None:
    """Refuse files of unequal length before the first record: at the end it would be late."""
    lengths = {path: sum(1 for _ in read_lines(path)) for path in files.values()}
    if len(set(lengths.values())) > 1:
        each = (f"{printable(path)}: {counted(n, 'line')}" for path, n in lengths.items())
        remedy = "line i of one has to translate line i of the others; a blank line keeps a place"
        raise InputError(f"files of unequal length: {', '.join(each)}", remedy)


def _aligned(paths: list[str]) -> Iterator[tuple[Line, ...]]:
    yield from zip(*(read_lines(path) for path in paths), strict=True)


READER = Reader("parallel", "aligned text files NAME.LANG, line by line", read, together=True)
