"""Panel, dialog, focus, history, unsaved text, toasts and ticks in a real browser."""

import re

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

from tests.conftest import make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.browser,
    pytest.mark.urls("tests.browser.layers_site"),
]


@pytest.fixture
def listing(live_server, page: Page, as_user) -> Page:
    session = as_user(make_user()).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{live_server.url}/t/list/")
    page.evaluate("window.isSamePage = true")
    return page


def is_same_page(page: Page) -> bool:
    return bool(page.evaluate("window.isSamePage === true"))


@pytest.fixture
def with_panel(listing: Page) -> Page:
    listing.get_by_role("link", name="Open", exact=True).click()
    expect(listing.get_by_role("dialog", name="Panel")).to_be_visible()
    return listing


def test_a_panel_opens_pushes_its_url_and_takes_the_focus(with_panel):
    expect(with_panel).to_have_url(re.compile("/t/panel/$"))
    expect(with_panel.get_by_role("heading", name="Panel")).to_be_focused()
    assert with_panel.evaluate("document.getElementById('panel').matches(':modal')")


@pytest.mark.parametrize("way", ["Escape", "Close", "Back"])
def test_closing_goes_back_without_a_reload_and_returns_the_focus(with_panel, way):
    page = with_panel
    if way == "Escape":
        page.keyboard.press("Escape")
    elif way == "Close":
        page.get_by_role("link", name="Close").click()
    else:
        page.go_back()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page).to_have_url(re.compile("/t/list/$"))
    expect(page.locator("#open")).to_be_focused()
    assert is_same_page(page)


def test_closing_after_a_tab_goes_back_to_the_page_below(with_panel):
    with_panel.get_by_role("link", name="Tab").click()
    expect(with_panel).to_have_url(re.compile("tab=2"))
    with_panel.get_by_role("link", name="Close").click()
    expect(with_panel).to_have_url(re.compile("/t/list/$"))
    assert is_same_page(with_panel)


def test_forward_opens_the_panel_again(with_panel):
    with_panel.go_back()
    expect(with_panel.get_by_role("dialog")).to_be_hidden()
    with_panel.go_forward()
    expect(with_panel.get_by_role("dialog", name="Panel")).to_be_visible()


def test_a_panel_opened_by_its_url_closes_to_its_parent(listing, live_server):
    listing.goto(f"{live_server.url}/t/panel/")
    expect(listing.get_by_role("dialog", name="Panel")).to_be_visible()
    listing.keyboard.press("Escape")
    expect(listing).to_have_url(re.compile("/t/list/$"))
    expect(listing.get_by_role("dialog")).to_be_hidden()


@pytest.mark.parametrize("way", ["Escape", "Back"])
def test_unsaved_text_is_asked_about_once(with_panel, way):
    page = with_panel
    page.get_by_label("Word").fill("half a sen")
    leave = page.get_by_role("dialog", name="Leave without saving?")
    for answer in ("Keep editing", "Leave"):
        if way == "Escape":
            page.keyboard.press("Escape")
        else:
            page.evaluate("history.back()")
        expect(leave).to_be_visible()
        leave.get_by_role("button", name=answer, exact=True).click()
        if answer == "Keep editing":
            expect(page.get_by_label("Word")).to_have_value("half a sen")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page).to_have_url(re.compile("/t/list/$"))


def test_a_question_asked_again_at_once_still_hears_its_answer(with_panel):
    """The event of the first answer comes after the second question is open."""
    with_panel.get_by_label("Word").fill("half a sen")
    with_panel.keyboard.press("Escape")
    leave = with_panel.get_by_role("dialog", name="Leave without saving?")
    expect(leave).to_be_visible()
    with_panel.evaluate("""() => {
        document.querySelector("#leave [value='stay']").click();
        document.getElementById("panel").dispatchEvent(new Event("cancel", { cancelable: true }));
    }""")
    leave.get_by_role("button", name="Leave", exact=True).click()
    expect(with_panel.get_by_role("dialog")).to_be_hidden()


def test_a_form_with_a_problem_takes_the_focus_to_the_summary(with_panel):
    with_panel.get_by_role("button", name="Save").click()
    expect(with_panel.locator(".error-summary")).to_be_focused()


def test_success_closes_the_panel_and_says_so(with_panel):
    with_panel.get_by_label("Word").fill("done")
    with_panel.get_by_role("button", name="Save").click()
    expect(with_panel.get_by_role("dialog")).to_be_hidden()
    toast = with_panel.locator(".toast")
    expect(toast).to_contain_text("Saved")
    toast.get_by_role("button", name="Dismiss").click()
    expect(toast).to_have_count(0)


def test_a_server_error_keeps_the_text_and_offers_to_try_again(with_panel):
    with_panel.get_by_label("Word").fill("boom")
    with_panel.get_by_role("button", name="Save").click()
    problem = with_panel.locator("[data-problem]")
    expect(problem).to_contain_text("Not saved")
    with_panel.get_by_label("Word").fill("better")
    problem.get_by_role("button", name="Try again").click()
    expect(with_panel.get_by_role("dialog")).to_be_hidden()


def test_a_dialog_lies_on_the_panel_and_escape_closes_it_alone(with_panel):
    with_panel.get_by_role("link", name="Ask").click()
    question = with_panel.get_by_role("dialog", name="Question")
    expect(question).to_be_visible()
    with_panel.keyboard.press("Escape")
    expect(question).to_be_hidden()
    expect(with_panel.get_by_role("dialog", name="Panel")).to_be_visible()
    expect(with_panel.locator("#ask")).to_be_focused()


def test_a_dialog_changes_the_panel_below_and_closes(with_panel):
    with_panel.get_by_role("link", name="Ask").click()
    with_panel.get_by_role("button", name="Yes").click()
    expect(with_panel.get_by_role("dialog", name="Changed")).to_be_visible()
    expect(with_panel.get_by_role("dialog", name="Question")).to_be_hidden()


def test_ticks_count_and_select_all_shows_what_is_between(listing):
    everything = listing.get_by_label("Select all")
    listing.get_by_label("Select 2").check()
    assert everything.evaluate("tick => tick.indeterminate")
    expect(listing.get_by_text("1 selected")).to_be_visible()
    everything.click()
    expect(listing.get_by_text("3 selected")).to_be_visible()
    listing.keyboard.press("Escape")
    expect(listing.get_by_text("selected")).to_be_hidden()


def test_rows_are_walked_ticked_and_opened_by_keys(listing):
    listing.keyboard.press("j")
    listing.keyboard.press("x")
    listing.keyboard.press("j")
    listing.keyboard.press("j")
    expect(listing.get_by_role("link", name="Row 3")).to_be_focused()
    listing.keyboard.press("Shift+X")
    expect(listing.get_by_text("3 selected")).to_be_visible()
    listing.keyboard.press("k")
    expect(listing.get_by_role("link", name="Row 2")).to_be_focused()


def test_keys_can_be_turned_off(listing):
    listing.evaluate("document.body.dataset.shortcuts = 'off'")
    listing.keyboard.press("?")
    expect(listing.get_by_role("dialog")).to_be_hidden()
