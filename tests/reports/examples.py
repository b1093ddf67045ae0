"""Audits written by hand: a rich one, one that knows languages only, and a hostile one."""

import dataclasses
import math

from search.audit.result import (
    Audit,
    AuditedIndex,
    AuditedQueries,
    AuditNeighbour,
    LabelNoise,
    MapPoint,
    Matrix,
    Method,
    VectorMap,
    WorstQuery,
)
from search.measures.measure import Measure, Measurement, Measurements

LANGUAGES = ("ar", "de", "en", "he", "zh")

TEXTS = {
    "ar": ("تشرق الشمس كل صباح من الشرق.", "أين تقع أقرب محطة قطار؟", "الخبز طازج اليوم."),
    "de": ("Die Sonne geht jeden Morgen im Osten auf.", "Wo ist der nächste Bahnhof?",
           "Das Brot ist heute frisch."),
    "en": ("The sun rises every morning in the east.", "Where is the nearest train station?",
           "The bread is fresh today."),
    "he": ("השמש זורחת כל בוקר במזרח.", "איפה תחנת הרכבת הקרובה?", "הלחם טרי היום."),
    "zh": ("太阳每天早晨从东方升起。", "最近的火车站在哪里？", "今天的面包很新鲜。"),
}  # fmt: skip
"""Three meanings in five languages."""

BIAS = {"ar": 0.82, "de": 0.48, "en": 0.55, "he": 0.74, "zh": 0.69}
"""excess@10 of each language."""

HOSTILE = (
    "<script>window.__pwned = 1</script>",
    "</script><script>window.__pwned = 2</script><!-- <script>",
    '"\'><img src=x onerror="window.__pwned = 3">',
    '<a href="javascript:window.__pwned=4">click</a> <b>bold</b> <br> &lt;i&gt; &amp; R&D',
    "\u202egnp.exe\u202c \u2066isolated\u2069 \x1b[31mred\x07\x08 a\u2028b",
    "%{x} $x^2$ ${7*7} {{7*7}} `id`",
    "שלום <svg onload=alert(1)> مرحبا",
)
"""Texts that would do harm unescaped, in HTML, in a script, or in a label of plotly."""


def groups_audit() -> Audit:
    """Make an audit that knows which documents mean the same, in five languages."""
    by_language = {lang: _by_language(lang) for lang in LANGUAGES}
    return Audit(
        mode="groups",
        index=AuditedIndex(1500, dict.fromkeys(LANGUAGES, 300), "multilingual-e5-small",
                           "e5-small:4bit:passage:3f9c1a", None, "passage", 7),
        queries=AuditedQueries("documents", 1500, 1000, dict.fromkeys(LANGUAGES, 200),
                               {"sampled out": 500}),
        overall=_overall(by_language),
        by_language=by_language,
        matrix=_matrix(),
        anchors={"map_random": 0.0124, "map_language_separated": 0.2087},
        worst=tuple(_worst(lang, at) for at, lang in enumerate(("he", "ar", "zh", "en"))),
        leave_one_out={q: {a: _fall(q, a) for a in LANGUAGES} for q in LANGUAGES},
        label_noise=LabelNoise(42, 17, 0.9, {Measure("excess", 10): (0.631, 0.674),
                                             Measure("same_language", 10): (0.702, 0.741)}),
        warnings=("fewer than 30 queries, read with care: he 28",),
        not_measured={"variance_language": "a group in every language; 212 of 300 groups have one"},
        map2d=_map(),
        method=_method(),
    )  # fmt: skip


