"""The report as text: escaped, whole, dashes with reasons, the same numbers as the audit."""

import base64
import dataclasses
import hashlib
import html
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import UsageError
from search.audit.result import Audit, MapPoint, Matrix, VectorMap
from search.measures.catalogue import CATALOGUE
from search.measures.measure import Measure, Measurement
from search.reports.bars import alignment_plot, excess_plot, scatter_plot
from search.reports.heatmaps import leave_one_out_plot, matrix_plot
from search.reports.html import render_html
from search.reports.page import DASH, Table, blocks, corpus, decimal, element, escape, number
from search.reports.palette import (
    DIVERGING,
    INK,
    PAPER,
    QUIET,
    REST,
    SEQUENTIAL,
    SERIES,
    SYMBOLS,
    contrast,
    on,
)
from search.reports.plots import Plot, hover, label, pick
from search.reports.scattermap import map_plot
from search.text import printable
from tests.reports.examples import (
    HOSTILE,
    LANGUAGES,
    TEXTS,
    groups_audit,
    hostile_audit,
    labels_audit,
)

AUDITS = {"groups": groups_audit(), "labels": labels_audit(), "hostile": hostile_audit()}
VOID = {"meta", "input", "link", "br", "img"}


class Reader(HTMLParser):
    """An independent reading of a page: its elements, its tables, its visible text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == [], "an element is left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element, and begin what it holds."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in {"td", "th"}:
            self.tables[-1][-1].append("")
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        """Close the element that was opened last, and no other."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Put text where it belongs."""
        if "script" in self.open:
            self.scripts[-1] += data
        elif "style" not in self.open:
            self.text.append(data)
            if {"td", "th"} & set(self.open):
                self.tables[-1][-1][-1] += data


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """Each example, rendered once."""
    return {name: render_html(audit) for name, audit in AUDITS.items()}


@pytest.fixture(scope="module")
def read(pages: dict[str, str]) -> dict[str, Reader]:
    """Each page, read by the parser of the standard library."""
    return {name: Reader(page) for name, page in pages.items()}


def plots(audit: Audit) -> list[Plot]:
    """Every plot of an audit."""
    makers = (matrix_plot, excess_plot, alignment_plot, scatter_plot, leave_one_out_plot, map_plot)
    return [make(audit) for make in makers]


def table(reader: Reader, *head: str) -> list[list[str]]:
    """Rows of the first table whose head begins so."""
    return next(t[1:] for t in reader.tables if tuple(t[0][: len(head)]) == head)


@pytest.mark.parametrize("name", AUDITS)
def test_same_audit_same_bytes(pages: dict[str, str], name: str) -> None:
    """The report is a function of the audit alone."""
    assert render_html(AUDITS[name]) == pages[name]


@pytest.mark.parametrize("name", AUDITS)
def test_nothing_is_loaded_from_outside(read: dict[str, Reader], name: str) -> None:
    """No element names an address but places on the page itself."""
    for tag, attributes in read[name].elements:
        assert tag != "link" or attributes == {"rel": "icon", "href": "data:,"}
        assert tag not in {"img", "iframe", "object", "base", "form"}
        assert "src" not in attributes
        assert tag == "link" or (attributes.get("href") or "#").startswith("#")
        assert not any(key.startswith("on") for key in attributes)


@pytest.mark.parametrize("name", AUDITS)
def test_policy_names_the_scripts_that_are_there(read: dict[str, Reader], name: str) -> None:
    """Three scripts: data, plotly, ours; the latter two by hash, and nothing else may run."""
    metas = [a for tag, a in read[name].elements if tag == "meta" and "http-equiv" in a]
    policy = metas[0]["content"] or ""
    data, *scripts = read[name].scripts
    hashes = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    assert len(scripts) == 2
    assert re.search(r"script-src ([^;]*);", policy)[1].split() == [  # type: ignore[index]
        f"'sha256-{each}'" for each in hashes
    ]
    assert policy.startswith("default-src 'none';")
    assert "unsafe-eval" not in policy
    assert "connect-src" not in policy
    json.loads(data)


