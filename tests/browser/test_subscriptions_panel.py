"""The subscriptions panel in a real browser, by keyboard alone."""

import re

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

from preferences.selectors import HISTORY_PAGE
from preferences.values import Status, unit_scope
from tests.browser.test_frame import violations
from tests.contacts.panel_scene import Scene, status_of

IN, OUT = Status.SUBSCRIBED, Status.UNSUBSCRIBED
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def scene(db) -> Scene:
    return Scene()


@pytest.fixture
def record(live_server, page: Page, as_user, scene) -> Page:
    """Return the record page of Amara; any error on the console fails the test."""
    session = as_user(scene.editor).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.emulate_media(reduced_motion="reduce")
    problems: list[str] = []
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{live_server.url}/contacts/{scene.contact.pk}/")
    yield page
    unexpected = [text for text in problems if "status of 4" not in text]
    assert unexpected == []


@pytest.fixture
def panel(record: Page) -> Page:
    record.keyboard.press("s")
    expect(record.get_by_role("dialog", name="Subscriptions of Amara Okafor")).to_be_visible()
    expect(record.locator("#panel-h")).to_be_focused()
    return record


def key_of(scene: Scene, kind, address=None) -> str:
    return f"{(address or scene.email).pk}-{kind.pk}"


def test_unsubscribe_and_undo_by_keyboard_update_everything_in_place(record, scene):
    page, key = record, None
    scene.say(scene.guide, IN)
    page.keyboard.press("s")
    key = key_of(scene, scene.guide)
    row = page.locator(f"#row-{key}")
    expect(row).to_contain_text("Opted in")
    page.locator(f"#row-{key}").get_by_role("button", name="Unsubscribe: Garden guide").focus()
    page.keyboard.press("Enter")
    expect(row).to_contain_text("Opted out")
    expect(page.get_by_role("button", name="Undo: Garden guide")).to_be_focused()
    expect(page.locator("#history-count")).to_have_text("2")
    expect(page.locator("#subscriptions-card")).to_contain_text("0 of 3")
    expect(page.locator(f"#unit-count-{scene.garden.pk}")).to_contain_text("0 of 3")
    expect(page.get_by_role("status").last).to_contain_text("Unsubscribed from Garden guide")
    page.keyboard.press("Enter")
    expect(row).to_contain_text("Opted in")
    assert status_of(scene.email, scene.guide) is IN
    assert page.evaluate("document.activeElement.id") == f"act-{key}"


def test_undo_from_the_toast_works_also_after_the_panel_is_closed(record, scene):
    page = record
    page.keyboard.press("s")
    page.locator(f"#out-{key_of(scene, scene.guide)}").focus()
    page.keyboard.press("Enter")
    toast = page.locator(".toast")
    expect(toast).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast").last).to_contain_text("Undone: Garden guide")
    assert status_of(scene.email, scene.guide) is Status.NOT_SPECIFIED


def test_subscribe_by_keyboard_with_a_mistake_on_the_way(panel, scene):
    page, key = panel, key_of(scene, scene.guide)
    page.locator(f"#act-{key}").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Subscribe Amara Okafor")
    expect(page.locator("#dlg-h")).to_be_focused()
    expect(dialog.get_by_role("checkbox", name="Garden guide")).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#dialog .error-summary")).to_be_focused()
    expect(page.locator("#dialog .error-summary")).to_contain_text("Correct 3 things")
    dialog.get_by_label("Legal basis for communication").select_option("CONSENT_WITH_NOTICE")
    dialog.get_by_label("Explanation for communication consent").fill("Said yes on the phone")
    dialog.get_by_label("Legal basis for processing").select_option("LEGITIMATE_INTEREST_CLIENT")
    page.keyboard.press("Control+Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator(f"#row-{key}")).to_contain_text("Opted in")
    expect(page.locator(f"#act-{key}")).to_be_focused()
    expect(page.locator("#subscriptions-card")).to_contain_text("1 of 3")
    assert status_of(scene.email, scene.guide) is IN


def test_the_dialog_on_a_page_of_its_own_saves_and_goes_on_to_the_panel(record, scene, live_server):
    page = record
    base = f"{live_server.url}/contacts/{scene.contact.pk}/subscriptions/"
    page.goto(f"{base}subscribe/?address={scene.email.pk}&type={scene.guide.pk}")
    dialog = page.get_by_role("dialog", name="Subscribe Amara Okafor")
    dialog.get_by_label("Legal basis for communication").select_option("CONSENT_WITH_NOTICE")
    dialog.get_by_label("Explanation for communication consent").fill("Said yes on the phone")
    dialog.get_by_label("Legal basis for processing").select_option("LEGITIMATE_INTEREST_CLIENT")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#panel-h")).to_be_focused()
    expect(page.locator(f"#row-{key_of(scene, scene.guide)}")).to_contain_text("Opted in")
    assert page.url.startswith(base)


def test_escape_asks_before_text_is_lost_and_returns_the_focus(panel, scene):
    page, key = panel, key_of(scene, scene.guide)
    page.locator(f"#act-{key}").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Explanation for communication consent").fill("half a sen")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Leave without saving?")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Explanation for communication consent")).to_have_value("half a sen")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Leave").click()
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator(f"#act-{key}")).to_be_focused()
    assert status_of(scene.email, scene.guide) is Status.NOT_SPECIFIED


