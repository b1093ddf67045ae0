"""The detectors behind one protocol, and what they say of a whole corpus."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from indexer.corpus import Record
from indexer.detection import Survey, wilson
from indexer.detectors import DETECTORS, PackagedDetector, open_detector, own_threshold
from indexer.errors import UsageError
from indexer.languages import Detection
from indexer.records import Document

SENTENCES = {
    "de": "Der Hund läuft durch den Garten und bellt die Katze an.",
    "he": "החתול ישן על הספה כל היום",
    "th": "ฉันชอบอ่านหนังสือในสวนสาธารณะ",
    "zh": "我今天早上在公园里看书",
    "fil": "Gusto kong kumain ng isda mamayang gabi kasama ang pamilya ko.",
    "no": "Hvor mye koster denne boken, og har dere noe billigere?",
}


@pytest.fixture(scope="module", params=DETECTORS)
def detector(request: pytest.FixtureRequest) -> PackagedDetector:
    """Every detector; lingua's model takes seconds and most of a gigabyte."""
    return open_detector(request.param)


@pytest.mark.model
@pytest.mark.parametrize(("lang", "text"), SENTENCES.items())
def test_a_plain_sentence_has_its_canonical_tag(
    detector: PackagedDetector, lang: str, text: str
) -> None:
    """Packages say zh, cmn, tl or nb; the index only ever sees our tag."""
    found = detector.detect(text)
    assert found.lang == lang
    assert 0 < found.probability <= 1
    assert lang in detector.languages


@pytest.mark.model
@pytest.mark.parametrize("text", ["12345", "?!", "   ", "", "\x00", "\ud800"], ids=ascii)
def test_no_letters_have_no_language(detector: PackagedDetector, text: str) -> None:
    """Digits, signs, NUL and half a character are und, never an error."""
    found = detector.detect(text)
    assert found.lang == "und"
    assert 0 <= found.probability <= 1


@pytest.mark.model
def test_nul_does_not_end_a_text(detector: PackagedDetector) -> None:
    """What stands behind a NUL is read too."""
    assert detector.detect("\x00" + SENTENCES["de"]).lang == "de"


@pytest.mark.model
def test_the_threshold_decides(detector: PackagedDetector) -> None:
    """Above a threshold nobody reaches all is und, with the same score."""
    name = {type(open_detector(n)): n for n in DETECTORS}[type(detector)]
    strict = open_detector(name, 1.01).detect(SENTENCES["de"])
    assert strict.lang == "und"
    assert strict.probability == pytest.approx(detector.detect(SENTENCES["de"]).probability)


@pytest.mark.model
def test_threads_share_a_detector(detector: PackagedDetector) -> None:
    """Detection in eight threads gives what it gives in one."""
    texts = list(SENTENCES.values()) * 10
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(detector.detect, texts))
    alone = [detector.detect(text) for text in texts]
    assert [t.lang for t in together] == [a.lang for a in alone]
    # lingua's last digits differ between two calls, whoever makes them.
    assert [t.probability for t in together] == pytest.approx([a.probability for a in alone])


def test_an_unknown_detector_is_refused_with_the_names() -> None:
    """The message lists what there is."""
    with pytest.raises(UsageError, match=r"unknown detector 'cld9'.*py3langid, lingua, eldc"):
        open_detector("cld9")


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is read, and with the line to type."""
    monkeypatch.setattr("indexer.detectors.packages.find_spec", lambda _name: None)
    for name in ("lingua", "eldc"):
        with pytest.raises(UsageError, match=rf"pip install 'interlingua\[{name}\]'"):
            open_detector(name)
    assert open_detector("py3langid").detect(SENTENCES["de"]).lang == "de"


class Table:
    """A detector that looks its answers up."""

    def __init__(self, answers: dict[str, Detection]) -> None:
        self._answers = answers

    def detect(self, text: str) -> Detection:
        """Return the answer for this text."""
        return self._answers[text]


def test_a_survey_counts_by_hand() -> None:
    """Six records: right, wrong, unsure, without a label, labelled und, of no language."""
    detector = Table(
        {
            "a": Detection("de", 0.95),
            "b": Detection("nl", 0.72),
            "c": Detection("de", 0.3),
            "e": Detection("fr", 0.85),
            "f": Detection("und", 0.0),
        }
    )
    survey = Survey(detector, 0.5)
    given = [("a", "de"), ("b", "de"), ("c", "de"), ("e", "und"), ("f", "de")]
    for text, lang in given:
        survey.add(Record(Document(text, text, lang), text))
    survey.add(Record(Document("d", "d", "fr", None, {}, "detected", 0.6), "d"))

    assert (survey.records, survey.labelled) == (6, 4)
    counts = survey.languages()
    assert {lang: c.detected for lang, c in counts.items()} == {"de": 1, "fr": 2, "nl": 1, "und": 2}
    german = counts["de"]
    assert (german.given, german.right, german.und, dict(german.taken_for)) == (4, 1, 2, {"nl": 1})
    rows = {row.threshold: (row.detected, row.judged, row.right) for row in survey.confidence()}
    assert rows[0.0] == (5, 3, 2)
    assert rows[0.5] == (4, 2, 1)
    assert rows[0.8] == (2, 1, 1)
    assert rows[0.9] == (1, 1, 1)


def test_a_threshold_between_the_rows_has_a_row() -> None:
    """The confidence table says what the threshold in use does."""
    rows = Survey(Table({}), 0.55).confidence()
    assert 0.55 in [row.threshold for row in rows]


def test_wilson_is_that_of_scipy() -> None:
    """The interval, held against another implementation."""
    from scipy.stats import binomtest

    for hits, n in ((0, 5), (3, 5), (5, 5), (861, 1000), (1, 28234)):
        expected = binomtest(hits, n).proportion_ci(0.95, method="wilson")
        assert wilson(hits, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_own_thresholds_are_named() -> None:
    """No two detectors mean the same by a score, so each has its own."""
    assert own_threshold("py3langid") == 0.5
    with pytest.raises(UsageError, match="unknown detector"):
        own_threshold("nobody")
