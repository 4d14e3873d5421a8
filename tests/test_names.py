"""A page's view, URL and template have one name, so that each is found from any other."""

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

OUR_APPS = (
    "accounts",
    "contacts",
    "preferences",
    "public",
    "imports",
    "workflows",
    "jobs",
    "mails",
)


def our_patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from our_patterns(entry)
        elif entry.callback.__module__.split(".")[0] in OUR_APPS:
            yield entry


PATTERNS = list(our_patterns(get_resolver()))


def app_of(pattern: URLPattern) -> str:
    return pattern.callback.__module__.split(".")[0]


def renders(pattern: URLPattern) -> bool:
    """Tell whether the view draws a page of its own: it names a template of its app."""
    source = inspect.getsource(inspect.unwrap(pattern.callback))
    return f'"{app_of(pattern)}/{pattern.name}.html"' in source


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: str(pattern.name))
def test_view_is_named_as_its_url(pattern):
    assert inspect.unwrap(pattern.callback).__name__ == pattern.name


def test_names_are_unique():
    names = [pattern.name for pattern in PATTERNS]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    "pattern",
    [pattern for pattern in PATTERNS if renders(pattern)],
    ids=lambda pattern: str(pattern.name),
)
def test_template_is_named_as_its_view(pattern):
    template = Path(settings.BASE_DIR, "templates", app_of(pattern), f"{pattern.name}.html")
    assert template.is_file()


def test_every_page_template_has_a_url_of_its_name():
    names = {(app_of(pattern), pattern.name) for pattern in PATTERNS}
    for app in OUR_APPS:
        for template in Path(settings.BASE_DIR, "templates", app).glob("[!_]*.html"):
            assert (app, template.stem) in names, template
