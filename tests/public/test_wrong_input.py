"""Wrong input at every public URL: never an error of ours, never a change.

The list of URLs comes from the resolver, so a new one is tried by itself.
"""

import json

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from preferences import links
from preferences.logos import read_logo, set_logo
from preferences.models import BusinessUnit
from tests.factories import UserFactory
from tests.preferences.kernel import DAY, IN, act, address, of, own
from tests.preferences.test_logos import picture
from tests.public.scanners import everything
from tests.public.scene import Person, path_of
from tests.test_names import app_of, our_patterns

pytestmark = pytest.mark.django_db
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")
MEGABYTE = "a" * 1_000_000
FORM, PARTS = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
BODIES = {
    "nothing": ("", FORM),
    "one-click": ("List-Unsubscribe=One-Click", FORM),
    "confirm": ("confirm=1&save=1&leave=all&come_back=all&event=1&reason=other&pause=6", FORM),
    "bytes": (b"\xff\xfe\x00=%zz&&&=", FORM),
    "broken parts": ("--x\r\nContent-Disposition: nonsense\r\n\r\n--", PARTS),
    "no boundary": ("x", "multipart/form-data"),
    "json": (json.dumps({"confirm": [1]}), "application/json"),
    "no type": ("x=1", ""),
    "a megabyte": (f"confirm=1&email={MEGABYTE}", FORM),
    "a megabyte in parts": (
        f'--x\r\nContent-Disposition: form-data; name="confirm"\r\n\r\n{MEGABYTE}\r\n--x--\r\n',
        PARTS,
    ),
    "a file": (
        '--x\r\nContent-Disposition: form-data; name="types"; filename="a"\r\n\r\n1\r\n--x--\r\n',
        PARTS,
    ),
    "many fields": ("&".join(f"types={n}" for n in range(3_000)), FORM),
}
NAMES = sorted(str(p.name) for p in our_patterns(get_resolver()) if app_of(p) == "public")
WITH_TOKEN = [
    name for name in NAMES if name not in ("send_link", "broken_link", "brand_css", "brand_logo")
]
# Which purpose a page takes; undo and reason take a token of their own in the form besides.
PURPOSE = {"unsubscribe": "u", "preference": "p", "confirm": "c"}


@pytest.fixture
def ada(db) -> Person:
    ada = Person()
    act(ada.address_id, own(of(ada.breaks), IN), at=ada.now - DAY)
    return ada


@pytest.fixture
def tokens(ada) -> dict[str, str]:
    """Return a good token of every purpose, by its letter."""
    one, [event] = ada.address_id, ada.events()
    confirm = links.confirm_link(address_id=one, event_id=event.pk, now=ada.now)
    return {
        "u": ada.unsubscribe_path().split("/")[2],
        "p": ada.preference_path().split("/")[2],
        "c": path_of(confirm).split("/")[2],
        "undo": links.undo_token(address_id=one, event_id=event.pk, now=ada.now),
    }


def purpose_of(name: str) -> str:
    return next(letter for start, letter in PURPOSE.items() if name.startswith(start))


def send(method: str, path: str, body: str | bytes = "", content_type: str = FORM):
    """Send it as no browser would; an error of ours is raised."""
    data = body.encode() if isinstance(body, str) else body
    response = Client().generic(method, path, data, content_type=content_type)
    assert response.status_code < 500, f"{method} {path[:40]}"
    return response


def test_the_list_knows_what_there_is():
    """Guards the guard: whoever empties the list is told here."""
    assert {
        "unsubscribe_undo",
        "unsubscribe_reason",
        "preference_undo",
        "preference_reason",
    } <= set(NAMES)
    assert {"preference_history", "send_link", "brand_css", "brand_logo", "confirm"} <= set(NAMES)


@pytest.mark.parametrize("name", WITH_TOKEN)
def test_a_wrong_token_is_404_however_it_is_sent(name, ada, tokens):
    good = tokens[purpose_of(name)]
    wrong = [
        *(token for letter, token in tokens.items() if letter != purpose_of(name)),
        *("nonsense", "x" * 5_000, good[:-1], f"{good}A", good.swapcase(), "żółw", "0", "-", "%00"),
    ]
    before = everything()
    for token in wrong:
        path = reverse(name, args=["TOKEN"]).replace("TOKEN", token)
        for method in METHODS:
            response = send(method, path, *BODIES["confirm"])
            expected = (200, 204) if method == "OPTIONS" else (400, 404, 405)
            assert response.status_code in expected, f"{method} {token[:20]}"
            if method == "GET":
                assert response.status_code == 404 or name.endswith(("undo", "reason"))
    for body, content_type in BODIES.values():
        answer = send("POST", reverse(name, args=["nonsense"]), body, content_type)
        assert answer.status_code in (400, 404, 405, 413)
    assert everything() == before


