"""Public paths know no session, no user and no cookie, whoever asks; all other paths do."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, get_resolver

from public import urls as public_urls
from tests.factories import UserFactory
from tests.public.scene import Person


def paths_of(patterns, prefix: str = "") -> list[str]:
    found: list[str] = []
    for pattern in patterns:
        path = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLPattern):
            found.append(f"/{path}")
        else:
            found += paths_of(pattern.url_patterns, path)
    return found


def test_public_paths_are_those_of_the_public_app_and_no_others():
    public = paths_of(public_urls.urlpatterns)
    known = paths_of(get_resolver().url_patterns)
    assert set(public) <= set(known)
    for path in known:
        starts = ("/u/", "/p/", "/c/") if path.startswith("/[upc](?:/") else (path,)
        are_public = {start.startswith(settings.PUBLIC_PATHS) for start in starts}
        assert are_public == {path in public}, path


@pytest.mark.django_db
def test_a_colleague_who_is_signed_in_is_nobody_on_a_public_page():
    """Neither their session is read nor their language spoken."""
    person = Person()
    colleague = Client(headers={"Accept-Language": "en"})
    colleague.force_login(UserFactory(language="pl"))
    stranger = Client(headers={"Accept-Language": "en"})
    paths = (person.unsubscribe_path(), person.preference_path())
    for path in paths:
        plain, known = stranger.get(path), colleague.get(path)
        assert "Cookie" not in known.headers.get("Vary", "")
        assert not known.cookies
        assert not hasattr(known.wsgi_request, "session")
        assert not hasattr(known.wsgi_request, "user")
        assert known.headers["Content-Language"] == plain.headers["Content-Language"] == "en"


@pytest.mark.django_db
def test_a_staff_page_before_leaves_no_language_behind(client):
    """One thread serves both: a colleague's Polish is not the next stranger's."""
    client.force_login(UserFactory(language="pl"))
    assert client.get("/").status_code in (200, 302)
    person = Person()
    response = Client().post(person.unsubscribe_path(), {"confirm": "wrong"})
    assert response.content == b"Nothing was changed.\n"
    assert Client().get("/p/garbage/").headers["Content-Language"] == "en"
