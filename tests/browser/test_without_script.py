"""The same URLs as plain pages: a browser without script does everything with links and forms."""

import pytest

pytest.importorskip("playwright")
from django.utils import timezone
from playwright.sync_api import Page, expect

from jobs.running import run_next_chunk
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


def test_bulk_actions_from_ticks_to_the_file(plain, scene):
    page = plain
    page.goto("/contacts/")
    page.get_by_label("Select Amara Okafor").check()
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="Set property").click()
    expect(page.get_by_role("heading", name="Set property")).to_be_visible()
    page.locator("#id_set_property").select_option("company")
    page.get_by_role("button", name="Show the effect").click()
    page.locator("#id_set_value").fill("Fern & Sons")
    page.get_by_role("button", name="Show the effect").click()
    expect(page.locator("#bulk-effect")).to_contain_text("1will have “Fern & Sons” as “Company”")
    page.get_by_role("button", name="View who").click()
    expect(page.get_by_role("link", name="Amara Okafor")).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Finish").last.click()
    expect(page.get_by_role("heading", name="Set a property of 1 contact")).to_be_visible()
    run_next_chunk(now=timezone.now())
    run_next_chunk(now=timezone.now())
    page.reload()
    expect(page.get_by_text("1 contact done", exact=True)).to_be_visible()
    scene.contact.refresh_from_db()
    assert scene.contact.company == "Fern & Sons"
    page.goto("/contacts/")
    page.get_by_label("Select Amara Okafor").check()
    page.get_by_role("button", name="Export").click()
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("heading", name="Export 1 contact")).to_be_visible()
    run_next_chunk(now=timezone.now())
    page.reload()
    with page.expect_download() as download:
        page.get_by_role("link", name="Contacts (CSV)").click()
    assert "Fern & Sons" in download.value.path().read_text("utf-8-sig")


def test_the_subscriptions_of_many(plain, scene):
    page = plain
    page.goto("/contacts/")
    page.get_by_label("Select Amara Okafor").check()
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="Edit communication subscriptions").click()
    page.get_by_role("radio", name="Opt out").check()
    page.get_by_label("Garden guide").check()
    page.get_by_role("button", name="Show the effect").click()
    expect(page.locator("#bulk-effect")).to_contain_text("1will change to opted out")
    page.get_by_role("button", name="Finish").last.click()
    expect(page.get_by_role("heading", name="Opt out 1 contact")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused by Tom Birch")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    run_next_chunk(now=timezone.now())
    run_next_chunk(now=timezone.now())
    page.reload()
    page.get_by_role("link", name="Undo job").click()
    page.get_by_role("button", name="Undo job").click()
    expect(page.get_by_role("heading", name="Undo job")).to_be_visible()
    run_next_chunk(now=timezone.now())
    assert status_of(scene.email, scene.guide) is Status.NOT_SPECIFIED
