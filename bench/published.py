"""What others have published, and where; every figure was read in its source.

MTEB's result files are in github.com/embeddings-benchmark/results; the commit is named.
"""

from collections.abc import Mapping
from dataclasses import dataclass

E5, USE, MINILM = "multilingual-e5-small", "use-multilingual", "all-MiniLM-L6-v2"


@dataclass(frozen=True)
class Run:
    """One published run over the language pairs of Tatoeba."""

    name: str
    source: str
    accuracy: Mapping[str, float]
    """ISO 639-3 code -> share of sentences whose nearest English sentence is their translation."""


@dataclass(frozen=True)
class Figure:
    """One published figure."""

    what: str
    value: float
    source: str


def _pairs(text: str) -> dict[str, float]:
    codes, values = text.split()[::2], text.split()[1::2]
    return dict(zip(codes, map(float, values), strict=True))


_RESULTS = "MTEB results @ f4cc6c8b3"

TATOEBA: Mapping[str, tuple[Run, ...]] = {
    E5: (
        Run(
            "MTEB 1.12",
            "MTEB results @ 319e81d64, mteb 1.12.75, model revision e4ce9877a",
            _pairs(
                "afr .883 ara .799 ben .855 bul .883 cmn .921 deu .979 ell .896 est .616 eus .556 "
                "fin .749 fra .924 heb .777 hin .941 hun .782 ind .904 ita .908 jav .6 jpn .809 "
                "kat .8150 kaz .76 kor .779 mal .9607 mar .891 nld .937 pes .883 por .917 "
                "rus .921 spa .945 swh .7154 tam .8632 tel .8974 tgl .813 tha .9307 tur .909 "
                "urd .882 vie .913"
            ),
        ),
        Run(
            "MTEB 1.36",
            f"{_RESULTS}, mteb 1.36.32, model revision fd1525a9f",
            _pairs(
                "afr .905 ara .807 ben .865 bul .878 cmn .924 deu .98 ell .897 est .668 eus .658 "
                "fin .771 fra .93 heb .761 hin .958 hun .825 ind .915 ita .909 jav .6244 "
                "jpn .875 kat .8753 kaz .8383 kor .799 mal .9665 mar .916 nld .938 pes .89 "
                "por .915 rus .923 spa .954 swh .759 tam .8827 tel .9274 tgl .876 tha .9124 "
                "tur .926 urd .903 vie .917"
            ),
        ),
    ),
    MINILM: (
        Run(
            "MTEB 1.12",
            f"{_RESULTS}, mteb 1.12.75, model revision 8b3219a92",
            _pairs(
                "afr .072 ara .003 ben .001 bul .004 cmn .027 deu .086 ell .003 est .031 eus .071 "
                "fin .04 fra .086 heb .006 hin .001 hun .048 ind .048 ita .118 jav .0537 "
                "jpn .017 kat .0067 kaz .007 kor .006 mal .0029 mar .001 nld .115 pes .001 "
                "por .099 rus .002 spa .061 swh .0897 tam .0065 tel .0128 tgl .034 tha .0055 "
                "tur .046 urd .002 vie .041"
            ),
        ),
    ),
}

LANGUAGE_CLASSIFICATION: Mapping[str, Figure] = {
    E5: Figure("multilingual-e5-small", 0.710, f"{_RESULTS}, LanguageClassification"),
    MINILM: Figure("all-MiniLM-L6-v2", 0.900, f"{_RESULTS}, LanguageClassification"),
}
"""20 languages, 8 sentences each to learn from, chance 0.05."""

_LAREQA = "LAReQA, README of its repository (Roy et al. 2020, arXiv 2004.05484)"
_KDSPD = "Elmahdy et al. 2024, arXiv 2408.10536"

XQUAD_R_MAP: tuple[Figure, ...] = (
    Figure("mBERT, trained on English pairs (En-En)", 0.29, _LAREQA),
    Figure("mBERT, pairs in one language each (X-X)", 0.23, _LAREQA),
    Figure("mBERT, X-X, one language a batch (X-X-mono)", 0.52, _LAREQA),
    Figure("mBERT, pairs across languages (X-Y)", 0.66, _LAREQA),
    Figure("XLM-R, fine-tuned X-X", 0.547, _KDSPD),
    Figure("XLM-R, fine-tuned X-Y", 0.593, _KDSPD),
    Figure("LaBSE, fine-tuned X-X", 0.652, _KDSPD),
    Figure("LaBSE, fine-tuned X-Y", 0.679, _KDSPD),
)
"""Models trained for the task, most of them on sentences with their context: not our encoders."""

OWN = "calculated in advance and by other code, from the data or in closed form; not published"
PEER_CONSTANTS = {2: 0.317, 3: 0.368, 7: 0.423, 11: 0.4405, 14: 0.448, 24: 0.461}
"""p of PEER with one right document a language, by number of languages."""
MAP_RANDOM, MAP_SEPARATED, RANK_DISTANCE = 0.0015, 0.0919, 10846
"""XQuAD-R: mAP of random orders and of languages in blocks; chance of the rank distance."""
ORIGIN_AUC = 0.0
"""Of the distances in question 66009 of Data Science Stack Exchange."""
