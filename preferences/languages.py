"""The languages that texts for people can be written in."""

from django.conf import settings
from django.conf.locale import LANG_INFO


def language_name(code: str) -> str:
    """Return a language's name in that language: "Polski"."""
    name: str = LANG_INFO.get(code, {}).get("name_local", code)
    return name[:1].upper() + name[1:]


def own_languages() -> list[str]:
    """Return the codes of the languages the product itself speaks."""
    return [code for code, _ in settings.LANGUAGES]


def language_choices() -> list[tuple[str, str]]:
    """Return code and name of every language, those the product speaks first."""
    own = own_languages()
    known = [code for code, info in LANG_INFO.items() if "name_local" in info and code not in own]
    others = sorted(((code, language_name(code)) for code in known), key=lambda pair: pair[1])
    return [(code, language_name(code)) for code in own] + others
