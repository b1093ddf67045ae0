"""Bias against meaning as a picture: one SVG file that needs nothing else."""

from html import escape

from search.debias.result import Evaluation, Judgement

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _EDGE = 860, 560, 70, 60, 24
_BIAS = "language bias: distance of excess@10 from chance"
_COLOURS = {"frontier": "#0b6e4f", "other": "#8a8f98", "untouched": "#b3261e"}


def evaluation_svg(found: Evaluation) -> str:
    """Draw every candidate: further left is less biased, further up finds more.

    The frontier is joined by a line and named; the recommended one has a ring.
    """
    points = [(abs(j.excess.value or 0.0), _meaning(j)) for j in found.judgements]
    high = max((x for x, _ in points), default=1.0) * 1.08 or 1.0
    low, top = _range([y for _, y in points])

    def place(point: tuple[float, float]) -> tuple[float, float]:
        x = _LEFT + point[0] / high * (_WIDTH - _LEFT - _EDGE)
        y = _HEIGHT - _BOTTOM - (point[1] - low) / (top - low) * (_HEIGHT - _BOTTOM - _EDGE)
        return round(x, 1), round(y, 1)

    parts = [_axes(high, low, top, "mAP" if found.judgements[0].map else found.guard)]
    line = sorted(place(points[n]) for n in found.frontier)
    path = " ".join(f"{x},{y}" for x, y in line)
    parts.append(f'<polyline points="{path}" fill="none" stroke="#0b6e4f" stroke-width="1.5"/>')
    for number, judgement in enumerate(found.judgements):
        kind = "frontier" if number in found.frontier else "other"
        kind = "untouched" if number == 0 else kind
        parts.append(_dot(place(points[number]), str(judgement.candidate), kind))
        if number == found.chosen:
            x, y = place(points[number])
            parts.append(f'<circle cx="{x}" cy="{y}" r="10" fill="none" stroke="#0b6e4f"/>')
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="12" role="img">\n'
        "<title>Language bias against meaning, by method</title>\n"
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


def _meaning(judgement: Judgement) -> float:
    found = judgement.map if judgement.map is not None else judgement.own_language
    return found.value or 0.0


def _range(values: list[float]) -> tuple[float, float]:
    low, top = min(values, default=0.0), max(values, default=1.0)
    room = 0.08 * (top - low) or 0.1
    return low - room, top + room


def _dot(at: tuple[float, float], name: str, kind: str) -> str:
    colour, named = _COLOURS[kind], kind != "other"
    dot = f'<circle cx="{at[0]}" cy="{at[1]}" r="5" fill="{colour}"><title>{escape(name)}</title>'
    anchor = "end" if at[0] > _WIDTH - 200 else "start"
    x = at[0] - 9 if anchor == "end" else at[0] + 9
    label = (
        f'<text x="{x}" y="{at[1] + 4}" text-anchor="{anchor}" fill="{colour}">'
        f"{escape(name)}</text>"
        if named
        else ""
    )
    return f"{dot}</circle>{label}"


def _label(where: str, text: str) -> str:
    return f'<text {where} text-anchor="middle">{escape(text)}</text>'


def _axes(high: float, low: float, top: float, meaning: str) -> str:
    right, bottom = _WIDTH - _EDGE, _HEIGHT - _BOTTOM
    parts = [
        f'<path d="M{_LEFT},{_EDGE} V{bottom} H{right}" fill="none" stroke="#444"/>',
        _label(f'x="{(_LEFT + right) / 2}" y="{_HEIGHT - 14}"', _BIAS),
        _label(f'transform="translate(18,{(_EDGE + bottom) / 2}) rotate(-90)"', meaning),
    ]
    for step in range(6):
        x = _LEFT + step / 5 * (right - _LEFT)
        y = bottom - step / 5 * (bottom - _EDGE)
        parts.append(
            f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{high * step / 5:.2f}</text>'
        )
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">'
            f"{low + (top - low) * step / 5:.2f}</text>"
        )
    return "\n".join(parts)
