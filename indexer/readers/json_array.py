"""The elements of one array of a JSON file, streamed: no more than one is in memory."""

import codecs
import json
from collections.abc import Iterator

from indexer.errors import InputError
from indexer.jsonl import DECODER
from indexer.packed import Stream

ELEMENT_LIMIT = 64 << 20
"""Most characters that one element, or one value beside the array, may take."""

_CHUNK = 1 << 16
_SPACE = " \t\r\n"


def elements(stream: Stream, key: str, name: str) -> Iterator[object]:
    """Yield the elements of the array under ``key`` of the object that a stream holds.

    Args:
        stream: UTF-8.
        key: of the outermost object; what stands beside it is passed over.
        name: of the file, for messages.

    Raises:
        InputError: the file is no JSON, has no such array or one value is too long.
    """
    text = _Text(stream, name)
    text.expect("{")
    while text.next() == '"':
        found = text.value()
        text.expect(":")
        if found == key:
            yield from _array(text)
            return
        text.value()
        if text.next() != ",":
            break
        text.expect(",")
    raise InputError(f"{name}: no array {key!r}", f'the layout is {{"{key}": [...]}}')


def _array(text: "_Text") -> Iterator[object]:
    text.expect("[")
    if text.next() == "]":
        return
    yield text.value()
    while text.next() != "]":
        text.expect(",")
        yield text.value()


class _Text:
    """The text of a file, a window of it at a time."""

    def __init__(self, stream: Stream, name: str) -> None:
        self._stream = stream
        self._name = name
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._window = ""
        self._at = 0
        self._passed = 0
        self._ended = False

    def next(self) -> str:
        """Return the next character that is no space, without taking it."""
        while True:
            while self._at < len(self._window) and self._window[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._window):
                return self._window[self._at]
            if not self._more(_CHUNK):
                raise self._malformed("it ends in the middle")

    def expect(self, character: str) -> None:
        """Take one character."""
        if self.next() != character:
            raise self._malformed(f"{character!r} expected")
        self._at += 1

    def value(self) -> object:
        """Take one value."""
        self.next()
        while True:
            try:
                value, end = DECODER.raw_decode(self._window, self._at)
            except (json.JSONDecodeError, RecursionError) as error:
                end = len(self._window)
                if self._ended or isinstance(error, RecursionError):
                    raise self._malformed(str(error)[:80]) from error
            except InputError as error:
                raise InputError(f"{self._name}: {error.message}", error.remedy) from error
            # A value that ends with the window may go on behind it: 12, then 3.
            if end < len(self._window) or self._ended:
                self._at = end
                return value
            if len(self._window) - self._at > ELEMENT_LIMIT:
                reason = f"{self._name}: an element longer than {ELEMENT_LIMIT >> 20} MiB"
                raise InputError(reason, "split it into several")
            self._more(max(_CHUNK, len(self._window) - self._at))

    def _more(self, size: int) -> bool:
        """Read on; False at the end."""
        data = self._stream.read(size)
        try:
            found = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            reason = f"{self._name}: not UTF-8"
            raise InputError(reason, "convert it: iconv -f ENCODING -t UTF-8") from error
        self._passed += self._at
        self._window, self._at = self._window[self._at :] + found, 0
        self._ended = not data
        return bool(data)

    def _malformed(self, said: str) -> InputError:
        at = self._passed + self._at + 1
        reason = f"{self._name}: not JSON at character {at}: {said}"
        return InputError(reason, "write or fetch it again")
