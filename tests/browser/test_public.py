"""Public pages before axe and in 320 pixels, in each language; and a person with nothing but keys."""

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

from preferences.logos import read_logo, set_logo
from preferences.models import SubscriptionType
from preferences.pauses import pause
from preferences.values import ACCOUNT, Channel, unit_scope
from tests.browser.axe import grave_violations, open_everything, overflow, violations
from tests.factories import TypeFactory, UnitFactory, UserFactory
from tests.preferences.kernel import (
    DAY,
    HOUR,
    IN,
    OUT,
    Act,
    act,
    fact,
    of,
    own,
    set_policy,
    status_of,
)
from tests.preferences.test_logos import picture
from tests.public.scene import Person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
LONG = "Wolfeschlegelsteinhausenbergerdorff"
LANGUAGES = ("en", "pl", "de")
SMALL_TARGETS = """() => [...document.querySelectorAll('a[href], button, input, select, summary')]
    .filter(each => each.type !== 'hidden' && !each.closest('.vh, .skip') && !each.classList.contains('vh'))
    .map(each => [each.closest('label') || each, each])
    .map(([each, inner]) => [each.getBoundingClientRect(), inner])
    .filter(([box]) => box.width && (box.width < 24 || box.height < 24))
    .map(([box, inner]) => `${inner.outerHTML.slice(0, 80)} ${box.width}x${box.height}`)"""


@pytest.fixture
def ada(db) -> Person:
    set_policy(privacy=1)
    person = Person()
    SubscriptionType.objects.update(frequencies="weekly, monthly")
    person.breaks.translations.create(language="pl", name="Wyjazdy last minute")
    person.add_type(LONG * 3, description=LONG * 3)
    person.add_type("Booking updates", kind="service")
    TypeFactory(name="Garden guide", business_unit=UnitFactory(name=f"Garden {LONG}"))
    act(person.address_id, own(of(person.breaks), IN), at=person.now - DAY)
    return person


@pytest.fixture
def look(live_server, page: Page, watch):
    """Return a function that opens a page and says what is wrong with it."""
    watch(page)

    def look(path: str = "") -> list[str]:
        if path:
            page.goto(live_server.url + path)
        open_everything(page)
        found = grave_violations(page)
        found += [f"320: {overflow(page, 320)} px over" for _ in [0] if overflow(page, 320)]
        found += page.evaluate(SMALL_TARGETS)
        page.set_viewport_size({"width": 1280, "height": 900})
        return found

    return look


@pytest.mark.parametrize("language", LANGUAGES)
def test_unsubscribing_looks_right_on_every_page_of_its_way(ada, look, page, language):
    query = f"?lang={language}"
    assert look(ada.unsubscribe_path() + query) == []
    assert look(ada.unit_path() + query) == []
    page.goto(page.url.split("/u/")[0] + ada.unsubscribe_path() + query)
    page.locator("button[value='1']").click()
    assert page.locator("html").get_attribute("lang") == language
    assert look() == []
    page.locator("input[value=too_many]").check()
    page.locator("form[action*='/reason/'] button").click()
    assert look() == []
    page.locator("form[action*='/undo/'] button").click()
    assert look() == []
    assert status_of(ada.address_id, ada.breaks) is IN
    SubscriptionType.objects.filter(pk=ada.breaks.pk).update(kind="service")
    page.goto(page.url.split("/u/")[0] + ada.unsubscribe_path() + query)
    page.locator("button[value='1']").click()
    assert look() == []
    assert look("/u/nonsense/" + query) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_preference_page_looks_right_in_every_state(ada, look, page, language):
    query = f"?lang={language}"
    path = ada.preference_path()
    assert look(path + query) == []
    page.locator(f"input[name=types][value='{ada.places.pk}']").check()
    page.locator("select[name=pause]").select_option("2")
    page.locator(".pub-save button").click()
    assert look() == []
    pause(address_id=ada.address_id, until=ada.now + 20 * DAY, now=ada.now)
    act(ada.address_id, fact(Act.BOUNCE), at=ada.now)
    act(ada.address_id, own(unit_scope(ada.unit.pk), OUT), at=ada.now + HOUR)
    assert look(path + query) == []
    act(ada.address_id, own(ACCOUNT, OUT), at=ada.now + HOUR)
    assert look(path + query) == []
    assert look(f"{path}history/{query}") == []
    page.goto(page.url.split("/p/")[0] + path + query)
    page.locator("button[name=come_back]").first.click()
    assert look() == []


def test_a_logo_stands_on_white_by_day_and_by_night(ada, look, page):
    set_logo(unit=ada.unit, logo=read_logo(picture()), user=UserFactory(), now=ada.now)
    assert look(ada.preference_path()) == []
    logo = page.get_by_role("img", name="Larkhill Stays")
    expect(logo).to_have_js_property("naturalWidth", 320)
    assert logo.evaluate("each => getComputedStyle(each).backgroundColor") == "rgb(255, 255, 255)"


def test_nothing_of_any_weight_is_wrong_with_the_page(ada, look, page):
    look(ada.preference_path())
    assert violations(page) == []


def test_a_person_with_nothing_but_keys_leaves_and_comes_back(ada, live_server, browser):
    """Tab, space and Enter, in a browser that runs no script and keeps no cookie."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(live_server.url + ada.unsubscribe_path())
    press_until(page, "button[value='1']")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("You are unsubscribed from Last-minute breaks")
    assert status_of(ada.address_id, ada.breaks) is OUT
    page.goto(live_server.url + ada.preference_path())
    press_until(page, f"input[value='{ada.breaks.pk}'][type=checkbox]")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("#saved")).to_contain_text("Last-minute breaks will come")
    assert status_of(ada.address_id, ada.breaks) is IN
    press_until(page, "form[action*='/undo/'] button")
    page.keyboard.press("Enter")
    expect(page.locator("#saved")).to_contain_text("It is as it was before")
    assert status_of(ada.address_id, ada.breaks) is OUT
    assert context.cookies() == []
    context.close()


def test_the_language_is_switched_by_keys(ada, live_server, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(live_server.url + ada.preference_path())
    press_until(page, "summary")
    page.keyboard.press("Enter")
    press_until(page, "a[hreflang=pl]")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Wybierz, co Ci wysyłamy")
    expect(page.locator(".pub-card").first).to_contain_text("Wyjazdy last minute")
    context.close()


def test_a_page_weighs_little_and_asks_nobody_else(ada, live_server, page, watch):
    watch(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(live_server.url + ada.preference_path())
    assert all(url.startswith((live_server.url, "data:")) for url in asked)
    assert not any(url.endswith(".js") for url in asked)
    assert page.locator("script").count() == 0
    assert page.locator(".pub-mono").evaluate("e => getComputedStyle(e).backgroundColor") == (
        "rgb(15, 95, 117)"
    )


def press_until(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus; it must be reached within sixty steps."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.locator(f"{selector}:focus").count():
            return
    raise AssertionError(f"{selector} is not reached")


def test_a_phone_number_has_a_page(db, live_server, look):
    set_policy(sms_connected=True)
    person = Person("+48601100200", Channel.SMS)
    person.add_type("Texts", offered_on_email=False, offered_on_sms=True)
    assert look(person.preference_path() + "?lang=pl") == []
