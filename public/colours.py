"""A brand colour, made readable: on white and black pages, and under white text. Pure.

Contrast is that of WCAG 2.2: 4.5 to 1 for text, 3 to 1 for what marks a control.
"""

from collections.abc import Callable
from typing import NamedTuple

type Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
# The darkest light and the lightest dark that text stands on; see the tokens in app.css.
LIGHT_PAGE: Colour = (0xEA, 0xE8, 0xE2)
DARK_PAGE: Colour = (0x2B, 0x2E, 0x34)
TEXT, CONTROL = 4.5, 3.0
_STEPS = 50


class Brand(NamedTuple):
    """``solid`` carries white text, ``ink`` is text on the page; each for light and dark pages."""

    solid: str
    solid_dark: str
    ink: str
    ink_dark: str

    def stylesheet(self) -> str:
        return (
            "@layer public { .public { "
            f"--brand: light-dark({self.solid}, {self.solid_dark}); "
            f"--brand-ink: light-dark({self.ink}, {self.ink_dark}); }} }}\n"
        )


def brand_of(text: str) -> Brand:
    """Return the colours for a unit whose colour is written as #rrggbb: the nearest readable ones."""
    colour = _parsed(text)
    solid = _until(colour, BLACK, lambda c: contrast(c, WHITE) >= TEXT)
    lit = _until(solid, WHITE, lambda c: contrast(c, (0x19, 0x1B, 0x1F)) >= CONTROL)
    ink = _until(colour, BLACK, lambda c: contrast(c, LIGHT_PAGE) >= TEXT)
    ink_dark = _until(colour, WHITE, lambda c: contrast(c, DARK_PAGE) >= TEXT)
    return Brand(_written(solid), _written(lit), _written(ink), _written(ink_dark))


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast of two colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _until(colour: Colour, towards: Colour, is_readable: Callable[[Colour], bool]) -> Colour:
    """Mix in black or white step by step until the colour is readable; the end of the way is."""
    for step in range(_STEPS):
        mixed = _mixed(colour, towards, step / _STEPS)
        if is_readable(mixed):
            return mixed
    return towards


def _mixed(colour: Colour, towards: Colour, share: float) -> Colour:
    red, green, blue = (
        round(part + (end - part) * share) for part, end in zip(colour, towards, strict=True)
    )
    return red, green, blue


def _parsed(text: str) -> Colour:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _written(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