def labels_audit() -> Audit:
    """Make an audit that knows languages only, one of them with nothing to compare with."""
    rich = groups_audit()
    known = ("same_language", "excess", "lift", "log_odds", "significant")
    gone = Measurement(None, None, None, None, 0, "every document in reach is in the language")
    by_language: dict[str, Measurements] = {
        lang: {m: gone if lang == "zh" else v for m, v in found.items() if m.name in known}
        for lang, found in rich.by_language.items()
    }
    need = "groups: a `group` that joins documents which mean the same"
    names = ("strong_auc", "strong_strict", "weak_recall@1", "gap", "map")
    return dataclasses.replace(
        rich,
        mode="labels",
        overall={m: v for m, v in rich.overall.items() if m.name in known},
        by_language=by_language,
        anchors={},
        worst=(),
        leave_one_out=None,
        label_noise=LabelNoise(0, 0, 0.9, {}),
        warnings=(),
        not_measured=dict.fromkeys(names, need),
        map2d=None,
        matrix=Matrix(
            10,
            {"en": {"en": 0.7, "he": 0.3}, "he": {"en": 0.0, "he": 1.0}, "zh": {}},
            {"en": {"en": 0.5, "he": 0.5}, "he": {"en": 0.5, "he": 0.5}, "zh": {"zh": 0.0}},
        ),
        method=dataclasses.replace(rich.method, command=None, self_check={}),
        interrupted=True,
    )


def hostile_audit() -> Audit:
    """Make an audit whose every text means harm."""
    rich = groups_audit()
    points = tuple(
        MapPoint(float(at % 3), float(at), harm, harm, f"{harm}{at}", harm)
        for at, harm in enumerate(HOSTILE * 2)
    )
    measured = rich.by_language["en"]
    shares = {harm: {other: 1 / len(HOSTILE) for other in HOSTILE} for harm in HOSTILE}
    evil = " ".join(HOSTILE)
    near = tuple(AuditNeighbour(1, harm, harm, 0.5, harm, False) for harm in HOSTILE)
    return dataclasses.replace(
        rich,
        index=dataclasses.replace(
            rich.index, languages=dict.fromkeys(HOSTILE, 9), encoder=evil, fingerprint=evil,
            transform=evil,
        ),
        queries=dataclasses.replace(
            rich.queries, languages=dict.fromkeys(HOSTILE, 9), skipped={evil: 3}
        ),
        by_language=dict.fromkeys(HOSTILE, measured),
        matrix=Matrix(10, shares, shares),
        anchors={evil: 0.5},
        worst=tuple(WorstQuery(h, h, h, 9, 10, 2.0, 1e-9, 2, near) for h in HOSTILE),
        leave_one_out={h: dict.fromkeys(HOSTILE, 0.1) for h in HOSTILE},
        warnings=HOSTILE,
        not_measured={harm: harm for harm in HOSTILE},
        map2d=VectorMap(evil, (0.5, 0.25), points),
        method=dataclasses.replace(rich.method, command=evil, versions={h: h for h in HOSTILE},
                                   created=evil, arithmetic=evil),
    )  # fmt: skip


def many_languages_audit(count: int = 30) -> Audit:
    """Make an audit of more languages than fit on a narrow page side by side."""
    rich = groups_audit()
    names = tuple(f"l{chr(97 + at // 26)}{chr(97 + at % 26)}" for at in range(count))
    shares = {a: {b: 0.7 if a == b else 0.3 / (count - 1) for b in names} for a in names}
    chance = {a: dict.fromkeys(names, 1 / count) for a in names}
    points = tuple(
        MapPoint(
            math.cos(at), math.sin(at * 1.7), names[at % count], f"g{at // count}", f"d{at}", "x"
        )
        for at in range(10 * count)
    )
    return dataclasses.replace(
        rich,
        index=dataclasses.replace(rich.index, languages=dict.fromkeys(names, 50)),
        by_language=dict.fromkeys(names, rich.by_language["en"]),
        matrix=Matrix(10, shares, chance),
        leave_one_out={a: dict.fromkeys(names, 0.02) for a in names},
        map2d=VectorMap("principal components", (0.2, 0.1), points),
    )  # fmt: skip


def _measurement(value: float, chance: float, half: float = 0.03, n: int = 200) -> Measurement:
    return Measurement(value, chance, value - half, value + half, n)


