"""What staff do with one person's subscriptions, each from start to end in a real browser."""

import re

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

from preferences.models import ConsentEvent
from preferences.values import Status, unit_scope
from tests.conftest import PASSWORD
from tests.contacts.panel_scene import Scene, status_of

IN, OUT, NONE = Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.NOT_SPECIFIED
EXPLANATION = "Asked at the till to hear about workshops"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def scene(db) -> Scene:
    return Scene()


@pytest.fixture
def record(live_server, page: Page, watch, enter, scene) -> Page:
    enter(watch(page), scene.editor)
    page.goto(f"{live_server.url}/contacts/{scene.contact.pk}/")
    return page


@pytest.fixture
def panel(record: Page) -> Page:
    record.get_by_role("link", name="View subscriptions").click()
    expect(record.get_by_role("dialog", name="Subscriptions of Amara Okafor")).to_be_visible()
    return record


def row(page: Page, scene: Scene, kind):
    return page.locator(f"#row-{scene.email.pk}-{kind.pk}")


def press(page: Page, scene: Scene, kind, verb: str) -> None:
    row(page, scene, kind).hover()
    row(page, scene, kind).get_by_label(f"{verb}: {kind.name}", exact=True).click()


def fill_grounds(page: Page, explanation: str = EXPLANATION) -> None:
    page.get_by_label("Legal basis for communication").select_option("CONSENT_WITH_NOTICE")
    page.get_by_label("Explanation for communication consent").fill(explanation)
    processing = page.get_by_label("Legal basis for processing")
    processing.select_option("LEGITIMATE_INTEREST_CLIENT")


def test_sign_in_leads_to_where_one_wanted_to_go(live_server, page, watch, scene):
    watch(page)
    panel = f"{live_server.url}/contacts/{scene.contact.pk}/subscriptions/"
    page.goto(panel)
    expect(page).to_have_url(re.compile("/login/"))
    page.get_by_label("Email").fill(scene.editor.email)
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Email")).to_have_value(scene.editor.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(panel)
    expect(page.get_by_role("dialog", name="Subscriptions of Amara Okafor")).to_be_visible()


def test_from_the_list_to_the_panel_and_back(live_server, page, watch, enter, scene):
    enter(watch(page), scene.editor)
    page.goto(f"{live_server.url}/contacts/")
    page.get_by_role("searchbox", name="Search", exact=False).last.fill("okafor")
    page.get_by_role("link", name="Amara Okafor").click()
    page.get_by_role("link", name="View subscriptions").click()
    expect(page.locator("#panel")).to_be_visible()
    expect(page.locator("#panel-h")).to_be_focused()
    expect(page).to_have_url(re.compile(r"/contacts/\d+/subscriptions/$"))
    page.get_by_role("link", name="Close subscriptions").click()
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.locator("#view-subscriptions")).to_be_focused()
    expect(page).to_have_url(re.compile(r"/contacts/\d+/$"))


def test_subscribe_with_the_dialog(panel, scene):
    press(panel, scene, scene.guide, "Subscribe")
    dialog = panel.get_by_role("dialog", name="Subscribe Amara Okafor")
    dialog.get_by_role("checkbox", name="Offers").check()
    fill_grounds(panel)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(row(panel, scene, scene.guide)).to_contain_text("Opted in")
    expect(row(panel, scene, scene.offers)).to_contain_text("Opted in")
    expect(panel.locator(f"#unit-count-{scene.garden.pk}")).to_contain_text("2 of 3")
    expect(panel.locator("#subscriptions-card")).to_contain_text("2 of 3")
    expect(panel.locator("#history-count")).to_have_text("2")
    assert status_of(scene.email, scene.guide) is IN


