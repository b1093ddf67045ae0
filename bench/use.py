"""Speed of the Universal Sentence Encoder, and how much of each language it can read.

    OMP_NUM_THREADS=1 python -m bench.use

On the corpus that comes with interlingua: sentences a second in the languages of the encoder,
and for every language the share of tokens that its vocabulary does not hold. Prints Markdown.
"""

import time

from data import CORPUS
from indexer.corpus import read_corpus
from indexer.encoders.protocol import EncoderSpec
from indexer.encoders.use import UseEncoder

LANGUAGES = frozenset(["ar", "de", "en", "es", "fr", "ja", "ko", "pt", "ru", "th", "tr", "zh"])
UNKNOWN, SPECIAL = 0, 2
"""Id of an unknown token; tokens around every text."""


def main() -> None:
    """Print both tables."""
    start = time.perf_counter()
    encoder = UseEncoder(EncoderSpec("use-multilingual"))
    opened = time.perf_counter() - start
    texts: dict[str, list[str]] = {}
    for record in read_corpus([str(CORPUS)]):
        texts.setdefault(record.document.lang, []).append(record.document.text)
    known = [text for lang in sorted(LANGUAGES) for text in texts[lang]]
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        tokens = encoder.encode(known, "passage").tokens
        seconds.append(time.perf_counter() - start)
    print("| opened in | sentences | tokens each | sentences a second |\n|---|---|---|---|")
    speed = len(known) / sorted(seconds)[2]
    print(f"| {opened:.1f} s | {len(known)} | {tokens.mean():.1f} | {speed:.0f} |\n")
    print("| language | unknown tokens |\n|---|---|")
    for lang in sorted(texts):
        rows = [encoder.tokenizer.encode(text) for text in texts[lang]]
        unknown = sum(row.count(UNKNOWN) for row in rows)
        print(f"| {lang} | {unknown / sum(len(row) - SPECIAL for row in rows):.1%} |")


if __name__ == "__main__":
    main()
