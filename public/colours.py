"""A brand colour, made readable: on light and dark pages, and under white text. Pure."""

from collections.abc import Callable
from typing import NamedTuple

from preferences.contrast import READABLE_RATIO, WHITE, contrast

CONTROL_RATIO = 3.0  # WCAG 2.2, 1.4.11: what marks a control
BLACK = "#000000"
# The darkest light and the lightest dark that links stand on, and the dark that controls stand on;
# see the tokens in app.css.
LIGHT_PAGE, DARK_PAGE, DARK_CARD = "#eae8e2", "#2b2e34", "#191b1f"
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


def brand_of(colour: str) -> Brand:
    """Return the colours for a unit whose colour is "#rrggbb": the nearest readable ones."""
    solid = _until(colour, BLACK, lambda c: contrast(c, WHITE) >= READABLE_RATIO)
    return Brand(
        solid=solid,
        solid_dark=_until(solid, WHITE, lambda c: contrast(c, DARK_CARD) >= CONTROL_RATIO),
        ink=_until(colour, BLACK, lambda c: contrast(c, LIGHT_PAGE) >= READABLE_RATIO),
        ink_dark=_until(colour, WHITE, lambda c: contrast(c, DARK_PAGE) >= READABLE_RATIO),
    )


def _until(colour: str, towards: str, is_readable: Callable[[str], bool]) -> str:
    """Mix in black or white step by step until the colour is readable; the end of the way is."""
    mixes = (_mixed(colour, towards, step / _STEPS) for step in range(_STEPS))
    return next((mixed for mixed in mixes if is_readable(mixed)), towards)


def _mixed(colour: str, towards: str, share: float) -> str:
    pairs = zip(_parts(colour), _parts(towards), strict=True)
    return "#" + "".join(f"{round(part + (end - part) * share):02x}" for part, end in pairs)


def _parts(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))
