"""The same URLs as plain pages: a browser without script does everything with links and forms."""

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

from preferences.values import Status
from tests.conftest import PASSWORD
from tests.contacts.panel_scene import Scene, status_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
IN, OUT = Status.SUBSCRIBED, Status.UNSUBSCRIBED


@pytest.fixture
def scene(db) -> Scene:
    return Scene()


@pytest.fixture
def plain(browser, live_server, scene) -> Page:
    """Return the list of contacts in a browser without script, signed in by the form."""
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    page = context.new_page()
    page.goto("/login/")
    page.get_by_label("Email").fill(scene.editor.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Contacts")).to_be_visible()
    yield page
    context.close()


def row(page: Page, scene: Scene, kind):
    return page.locator(f"#row-{scene.email.pk}-{kind.pk}")


def test_panel_subscribe_unsubscribe_undo_and_history(plain, scene):
    page = plain
    page.get_by_role("link", name="Amara Okafor").click()
    page.get_by_role("link", name="View subscriptions").click()
    expect(page.get_by_role("heading", name="Subscriptions of Amara Okafor")).to_be_visible()
    row(page, scene, scene.guide).get_by_role("link", name="Subscribe: Garden guide").click()
    expect(page.get_by_role("heading", name="Subscribe Amara Okafor")).to_be_visible()
    page.get_by_label("Explanation for communication consent").fill("Said yes on the phone")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".error-summary")).to_contain_text("Nothing has changed")
    explanation = page.get_by_label("Explanation for communication consent")
    expect(explanation).to_have_value("Said yes on the phone")
    page.get_by_label("Legal basis for communication").select_option("CONSENT_WITH_NOTICE")
    page.get_by_label("Legal basis for processing").select_option("LEGITIMATE_INTEREST_CLIENT")
    page.get_by_role("button", name="Save").click()
    expect(row(page, scene, scene.guide)).to_contain_text("Opted in")
    row(page, scene, scene.guide).get_by_role("button", name="Unsubscribe: Garden guide").click()
    expect(row(page, scene, scene.guide)).to_contain_text("Opted out")
    expect(page.locator("#panel")).to_contain_text("Unsubscribed from Garden guide")
    page.get_by_role("button", name="Undo: Garden guide").click()
    expect(row(page, scene, scene.guide)).to_contain_text("Opted in")
    assert status_of(scene.email, scene.guide) is IN
    page.get_by_role("link", name="History").first.click()
    expect(page.locator("#events .event")).to_have_count(3)
    page.locator("#events summary").first.click()
    expect(page.locator(".event__facts").first).to_be_visible()
    page.get_by_label("Show").select_option("opt_ins")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#events .event")).to_have_count(1)
    page.get_by_role("link", name="Close subscriptions").click()
    expect(page.locator("#subscriptions-card")).to_contain_text("1 of 3")


def test_filter_unsubscribe_from_all_and_lift(plain, scene):
    page = plain
    page.goto(f"/contacts/{scene.contact.pk}/subscriptions/")
    page.get_by_label("Business unit").select_option(label="Garden")
    page.get_by_role("button", name="Apply").click()
    expect(row(page, scene, scene.breaks)).to_have_count(0)
    page.get_by_role("link", name="Unsubscribe from all").click()
    page.get_by_role("button", name="Unsubscribe from all").click()
    expect(page.locator("#panel")).to_contain_text("Unsubscribed from all: Garden")
    assert status_of(scene.email, scene.guide) is OUT
    page.locator(f"#lift-{scene.email.pk}-{scene.garden.pk}").click()
    page.get_by_role("button", name="Lift").click()
    expect(row(page, scene, scene.guide)).to_contain_text("Not opted")


def test_a_contact_is_found_added_and_changed(plain):
    page = plain
    page.get_by_role("link", name="New contact").click()
    page.get_by_label("Last name").fill("Nowak")
    page.locator("input[name$='-0-text']").fill("zofia@nowak.example")
    page.get_by_role("button", name="Add another address").click()
    expect(page.get_by_label("Last name")).to_have_value("Nowak")
    page.get_by_role("checkbox", name="Garden").check()
    page.get_by_role("button", name="Add contact").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nowak")
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Company").fill("Nowak i Córki")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nowak i Córki").first).to_be_visible()
