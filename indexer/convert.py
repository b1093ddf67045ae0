"""Benchmark folders and aligned text files, turned into corpora that ``read_corpus`` takes.

Each function reads one layout, writes ``corpus.jsonl`` (and ``queries.jsonl``) into a folder,
both or neither, and returns what it wrote.
"""

import itertools
from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from indexer.corpus_writer import ConvertReport, CorpusWriter
from indexer.errors import InputError
from indexer.languages import normalise_language
from indexer.limits import TEXT_LIMIT
from indexer.lines import decode, placed, printable, read_lines
from indexer.nouns import counted
from indexer.xquad_r import convert_xquad_r

__all__ = ["ConvertReport", "convert_parallel", "convert_tatoeba", "convert_xquad_r"]

_BLANK = "blank line"
_REPEATED = "repeated sentence"
_NO_LANGUAGE = "file without a language in its name"
_ALONE = "file without a translation beside it"


def convert_tatoeba(src: Path, out: Path) -> ConvertReport:
    """Convert the Tatoeba test set: English against many languages, sentence by sentence.

    The same English sentence stands in up to eleven pairs. It becomes one document, and every
    translation of it joins its group: what shares a group means the same English sentence.
    Each document has the field ``XXX-eng: true`` for every pair it stands in, so that
    ``--in en --where deu-eng=true`` searches exactly the English side of one pair, as the
    published accuracies do. Queries are the sentences that are not English, under the ids
    that they have as documents.

    Args:
        src: folder with ``tatoeba.XXX-eng.XXX`` and ``tatoeba.XXX-eng.eng``.
        out: folder to write to; made when absent.

    Raises:
        InputError: no pair, half a pair, sides of unequal length, or a line that is no text.
        UsageError: ``out`` cannot be written to.
    """
    sides = sorted(src.glob("tatoeba.*-eng.eng"))
    if not sides:
        remedy = "name the folder that holds tatoeba.XXX-eng.XXX and tatoeba.XXX-eng.eng"
        raise InputError(f"{printable(str(src))}: no file tatoeba.XXX-eng.eng", remedy)
    english: dict[str, str] = {}
    pairs: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    with CorpusWriter(src, out, queries=True) as corpus:
        for side in sides:
            _tatoeba_pair(side, english, pairs, corpus)
        for text, name in english.items():
            corpus.document({"id": name, "text": text, "lang": "en", "group": name, **pairs[name]})
    return corpus.report


def _tatoeba_pair(
    side: Path,
    english: dict[str, str],
    pairs: defaultdict[str, dict[str, bool]],
    corpus: CorpusWriter,
) -> None:
    """Write the sentences of one pair that are not English; note the English ones."""
    pair = side.name.split(".")[1]
    code = pair.removesuffix("-eng")
    try:
        lang = normalise_language(code)
    except InputError as error:
        raise placed(printable(str(side)), error) from error
    seen: set[str] = set()
    for number, texts in _aligned([side.with_suffix(f".{code}"), side]):
        if "" in texts:
            corpus.skip(_BLANK)
            continue
        text, meaning = texts
        if text in seen:
            corpus.skip(_REPEATED)
            continue
        seen.add(text)
        name = english.setdefault(meaning, f"eng-{len(english) + 1}")
        pairs[name][pair] = True
        query = {"id": f"{code}-{number}", "text": text, "lang": lang, "group": name}
        corpus.document({**query, pair: True})
        corpus.query(query)


def convert_parallel(src: Path, out: Path) -> ConvertReport:
    """Convert aligned text files: line *i* of one translates line *i* of the others.

    ``talk.en`` and ``talk.de`` (or ``talk.en.txt``, or ``en.txt`` and ``de.txt``) belong
    together; a folder may hold several such sets. A line is a document, the lines of one
    number are a group. A blank line is left out and counted; its translations stay.

    Args:
        src: folder with the files.
        out: folder to write to; made when absent.

    Raises:
        InputError: no two files belong together, files of one set differ in length, or a line
            is no text.
        UsageError: ``out`` cannot be written to.
    """
    with CorpusWriter(src, out, queries=False) as corpus:
        for stem, files in _parallel_sets(src, corpus).items():
            tags = list(files)
            for number, texts in _aligned(list(files.values())):
                group = f"{stem}.{number}" if stem else str(number)
                for tag, text in zip(tags, texts, strict=True):
                    if text:
                        record = {"id": f"{group}.{tag}", "text": text, "group": group}
                        corpus.document({**record, "lang": normalise_language(tag)})
                    else:
                        corpus.skip(_BLANK)
    return corpus.report


def _parallel_sets(src: Path, corpus: CorpusWriter) -> dict[str, dict[str, Path]]:
    """Return for each set of files its tags as written and their paths, sorted."""
    found: defaultdict[str, dict[str, Path]] = defaultdict(dict)
    for path in sorted(src.iterdir()) if src.is_dir() else []:
        if not path.is_file() or path.name.startswith("."):
            continue
        stem, tag = _split_name(path.name)
        if tag is None:
            corpus.skip(_NO_LANGUAGE)
        else:
            found[printable(stem)][tag] = path
    sets = {stem: files for stem, files in found.items() if len(files) > 1}
    if not sets:
        remedy = "name a folder that holds files such as talk.en and talk.de"
        raise InputError(f"{printable(str(src))}: no two files that belong together", remedy)
    corpus.skip(_ALONE, len(found) - len(sets))
    return sets


def _split_name(name: str) -> tuple[str, str | None]:
    """Split ``talk.en`` into set and tag; the tag is None when there is none."""
    stem, _, tag = name.removesuffix(".txt").rpartition(".")
    try:
        normalise_language(tag)
    except InputError:
        return stem, None
    return stem, tag


def _aligned(paths: list[Path]) -> Iterator[tuple[int, list[str]]]:
    """Yield the number, from 1, and the stripped lines of that number, one a file.

    Raises:
        InputError: a file cannot be read, or one is longer than another: known at the end.
    """
    lengths = [0] * len(paths)
    with ExitStack() as stack:
        files = [stack.enter_context(closing(_texts(path))) for path in paths]
        for number, texts in enumerate(itertools.zip_longest(*files), 1):
            lengths = [
                length if text is None else number
                for length, text in zip(lengths, texts, strict=True)
            ]
            whole = [text for text in texts if text is not None]
            if len(whole) == len(paths):
                yield number, whole
    if len(set(lengths)) > 1:
        each = ", ".join(
            f"{printable(str(path))}: {counted(length, 'line')}"
            for path, length in zip(paths, lengths, strict=True)
        )
        remedy = "line i of one has to translate line i of the others; a blank line keeps a place"
        raise InputError(f"files of unequal length: {each}", remedy)


def _texts(path: Path) -> Generator[str]:
    for line in read_lines(str(path)):
        try:
            text = decode(line).strip()
        except InputError as error:
            raise placed(line.place, error) from error
        if len(text.encode()) > TEXT_LIMIT:
            reason = f"{line.place}: longer than {TEXT_LIMIT >> 20} MiB"
            raise InputError(reason, "split it, in every file alike")
        yield text