def test_a_refusal_says_whose_choice_it_is_and_offers_no_form(panel, scene):
    scene.person_says(scene.guide, OUT)
    panel.reload()
    press(panel, scene, scene.guide, "Resubscribe")
    dialog = panel.locator("#dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("right to resubscribe")
    expect(dialog.get_by_role("button", name="Save")).to_have_count(0)
    dialog.get_by_role("link", name="Close").last.click()
    expect(dialog).to_be_hidden()
    assert status_of(scene.email, scene.guide) is OUT
    assert ConsentEvent.objects.count() == 1


def test_resubscribe_what_the_person_left_needs_the_right_and_when_they_asked(panel, scene):
    scene.person_says(scene.guide, OUT)
    scene.editor.may_resubscribe = True
    scene.editor.save()
    panel.reload()
    press(panel, scene, scene.guide, "Resubscribe")
    dialog = panel.locator("#dialog")
    expect(dialog).to_contain_text("own choice")
    fill_grounds(panel)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator(".error-summary")).to_be_focused()
    expect(dialog.get_by_label("Explanation for communication consent")).to_have_value(EXPLANATION)
    dialog.get_by_label("Date they asked").fill(
        panel.evaluate("new Date().toISOString().slice(0, 10)")
    )
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(row(panel, scene, scene.guide)).to_contain_text("Opted in")
    assert status_of(scene.email, scene.guide) is IN


def test_unsubscribe_and_undo(panel, scene):
    scene.say(scene.guide, IN)
    panel.reload()
    press(panel, scene, scene.guide, "Unsubscribe")
    expect(row(panel, scene, scene.guide)).to_contain_text("Opted out")
    expect(panel.locator("#subscriptions-card")).to_contain_text("0 of 3")
    press(panel, scene, scene.guide, "Undo")
    expect(row(panel, scene, scene.guide)).to_contain_text("Opted in")
    expect(panel.locator("#subscriptions-card")).to_contain_text("1 of 3")
    expect(panel.locator("#history-count")).to_have_text("3")
    assert status_of(scene.email, scene.guide) is IN


def test_history_tells_who_what_when_and_why(panel, scene):
    scene.say(scene.guide, IN)
    scene.person_says(scene.guide, OUT)
    panel.get_by_role("link", name=re.compile("^History")).click()
    expect(panel).to_have_url(re.compile("/history/$"))
    events = panel.locator("#events .event")
    expect(events).to_have_count(2)
    expect(events.first).to_contain_text("Own choice")
    expect(events.last).to_contain_text("You, Record panel")
    events.last.get_by_text("Details").first.click()
    expect(events.last).to_contain_text("Said so on the phone")
    expect(panel.locator("#verification")).to_contain_text("History intact")
    with panel.expect_download() as download:
        panel.locator("#history-export").click()
    assert download.value.suggested_filename.endswith(".csv")
    panel.get_by_label("Show").select_option("opt_ins")
    expect(events).to_have_count(1)


def test_filter_by_unit_shows_its_types_alone(panel, scene):
    panel.get_by_label("Business unit").select_option(label="Stays")
    expect(row(panel, scene, scene.guide)).to_have_count(0)
    expect(row(panel, scene, scene.breaks)).to_be_visible()
    panel.reload()
    expect(panel.get_by_label("Business unit")).to_have_value(str(scene.stays.pk))
    expect(row(panel, scene, scene.guide)).to_have_count(0)
    panel.get_by_label("Business unit").select_option(label="All business units")
    expect(row(panel, scene, scene.guide)).to_be_visible()


def test_from_sign_in_to_undo_with_the_keyboard_alone(live_server, page, watch, scene):
    """Nothing here but keys; Tab is pressed until the wanted control has the focus."""
    watch(page)
    keys = page.keyboard

    def tab_to(name: str) -> None:
        for _ in range(80):
            keys.press("Tab")
            found = page.evaluate(
                "(e => e.ariaLabel || e.labels?.[0]?.innerText || e.innerText || '')"
                "(document.activeElement)"
            )
            if found.strip().startswith(name):
                return
        raise AssertionError(f"Tab never reached {name}")

    page.goto(f"{live_server.url}/login/?next=/contacts/")
    keys.type(scene.editor.email)
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Contacts")).to_be_visible()
    page.wait_for_load_state()  # keys work once the scripts are there
    keys.press("j")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Amara Okafor")).to_be_visible()
    page.wait_for_load_state()
    keys.press("s")
    expect(page.locator("#panel-h")).to_be_focused()
    tab_to("Subscribe: Garden guide")
    keys.press("Enter")
    expect(page.locator("#dlg-h")).to_be_focused()
    tab_to("Legal basis for communication")
    keys.type("Consent")
    tab_to("Explanation for communication consent")
    keys.type(EXPLANATION)
    tab_to("Legal basis for processing")
    keys.type("Legitimate interest: existing")
    keys.press("Control+Enter")
    expect(page.locator("#dialog")).to_be_hidden()
    expect(row(page, scene, scene.guide)).to_contain_text("Opted in")
    tab_to("Unsubscribe: Garden guide")
    keys.press("Enter")
    expect(row(page, scene, scene.guide)).to_contain_text("Opted out")
    expect(page.get_by_role("button", name="Undo: Garden guide")).to_be_focused()
    keys.press("Enter")
    expect(row(page, scene, scene.guide)).to_contain_text("Opted in")
    keys.press("h")
    expect(page.locator("#events .event")).to_have_count(3)
    keys.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    assert status_of(scene.email, scene.guide) is IN


