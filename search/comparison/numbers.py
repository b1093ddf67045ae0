"""Numbers as a comparison and a gate print them."""

DASH = "-"
"""Stands for what is undefined."""


def number(value: float | None, digits: int = 3) -> str:
    """Print a value; a dash where it is undefined, no minus before zero."""
    if value is None:
        return DASH
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text


def signed(value: float | None) -> str:
    """Print a difference with its sign; a dash where it is undefined, no sign before zero."""
    text = number(value, 4)
    return f"+{text}" if value is not None and value > 0 and float(text) else text


def percent(level: float) -> str:
    """Print the level of an interval: ``95 %``."""
    return f"{100 * level:.4g} %"


def p_text(p: float) -> str:
    """Print a p-value."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