def test_data_cannot_leave_its_script(pages: dict[str, str]) -> None:
    """Nothing in the figures' JSON looks like markup to a parser of HTML."""
    data = re.search(r'<script type="application/json" id="figures">(.*?)\n', pages["hostile"])
    assert data
    assert not set("<>&") & set(data[1].removesuffix("</script>"))
    # Plotly and our script follow it, so no text ended the element early.
    assert pages["hostile"].count("<script") >= 3


def test_hostile_texts_stand_there_as_text(read: dict[str, Reader]) -> None:
    """Each harmful text is shown whole, its control characters replaced, and makes no element."""
    text = "".join(read["hostile"].text)
    for harm in HOSTILE[:4]:
        assert harm in text
    assert "\ufffdgnp.exe\ufffd \ufffdisolated\ufffd \ufffd[31mred\ufffd\ufffd a b" in text
    assert not {"b", "i", "img", "svg"} & {tag for tag, _ in read["hostile"].elements}


def test_every_measure_is_in_the_full_table(read: dict[str, Reader]) -> None:
    """Overall and by language, also one that no catalogue knows, with its own numbers."""
    audit = AUDITS["groups"]
    tables = [t for t in read["groups"].tables if t[0][:3] == ["measure", "title", "value"]]
    assert len(tables) == 1 + len(LANGUAGES)
    for rows, found in zip(tables, [audit.overall, *audit.by_language.values()], strict=True):
        assert [row[0] for row in rows[1:]] == [str(m) for m in sorted(found)]
    by_name = {row[0]: row for row in tables[1][1:]}  # Arabic
    # excess 0.82 (1 - 10/500) = 0.8036, interval +-0.03, of 200 queries.
    expected = ["excess@10", "excess", "0.804", "0.000", "0.774", "0.834", "200", ""]
    assert by_name["excess@10"] == expected
    assert by_name["new_measure@10"][1:3] == ["", "−1.0e-04"]


def test_undefined_is_a_dash_with_its_reason(read: dict[str, Reader]) -> None:
    """PEER is undefined in German: a dash, never 0, and why."""
    german = next(t for t in read["groups"].tables if any(row[0] == "peer" for row in t))
    row = next(row for row in german if row[0] == "peer")
    assert row[2:] == [
        DASH,
        "0.480",
        DASH,
        DASH,
        "0",
        "fewer than 3 right documents in 2 languages",
    ]


def test_matrix_table_holds_ratio_and_shares(read: dict[str, Reader]) -> None:
    """Hebrew queries: 0.2 + 0.8 0.74 = 0.792 Hebrew, 0.208 2/5 = 0.0832 Arabic, chance 0.2."""
    row = next(r for r in table(read["groups"], "query", *LANGUAGES) if r[0] == "he")
    assert row[LANGUAGES.index("he") + 1] == "4.00.792 / 0.200"
    assert row[LANGUAGES.index("ar") + 1] == "0.420.083 / 0.200"
    chinese = next(r for r in table(read["labels"], "query", "en", "he", "zh") if r[0] == "zh")
    assert chinese[1:] == [f"{DASH}{DASH} / {DASH}"] * 2 + [f"{DASH}{DASH} / 0.000"]


def test_matrix_colours_are_doublings() -> None:
    """Colour 2 is four times chance, 0 is chance; nothing observed is the far end, not missing."""
    shares = {"en": {"en": 0.8, "he": 0.2, "ar": 0.0}, "he": {"en": 0.1, "he": 0.9}}
    chance = {"en": {"en": 0.2, "he": 0.2, "ar": 0.6}, "he": {"en": 0.4, "he": 0.6, "ar": 0.0}}
    audit = dataclasses.replace(AUDITS["groups"], matrix=Matrix(10, shares, chance))
    heatmap, numbers = matrix_plot(audit).figures[0][1].data
    assert heatmap["z"][0] == pytest.approx([-2, 2, 0])
    assert heatmap["z"][1][0] is None
    assert heatmap["z"][1][1:] == pytest.approx([-2, 0.585], abs=1e-3)
    assert numbers["text"] == ["0", "4.0", "1.0", DASH, "0.25", "1.5"]
    assert (heatmap["zmin"], heatmap["zmax"]) == (-2, 2)


