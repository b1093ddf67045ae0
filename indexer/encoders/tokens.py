"""Text to token ids, with the counts of what the model will not see."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of n texts, truncated to what the model takes."""

    ids: list[list[int]]
    """n lists of token ids with special tokens, none empty, none longer than the model takes."""
    total: NDArray[np.int32]
    """(n,) tokens before truncation, special tokens included."""

    @property
    def dropped(self) -> NDArray[np.int32]:
        """(n,) tokens that truncation took away."""
        kept = np.fromiter((len(row) for row in self.ids), np.int32, len(self.ids))
        return self.total - kept


class TextTokenizer:
    """A `tokenizers.Tokenizer` with a limit; safe to share between threads.

    Args:
        tokenizer: its truncation and padding are switched off: truncating here is what lets the
            dropped tokens be counted.
        max_tokens: longest row of ids, special tokens included.
        normalise: applied to prompt and text before tokenising.
        truncate_left: drop the beginning of a long text rather than its end.
    """

    def __init__(
        self,
        tokenizer: "Tokenizer",
        max_tokens: int,
        normalise: Callable[[str], str] | None = None,
        truncate_left: bool = False,
    ) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._normalise = normalise
        self._truncate_left = truncate_left
        self._before, self._after = _special_ids(tokenizer)
        self.max_tokens = max_tokens

    def __call__(self, texts: Sequence[str], prompt: str) -> Tokens:
        """Tokenise texts, each behind the prompt."""
        prompted = [prompt + text for text in texts]
        if self._normalise is not None:
            prompted = [self._normalise(text) for text in prompted]
        encodings = self._tokenizer.encode_batch_fast(prompted, add_special_tokens=False)
        specials = len(self._before) + len(self._after)
        room = self.max_tokens - specials
        total = np.fromiter((len(e) for e in encodings), np.int32, len(encodings)) + specials
        ids = [self._wrap(encoding.ids, room) for encoding in encodings]
        return Tokens(ids, total.astype(np.int32))

    def count(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """Count the tokens of n texts without prompt and special tokens: (n,)."""
        plain = texts if self._normalise is None else [self._normalise(text) for text in texts]
        found = self._tokenizer.encode_batch_fast(list(plain), add_special_tokens=False)
        return np.fromiter((len(e) for e in found), np.int32, len(found))

    def room(self, prompt: str) -> int:
        """Tokens of a text that there is room for behind the prompt."""
        return self.max_tokens - self.prompt_tokens(prompt) - len(self._after)

    def prompt_tokens(self, prompt: str) -> int:
        """Leading tokens that belong to the prompt, the special ones before it included."""
        return len(self([""], prompt).ids[0]) - len(self._after)

    def _wrap(self, content: list[int], room: int) -> list[int]:
        if len(content) > room:
            content = content[len(content) - room :] if self._truncate_left else content[:room]
        # A text of nothing but characters that the tokenizer ignores must still give a vector.
        return [*self._before, *content, *self._after] or [0]


def _special_ids(tokenizer: "Tokenizer") -> tuple[list[int], list[int]]:
    """Ids that the tokenizer's template puts before and after a single text."""
    encoding = tokenizer.encode("a")
    content = [i for i, special in enumerate(encoding.special_tokens_mask) if not special]
    if not content:
        return encoding.ids[:1], encoding.ids[1:]
    return encoding.ids[: content[0]], encoding.ids[content[-1] + 1 :]
