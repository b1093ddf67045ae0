"""A gate: its rules case by case, its thresholds to the letter, its reports parsed back."""

import dataclasses
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from indexer.errors import InputError, UsageError
from search.audit.result import Audit
from search.comparison.result import Difference
from search.gate.finding import Status, Verdict
from search.gate.github import annotations
from search.gate.judge import judge
from search.gate.junit import junit_xml
from search.gate.report import render_verdict, verdict_json
from search.gate.rules import change_status, value_status
from search.gate.thresholds import (
    Limits,
    MeasureLimits,
    Thresholds,
    default_thresholds,
    parse_thresholds,
)
from search.measures.measure import Measure, Measurement
from tests.search.comparable import AUC, EXCESS, HOSTILE, PROBE, audit_of, before_and_after

DOCS = Path(__file__).parents[2] / "docs" / "gate.md"


def change(difference: float, low: float, high: float, p: float, n: int = 100) -> Difference:
    """A change as the comparison gives it."""
    return Difference(0.5, 0.5 + difference, difference, low, high, p, p, n, 0, n, "noise")


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (change(0.05, 0.03, 0.07, 0.001), "fail"),  # wholly beyond
        (change(0.03, 0.01, 0.05, 0.004), "fail"),  # too much, and not noise
        (change(0.03, -0.01, 0.07, 0.2), "inconclusive"),  # too much, maybe noise
        (change(0.01, 0.005, 0.03, 0.004), "inconclusive"),  # worse, maybe by too much
        (change(0.0, -0.1, 0.1, 0.9), "inconclusive"),  # nothing can be excluded
        (change(0.01, 0.005, 0.015, 0.004), "pass"),  # worse, but for sure not by too much
        (change(0.0, -0.01, 0.01, 0.9), "pass"),
        (change(-0.3, -0.4, -0.2, 0.001), "pass"),  # better
        (change(0.62 - 0.6, 0.01, 0.62 - 0.6, 0.001), "pass"),  # on the limit, but for rounding
        (change(0.5, 0.4, 0.6, 0.001, n=49), "inconclusive"),  # too few
        (change(0.5, 0.4, 0.6, 0.001, n=50), "fail"),
        (Difference(0.1, 0.9, 0.8, None, None, None, None, 60, 0, 1, "untested", "one"),
         "inconclusive"),
    ],
)  # fmt: skip
def test_a_change_is_judged(found: Difference, status: Status) -> None:
    """Fail: too much and no noise; pass: too much is excluded. Both ways alike."""
    assert change_status(found, "max_increase", 0.02, 50, 0.05)[0] == status
    mirrored = dataclasses.replace(
        found,
        difference=-(found.difference or 0),
        low=None if found.high is None else -found.high,
        high=None if found.low is None else -found.low,
    )
    assert change_status(mirrored, "max_decrease", 0.02, 50, 0.05)[0] == status


@pytest.mark.parametrize(
    ("value", "low", "high", "n", "status"),
    [
        (0.6, 0.55, 0.65, 100, "fail"),
        (0.52, 0.45, 0.6, 100, "inconclusive"),
        (0.48, 0.4, 0.56, 100, "pass"),
        (0.5, 0.45, 0.55, 100, "pass"),
        (0.1, 0.05, 0.15, 100, "pass"),
        (0.9, 0.85, 0.95, 49, "inconclusive"),
        (0.9, None, None, 100, "inconclusive"),
        (0.1, None, None, 100, "pass"),
        (None, None, None, 100, "inconclusive"),
    ],
)
def test_a_value_is_judged(
    value: float | None, low: float | None, high: float | None, n: int, status: Status
) -> None:
    """Fail: the whole interval is beyond; doubt: the value is; and the mirror image."""
    found = Measurement(value, 0.0, low, high, n)
    assert value_status(found, "max_value", 0.5, 50)[0] == status
    value, low, high = (None if x is None else 1 - x for x in (value, high, low))
    found = Measurement(value, 0.0, low, high, n)
    assert value_status(found, "min_value", 0.5, 50)[0] == status


def limits(
    measure: Measure, languages: Limits | None = None, few: int = 50, **given: float
) -> Thresholds:
    """One measure, limited."""
    return Thresholds((MeasureLimits(measure, Limits(**given), languages, few),))


def statuses(verdict: Verdict) -> dict[tuple[str | None, str], Status]:
    """Status by language and limit."""
    return {(f.language, f.limit): f.status for f in verdict.findings}


def default(a: Audit) -> Thresholds:
    """What holds without a file."""
    return default_thresholds(a.overall.keys(), 10)


