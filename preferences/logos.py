"""Logos of business units: pictures from outside, drawn anew before anybody sees them.

Whatever was uploaded is decoded and written again as a small PNG, so that nothing but pixels is
kept: no comments, no places, no second file behind the first, no script (SVG is refused).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from django.db import transaction
from PIL import Image, ImageOps

from accounts.history import record_setting_change
from accounts.models import User
from preferences.catalogue import UNIT
from preferences.models import BusinessUnit, BusinessUnitLogo

FILE_LIMIT = 200_000
PIXEL_LIMIT = 4_000_000  # of what is decoded: a small file may unfold to gigabytes
LARGEST = (320, 96)  # twice the room on the page
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_MANY_COLOURS = 24_000  # bytes, from where on the picture gets a palette: the page shall stay light


class BadLogo(ValueError):
    """What was uploaded is no logo; ``reason``: "size", "pixels" or "picture"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture of ours. ``key`` names its content."""

    png: bytes
    width: int
    height: int

    @property
    def key(self) -> str:
        return hashlib.sha256(self.png).hexdigest()[:16]


def read_logo(data: bytes) -> Logo:
    """Return an uploaded picture as one of ours; raises BadLogo."""
    if len(data) > FILE_LIMIT:
        raise BadLogo("size")
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as found:
            if found.width * found.height > PIXEL_LIMIT:
                raise BadLogo("pixels")
            drawn = _plain(ImageOps.exif_transpose(found.convert("RGBA")))
    except BadLogo:
        raise
    except Image.DecompressionBombError as error:  # so large that it is not even opened
        raise BadLogo("pixels") from error
    except Exception as error:  # decoders stumble over hostile files in many ways
        raise BadLogo("picture") from error
    drawn.thumbnail(LARGEST)
    return Logo(_written(drawn), drawn.width, drawn.height)


def _plain(picture: Image.Image) -> Image.Image:
    """Return the picture without a layer of transparency that lets nothing through."""
    is_solid = picture.getchannel("A").getextrema() == (255, 255)
    return picture.convert("RGB") if is_solid else picture


def _written(picture: Image.Image) -> bytes:
    """Return the picture as PNG, with a palette if it would be heavy without."""
    png = _png(picture)
    if len(png) <= _MANY_COLOURS:
        return png
    return _png(picture.quantize(256, method=Image.Quantize.FASTOCTREE))


def _png(picture: Image.Image) -> bytes:
    picture.info.clear()
    out = BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def set_logo(*, unit: BusinessUnit, logo: Logo, user: User, now: datetime) -> BusinessUnit:
    """Show this logo from now on."""
    return _change(unit, logo, user, now)


def remove_logo(*, unit: BusinessUnit, user: User, now: datetime) -> BusinessUnit:
    """Show the name of the unit again, and forget the picture."""
    return _change(unit, None, user, now)


def logo_png(slug: str, key: str) -> bytes | None:
    """Return the picture of the unit with this short name, None when this is not its logo now."""
    found = BusinessUnitLogo.objects.filter(
        business_unit__slug=slug, business_unit__logo_key=key
    ).values_list("png", flat=True)
    png = found.first()
    return None if png is None else bytes(png)


@transaction.atomic
def _change(unit: BusinessUnit, logo: Logo | None, user: User, now: datetime) -> BusinessUnit:
    locked = BusinessUnit.objects.select_for_update().get(pk=unit.pk)
    before = _told(locked)
    locked.logo_key = logo.key if logo else ""
    locked.logo_width, locked.logo_height = (logo.width, logo.height) if logo else (0, 0)
    if before == _told(locked):
        return locked
    locked.save(update_fields=["logo_key", "logo_width", "logo_height"])
    if logo:
        BusinessUnitLogo.objects.update_or_create(business_unit=locked, defaults={"png": logo.png})
    else:
        BusinessUnitLogo.objects.filter(business_unit=locked).delete()
    record_setting_change(
        user=user,
        now=now,
        kind=UNIT,
        subject_id=locked.pk,
        label=locked.name,
        field="logo",
        before=before,
        after=_told(locked),
    )
    return locked


def _told(unit: BusinessUnit) -> str:
    """Return the logo as the history of settings names it."""
    if not unit.logo_key:
        return ""
    return f"PNG {unit.logo_width} x {unit.logo_height}, {unit.logo_key}"