def test_a_tab_that_has_grown_old_tells_the_truth_and_writes_nothing_twice(panel, scene):
    """Another tab has opted the person out meanwhile; this one still offers it."""
    scene.say(scene.guide, OUT)
    panel.locator(f"#out-{scene.email.pk}-{scene.guide.pk}").focus()
    panel.keyboard.press("Enter")
    expect(row(panel, scene, scene.guide)).to_contain_text("Opted out")
    expect(panel.locator(".toast")).to_contain_text("already opted out")
    assert ConsentEvent.objects.count() == 1


def test_two_tabs_side_by_side(record, scene):
    other = record.context.new_page()
    for page in (record, other):
        page.goto(f"{record.url.split('subscriptions')[0]}subscriptions/")
    press(record, scene, scene.guide, "Subscribe")
    fill_grounds(record)
    scene_key = f"#out-{scene.email.pk}-{scene.guide.pk}"
    other.locator(scene_key).focus()
    other.keyboard.press("Enter")
    expect(row(other, scene, scene.guide)).to_contain_text("Opted out")
    with record.expect_response(lambda answer: answer.request.method == "POST"):
        record.get_by_role("button", name="Save").click()
    expect(record.locator("#panel")).to_be_visible()
    record.reload()
    other.reload()
    shown = row(record, scene, scene.guide).locator(".pill").inner_text()
    assert row(other, scene, scene.guide).locator(".pill").inner_text() == shown
    expected = {IN: "Opted in", OUT: "Opted out"}[status_of(scene.email, scene.guide)]
    assert shown == expected


def test_a_double_click_on_save_writes_one_event(panel, scene):
    press(panel, scene, scene.guide, "Subscribe")
    fill_grounds(panel)
    panel.get_by_role("button", name="Save").dblclick()
    expect(panel.locator("#dialog")).to_be_hidden()
    expect(row(panel, scene, scene.guide)).to_contain_text("Opted in")
    press(panel, scene, scene.breaks, "Unsubscribe")
    expect(row(panel, scene, scene.breaks)).to_contain_text("Opted out")
    assert ConsentEvent.objects.filter(subscription_type=scene.guide).count() == 1


def test_back_and_forward_through_panel_and_history(panel, scene):
    scene.say(scene.guide, IN)
    panel.get_by_role("link", name=re.compile("^History")).click()
    expect(panel.locator("#events .event")).to_have_count(1)
    panel.go_back()
    expect(row(panel, scene, scene.guide)).to_contain_text("Opted in")
    panel.go_back()
    expect(panel.locator("#panel")).to_be_hidden()
    panel.go_forward()
    expect(row(panel, scene, scene.guide)).to_be_visible()
    panel.go_forward()
    expect(panel.locator("#events .event")).to_have_count(1)
    panel.keyboard.press("Escape")
    expect(panel.locator("#panel")).to_be_hidden()
    expect(panel).to_have_url(re.compile(r"/contacts/\d+/$"))


def test_a_click_that_another_change_overtook_is_told_what_is_so_now(panel, scene):
    """The person left everything of the unit after the panel was drawn."""
    scene.person_says(unit_scope(scene.garden.pk))
    press(panel, scene, scene.guide, "Subscribe")
    expect(panel.locator("#dialog .notice")).to_contain_text("Unsubscribed from all")
    expect(panel.locator("#dialog .notice")).to_contain_text("Own choice")
    panel.keyboard.press("Escape")
    expect(panel.locator("#dialog")).to_be_hidden()
    assert status_of(scene.email, scene.guide) is OUT
