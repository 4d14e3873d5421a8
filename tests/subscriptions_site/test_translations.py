"""The catalogues: what the check finds, and that no English is left on the pages in Polish."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from shutil import which
from subprocess import run
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils import translation
from django.utils.translation import gettext

from accounts.models import Role
from contacts import wording as contact_wording
from contacts.custom import InvalidValue, PropertyRule, read_value
from contacts.parsing import reading
from contacts.values import PropertyKind
from preferences import addresses, wording
from preferences.languages import language_name
from preferences.values import unit_scope
from subscriptions_site.management.commands import check_translations as check
from tests.conftest import make_user
from tests.contacts.panel_scene import IN, Scene
from tests.factories import CustomPropertyFactory

needs_gettext = pytest.mark.skipif(which("msgfmt") is None, reason="no gettext on this machine")

HEADER = r"""
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"
"""
SOUND = """
msgid "Save"
msgstr "Zapisz"

#, python-format
msgid "By %(name)s"
msgstr "Zmiana: %(name)s"
"""


# --- what the check finds ---


def catalogue(folder: Path, entries: str, *, compiled: str | None = None) -> Path:
    """Write a .po file with these entries, and the .mo file of these or of others."""
    source = folder / "pl" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text(HEADER + (entries if compiled is None else compiled))
    run(["msgfmt", "-o", source.with_suffix(".mo"), source], check=True)
    source.write_text(HEADER + entries)
    return source


@needs_gettext
def test_a_complete_catalogue_has_no_problem(tmp_path):
    source = catalogue(tmp_path, SOUND)
    assert check.problems_of(source, {"Save", "By %(name)s"}) == []


@needs_gettext
@pytest.mark.parametrize(
    "entry",
    [
        "",
        'msgid "Undo"\nmsgstr ""\n',
        '#, fuzzy\nmsgid "Undo"\nmsgstr "Cofnij"\n',
        'msgctxt "history"\nmsgid "Undo"\nmsgstr "Cofnij"\n',
    ],
    ids=["missing", "empty", "fuzzy", "of another meaning"],
)
def test_a_text_without_translation_is_named(tmp_path, entry):
    source = catalogue(tmp_path, SOUND + "\n" + entry)
    counted, named = check.problems_of(source, {"Save", "Undo"})
    assert counted.startswith("1 texts are not translated")
    assert "'Undo'" in named


@needs_gettext
def test_a_broken_placeholder_is_found(tmp_path):
    broken = SOUND.replace("Zmiana: %(name)s", "Zmiana: %(nazwa)s")
    source = catalogue(tmp_path, broken, compiled=SOUND)
    assert any("name" in problem for problem in check.problems_of(source, ()))


@needs_gettext
def test_an_old_compiled_file_is_found_whatever_its_date(tmp_path):
    source = catalogue(tmp_path, SOUND.replace("Zapisz", "Zachowaj"), compiled=SOUND)
    assert check.problems_of(source, ()) == ["compile again with `sh dev compilemessages`"]
    source.with_suffix(".mo").unlink()
    assert check.problems_of(source, ()) == ["compile again with `sh dev compilemessages`"]


@needs_gettext
def test_texts_are_collected_from_python_and_templates(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "forms.py").write_text('label = gettext("One")\nplain = "Two"\n')
    (tmp_path / "app" / "page.html").write_text(
        '{% load i18n %}{% translate "On" context "switch" %}'
        "{% blocktranslate count n=n %}{{ n }} type{% plural %}{{ n }} types{% endblocktranslate %}"
    )
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_app.py").write_text('gettext("Three")')
    assert check.texts_of_source(tmp_path) == {"One", "switch\x04On", "%(n)s type"}
    assert not list(tmp_path.rglob("*.po"))


@needs_gettext
def test_the_command_fails_with_a_list(tmp_path, monkeypatch):
    catalogue(tmp_path, SOUND)
    monkeypatch.setattr(settings, "BASE_DIR", tmp_path)
    monkeypatch.setattr(settings, "LOCALE_PATHS", [tmp_path])
    monkeypatch.setattr(check, "texts_of_source", lambda root, places: {"Undo"})
    with pytest.raises(CommandError, match=r"pl/LC_MESSAGES/django\.po: 1 texts"):
        call_command("check_translations")


# --- texts of modules that know no framework ---


def test_every_problem_of_an_address_is_in_the_catalogues():
    assert set(wording.ADDRESS_PROBLEMS) == set(addresses.MESSAGES.values())


def test_every_problem_of_a_row_is_in_the_catalogues():
    texts = {v for name, v in vars(reading).items() if isinstance(v, str) and v.endswith(".")}
    assert set(contact_wording.ROW_PROBLEMS) == {t for t in texts if t != reading.__doc__}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (PropertyKind.NUMBER, "many"),
        (PropertyKind.NUMBER, "1e99"),
        (PropertyKind.DATE, "soon"),
        (PropertyKind.YES_NO, "perhaps"),
        (PropertyKind.CHOICE, "blue"),
        (PropertyKind.TEXT, "x" * 2001),
    ],
)
def test_every_problem_of_a_value_is_in_the_catalogues(kind, text):
    with pytest.raises(InvalidValue) as caught:
        read_value(PropertyRule("colour", kind, ("red",)), text)
    assert str(caught.value) in contact_wording.VALUE_PROBLEMS
    with translation.override("pl"):
        assert gettext(str(caught.value)) != str(caught.value)


# --- pages in Polish ---


def english_texts() -> tuple[frozenset[str], re.Pattern[str]]:
    """Return the texts that Polish says differently, and a pattern for those with placeholders."""
    compiled = Path(settings.BASE_DIR, "locale", "pl", "LC_MESSAGES", "django.mo")
    plain, parts = set(), set()
    for key, polish in check._messages(compiled).items():
        english = check._text(key).rpartition("\x04")[2]
        if re.search(r"%\(\w+\)s", english):
            words = re.split(r"%\(\w+\)s", english)
            if max(map(len, words)) > 8 and "<" not in english:
                parts.add(".+".join(map(re.escape, words)))
        elif english != polish:
            plain.add(english)
    own_names = {language_name(code) for code, _name in settings.LANGUAGES}
    return frozenset(plain - own_names), re.compile("|".join(sorted(parts)))


class Words(HTMLParser):
    """Collects what a page says in its own language: text nodes, and attributes that people meet."""

    SILENT = frozenset({"script", "style", "code", "option"})
    SAID = frozenset({"aria-label", "placeholder", "title", "alt"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.links: list[str] = []
        self.silence: list[str] = []
        self.language = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.said += [values[name] or "" for name in self.SAID & values.keys()]
        self.links += [values["href"] or ""] if tag == "a" and "href" in values else []
        if tag == "html":
            self.language = values.get("lang") or ""
        is_foreign = values.get("lang", self.language) != self.language
        if tag in self.SILENT or is_foreign or tag in self.silence[-1:]:
            self.silence.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.silence and self.silence[-1] == tag:
            self.silence.pop()

    def handle_data(self, data: str) -> None:
        if not self.silence and data.strip():
            self.said.append(" ".join(data.split()))


def pages(client: Client, start: str) -> Iterator[tuple[str, str, Words]]:
    """Yield URL name, path and words of every page that links lead to, two of each name."""
    seen: dict[str, int] = {}
    known, waiting = {start}, [start]
    while waiting:
        path = waiting.pop(0)
        try:
            name = resolve(urlsplit(path).path).view_name
        except Resolver404:
            continue
        if name.startswith("admin:") or "csv" in name or seen.get(name, 0) == 2:
            continue
        response = client.get(path, follow=True)
        if response.status_code != 200:
            continue
        seen[name] = seen.get(name, 0) + 1
        words = Words(response.content.decode())
        yield name, path, words
        new = [urljoin(path, link).partition("#")[0] for link in words.links]
        waiting += [link for link in dict.fromkeys(new) if link not in known]
        known.update(new)


@pytest.fixture
def polish_client(db, as_user) -> Client:
    scene = Scene()
    scene.say(scene.guide, IN)
    scene.person_says(scene.offers)
    scene.say(scene.breaks, IN)
    scene.say(unit_scope(scene.stays.pk))
    CustomPropertyFactory()
    client = as_user(make_user(Role.ADMINISTRATOR, name="Ruth Adeyemi", may_resubscribe=True))
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "pl"
    return client


def test_no_page_in_polish_says_anything_in_english(polish_client):
    plain, pattern = english_texts()
    visited, left = set(), []
    for name, path, words in pages(polish_client, "/contacts/"):
        visited.add(name)
        left += [f"{path}: {s}" for s in words.said if s in plain or pattern.fullmatch(s)]
    assert left == []
    assert visited >= {
        "contacts",
        "contact",
        "contact_new",
        "contact_properties",
        "contact_subscriptions",
        "contact_subscribe",
        "contact_resubscribe",
        "contact_unsubscribe_all",
        "contact_lift",
        "contact_history",
        "subscription_types",
        "business_units",
        "privacy",
        "users",
        "custom_properties",
        "account",
    }


def test_english_would_be_noticed(polish_client):
    polish_client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    plain, pattern = english_texts()
    said = Words(polish_client.get("/contacts/").content.decode()).said
    assert {"Contacts", "New contact", "Business units"} <= plain & set(said)
    assert any(pattern.fullmatch(words) for words in said)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "heading"), [("pl", "Zaloguj się"), ("de", "Anmelden"), ("en", "Sign in")]
)
def test_signing_in_speaks_each_language(client, language, heading):
    html = client.get("/login/", headers={"Accept-Language": language}).content.decode()
    assert f'lang="{language}"' in html
    assert heading in Words(html).said


def test_errors_of_a_form_are_in_polish(polish_client):
    said = Words(
        polish_client.post(
            "/contacts/new/",
            {
                "address-TOTAL_FORMS": "1",
                "address-INITIAL_FORMS": "0",
                "address-0-channel": "EMAIL",
                "address-0-text": "jan.example",
                "language": "",
            },
        ).content.decode()
    ).said
    assert "Adres e-mail musi zawierać znak @." in said
    assert "Nic się nie zmieniło. Popraw 1 pozycję" in said


def test_a_missing_page_is_in_polish(polish_client):
    assert "Tu nic nie ma" in Words(polish_client.get("/contacts/999/").content.decode()).said
