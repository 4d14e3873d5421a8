"""How well colours read on each other (WCAG 2.2, success criteria 1.4.3 and 1.4.11). Pure."""

READABLE_RATIO = 4.5
WHITE = "#ffffff"


def contrast_with_white(colour: str) -> float:
    """Return the contrast ratio of white and "#rrggbb", between 1 and 21."""
    return contrast(colour, WHITE)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours "#rrggbb", between 1 and 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