def test_the_same_audit_passes() -> None:
    """No change, no interval: the defaults let it through."""
    a, _ = before_and_after(0.0)
    verdict = judge(a, default(a), a)
    assert [str(f.measure) for f in verdict.findings] == ["excess@10", "strong_auc"]
    assert (verdict.status, verdict.exit_code) == ("pass", 0)
    assert verdict.notes == ("180 queries are in both, 60 clusters (A the baseline, B this audit)",)


def test_a_planted_worsening_fails_and_an_improvement_passes() -> None:
    """In the direction that the measure calls worse, for both kinds of measures."""
    a, b = before_and_after(0.1)
    verdict = judge(b, default(a), a)
    assert statuses(verdict) == {(None, "max_increase"): "fail", (None, "max_decrease"): "fail"}
    assert verdict.exit_code == 4
    assert verdict.findings[0].judged == pytest.approx(0.1, abs=0.04)
    assert judge(a, default(a), b).exit_code == 0


def test_noise_that_could_hide_too_much_is_inconclusive() -> None:
    """No change in truth, but so few noisy groups that nobody can tell."""
    a, b = before_and_after(0.0, groups=20, noise=0.2, seed=1)
    verdict = judge(b, default(a), a)
    assert (verdict.status, verdict.exit_code) == ("inconclusive", 5)


def test_noise_fails_seldom() -> None:
    """Of 200 releases as good as the baseline, at most about alpha / 2 fail."""
    failed = 0
    for seed in range(200):
        a, b = before_and_after(0.0, groups=25, noise=0.05, seed=seed)
        failed += judge(b, limits(EXCESS, max_increase=0.0), a).status == "fail"
    # 5 expected; a binomial is above 13 once in 1000 times.
    assert failed <= 13


def test_every_language_is_judged_and_corrected() -> None:
    """One language of three is worse; the others and their average are not."""
    a, b = before_and_after(0.0, noise=0.02)
    assert a.per_query is not None
    assert b.per_query is not None
    values = [
        y + 0.2 * (lang == "he")
        for y, lang in zip(b.per_query.values[EXCESS], b.per_query.languages, strict=True)
        if y is not None
    ]
    worse = audit_of(b.per_query.languages, b.per_query.clusters, {EXCESS: values})
    asked = limits(EXCESS, Limits(max_increase=0.05), max_increase=0.1)
    assert statuses(judge(worse, asked, a)) == {
        (None, "max_increase"): "pass",
        ("de", "max_increase"): "pass",
        ("en", "max_increase"): "pass",
        ("he", "max_increase"): "fail",
    }


def test_languages_that_came_and_went() -> None:
    """One that is gone cannot be told to be no worse; a new one has nothing to be worse than."""
    a, _ = before_and_after(0.0, languages=("de", "en", "he"), noise=0.0)
    b, _ = before_and_after(0.0, languages=("de", "en", "ru"), noise=0.0)
    pair = [
        dataclasses.replace(
            x,
            per_query=dataclasses.replace(
                x.per_query,
                ids=tuple(
                    f"{c}-{lang}"
                    for c, lang in zip(x.per_query.clusters, x.per_query.languages, strict=True)
                ),
            ),
        )
        for x in (a, b)
        if x.per_query
    ]
    verdict = judge(pair[1], limits(EXCESS, Limits(max_increase=1, max_value=9)), pair[0])
    found = statuses(verdict)
    assert found["he", "max_increase"] == found["he", "max_value"] == "inconclusive"
    assert found["en", "max_increase"] == found["ru", "max_value"] == "pass"
    assert ("ru", "max_increase") not in found
    said = "\n".join(verdict.notes)
    assert "no change can be judged of languages new in this audit: ru" in said
    assert "languages of the queries: added ru; removed he" in said
    assert "left out: 60 of A alone, 60 of B alone" in said


def test_failing_beats_inconclusive() -> None:
    """One limit is broken, of the other nobody can tell."""
    a, b = before_and_after(0.1)
    thresholds = Thresholds(
        (
            *limits(EXCESS, max_increase=0.02).measures,
            *limits(Measure("map"), max_decrease=0.02).measures,
            *limits(AUC, min_value=0.0).measures,
        )
    )
    verdict = judge(b, thresholds, a)
    assert [f.status for f in verdict.findings] == ["fail", "inconclusive", "pass"]
    assert verdict.exit_code == 4
    assert verdict.findings[1].why == "this audit lacks it: not measured"


