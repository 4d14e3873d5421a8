"""Draws the logos of the made-up company: a mark and the name, as somebody's design office would."""

from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from preferences.logos import Logo, read_logo

SIZE = (1280, 288)  # drawn large and made smaller, so that edges are smooth
MARK = 224
INK = "#1c1c1a"
LETTERS = 100


def draw_logo(shape: str, colour: str, name: str) -> Logo:
    """Return the logo with this mark, "leaf" or "house", as if somebody had uploaded it."""
    picture = Image.new("RGB", SIZE, "white")
    pen = ImageDraw.Draw(picture)
    (_leaf if shape == "leaf" else _house)(pen, colour)
    font = ImageFont.load_default(LETTERS)
    pen.text((MARK + 56, SIZE[1] // 2), name, INK, font, "lm", stroke_width=2)
    right = MARK + 56 + round(pen.textlength(name, font)) + 16
    out = BytesIO()
    picture.crop((0, 0, min(right, SIZE[0]), SIZE[1])).save(out, "PNG")
    return read_logo(out.getvalue())


def _leaf(pen: ImageDraw.ImageDraw, colour: str) -> None:
    """Draw a seedling on a disc."""
    pen.ellipse((16, 32, 240, 256), colour)
    pen.line((128, 220, 128, 150), "white", 14)
    pen.polygon([(128, 164), (84, 156), (62, 126), (58, 96), (96, 100), (122, 124)], "white")
    pen.polygon([(128, 148), (134, 108), (162, 80), (204, 72), (196, 116), (166, 144)], "white")


def _house(pen: ImageDraw.ImageDraw, colour: str) -> None:
    """Draw a house with an open door."""
    pen.polygon([(16, 132), (128, 32), (240, 132), (240, 252), (16, 252)], colour)
    pen.rounded_rectangle((96, 152, 160, 268), 32, "white")
    pen.rectangle((96, 220, 160, 256), "white")
