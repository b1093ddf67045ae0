"""Language tags and detection."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import InputError
from indexer.languages import Detection, Langid, normalise_language

TAGS = {
    "de": "de",
    "EN_us": "en",
    "en-GB": "en",
    "en-UK": "en",
    "eng": "en",
    "eng_Latn": "en",
    " en ": "en",
    "en-u-co-phonebk": "en",
    "cmn": "zh",
    "zh-Hant": "zh",
    "zh_TW": "zh",
    "zh-Hans-CN": "zh",
    "zh-cmn": "zh",
    "yue": "yue",
    "zh-yue": "yue",
    "arb": "ar",
    "arz": "arz",
    "iw": "he",
    "heb": "he",
    "swh": "sw",
    "pes": "fa",
    "prs": "fa",
    "nob": "no",
    "nb-NO": "no",
    "no": "no",
    "nno": "nn",
    "hbs": "sh",
    "HBS-Latn": "sh",
    "sh-Cyrl": "sh",
    "sr-Latn": "sr",
    "hr": "hr",
    "bs": "bs",
    "ekk": "et",
    "lvs": "lv",
    "zsm": "ms",
    "ind": "id",
    "in": "id",
    "tgl": "fil",
    "tl": "fil",
    "ji": "yi",
    "mo": "ro",
    "und": "und",
    "mul": "und",
    "zxx": "und",
    "qaa": "qaa",
    "x-Mine": "x-mine",
    "i-klingon": "tlh",
}
UNKNOWN = [
    "",
    "-",
    "a",
    "xx",
    "english",
    "en--",
    "x-",
    "nb-!!",
    "en US",
    "中文",
    "\ud800",
    "e" * 99,
]


@pytest.mark.parametrize(("tag", "expected"), TAGS.items(), ids=str)
def test_a_tag_is_reduced_to_its_language(tag: str, expected: str) -> None:
    """Case, region, script and the code table in use do not make another language."""
    assert normalise_language(tag) == expected


@pytest.mark.parametrize("tag", UNKNOWN, ids=ascii)
def test_an_unknown_tag_is_refused_with_the_remedy(tag: str) -> None:
    """What names no language is named in one line, with what to write instead."""
    with pytest.raises(InputError, match="unknown language tag") as caught:
        normalise_language(tag)

    assert str(caught.value).isprintable()
    assert "BCP-47" in str(caught.value.remedy)


@given(st.one_of(st.sampled_from(sorted(TAGS)), st.text(max_size=12), st.from_regex("[a-z]{2,3}")))
def test_a_canonical_tag_is_its_own_canonical_tag(tag: str) -> None:
    """Any tag is refused or folded for good: folding twice changes nothing."""
    try:
        once = normalise_language(tag)
    except InputError:
        return

    assert normalise_language(once) == once


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Der Hund läuft durch den Garten und bellt die Katze an.", "de"),
        ("החתול ישן על הספה כל היום", "he"),
        ("ฉันชอบอ่านหนังสือในสวนสาธารณะ", "th"),
        ("Gusto kong kumain ng isda mamayang gabi.", "fil"),
    ],
)
def test_the_detector_tells_a_plain_sentence(text: str, expected: str) -> None:
    """A sentence of everyday words is detected, under its canonical tag."""
    detection = Langid().detect(text)

    assert detection.lang == expected
    assert 0.5 <= detection.probability <= 1


@pytest.mark.parametrize("text", ["12345", "?!", "   ", "ok", "\x00\ud800"], ids=ascii)
def test_what_is_in_no_language_is_und(text: str) -> None:
    """Digits, signs and stubs get no language, and no error either."""
    detection = Langid().detect(text)

    assert detection.lang == "und"
    assert 0 <= detection.probability < 0.5


def test_the_threshold_decides() -> None:
    """The same text is named or not; its probability is told in both cases."""
    text = "Ich habe Hunger"
    free, strict = Langid(threshold=0).detect(text), Langid(threshold=1.01).detect(text)

    assert (free.lang, strict.lang) == ("de", "und")
    assert free.probability == strict.probability


def test_threads_share_one_detector() -> None:
    """Detection in eight threads gives what it gives in one."""
    texts = ["Guten Morgen, wie geht es Ihnen?", "Où est la gare la plus proche ?", "42"] * 30
    detector = Langid()
    with ThreadPoolExecutor(8) as pool:
        together: list[Detection] = list(pool.map(detector.detect, texts))

    assert together == [detector.detect(text) for text in texts]
