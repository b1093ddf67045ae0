"""Colours of the plots: each as a pair for light and dark, told apart by colour-blind readers.

A figure holds pairs; the script of the page takes the one that the reader's scheme asks for.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Shade(NamedTuple):
    """One colour as ``#rrggbb`` on a light page and on a dark one."""

    light: str
    dark: str

    def pair(self) -> dict[str, str]:
        """Make the pair that the script of the page resolves."""
        return {"$light": self.light, "$dark": self.dark}


PAPER = Shade("#ffffff", "#15181d")
"""Background of the page, as the style sheet has it."""
INK = Shade("#1c1f24", "#e6e8eb")
QUIET = Shade("#555b66", "#a9b0bb")
GRID = Shade("#e3e5e9", "#2c313a")
REST = Shade("#b4b9c1", "#525966")
"""Points that no colour is left for."""

SERIES = (
    Shade("#0068a8", "#62b5f0"),
    Shade("#c24e00", "#ff9a57"),
    Shade("#007a5e", "#35c99c"),
    Shade("#a23b78", "#ee9bc9"),
    Shade("#8a6100", "#efc350"),
    Shade("#5a45b0", "#b3a6ff"),
    Shade("#4d5660", "#c3cad4"),
)
"""Of hues that stay apart in red-green blindness (after Okabe and Ito), at a contrast of at least
3 to the page."""

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-down")
"""Six shapes beside seven colours: 42 series differ in more than colour."""

DIVERGING = (
    Shade("#1f5fa8", "#6cb4f5"),
    Shade("#a9cbe8", "#33567a"),
    Shade("#f3f3f1", "#2a2e35"),
    Shade("#f4bf8f", "#7d4c22"),
    Shade("#a84300", "#ff9d52"),
)
"""From fewer than chance (blue) over chance to more (orange)."""

SEQUENTIAL = DIVERGING[2:]
"""From nothing to much."""


def scale(stops: Sequence[Shade]) -> list[list[Any]]:
    """Make a plotly colour scale of stops at equal distances."""
    return [[at / (len(stops) - 1), stop.pair()] for at, stop in enumerate(stops)]


def on(stops: Sequence[Shade], at: float) -> dict[str, str]:
    """Find black or white, whichever is easier to read on the scale.

    Args:
        stops: the scale, its stops at equal distances.
        at: where on it, in [0, 1].
    """
    light, dark = (_readable(_between([stop[scheme] for stop in stops], at)) for scheme in (0, 1))
    return Shade(light, dark).pair()


def contrast(one: str, other: str) -> float:
    """Contrast of two colours ``#rrggbb``, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dim, bright = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))))
    return (bright + 0.05) / (dim + 0.05)


def _readable(rgb: tuple[float, ...]) -> str:
    # (1.05) / (L + 0.05) and (L + 0.05) / 0.05 are equal at L = 0.179.
    return "#ffffff" if _luminance(rgb) < 0.179 else "#000000"


def _between(colours: Sequence[str], at: float) -> tuple[float, ...]:
    """Mix neighbouring stops as plotly does, evenly in sRGB."""
    place = min(max(at, 0.0), 1.0) * (len(colours) - 1)
    first = min(int(place), len(colours) - 2)
    share = place - first
    pairs = zip(_rgb(colours[first]), _rgb(colours[first + 1]), strict=True)
    return tuple(a + share * (b - a) for a, b in pairs)


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))


def _luminance(rgb: Sequence[float]) -> float:
    """Relative luminance of an sRGB colour with channels in [0, 1] (WCAG 2.2)."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
