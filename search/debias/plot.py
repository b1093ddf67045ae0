"""Bias against meaning as a picture: one SVG file that needs nothing else."""

from html import escape

from search.debias.result import Evaluation, Judgement

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _EDGE, _LEGEND = 1080, 560, 70, 60, 24, 290
_BIAS = "language bias: distance of excess@10 from chance"
_COLOURS = {"frontier": "#0b6e4f", "other": "#8a8f98", "untouched": "#b3261e"}


def evaluation_svg(found: Evaluation) -> str:
    """Draw every candidate: further left is less biased, further up finds more.

    The frontier is joined by a line, numbered and named beside; the recommended one has a ring.
    """
    points = [(abs(j.excess.value or 0.0), _meaning(j)) for j in found.judgements]
    high = max((x for x, _ in points), default=1.0) * 1.08 or 1.0
    low, top = _range([y for _, y in points])

    def place(point: tuple[float, float]) -> tuple[float, float]:
        x = _LEFT + point[0] / high * (_WIDTH - _LEFT - _LEGEND)
        y = _HEIGHT - _BOTTOM - (point[1] - low) / (top - low) * (_HEIGHT - _BOTTOM - _EDGE)
        return round(x, 1), round(y, 1)

    parts = [_axes(high, low, top, "mAP" if found.judgements[0].map else found.guard)]
    line = sorted(found.frontier, key=lambda n: points[n])
    path = " ".join(f"{x},{y}" for x, y in (place(points[n]) for n in line))
    parts.append(f'<polyline points="{path}" fill="none" stroke="#0b6e4f" stroke-width="1.5"/>')
    for number, judgement in enumerate(found.judgements):
        kind = "frontier" if number in found.frontier else "other"
        kind = "untouched" if number == 0 else kind
        label = str(line.index(number) + 1) if number in line else ""
        parts.append(_dot(place(points[number]), str(judgement.candidate), label, kind))
    if found.chosen is not None:
        x, y = place(points[found.chosen])
        parts.append(f'<circle cx="{x}" cy="{y}" r="10" fill="none" stroke="#0b6e4f"/>')
    parts.append(_names(found, line))
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


def _dot(at: tuple[float, float], name: str, label: str, kind: str) -> str:
    x, y = at
    dot = f'<circle cx="{x}" cy="{y}" r="5" fill="{_COLOURS[kind]}"><title>{escape(name)}</title>'
    return f'{dot}</circle><text x="{x - 4}" y="{y - 9}">{label}</text>'


def _names(found: Evaluation, line: list[int]) -> str:
    """List what the numbers and colours stand for, beside the axes."""
    rows = [("untouched", "the untouched index")]
    rows += [
        ("frontier", f"{place}  {found.judgements[number].candidate}")
        for place, number in enumerate(line, start=1)
    ]
    rows.append(("other", "others"))
    x = _WIDTH - _LEGEND + 10
    lines = [
        f'<circle cx="{x}" cy="{y - 4}" r="5" fill="{_COLOURS[kind]}"/>'
        f'<text x="{x + 12}" y="{y}">{escape(text)}</text>'
        for y, (kind, text) in zip(range(_EDGE + 10, _HEIGHT, 20), rows, strict=False)
    ]
    if found.chosen is not None:
        said = f"ring: {found.judgements[found.chosen].candidate}, recommended"
        lines.append(f'<text x="{x}" y="{_HEIGHT - _BOTTOM}">{escape(said)}</text>')
    return "".join(lines)


def _label(where: str, text: str) -> str:
    return f'<text {where} text-anchor="middle">{escape(text)}</text>'


def _axes(high: float, low: float, top: float, meaning: str) -> str:
    right, bottom = _WIDTH - _LEGEND, _HEIGHT - _BOTTOM
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