def test_small_falls_are_told_from_none() -> None:
    """Where one answer is worth 0.031, three decimals; a tiny rise is not written as minus zero."""
    worth: dict[str, dict[str, float | None]] = {
        "en": {"en": 0.031, "he": -0.00001},
        "he": {"en": 0.004, "he": None},
    }
    audit = dataclasses.replace(AUDITS["groups"], leave_one_out=worth)
    plot = leave_one_out_plot(audit)
    heatmap, numbers = plot.figures[0][1].data
    assert numbers["text"] == ["0.031", "0.000", "0.004", DASH]
    assert heatmap["z"] == [[0.031, 0.0], [0.004, None]]
    assert plot.table
    assert [cell.content for cell in plot.table.rows[0][1:]] == ["0.031", "−1.0e-05"]


def test_scatter_has_one_range_for_both_axes() -> None:
    """The dotted line is weak = strong; all intervals are inside: 0.05 to 0.88 here."""
    shape = scatter_plot(AUDITS["groups"]).figures[0][1].layout
    assert shape["xaxis"]["range"] == shape["yaxis"]["range"]
    low, high = shape["xaxis"]["range"]
    assert -0.04 <= low < 0.05
    assert 0.88 < high <= 1.04


def test_bars_reach_from_low_to_high() -> None:
    """Whisker lengths are measured from the value; chance of weak recall is 1/300."""
    bars = alignment_plot(AUDITS["groups"]).figures[0][1].data
    strong, weak, _, chance = bars
    assert strong["x"] == pytest.approx([0.59, 0.76, 0.725, 0.63, 0.655])
    assert strong["error_x"]["array"] == pytest.approx([0.03] * 5)
    assert strong["error_x"]["arrayminus"] == pytest.approx([0.03] * 5)
    assert chance["x"] == pytest.approx([1 / 300] * 5)
    assert chance["y"] == pytest.approx(weak["y"])


@pytest.mark.parametrize("name", AUDITS)
def test_plotly_accepts_every_figure(name: str) -> None:
    """Plotly's own schema knows each property; both colour schemes are whole."""
    for plot in plots(AUDITS[name]):
        for _, figure in plot.figures:
            for scheme in ("$light", "$dark"):
                go.Figure(
                    data=resolve(list(figure.data), scheme), layout=resolve(figure.layout, scheme)
                )


def resolve(value: object, scheme: str) -> object:
    """Choose the colour of a scheme, as the script of the page does."""
    if isinstance(value, dict):
        return (
            value[scheme] if scheme in value else {k: resolve(v, scheme) for k, v in value.items()}
        )
    return [resolve(v, scheme) for v in value] if isinstance(value, list | tuple) else value


def test_tables_hold_the_numbers_of_the_plots() -> None:
    """Each plot that is drawn has a table, each that is not a reason."""
    for audit in AUDITS.values():
        for plot in plots(audit):
            assert bool(plot.figures) == (plot.table is not None) == (plot.reason is None)
    drawn = excess_plot(AUDITS["groups"])
    assert drawn.table
    cells = [row[2].content for row in drawn.table.rows]
    assert cells == [decimal(x) for x in drawn.figures[0][1].data[0]["x"]]


def test_map_colours_twenty_meanings_and_greys_the_rest() -> None:
    """300 points: 20 groups of five in colour, 39 more groups and the groupless in grey."""
    plot = map_plot(AUDITS["groups"])
    (_, by_language), (_, by_meaning) = plot.figures
    assert [trace["name"] for trace in by_language.data] == list(LANGUAGES)
    grey, *coloured = by_meaning.data
    assert grey["name"] == "others (200)"
    assert [len(trace["x"]) for trace in coloured] == [5] * 20
    looks = {(json.dumps(t["marker"]["color"]), t["marker"]["symbol"]) for t in coloured}
    assert len(looks) == 20
    assert plot.table
    assert len(plot.table.rows) == 300