@pytest.mark.parametrize("name", WITH_TOKEN)
def test_with_a_good_token_too_much_or_the_wrong_way_changes_nothing(name, ada, tokens):
    path = reverse(name, args=[tokens[purpose_of(name)]])
    before = everything()
    for method in METHODS:
        if method != "POST":
            assert send(method, path, *BODIES["confirm"]).status_code in (
                200,
                204,
                302,
                405,
                410,
            ), method
    for key in ("a megabyte", "a megabyte in parts", "many fields", "broken parts", "no boundary"):
        assert send("POST", path, *BODIES[key]).status_code in (200, 400, 405, 409, 410, 413), key
        if everything() != before:
            assert name == "unsubscribe"  # says that the list is left whatever the body is
            assert key in ("broken parts", "no boundary", "many fields")
            before = everything()


@pytest.mark.parametrize("name", [n for n in WITH_TOKEN if n.endswith(("undo", "reason"))])
def test_what_is_undone_or_explained_is_the_person_s_own(name, ada, tokens):
    """Tokens of somebody else's act, ids instead of tokens, and tokens of another purpose."""
    ben = address("ben@fernmoor.example")
    theirs = act(ben, own(of(ada.breaks), IN), at=ada.now - DAY).event_id
    stolen = links.undo_token(address_id=ben, event_id=theirs, now=ada.now)
    path = reverse(name, args=[tokens[purpose_of(name)]])
    before = everything()
    for event in (stolen, str(theirs), "1", "-1", "9" * 30, tokens["u"], tokens["p"], "", "\x00"):
        data = {"event": event, "reason": "other", "text": "x", "often_back": event}
        response = Client().post(path, data)
        assert response.status_code < 500
        assert everything() == before, event


def test_ids_of_what_this_address_cannot_have_change_nothing(ada, tokens):
    other = BusinessUnit.objects.create(name="Other", slug="other")
    hidden = ada.add_type("Tests", is_internal=True)
    service = ada.add_type("Orders", kind="service")
    path = reverse("preference_page", args=[tokens["p"]])
    before = everything()
    for wrong in (hidden.pk, service.pk, 0, -1, 10**18, 10**30, "x", "\x00", "1:1", ""):
        for data in (
            {"save": "1", "shown": f"{wrong}:0", "types": wrong},
            {"stop": wrong},
            {"save": "1", "often_shown": f"{wrong}:", "often": f"{wrong}:weekly"},
            {"save": "1", "pause": f"{wrong}000"},
            {"save": "1", "pause_day": wrong},
            {"leave": wrong, "x": other.pk},
            {"come_back": wrong},
        ):
            response = Client().post(path, data)
            assert response.status_code < 500, data
            assert everything() == before, data


@pytest.mark.parametrize("key", [key for key in BODIES if key != "nothing"])
def test_asking_for_a_link_takes_nothing_but_an_address(key, ada):
    before = everything()
    for path in ("/p/request", "/p/request/"):
        response = send("POST", path, *BODIES[key])
        assert response.status_code in (400, 413, 415, 422), key
    assert everything() == before


@pytest.mark.parametrize(
    "path",
    [
        *("/brand/larkhill.css", "/brand/nobody.css", "/brand/.css", "/brand/larkhill.CSS"),
        *("/brand/larkhill/nonsense.png", "/brand/nobody/x.png", "/brand/larkhill/.png"),
        f"/brand/{'x' * 3_000}.css",
        "/brand/%00.css",
        "/brand/larkhill/../../healthz",
        *("/u", "/p", "/c", "/p/request/x/", "/u/x/y/z/"),
    ],
)
def test_looks_and_broken_links_change_nothing(path, ada):
    before = everything()
    for method in METHODS:
        for key in ("confirm", "a megabyte", "broken parts"):
            status = send(method, path, *BODIES[key]).status_code
            assert status in (200, 204, 400, 404, 405, 413), f"{method} {key}"
    assert everything() == before


def test_a_logo_is_read_and_nothing_else(ada):
    unit = set_logo(unit=ada.unit, logo=read_logo(picture()), user=UserFactory(), now=ada.now)
    path = reverse("brand_logo", kwargs={"slug": unit.slug, "key": unit.logo_key})
    before = everything()
    for method in METHODS:
        response = send(method, path, *BODIES["a megabyte"])
        assert response.status_code == (200 if method in ("GET", "HEAD") else 405), method
    assert everything() == before