def _by_language(lang: str) -> dict[Measure, Measurement]:
    """Make the measures of one language, consistent with its excess."""
    excess = BIAS[lang]
    found = {Measure("excess", k): _measurement(excess * (1 - k / 500), 0.0) for k in (1, 5, 10)}
    share = 0.2 + 0.8 * found[Measure("excess", 10)].value  # type: ignore[operator]
    found |= {
        Measure("same_language", 10): _measurement(share, 0.2),
        Measure("lift", 10): _measurement(share / 0.2, 1.0, 0.15),
        Measure("log_odds", 10): _measurement(math.log(share / (1 - share) * 4), 0.0, 0.2),
        Measure("significant", 10): _measurement(min(0.99, excess + 0.2), 0.033),
        Measure("strong_auc"): _measurement(1 - excess / 2, 0.5),
        Measure("strong_strict"): _measurement(0.9 - excess, 1 / 300),
        Measure("weak_recall", 1): _measurement(0.93 - excess / 6, 1 / 300),
        Measure("gap"): _measurement(0.03 + excess * 5 / 6, 0.0),
        Measure("map"): _measurement(0.75 - excess / 1.5, 0.0124),
        Measure("new_measure", 10): _measurement(-0.0001, 0.0, 0.0002),
    }
    if lang == "de":
        why = "fewer than 3 right documents in 2 languages"
        found[Measure("peer")] = Measurement(None, 0.48, None, None, 0, why)
    return found


def _overall(by_language: dict[str, dict[Measure, Measurement]]) -> dict[Measure, Measurement]:
    """Average over languages; undefined where no language has the measure."""
    measures = {m for found in by_language.values() for m in found}
    overall = {}
    for measure in measures:
        found = [each[measure] for each in by_language.values() if measure in each]
        values = [m.value for m in found if m.value is not None]
        if not values:
            overall[measure] = found[0]
            continue
        chance = found[0].chance
        assert chance is not None
        mean = sum(values) / len(values)
        overall[measure] = _measurement(mean, chance, 0.015, 200 * len(values))
    return overall


def _matrix() -> Matrix:
    observed = {}
    for lang in LANGUAGES:
        own = 0.2 + 0.8 * BIAS[lang]
        weights = {o: (2.0 if {o, lang} <= {"de", "en"} or {o, lang} <= {"ar", "he"} else 1.0)
                   for o in LANGUAGES if o != lang}  # fmt: skip
        total = sum(weights.values())
        observed[lang] = {o: (1 - own) * w / total for o, w in weights.items()} | {lang: own}
    chance = {lang: dict.fromkeys(LANGUAGES, 0.2) for lang in LANGUAGES}
    return Matrix(10, observed, chance)


def _fall(query: str, answer: str) -> float | None:
    if (query, answer) == ("zh", "de"):
        return None
    return 0.31 * BIAS[query] + 0.05 if query == answer else 0.021


def _worst(lang: str, at: int) -> WorstQuery:
    meaning = at % 3
    near = [
        AuditNeighbour(rank, f"{lang}{rank * 7}", lang, 0.93 - rank / 50,
                       TEXTS[lang][(meaning + rank) % 3], False)
        for rank in range(1, 4)
    ]  # fmt: skip
    near.append(AuditNeighbour(4, "en12", "en", 0.842, TEXTS["en"][meaning], True))
    return WorstQuery(f"{lang}{at}", lang, TEXTS[lang][meaning], 9, 10, 2.0, 3.2e-6, 3, tuple(near))


def _map() -> VectorMap:
    points = []
    for at in range(60):
        for turn, lang in enumerate(LANGUAGES):
            angle = 2 * math.pi * turn / 5
            x = 3 * math.cos(angle) + math.cos(at * 2.4) * (1 + at % 7 / 6)
            y = 3 * math.sin(angle) + math.sin(at * 2.4) * (1 + at % 5 / 4)
            text = TEXTS[lang][at % 3]
            group = None if at == 59 else f"meaning {at}"
            points.append(MapPoint(round(x, 5), round(y, 5), lang, group, f"{lang}{at}", text))
    return VectorMap("principal components", (0.312, 0.148), tuple(points))


def _method() -> Method:
    return Method(
        command="interlingua audit --index news.idx --sample 1000 --html report.html",
        seed=0,
        replicates=1000,
        ks=(1, 5, 10),
        sample=1000,
        search="exact",
        arithmetic="cpu bfloat16",
        created="2026-05-04T10:20:30Z",
        seconds=12.34,
        versions={"interlingua": "0.1.0", "numpy": "2.3.0", "torch": "2.7.0"},
        self_check={"fair": -0.004, "biased": 0.981},
    )
