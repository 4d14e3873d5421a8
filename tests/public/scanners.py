"""Twelve kinds of programs that open links on somebody's behalf, and every public URL to open."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from urllib.parse import urljoin, urlsplit

from django.db import connection
from django.urls import get_resolver, reverse

from preferences.models import SubscriptionType
from tests.preferences.kernel import DAY, IN, NOW, act, address, of, own
from tests.test_names import app_of, our_patterns
from tests.test_permissions import OBJECTS, TABLE

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"
)

SCANNERS: dict[str, dict[str, str]] = {
    "safelinks": {"User-Agent": f"{CHROME} Edg/142.0.0.0 SafeLinks"},
    "outlook": {"User-Agent": "Microsoft Office/16.0 (Microsoft Outlook 16.0.17928; Pro)"},
    "proofpoint": {"User-Agent": "Mozilla/5.0 (compatible; Proofpoint URL Defense)"},
    "barracuda": {"User-Agent": "BarracudaCentral/1.0", "X-Forwarded-For": "198.51.100.7"},
    "mimecast": {"User-Agent": "Mimecast-URL-Protect/2.0"},
    "google_images": {"User-Agent": "Mozilla/5.0 (via ggpht.com GoogleImageProxy)"},
    "curl": {"User-Agent": "curl/8.14.1", "Accept": "*/*"},
    "link_checker": {"User-Agent": "LinkChecker/10.6", "Range": "bytes=0-1023"},
    "prefetch": {"User-Agent": CHROME, "Purpose": "prefetch", "X-Purpose": "preview"},
    "prerender": {"User-Agent": CHROME, "Sec-Purpose": "prefetch;prerender"},
    "old_firefox": {"User-Agent": "Mozilla/5.0 Firefox/52.0", "X-Moz": "prefetch"},
    "silent": {"User-Agent": "", "Accept-Language": "pl"},
}
# Those that draw the page as a browser does.
DRAWING = ("safelinks", "prerender", "silent")


def public_urls() -> list[str]:
    """Make what the URLs name, and return every URL that opens without signing in.

    From the permission table, which has a line for every URL; a URL of the public app without one
    is an error.
    """
    made: dict[str, object] = {}
    urls = [reverse("healthz"), reverse("readyz"), reverse("home")]
    for name, arguments in _open_lines():
        for value in arguments.values():
            if value not in made:
                made[value] = OBJECTS[value]()
        urls.append(reverse(name, kwargs={key: made[value] for key, value in arguments.items()}))
    for kind in SubscriptionType.objects.all():
        act(address(), own(of(kind), IN), at=NOW - DAY)
    return sorted(set(urls))


def _open_lines() -> Iterator[tuple[str, dict[str, str]]]:
    public = {p.name for p in our_patterns(get_resolver()) if app_of(p) == "public"}
    walked = set()
    for name, method, arguments, statuses in TABLE:
        if name in public or (method == "GET" and statuses[0] < 300):
            walked.add(name)
            yield name, arguments
    assert public <= walked, f"not in the permission table: {public - walked}"


def links_in(html: str, page: str) -> set[str]:
    """Return the URLs on this host that a page names: links, images, and where its forms lead."""
    found = set()
    for reference in re.findall(r'\b(?:href|src|action)="([^"#]+)', html):
        url = urlsplit(urljoin(f"http://testserver{page}", reference.replace("&amp;", "&")))
        is_ours = url.netloc == "testserver" and url.scheme == "http"
        if is_ours and not url.path.startswith("/static/"):
            found.add(f"{url.path}?{url.query}" if url.query else url.path)
    return found


def everything() -> Mapping[str, str]:
    """Return a digest of all rows of each table."""
    digests = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows = sorted(repr([_plain(cell) for cell in row]) for row in cursor.fetchall())
            digests[table] = f"{len(rows)} {hashlib.sha256(repr(rows).encode()).hexdigest()}"
    return digests


def _plain(cell: object) -> object:
    return bytes(cell) if isinstance(cell, memoryview) else cell
