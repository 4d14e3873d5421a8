"""The settings in a real browser: switches, the panel, order, accessibility."""

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

from accounts.models import Role
from preferences.models import PolicyVersion
from preferences.terms import current_policy
from tests.browser.test_frame import complaints  # noqa: F401
from tests.conftest import PASSWORD, make_user
from tests.factories import TypeFactory
from tests.preferences.test_logos import picture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def settings_page(live_server, page: Page) -> Page:
    make_user(Role.ADMINISTRATOR)
    TypeFactory(name="News", position=0, business_unit=TypeFactory(name="Offers").business_unit)
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{live_server.url}/login/?next=/settings/privacy/")
    page.get_by_label("Email").fill("administrator@fernmoor.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Data privacy", exact=True)).to_be_visible()
    return page


def test_a_switch_saves_by_keyboard_and_says_so(settings_page, complaints):  # noqa: F811
    switch = settings_page.get_by_role("switch", name="Only the person")
    switch.focus()
    settings_page.keyboard.press("Space")
    expect(settings_page.locator("#settings-saved")).to_contain_text("Saved")
    expect(switch).to_be_checked()
    expect(switch).to_be_focused()
    assert current_policy().only_person_resubscribes
    assert complaints == []


def test_the_privacy_switch_stays_on_until_turning_off_is_confirmed(settings_page):
    switch = settings_page.locator("#switch-privacy")
    switch.focus()
    settings_page.keyboard.press("Space")
    expect(settings_page.get_by_role("heading", name="Turn off data")).to_be_focused()
    expect(switch).to_be_checked()
    settings_page.keyboard.press("Escape")
    expect(switch).to_be_focused()
    expect(switch).to_be_checked()
    settings_page.keyboard.press("Space")
    settings_page.get_by_label("Type “turn off” to confirm").fill("turn off")
    settings_page.keyboard.press("Enter")
    expect(settings_page.get_by_text("Off since")).to_be_visible()
    expect(switch).not_to_be_checked()
    assert current_policy().privacy == PolicyVersion.DataPrivacy.OFF


def test_a_unit_is_edited_in_the_panel(settings_page, live_server):
    settings_page.goto(f"{live_server.url}/settings/business-units/")
    settings_page.get_by_role("link", name="Edit Unit").first.click()
    settings_page.get_by_label("Brand colour").fill("#eeeeee")
    settings_page.get_by_role("button", name="Save changes").click()
    expect(settings_page.locator("#panel .error-summary")).to_be_focused()
    settings_page.get_by_label("Brand colour").fill("#2b6a3f")
    settings_page.get_by_label("Name people see").fill("Larkhill Stays")
    settings_page.get_by_role("button", name="Save changes").click()
    expect(settings_page.locator("#panel")).to_be_hidden()
    expect(settings_page.locator("#business-unit-list")).to_contain_text("Larkhill Stays")


def test_a_logo_is_uploaded_in_the_panel_and_leaves_what_was_typed(settings_page, live_server):
    settings_page.goto(f"{live_server.url}/settings/business-units/")
    settings_page.get_by_role("link", name="Edit Unit").first.click()
    settings_page.get_by_label("Name people see").fill("Typed and not saved")
    files = settings_page.get_by_label("Picture")
    files.set_input_files({"name": "a.svg", "mimeType": "image/svg+xml", "buffer": b"<svg/>"})
    settings_page.get_by_role("button", name="Upload the logo").press("Enter")
    expect(settings_page.locator("#unit-logo .field__error")).to_contain_text("no PNG")
    expect(settings_page.get_by_role("button", name="Upload the logo")).to_be_focused()
    settings_page.get_by_label("Picture").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": picture()}
    )
    settings_page.get_by_role("button", name="Upload the logo").press("Enter")
    shown = settings_page.locator("#unit-logo img")
    expect(shown).to_be_visible()
    expect(shown).to_have_js_property("naturalWidth", 320)  # drawn, not only there
    expect(settings_page.get_by_label("Name people see")).to_have_value("Typed and not saved")
    settings_page.get_by_role("button", name="Remove the logo").press("Enter")
    expect(shown).to_have_count(0)
    expect(settings_page.get_by_role("button", name="Upload the logo")).to_be_visible()


def test_moving_a_type_keeps_the_focus_on_its_button(settings_page, live_server):
    settings_page.goto(f"{live_server.url}/settings/subscription-types/")
    button = settings_page.get_by_role("button", name="Move Offers down")
    button.focus()
    settings_page.keyboard.press("Enter")
    expect(settings_page.locator("tbody tr").last).to_contain_text("Offers")
    expect(button).to_be_focused()


def test_the_preview_follows_what_is_typed(settings_page, live_server):
    settings_page.goto(f"{live_server.url}/settings/subscription-types/new/")
    settings_page.get_by_label("Name", exact=True).first.fill("Workshops")
    expect(settings_page.locator("#type-preview")).to_contain_text("Workshops")
