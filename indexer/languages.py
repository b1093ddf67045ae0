"""Which language a text is in: one canonical tag a language, given or detected."""

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import langcodes
from langcodes.tag_parser import LanguageTagError

from indexer.errors import InputError
from indexer.records import UNKNOWN_LANGUAGE

THRESHOLD = 0.5
"""Below this probability a detected language is ``und``; measured in docs/languages.md."""

DETECTED_CHARACTERS = 4096
"""How much of a text the detector reads: more costs time and adds nothing."""

_LONGEST_TAG = 64

# What CLDR's table, as langcodes applies it, lacks or does otherwise.
_FOLDED = {
    "nb": "no",  # the predominant member takes the macro-language's code, as cmn takes zh
    "nob": "no",
    "hbs": "sh",  # CLDR says sr; a label that chose neither sr, hr nor bs is left as wide
    "sh": "sh",
    "mul": UNKNOWN_LANGUAGE,  # several, none or some uncoded language: two such documents
    "mis": UNKNOWN_LANGUAGE,  # do not share a language
    "zxx": UNKNOWN_LANGUAGE,
}

_REMEDY = (
    "give a BCP-47 tag such as en, zh or pt-BR; leave the language out to have it detected,"
    " or write und"
)


@dataclass(frozen=True, slots=True)
class Detection:
    """What a detector says of one text."""

    lang: str
    """Canonical tag, ``und`` below the detector's threshold."""
    probability: float
    """Of the likeliest language, in [0, 1], also when that is below the threshold."""


class Detector(Protocol):
    """Tells the language of a text; safe to call from several threads."""

    def detect(self, text: str) -> Detection:
        """Return the canonical language of ``text``, ``und`` when it is not sure."""
        ...


@lru_cache(maxsize=4096)
def normalise_language(tag: str) -> str:
    """Return the one tag under which interlingua counts the language of ``tag``.

    The rule: **a language is its BCP-47 primary language subtag**, in the shortest form,
    deprecated codes replaced, and the predominant member of a macro-language written as the
    macro-language (``cmn`` zh, ``arb`` ar, ``pes`` fa, ``swh`` sw, ``nb`` no); other members
    (``yue``, ``arz``, ``nn``) keep their code. Region, script and variant are dropped:
    ``en_US``, ``en-GB`` and ``eng`` are ``en``; ``zh-Hant`` and ``zh-CN`` are ``zh``. A bias
    measure asks whether two texts share a language, and half of all corpora write ``zh``
    where the other half write ``zh-Hans``; kept apart, these would pass for two languages. A
    script can be read off the text, so nothing is lost that a label alone knows.

    Serbo-Croatian (``hbs``, ``sh``) stays ``sh`` beside sr, hr and bs. ``mul``, ``mis`` and
    ``zxx`` name no single language and are ``und``. Private tags (``qaa``, ``x-mine``) are
    kept, for languages without a code.

    Args:
        tag: a language tag in any case, with ``-`` or ``_``; ISO 639-1, -2 and -3 codes.

    Raises:
        InputError: the tag is ill-formed or no registered language.
    """
    wanted = tag.strip().replace("_", "-").lower()
    primary = _primary(wanted) if len(wanted) <= _LONGEST_TAG else None
    if primary is None:
        shown = tag if len(tag) <= _LONGEST_TAG else tag[:_LONGEST_TAG] + "…"
        raise InputError(f"unknown language tag {shown!r}", _REMEDY)
    return _FOLDED.get(primary, primary)


def _primary(tag: str) -> str | None:
    """Return the primary subtag of a lower-case tag in CLDR's form, None when it has none."""
    try:
        standard = langcodes.standardize_tag(tag, macro=True)
    except LanguageTagError:
        return None
    if standard.startswith("x-"):
        return standard
    given, primary = tag.split("-", 1)[0], standard.split("-", 1)[0]
    # The region is not looked at: en-UK is a common slip for a language that is plain.
    known = langcodes.Language.make(language=primary).is_valid()
    return (given if given in _FOLDED else primary) if known else None


class Langid:
    """The detector of the core: py3langid's naive Bayes over bytes, 139 languages.

    Its model is loaded by the first text (about a second) and shared by all instances.
    """

    _identifier: Any = None
    _loading = threading.Lock()

    def __init__(self, threshold: float = THRESHOLD) -> None:
        """Make a detector.

        Args:
            threshold: probability in [0, 1] below which the language is ``und``.
        """
        self.threshold = threshold

    @property
    def languages(self) -> frozenset[str]:
        """The canonical tags that it can answer."""
        return frozenset(map(normalise_language, self._loaded().labels)) - {UNKNOWN_LANGUAGE}

    def detect(self, text: str) -> Detection:
        """Return the canonical language of ``text``, ``und`` below the threshold."""
        label, probability = self._loaded().classify(text[:DETECTED_CHARACTERS])
        sure = probability >= self.threshold
        return Detection(normalise_language(label) if sure else UNKNOWN_LANGUAGE, probability)

    @classmethod
    def _loaded(cls) -> Any:  # noqa: ANN401 - py3langid has no types
        with cls._loading:
            if Langid._identifier is None:
                from py3langid.langid import MODEL_FILE, LanguageIdentifier

                # norm_probs: without it the score is a log-likelihood that no threshold fits.
                Langid._identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        return Langid._identifier
