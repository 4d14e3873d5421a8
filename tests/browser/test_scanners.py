"""Scanners that draw a page as a browser does, with and without script: they change nothing."""

import pytest

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
    page = context.new_page()
    seen, queue = set(urls), [url for url in urls if not url.endswith(".css")]
    while queue:
        url = queue.pop()
        response = page.goto(f"{live_server.url}{url}")
        assert response is not None
        assert response.status < 500, url
        if "html" not in response.headers.get("content-type", ""):
            continue
        page.mouse.move(200, 200)
        here = page.content().replace(live_server.url, "http://testserver")
        new = {link for link in links_in(here, url) if not link.endswith(".css")} - seen
        seen |= new
        queue += sorted(link for link in new if "/undo/" not in link and "/reason/" not in link)
    context.close()
    assert len(seen) > len(urls)
    assert everything() == before
