"""Programs that open links change nothing: every public URL, twelve of them, every safe method.

Field evidence is in the standards this follows: of 497 opt-outs of one mailing 489 were a scanner's. The
list of URLs comes from the resolver, so a new one is walked by itself.
"""

import pytest
from django.test import Client

from preferences.models import ConsentEvent
from tests.public.scanners import SCANNERS, everything, links_in, public_urls

pytestmark = pytest.mark.django_db
MOST_PAGES = 400  # a walk that does not end is an error of its own


@pytest.fixture
def urls() -> list[str]:
    return public_urls()


def test_the_walk_knows_the_pages_there_are(urls):
    """Guards the guard: whoever empties the list is told here."""
    starts = {url.split("/")[1] for url in urls}
    assert {"u", "p", "brand", "login"} <= starts
    assert len(SCANNERS) == 12


@pytest.mark.parametrize("kind", SCANNERS)
def test_scanners_change_nothing(urls, kind):
    before = everything()
    assert ConsentEvent.objects.exists()
    client = Client(enforce_csrf_checks=True, headers=SCANNERS[kind], raise_request_exception=True)
    seen, queue = set(urls), list(urls)
    while queue:
        url = queue.pop()
        response = client.get(url)
        assert response.status_code in (200, 302, 404, 405), url
        assert client.head(url).status_code == response.status_code, url
        assert client.options(url).status_code < 500, url
        if url.startswith(("/u/", "/p/", "/c/", "/brand/")):
            assert not response.cookies, url
        if "html" in response.headers.get("Content-Type", ""):
            new = links_in(response.content.decode(), url) - seen
            seen |= new
            queue += sorted(new)
        assert len(seen) < MOST_PAGES
    assert everything() == before


def test_a_change_would_be_noticed(urls):
    """Guards the guard: one POST among a thousand GETs shows."""
    before = everything()
    [page, *_] = [
        url for url in urls if url.startswith("/u/") and Client().get(url).status_code == 200
    ]
    assert Client().post(page, {"confirm": "1"}).status_code == 200
    after = everything()
    changed = {table for table in before if before[table] != after[table]}
    assert {"preferences_consentevent", "preferences_preference"} <= changed