def test_map_colours_the_largest_meanings() -> None:
    """Of 25 meanings of 1 to 25 documents, those of 6 and more get a colour."""
    points = tuple(
        MapPoint(0.0, float(at), "en", f"g{size:02}", f"d{size}-{at}", "x")
        for size in range(1, 26)
        for at in range(size)
    )
    audit = dataclasses.replace(AUDITS["groups"], map2d=VectorMap("m", (0.5, 0.5), points))
    grey, *coloured = map_plot(audit).figures[1][1].data
    assert [trace["name"] for trace in coloured] == [f"g{size:02}" for size in range(25, 5, -1)]
    assert grey["name"] == "others (15)"


def test_map_without_groups_has_no_switch(pages: dict[str, str]) -> None:
    """Where no meaning is known there is nothing to switch to."""
    audit = AUDITS["groups"]
    assert audit.map2d
    points = tuple(dataclasses.replace(p, group=None) for p in audit.map2d.points)
    bare = dataclasses.replace(audit, map2d=dataclasses.replace(audit.map2d, points=points))
    assert 'data-switch="map"' not in render_html(bare)
    assert 'data-switch="map"' in pages["groups"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_corpus_text_keeps_direction_and_language(pages: dict[str, str], lang: str) -> None:
    """Every text of the corpus stands in an element of its own direction and language."""
    for text in TEXTS[lang]:
        assert f'<bdi dir="auto" lang="{lang}">{text}</bdi>' in pages["groups"]


def test_language_of_a_text_is_named_only_if_it_is_a_tag() -> None:
    """An unknown language or a mischievous one gives no lang attribute."""
    assert corpus("x", "zh-Hant") == '<bdi dir="auto" lang="zh-Hant">x</bdi>'
    for odd in ("und", '"><b>', "", "a b"):
        assert corpus("x", odd) == '<bdi dir="auto">x</bdi>'


def test_sections_and_definitions_are_whole(read: dict[str, Reader]) -> None:
    """All definitions of the catalogue, the method, and what is missing."""
    text = "".join(read["groups"].text)
    for each in CATALOGUE.values():
        assert each.meaning in text
        assert each.chance in text
    audit = AUDITS["groups"]
    for wanted in (audit.method.command, audit.index.fingerprint, audit.method.created,
                   *audit.warnings, *audit.not_measured.values(), "fair −0.004"):  # fmt: skip
        assert wanted
        assert wanted in text
    noise = table(read["groups"], "measure", "value", "at least", "at most")
    # Mean excess of 0.82, 0.48, 0.55, 0.74 and 0.69, times 0.98.
    assert noise[0] == ["excess@10", "0.643", "0.631", "0.674"]
    assert "Stopped before all queries were asked" in "".join(read["labels"].text)
    assert "Stopped" not in text


def test_audit_of_one_language_still_has_a_report() -> None:
    """With nothing defined, no plot is drawn, each says why, and no value is a number."""
    why = "every document in reach is in the language of the query"
    gone = Measurement(None, None, None, None, 0, why)
    overall = {Measure("excess", 10): gone, Measure("same_language", 10): gone}
    bare = dataclasses.replace(
        AUDITS["labels"], overall=overall, by_language={}, matrix=Matrix(10, {}, {})
    )
    page = render_html(bare)
    assert page.count('class="absent"') == 6
    assert f"Not drawn: excess@10 is undefined: {why}." in page
    rows = table(Reader(page), "measure", "title", "value")
    assert rows[0] == ["excess@10", "excess", DASH, DASH, DASH, DASH, "0", why]


def test_measure_at_the_nearest_k() -> None:
    """The matrix is at 10; without excess@10 the nearest is excess@5."""
    audit = AUDITS["groups"]
    assert pick(audit, "excess") == Measure("excess", 10)
    assert pick(audit, "excess", 4) == Measure("excess", 5)
    assert pick(audit, "no_such") is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (0.0, "0.000"),
        (-0.0421, "−0.042"),
        (1234, "1,234"),
        (0.00001234, "1.2e-05"),
        (-0.0002, "−2.0e-04"),
        (3.14159, "3.142"),
    ],
)
def test_numbers_are_written_with_what_they_hold(value: float | None, shown: str) -> None:
    """A small number is not rounded to 0, an undefined one is no number."""
    assert decimal(value) == shown


