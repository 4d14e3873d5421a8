"""Scanners that draw a page as a browser does, with and without script: they change nothing."""

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import BrowserContext, Error

from tests.public.scanners import DRAWING, SCANNERS, everything, links_in, public_urls

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("has_script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("kind", DRAWING)
def test_a_browser_that_follows_every_link_changes_nothing(browser, live_server, kind, has_script):
    urls = public_urls()
    before = everything()
    headers = {name: value for name, value in SCANNERS[kind].items() if name != "User-Agent"}
    context = browser.new_context(
        java_script_enabled=has_script,
        user_agent=SCANNERS[kind]["User-Agent"] or " ",
        extra_http_headers=headers,
    )
    seen, drawn = set(urls), 0
    queue = [url for url in urls if not url.partition("?")[0].endswith(".css")]
    while queue:
        url = queue.pop()
        html = html_of(context, f"{live_server.url}{url}")
        drawn += bool(html)
        here = html.replace(live_server.url, "http://testserver")
        new = {link for link in links_in(here, url) if ".css" not in link} - seen
        seen |= new
        queue += sorted(new)
    context.close()
    assert drawn >= 20
    assert everything() == before


def html_of(context: BrowserContext, url: str) -> str:
    """Open a URL in a page of its own and return what it drew; "" for a refusal without a body."""
    page = context.new_page()
    try:
        response = page.goto(url)
        assert response is not None
        assert response.status < 500, url
        return page.content()
    except Error as error:
        if "ERR_HTTP_RESPONSE_CODE_FAILURE" not in str(error):
            raise
        return ""
    finally:
        page.close()
