"""The languages that texts for people can be written in."""

from collections.abc import Callable, Collection, Mapping

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


type Speakers = Callable[[Collection[int]], Mapping[int, str]]

_speakers: dict[str, Speakers] = {}


def register_speakers(name: str, speakers: Speakers) -> None:
    """Let an app above say which language the people of some addresses read, as far as it knows."""
    _speakers[name] = speakers


def reading_languages(address_ids: Collection[int], *, default: str) -> dict[int, str]:
    """Return for each address a language that the product speaks; ``default`` where nobody knows."""
    own = own_languages()
    fallback = default if default in own else settings.LANGUAGE_CODE
    found = dict.fromkeys(address_ids, fallback)
    for speakers in _speakers.values():
        for address_id, language in speakers(address_ids).items():
            code = language.partition("-")[0].lower()
            if code in own:
                found[address_id] = code
    return found