@given(st.integers(1, 40), st.integers(1, 9))
def test_blocks_hold_every_column_once(columns: int, most: int) -> None:
    """Put together again, the blocks give the table; none is wider than allowed."""
    head = tuple(f"c{at}" for at in range(columns))
    rows = tuple(tuple(number(row * 100.0 + at) for at in range(columns)) for row in range(2))
    parts = blocks(Table("t", head, rows), most)
    assert all(len(part.head) <= most + 1 for part in parts)
    assert all(part.head[0] == "c0" for part in parts)
    assert sum((part.head[1:] for part in parts), ("c0",)) == head
    for at, row in enumerate(rows):
        assert sum((part.rows[at][1:] for part in parts), row[:1]) == row
    sizes = {len(part.head) for part in parts}
    assert max(sizes) - min(sizes) <= 1


@given(st.text())
def test_any_text_is_read_back(raw: str) -> None:
    """What a browser reads in an element and in an attribute is the text, made printable."""
    reader = Reader(element("p", escape(raw), {"title": raw}))
    assert "".join(reader.text) == printable(raw)
    assert reader.elements == [("p", {"title": printable(raw)})]


@given(st.text(alphabet=st.sampled_from("<>&;#ablt$/ \"'\x00\u202e\n")))
def test_labels_hold_no_markup(raw: str) -> None:
    """Nothing is left that plotly reads as a tag or as TeX; the references give the text back."""
    shown = label(raw)
    assert not set("<>$") & set(shown)
    assert html.unescape(shown) == printable(raw)
    assert set(re.findall(r"<[^>]*>", hover((raw, raw)))) <= {"<br>"}


def test_colours_can_be_told_from_the_page_and_apart() -> None:
    """Marks have a contrast of 3 to the page, text 4.5, in both schemes (WCAG 2.2)."""
    for scheme in (0, 1):
        assert contrast(INK[scheme], PAPER[scheme]) >= 7
        assert contrast(QUIET[scheme], PAPER[scheme]) >= 4.5
        assert all(contrast(shade[scheme], PAPER[scheme]) >= 3 for shade in SERIES)
        assert contrast(REST[scheme], PAPER[scheme]) < min(
            contrast(shade[scheme], PAPER[scheme]) for shade in SERIES
        )
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    pairs = {(n % len(SERIES), n % len(SYMBOLS)) for n in range(len(SERIES) * len(SYMBOLS))}
    assert len(pairs) == 42


@pytest.mark.parametrize("stops", [DIVERGING, SEQUENTIAL])
def test_numbers_in_cells_can_be_read(stops: tuple[tuple[str, str], ...]) -> None:
    """At every stop of a colour scale black or white is chosen with a contrast above 4.5."""
    for at, shade in enumerate(stops):
        chosen = on(DIVERGING if len(stops) == 5 else SEQUENTIAL, at / (len(stops) - 1))
        for scheme, name in ((0, "$light"), (1, "$dark")):
            assert contrast(chosen[name], shade[scheme]) >= 4.5


def test_without_plotly_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing plotly is a user's error with the command that mends it."""
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    with pytest.raises(UsageError) as caught:
        render_html(AUDITS["labels"])
    assert caught.value.remedy == "pip install 'interlingua[html]'"


def test_importing_the_report_loads_nothing_heavy() -> None:
    """A program that writes no report waits for no plotly, and none waits for torch."""
    code = (
        "import sys, search.reports.html\n"
        "print({'plotly', 'torch', 'sklearn', 'faiss', 'transformers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
