"""What staff do for the public side, without script and by keyboard: logo, how often, giving back, links."""

from itertools import count

import pytest

pytest.importorskip("playwright")
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Role, User
from jobs.running import run_next_chunk
from mails.models import OutgoingMail
from preferences.models import BusinessUnit, ConsentEvent
from preferences.values import Act, Frequency
from tests.conftest import PASSWORD, make_user
from tests.contacts.panel_scene import Scene
from tests.contacts.suspected_scene import WHY, machine
from tests.factories import make_contact
from tests.preferences.kernel import of
from tests.preferences.test_logos import picture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
PNG = {"name": "logo.png", "mimeType": "image/png", "buffer": picture()}
SVG = {"name": "logo.svg", "mimeType": "image/svg+xml", "buffer": b"<svg/>"}
TABS = 60  # more than any page here needs


@pytest.fixture
def scene(db) -> Scene:
    return Scene()


@pytest.fixture
def ruth(db) -> User:
    return make_user(Role.ADMINISTRATOR, may_resubscribe=True)


@pytest.fixture
def plain(browser, live_server, ruth) -> Page:
    """Return a browser without script, signed in by the form."""
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    page = context.new_page()
    page.goto("/login/")
    page.get_by_label("Email").fill(ruth.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    yield page
    context.close()


@pytest.fixture
def keys(live_server, page, watch, enter, ruth):
    """Return a function that opens a page for somebody who has nothing but keys."""
    watch(page)
    enter(page, ruth)

    def opened(path: str) -> Page:
        page.goto(f"{live_server.url}{path}")
        return page

    return opened


def tab_to(page: Page, target) -> None:
    """Press Tab until the element has the focus, as nobody with a mouse does."""
    for pressed in count():
        if target.evaluate("each => each === document.activeElement"):
            return
        assert pressed < TABS, "no way there by keyboard"
        page.keyboard.press("Tab")


def run_jobs() -> None:
    last = 0
    while (last := run_next_chunk(now=timezone.now(), after_job_id=last or 0)) is not None:
        pass


def suspect(scene: Scene, many: int) -> list[int]:
    """Let a machine opt people out; return the ids of the events."""
    held = [make_contact(f"reader{n}@okafor.example", last_name=f"Reader{n}") for n in range(many)]
    ids = [one.contact_addresses.get().address_id for one in held]
    return [machine(one, of(scene.guide), at=scene.now) for one in ids]


def given_back() -> set[int]:
    events = ConsentEvent.objects.filter(act=Act.CORRECT.code)
    return set(events.values_list("undoes_event_id", flat=True))


# --- the logo of a unit ---


def test_a_logo_without_script(plain, scene):
    plain.goto(f"/settings/business-units/{scene.garden.pk}/")
    plain.get_by_label("Picture").set_input_files(SVG)
    plain.get_by_role("button", name="Upload the logo").click()
    expect(plain.locator("#unit-logo .field__error")).to_contain_text("no PNG")
    plain.get_by_label("Picture").set_input_files(PNG)
    plain.get_by_role("button", name="Upload the logo").click()
    expect(plain.locator("#unit-logo img")).to_be_visible()
    plain.get_by_role("button", name="Remove the logo").click()
    expect(plain.get_by_text("No logo. Public pages show the name.")).to_be_visible()
    assert not BusinessUnit.objects.exclude(logo_key="").exists()


def test_a_logo_by_keyboard(keys, scene):
    page = keys("/settings/business-units/")
    edit = page.get_by_role("link", name=f"Edit {scene.garden.name}")
    tab_to(page, edit)
    page.keyboard.press("Enter")
    expect(page.locator("#panel-h")).to_be_focused()
    files = page.get_by_label("Picture")
    tab_to(page, files)
    files.set_input_files(PNG)
    tab_to(page, page.get_by_role("button", name="Upload the logo"))
    page.keyboard.press("Enter")
    expect(page.locator("#unit-logo img")).to_be_visible()
    expect(page.get_by_role("button", name="Replace the logo")).to_be_focused()
    tab_to(page, page.get_by_role("button", name="Remove the logo"))
    page.keyboard.press("Enter")
    expect(page.locator("#unit-logo img")).to_have_count(0)
    expect(page.locator("#logo-h")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(edit).to_be_focused()


# --- how often ---


def test_how_often_without_script(plain, scene):
    plain.goto(f"/settings/subscription-types/{scene.guide.pk}/")
    plain.get_by_label("Once a week").check()
    plain.get_by_role("button", name="Save").click()
    plain.goto(f"/settings/subscription-types/{scene.guide.pk}/")
    expect(plain.get_by_label("Once a week")).to_be_checked()
    expect(plain.get_by_label("Once a day")).not_to_be_checked()


def test_how_often_by_keyboard(keys, scene):
    page = keys(f"/settings/subscription-types/{scene.guide.pk}/")
    for words in ("Once a week", "Once a month"):
        tab_to(page, page.get_by_label(words))
        page.keyboard.press("Space")
    tab_to(page, page.get_by_role("button", name="Save"))
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.keyboard.press("Enter")
    expect(page.get_by_label("Once a week")).to_be_checked()
    scene.guide.refresh_from_db()
    assert scene.guide.offered_frequencies == (Frequency.WEEKLY, Frequency.MONTHLY)


# --- suspected automatic ---


def test_giving_back_without_script(plain, scene):
    first, second = suspect(scene, 2)
    plain.goto("/suspected/")
    plain.get_by_role("button", name="Give back those ticked").click()
    expect(plain.locator(".error-summary")).to_contain_text("Tick the opt-outs to give back.")
    plain.get_by_label("Select reader0@").check()
    plain.get_by_label("Why they are given back").fill(WHY)
    plain.get_by_role("button", name="Give back those ticked").click()
    expect(plain.get_by_text("1 opt-out was given back.")).to_be_visible()
    assert given_back() == {first}
    expect(plain.get_by_label("Select reader1@")).to_be_visible()
    assert second not in given_back()


def test_giving_back_by_keyboard(keys, scene):
    first, _second = suspect(scene, 2)
    page = keys("/suspected/")
    give = page.get_by_role("button", name="Give back those ticked")
    tab_to(page, page.get_by_label("Select reader0@"))
    page.keyboard.press("Space")
    tab_to(page, give)
    page.keyboard.press("Enter")
    summary = page.locator(".error-summary")
    expect(summary).to_be_focused()
    expect(page.get_by_label("Select reader0@")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Why they are given back")).to_be_focused()
    page.keyboard.type(WHY)
    tab_to(page, give)
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 opt-out was given back.")).to_be_visible()
    assert given_back() == {first}


def test_giving_back_many_ends_on_a_page_of_its_own(keys, scene, monkeypatch):
    monkeypatch.setattr("contacts.views.suspected.AT_ONCE", 2)
    events = suspect(scene, 3)
    page = keys("/suspected/?period=&unit=" + str(scene.garden.pk))
    page.get_by_label("Why they are given back").fill(WHY)
    tab_to(page, page.get_by_role("button", name="Give back all 3 that match"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Give back 3 suspected opt-outs")).to_be_visible()
    run_jobs()
    expect(page.get_by_text("3 opt-outs were given back.")).to_be_visible()
    assert given_back() == set(events)


# --- links for many ---


def test_links_for_many_without_script(plain, scene):
    plain.goto("/contacts/")
    plain.get_by_label("Select Amara Okafor").check()
    plain.get_by_role("button", name="More", exact=True).click()
    plain.get_by_role("button", name="Send preferences link").click()
    expect(plain.locator("#bulk-effect")).to_contain_text("1will get a mail with the link")
    plain.get_by_role("button", name="Send", exact=True).last.click()
    expect(plain.get_by_role("heading", name="Send the preferences link")).to_be_visible()
    run_jobs()
    assert OutgoingMail.objects.count() == 1


def test_links_for_many_by_keyboard(keys, scene):
    page = keys("/contacts/")
    tab_to(page, page.get_by_label("Select Amara Okafor"))
    page.keyboard.press("Space")
    more = page.get_by_role("button", name="More", exact=True)
    more.focus()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="Send preferences link"))
    page.keyboard.press("Enter")
    expect(page.locator("#panel-h")).to_be_focused()
    expect(page.locator("#bulk-effect")).to_contain_text("1will get a mail with the link")
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    assert not OutgoingMail.objects.exists()
    more.focus()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="Send preferences link"))
    page.keyboard.press("Enter")
    tab_to(page, page.locator("#panel").get_by_role("button", name="Send", exact=True).last)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Send the preferences link")).to_be_visible()
    run_jobs()
    assert OutgoingMail.objects.count() == 1