def test_without_a_baseline_only_values_are_judged() -> None:
    """What is not judged is said; nothing to judge is no pass."""
    a, _ = before_and_after(0.0)
    verdict = judge(a, limits(EXCESS, max_increase=0.02, max_value=0.1))
    assert statuses(verdict) == {(None, "max_value"): "fail"}
    assert verdict.notes == ("without a baseline, changes are not judged: excess@10",)
    with pytest.raises(UsageError, match=r"nothing to judge.*give --baseline"):
        judge(a, default(a))


def test_a_measure_of_the_vectors_has_a_value_and_no_change() -> None:
    """Its value can be limited; its change cannot be told from noise."""
    a, b = before_and_after(0.0)
    assert judge(b, limits(PROBE, max_value=0.6), a).exit_code == 4
    with pytest.raises(UsageError, match=r"language_probe has no values by query.*max_value"):
        judge(b, limits(PROBE, max_increase=0.1), a)


def test_what_an_audit_lacks_says_what_it_needs() -> None:
    """The reason of the audit, or the numbers of neighbours that there are."""
    a, b = before_and_after(0.0)
    b = dataclasses.replace(b, not_measured={"map": "groups"})
    (finding,) = judge(b, limits(Measure("map"), min_value=0.1)).findings
    assert (finding.status, finding.why) == ("inconclusive", "not measured, it needs groups")
    (finding,) = judge(b, limits(Measure("excess", 5), max_increase=0.1), a).findings
    assert finding.why == "this audit lacks it: not measured; there is excess@10"


def test_audits_of_other_queries_are_refused() -> None:
    """The same error as of a comparison: it is no matter of too little data."""
    a, b = before_and_after(0.0)
    assert b.per_query is not None
    other = dataclasses.replace(b.per_query, ids=tuple(f"x{i}" for i in b.per_query.ids))
    with pytest.raises(InputError, match="share 0 of"):
        judge(dataclasses.replace(b, per_query=other), default(a), a)


def test_thresholds_of_the_docs() -> None:
    """The example that docs/gate.md shows is read as the page says."""
    (text,) = re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    found = parse_thresholds(text, "gate.toml")
    assert found == Thresholds(
        (
            MeasureLimits(
                EXCESS,
                Limits(max_increase=0.02, max_value=0.5),
                Limits(max_increase=0.05),
                50,
            ),
            MeasureLimits(
                AUC, Limits(max_decrease=0.02, min_value=0.8),
                Limits(max_decrease=0.02, min_value=0.8), 30,
            ),
            MeasureLimits(PROBE, Limits(max_value=0.9), None, 50),
        ),
        0.05,
        "holm",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[measures.excess@10]\nmax_value = 1", r'no TOML.*in quotes: \[measures."excess@10"\]'),
        ("alpha = 0.05", r"unknown key 'alpha' \(known are defaults, measures\)"),
        ("", "no measure is limited"),
        ("measures = 3", "measures is no table"),
        ("[defaults]\nalfa = 1", r"defaults: unknown key 'alfa' \(did you mean alpha\?\)"),
        ("[defaults]\nalpha = 1.0", "alpha = 1.0"),
        ("[defaults]\nalpha = nan", "alpha = nan"),
        ('[defaults]\ncorrection = "fdr"', "correction = 'fdr'"),
        ("[measures.exces]\nmax_value = 1", r"no such measure \(did you mean excess\?\)"),
        ("[measures.excess]\nmax_value = 1", r'write \[measures."excess@10"\]'),
        ('[measures."map@5"]\nmin_value = 1', r"write \[measures.map\]"),
        ('[measures."1!"]\nmin_value = 1', "'1!' names no measure"),
        ("[measures]\nmap = 1", 'measures."map" is no table'),
        ("[measures.map]\nmin = 1", "unknown key 'min'"),
        ("[measures.map]\nby_language = true", "has no limit"),
        ("[measures.map]\nmin_value = true", "min_value = True"),
        ("[measures.map]\nmin_value = inf", "min_value = inf"),
        ('[measures.map]\nmin_value = "0.5"', "min_value = '0.5'"),
        ("[measures.map]\nmax_decrease = -0.1", "max_decrease = -0.1"),
        ("[measures.map]\nmax_increase = 0.1", r"max_increase, but higher is better \(write max_d"),
        ('[measures."excess@5"]\nmax_decrease = 0.1', r"lower is better \(write max_increase"),
        ("[measures.map]\nmin_value = 0.5\nmax_value = 0.4", "min_value is above max_value"),
        ("[measures.map]\nmin_value = 0.5\nmin_queries = 0", "min_queries = 0"),
        ("[measures.map]\nmin_value = 0.5\nby_language = 1", "by_language is no table"),
        ("[measures.map]\nby_language = {max = 1}", "by_language: unknown key 'max'"),
        ("[defaults]\nmin_queries = 1.5\n[measures.map]\nmin_value = 0", "min_queries = 1.5"),
    ],
)
def test_thresholds_that_cannot_be_meant(text: str, message: str) -> None:
    """Every mistake is named with its place and what to write instead."""
    with pytest.raises(UsageError, match=message) as caught:
        parse_thresholds(text, "gate.toml")
    assert caught.value.message.startswith("gate.toml") or "'1!'" in caught.value.message
    assert caught.value.remedy


