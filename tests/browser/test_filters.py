"""The filter of the index in real Chromium, with the keyboard alone, and before axe."""

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import expect

from contacts.services import AddressWish
from preferences.values import Channel
from tests.browser.axe import SETTLED, violations
from tests.contacts.panel_scene import OUT, Scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene(db) -> Scene:
    scene = Scene()
    scene.person_says(scene.guide, OUT)
    scene.add_contact("Jonas", [AddressWish(Channel.EMAIL, "jonas@x.example", is_primary=True)])
    return scene


@pytest.fixture
def index(live_server, page, watch, scene, enter):
    watch(page)
    enter(page, scene.editor)
    page.goto(f"{live_server.url}/contacts/")
    return page


def press(page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def add_status(page) -> None:
    """Add "Garden guide: opted out" with the keyboard alone."""
    page.locator("#filter-add").focus()
    press(page, "Enter")
    first = page.get_by_role("link", name="Status of a type")
    expect(first).to_be_focused()
    press(page, "Enter")
    types = page.locator("#filter-add-form").get_by_label("Subscription type")
    expect(types).to_be_focused()
    page.keyboard.type("Garden guide")
    press(page, "Tab", "Tab", "Tab", "Space", "Enter")


def test_a_filter_is_added_changed_and_removed_with_the_keyboard(index):
    page = index
    expect(page.locator("tbody tr")).to_have_count(2)
    add_status(page)
    chip = page.locator("#filter-0")
    expect(chip).to_be_focused()
    expect(chip).to_contain_text("Opted out")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert "f=status." in page.url
    press(page, "Enter")
    expect(page.locator("#filter-0-form select")).to_be_focused()
    press(page, "Tab", "Space", "Enter")
    expect(chip).to_contain_text("Opted in or Opted out")
    expect(chip).to_be_focused()
    press(page, "Enter")
    expect(page.locator("#filter-0-form select")).to_be_focused()
    press(page, "Escape")
    expect(chip).to_be_focused()
    press(page, "Tab", "Enter")
    expect(page.locator("#filter-add")).to_be_focused()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.go_back()
    expect(page.locator("#filter-0")).to_contain_text("Opted in or Opted out")


def test_what_is_wrong_is_said_in_the_form_and_at_the_chip(index, scene):
    page = index
    page.locator("#filter-add").click()
    page.get_by_role("link", name="Country").click()
    form = page.locator("#filter-add-form")
    form.get_by_role("button", name="Apply").click()
    expect(form.locator(".field__error")).to_contain_text("Choose at least one value.")
    expect(form.locator("fieldset")).to_be_focused()
    scene.guide.archived_at = scene.guide.created_at
    scene.guide.save()
    page.goto(f"{page.url}?f=status.{scene.guide.pk}.email:is:in")
    expect(page.locator("#filter-0")).to_have_accessible_description(
        "Garden guide (Email): Opted in: This subscription type is archived."
    )
    expect(page.locator("tbody tr")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_chips_menu_and_form_pass_axe(index, scene, scheme, width):
    page = index
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 860})
    filters = f"status.{scene.guide.pk}.email:is:out;(country:is:PL|stage:known|unit:is:999)"
    page.goto(f"{page.url}?f={filters}")
    page.locator("#filter-0").click()
    expect(page.locator("#filter-0-form select")).to_be_visible()
    page.evaluate(SETTLED)
    assert violations(page) == []
    press(page, "Escape")
    page.locator("#filter-add").click()
    expect(page.get_by_role("link", name="Status of a type")).to_be_visible()
    assert violations(page) == []
