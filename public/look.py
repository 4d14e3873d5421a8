"""How a public page looks and speaks: the unit's colour and names, and the reader's language."""

from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation.trans_real import parse_accept_lang_header

from preferences.languages import language_name, own_languages
from preferences.models import BusinessUnit


class LanguageLink(NamedTuple):
    code: str
    name: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What a page shows of the sender; without a unit nothing but the name of the product."""

    unit: BusinessUnit | None = None

    @property
    def name(self) -> str:
        return self.unit.name if self.unit else ""

    @property
    def stylesheet(self) -> str:
        """Return the address of the unit's colours; a new colour is a new address."""
        if self.unit is None:
            return ""
        return f"/brand/{self.unit.slug}.css?v={self.unit.brand_colour.removeprefix('#')}"

    @property
    def logo(self) -> str:
        """Return the address of the unit's logo, "" when it has none; a new logo is a new address."""
        if self.unit is None or not self.unit.logo_key:
            return ""
        return f"/brand/{self.unit.slug}/{self.unit.logo_key}.png"

    @property
    def postal_address(self) -> str:
        return self.unit.postal_address if self.unit else ""

    @property
    def email(self) -> str:
        return self.unit.sender_email if self.unit else ""


def language_of(request: HttpRequest, unit: BusinessUnit | None = None) -> str:
    """Return the language to answer in: asked for in the URL, the browser's, the unit's.

    No cookie is read, and none is set.
    """
    known = own_languages()
    wished = request.GET.get("lang", "")
    if wished in known:
        return wished
    for tag, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if tag.partition("-")[0] in known:
            return tag.partition("-")[0]
    default = unit.default_language if unit else ""
    return default if default in known else settings.LANGUAGE_CODE


def language_links(current: str) -> list[LanguageLink]:
    return [LanguageLink(code, language_name(code), code == current) for code in own_languages()]