def test_a_measure_that_only_the_audit_knows_can_be_limited() -> None:
    """The catalogue does not list what an index serves, an audit as served measures it."""
    served = Measure("served_by_plugin", 10)
    text = '[measures."served_by_plugin@10"]\nmin_value = 0.9'
    with pytest.raises(UsageError, match="no such measure"):
        parse_thresholds(text, "t")
    assert parse_thresholds(text, "t", [served]).measures[0].measure == served


@pytest.fixture
def hostile() -> Verdict:
    """Findings of all kinds, in languages whose names would do harm."""
    a, b = before_and_after(0.1, languages=("en", *HOSTILE))
    asked = Thresholds(
        (
            *limits(EXCESS, Limits(max_increase=0.02, max_value=9), max_increase=0.02).measures,
            *limits(Measure("map"), min_value=0.5).measures,
        )
    )
    return judge(b, asked, a)


def test_junit_is_parsed_back(hostile: Verdict) -> None:
    """One test case a finding; what does not pass is a failure or skipped, and says why."""
    suite = ET.fromstring(junit_xml(hostile).encode()).find("testsuite")  # noqa: S314 - our own
    assert suite is not None
    cases = suite.findall("testcase")
    assert len(cases) == len(hostile.findings) == 10
    for case, finding in zip(cases, hostile.findings, strict=True):
        assert (case.find("failure") is not None) == (finding.status == "fail")
        assert (case.find("skipped") is not None) == (finding.status == "inconclusive")
        assert case.attrib["classname"] == f"interlingua.gate.{finding.measure}"
    count = [f.status for f in hostile.findings].count
    assert suite.attrib["tests"] == "10"
    assert suite.attrib["failures"] == str(count("fail"))
    assert suite.attrib["skipped"] == str(count("inconclusive")) == "1"
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert "worse by more than allowed" in failure.attrib["message"]
    assert len({case.attrib["name"] for case in cases}) == 10


def test_annotations_cannot_be_broken_out_of(hostile: Verdict) -> None:
    """One command a line, decoded as the runner does it gives the text back."""
    lines = list(annotations(hostile))
    told = [f for f in hostile.findings if f.status != "pass"]
    assert len(lines) == len(told) + 1
    for line, finding in zip(lines, told, strict=False):
        parsed = re.fullmatch(r"::(error|warning) title=([^:,\r\n]*)::([^\r\n]*)", line)
        assert parsed, line
        assert parsed[1] == {"fail": "error", "inconclusive": "warning"}[finding.status]
        title = parsed[2].replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
        assert title.startswith(f"gate {finding.status}: {finding.measure}")
        assert re.fullmatch(r"(%25|[^%])*", parsed[3])
        assert "\x1b" not in line
        assert "\u202e" not in line
    assert any("a%25b" in line for line in lines)
    assert lines[-1].startswith("::notice title=interlingua gate::fail (")


def test_terminal_has_a_line_a_finding(hostile: Verdict, tmp_path: Path) -> None:
    """At most 100 columns, the outcome last."""
    with (tmp_path / "out").open("w") as sink:
        console = Console(width=100, record=True, file=sink, color_system=None)
        console.print(render_verdict(hostile))
        text = console.export_text()
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert [line.split()[0] for line in lines[1:11]] == [f.status for f in hostile.findings]
    assert lines[-1].startswith("gate: fail (")
    assert "\x1b" not in text
    assert "<= +0.02" in lines[1]


def test_json_is_plain(hostile: Verdict) -> None:
    """Findings by name, undefined is null."""
    document = json.loads(json.dumps(verdict_json(hostile, "A", None), allow_nan=False))
    assert document["schema"] == "interlingua.gate/1"
    assert (document["status"], document["exit_code"], document["baseline"]) == ("fail", 4, None)
    first, last = document["findings"][0], document["findings"][-1]
    assert (first["measure"], first["language"], first["limit"]) == (
        "excess@10", None, "max_increase",
    )  # fmt: skip
    assert first["judged"] == pytest.approx(first["now"] - first["before"])
    assert (last["measure"], last["status"], last["now"]) == ("map", "inconclusive", None)
