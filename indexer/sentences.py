"""Where the sentences of a text begin and end."""

from indexer.windows import Span, stripped


def sentence_spans(text: str, lang: str) -> list[Span]:
    """List the sentences of a text in order, without the white space around them.

    The borders are those of sentencex, which knows some 240 languages and takes the rules of a
    related one for others. Line breaks that leave an empty line end a sentence, too.

    Args:
        text: not blank.
        lang: its canonical tag.

    Returns:
        At least one (start, end) in characters; nothing but white space lies outside them.
    """
    import sentencex

    spans: list[Span] = []
    start = 0
    for sentence in sentencex.segment(_known(lang), text):
        end = start + len(sentence)
        spans.extend(stripped(text, start, end))
        start = end
    return spans or [(0, len(text))]


def _known(lang: str) -> str:
    """Return the language whose rules are taken; English for one that is not known."""
    return "en" if lang in {"und", ""} or lang.startswith("x-") else lang
