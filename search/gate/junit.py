"""What a gate found as JUnit XML, which CI systems show as tests."""

from xml.etree import ElementTree as ET

from search.gate.finding import Finding, Verdict
from search.gate.report import described
from search.text import printable

_NOT_IN_XML = str.maketrans({"\ufffe": "\ufffd", "\uffff": "\ufffd"})
"""Characters that XML 1.0 forbids even as entities, beside the controls."""


def junit_xml(verdict: Verdict) -> str:
    """Write one test case a finding: a failure, or skipped when inconclusive.

    Returns:
        A whole XML 1.0 document; all text is escaped.
    """
    statuses = [finding.status for finding in verdict.findings]
    counts = {
        "tests": str(len(statuses)),
        "failures": str(statuses.count("fail")),
        "errors": "0",
        "skipped": str(statuses.count("inconclusive")),
    }
    root = ET.Element("testsuites", counts)
    suite = ET.SubElement(root, "testsuite", {"name": "interlingua gate", **counts})
    for finding in verdict.findings:
        _case(suite, finding)
    if verdict.notes:
        ET.SubElement(suite, "system-out").text = "\n".join(map(_clean, verdict.notes))
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _case(suite: ET.Element, finding: Finding) -> None:
    language = "all languages" if finding.language is None else finding.language
    case = ET.SubElement(
        suite,
        "testcase",
        {
            "classname": f"interlingua.gate.{finding.measure}",
            "name": _clean(f"{finding.measure} {finding.limit} {language}"),
            "time": "0",
        },
    )
    said = _clean(described(finding))
    if finding.status == "fail":
        ET.SubElement(case, "failure", {"message": said, "type": finding.limit}).text = said
    elif finding.status == "inconclusive":
        ET.SubElement(case, "skipped", {"message": f"inconclusive: {said}"})
    else:
        ET.SubElement(case, "system-out").text = said


def _clean(text: str) -> str:
    return printable(text).translate(_NOT_IN_XML)