def test_the_focus_stays_inside_the_panel(panel):
    for _ in range(60):
        panel.keyboard.press("Tab")
        assert panel.evaluate(
            "document.activeElement === document.body"
            " || document.getElementById('panel').contains(document.activeElement)"
        )


def test_back_closes_the_panel_and_forward_opens_it(panel):
    expect(panel).to_have_url(re.compile("/subscriptions/$"))
    panel.go_back()
    expect(panel.get_by_role("dialog")).to_be_hidden()
    expect(panel.locator("#view-subscriptions")).to_be_focused()
    panel.go_forward()
    expect(panel.locator("#panel")).to_be_visible()


def test_filters_narrow_in_place_and_stay_in_the_url(panel, scene):
    panel.get_by_label("Business unit").select_option(str(scene.stays.pk))
    expect(panel.locator(f"#row-{key_of(scene, scene.guide)}")).to_have_count(0)
    expect(panel).to_have_url(re.compile(f"unit={scene.stays.pk}"))
    panel.locator(f"#out-{key_of(scene, scene.breaks)}").focus()
    panel.keyboard.press("Enter")
    expect(panel.locator(f"#row-{key_of(scene, scene.breaks)}")).to_contain_text("Opted out")
    expect(panel.locator(f"#row-{key_of(scene, scene.guide)}")).to_have_count(0)


def test_leaving_all_and_lifting_redraw_the_list(panel, scene):
    page = panel
    page.locator("#unsubscribe-all").focus()
    page.keyboard.press("Enter")
    page.locator("#dialog").get_by_label("Business unit").select_option(str(scene.garden.pk))
    page.keyboard.press("Control+Enter")
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator("#subscription-list")).to_contain_text(
        "Unsubscribed from all: Garden, Email"
    )
    expect(page.locator("#subscriptions-card")).to_contain_text("Unsubscribed from all")
    expect(page.locator("#unsubscribe-all")).to_be_focused()
    page.locator(f"#lift-{scene.email.pk}-{scene.garden.pk}").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Lift “Unsubscribed from all”")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator("#subscription-list")).not_to_contain_text("Garden, Email")


def test_history_opens_by_key_filters_and_checks_again(panel, scene):
    scene.say(scene.guide, IN)
    scene.say(unit_scope(scene.stays.pk), OUT)
    page = panel
    page.keyboard.press("h")
    expect(page.locator("#events .event")).to_have_count(2)
    page.get_by_label("Show").select_option("opt_ins")
    expect(page.locator("#events .event")).to_have_count(1)
    expect(page.locator("#history-export")).to_have_attribute("href", re.compile("what=opt_ins"))
    page.locator("#verify-again").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#verification")).to_contain_text("History intact")
    page.locator("#events summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#events .event__facts").first).to_be_visible()


def test_show_older_appends_and_moves_the_focus(record, scene):
    for _ in range(HISTORY_PAGE // 2 + 2):
        scene.say(scene.guide, IN)
        scene.say(scene.guide, OUT)
    record.goto(record.url + "subscriptions/history/")
    expect(record.locator("#events .event")).to_have_count(HISTORY_PAGE)
    record.get_by_role("link", name="Show older").focus()
    record.keyboard.press("Enter")
    expect(record.locator("#events .event")).to_have_count(HISTORY_PAGE + 4)
    expect(record.locator("#events .event").nth(HISTORY_PAGE)).to_be_focused()


@pytest.mark.parametrize("path", ["", "history/", "subscribe/", "unsubscribe-all/"])
def test_opened_by_its_url_it_closes_to_the_page_above(record, scene, path):
    base = record.url
    record.goto(f"{base}subscriptions/{path}")
    layer = record.locator("#panel" if path in {"", "history/"} else "#dialog")
    expect(layer).to_be_visible()
    record.keyboard.press("Escape")
    above = base if path in {"", "history/"} else f"{base}subscriptions/"
    expect(record).to_have_url(above)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_runs_over_the_edge(record, scene, width):
    scene.say(scene.guide, OUT, explanation="x" * 500)
    record.set_viewport_size({"width": width, "height": 800})
    for path in ("", "history/", "subscribe/", "resubscribe/", "unsubscribe-all/"):
        record.goto(re.sub(r"subscriptions/.*", "", record.url) + f"subscriptions/{path}")
        over = record.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_layer_is_accessible(record, scene, scheme):
    record.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    scene.say(scene.guide, IN)
    scene.say(scene.offers, OUT)
    scene.say(unit_scope(scene.stays.pk), OUT)
    base = record.url
    for path in (
        "",
        "history/",
        "subscribe/",
        "resubscribe/",
        "unsubscribe-all/",
        f"lift/?standing={scene.email.pk}-{scene.stays.pk}",
    ):
        record.goto(f"{base}subscriptions/{path}")
        assert violations(record) == [], path
    record.goto(f"{base}subscriptions/subscribe/?address={scene.phone.pk}")
    record.keyboard.press("Control+Enter")
    expect(record.locator("#dialog .error-summary")).to_be_focused()
    assert violations(record) == []
