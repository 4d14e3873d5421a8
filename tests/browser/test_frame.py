"""The frame in a real browser: policy, keyboard, signing in again."""

import re

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.conftest import PASSWORD, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """Collect what the browser complains about; breaches of the policy arrive here too."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else 0)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.fixture
def signed_in(live_server, page: Page) -> Page:
    make_user()
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{live_server.url}/login/?next=/account/")
    page.get_by_label("Email").fill("editor@fernmoor.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    page.wait_for_load_state()
    return page


def test_sign_in_page_is_accessible_and_quiet(live_server, page, complaints):
    page.goto(f"{live_server.url}/login/")
    assert violations(page) == []
    page.get_by_role("button", name="Show password").click()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")
    assert complaints == []


TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def test_account_page_is_accessible_in_light_and_dark(signed_in, complaints):
    assert violations(signed_in) == []
    signed_in.get_by_label("Appearance").select_option("dark")
    expect(signed_in.locator("html")).to_have_attribute("data-theme", "dark")
    signed_in.evaluate(TWO_FRAMES)  # colours are those of the new theme once they are painted
    assert violations(signed_in) == []
    assert complaints == []


def test_question_mark_lists_the_shortcuts_and_escape_closes_it(signed_in):
    signed_in.keyboard.press("?")
    dialog = signed_in.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    signed_in.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_slash_goes_to_the_search_and_keys_do_nothing_while_typing(signed_in):
    signed_in.keyboard.press("/")
    search = signed_in.get_by_role("searchbox")
    expect(search).to_be_focused()
    signed_in.keyboard.type("?/")
    expect(search).to_have_value("?/")


def test_user_menu_opens_and_signs_out(signed_in):
    signed_in.get_by_role("button", name="Editor Person").click()
    signed_in.get_by_role("button", name="Sign out").click()
    expect(signed_in).to_have_url(re.compile("/login/"))


def test_a_session_that_ended_is_resumed_in_place(signed_in):
    page = signed_in
    page.get_by_label("Name").fill("Typed before")
    # The form as an htmx form would be: its answer is a page, so only its status is looked at.
    page.evaluate(
        """() => {
            const form = document.querySelector("main form");
            form.setAttribute("hx-post", "/account/password/");
            form.setAttribute("hx-swap", "none");
            htmx.process(form);
        }"""
    )
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Email").fill("editor@fernmoor.example")
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    with page.expect_response("**/account/password/") as again:
        dialog.get_by_role("button", name="Sign in and go on").click()
    assert again.value.status == 422  # signed in again, and sent again: now the form is looked at
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("Name")).to_have_value("Typed before")
