"""Saved views and columns in a real browser: save, change, reset, rename, delete; with keys alone."""

import re

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

from contacts.models import SavedView
from contacts.saved_views import ViewState, create_view
from tests.browser.axe import grave_violations, open_everything, overflow
from tests.contacts.panel_scene import IN, Scene
from tests.factories import NOW, make_contact

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def scene(db) -> Scene:
    scene = Scene()
    scene.say(scene.guide, IN, explanation="Asked at the till")
    units = [scene.garden]
    make_contact("jonas@x.example", first_name="Jonas", last_name="Lindqvist", units=units)
    return scene


@pytest.fixture
def index(live_server, page: Page, watch, enter, scene) -> Page:
    enter(watch(page), scene.editor)
    page.goto(f"{live_server.url}/contacts/")
    return page


def view_of(scene: Scene, name: str = "Okafors", **fields) -> SavedView:
    state = ViewState("q=okafor", "-updated", ("owner", "company"))
    return create_view(owner=scene.editor, name=name, is_shared=False, state=state, now=NOW)


def search(page: Page, words: str) -> None:
    page.get_by_role("searchbox", name="Search contacts").last.fill(words)


def names(page: Page):
    return page.locator("#contact-list tbody th a")


def headings(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("#contact-list thead th").all_inner_texts()][1:]


def test_save_a_view_change_it_reset_it_and_save_the_change(index, scene):
    search(index, "okafor")
    expect(names(index)).to_have_count(1)
    tabs = index.get_by_role("navigation", name="Saved views")
    expect(tabs.get_by_text("changed")).to_be_visible()
    index.get_by_role("button", name="Save view").click()
    dialog = index.get_by_role("dialog", name="Save view")
    expect(dialog.get_by_label("Name")).to_be_focused()
    dialog.get_by_label("Name").fill("Okafors")
    dialog.get_by_label("All staff").check()
    dialog.get_by_role("button", name="Save view").click()
    expect(tabs.locator("[aria-current]")).to_contain_text("Okafors")
    expect(index.get_by_role("searchbox", name="Search contacts").last).to_have_value("okafor")
    expect(index.get_by_role("button", name="Save changes")).to_have_count(0)
    search(index, "jonas")
    expect(names(index)).to_have_text(re.compile("Jonas"))
    expect(index.get_by_role("button", name="Save changes")).to_be_visible()
    index.get_by_role("link", name="Reset").click()
    expect(names(index)).to_have_text(re.compile("Amara"))
    expect(index.get_by_role("link", name="Reset")).to_have_count(0)
    search(index, "jonas")
    index.get_by_role("button", name="Save changes").click()
    expect(index.get_by_text("The view “Okafors” was saved.")).to_be_visible()
    expect(names(index)).to_have_text(re.compile("Jonas"))
    view = SavedView.objects.get()
    assert (view.query_text, view.is_shared) == ("q=jonas", True)


def test_a_name_that_is_taken_is_said_in_the_dialog_and_what_was_typed_stays(index, scene):
    view_of(scene)
    index.get_by_role("button", name="Save view").click()
    dialog = index.get_by_role("dialog", name="Save view")
    dialog.get_by_label("Name").fill("okafors")
    index.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_be_focused()
    expect(dialog.get_by_role("alert")).to_contain_text("Another view has this name.")
    expect(dialog.get_by_label("Name")).to_have_value("okafors")
    dialog.get_by_label("Name").fill("Others")
    index.keyboard.press("Control+Enter")
    expect(index.locator(".tabs [aria-current]")).to_contain_text("Others")


def test_search_and_order_stay_within_the_view_and_back_comes_back(index, live_server, scene):
    view = view_of(scene)
    index.reload()
    index.get_by_role("link", name="Okafors").click()
    expect(names(index)).to_have_text(re.compile("Amara"))
    assert headings(index) == ["Contact", "Owner", "Company"]
    index.get_by_role("link", name="Company").click()
    expect(index.locator("[aria-sort]")).to_contain_text("Company")
    expect(names(index)).to_have_count(1)
    assert headings(index) == ["Contact", "Owner", "Company"]
    expect(index.get_by_role("button", name="Save changes")).to_be_visible()
    index.go_back()
    expect(index).to_have_url(f"{live_server.url}/contacts/?view={view.pk}")
    expect(index.get_by_role("button", name="Save changes")).to_have_count(0)


def test_rename_and_delete_from_the_menu_of_the_view(index, scene):
    view_of(scene)
    index.reload()
    index.get_by_role("link", name="Okafors").click()
    options = index.get_by_role("button", name="Options of “Okafors”")
    options.click()
    index.get_by_role("link", name="Rename or share").click()
    dialog = index.get_by_role("dialog", name="Rename or share “Okafors”")
    dialog.get_by_label("Name").fill("The Okafors")
    dialog.get_by_role("button", name="Save").click()
    expect(index.locator(".tabs [aria-current]")).to_contain_text("The Okafors")
    index.get_by_role("button", name="Options of “The Okafors”").click()
    index.get_by_role("link", name="Delete view").click()
    dialog = index.get_by_role("dialog", name="Delete the view “The Okafors”?")
    expect(dialog).to_be_visible()
    index.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    index.get_by_role("button", name="Options of “The Okafors”").click()
    index.get_by_role("link", name="Delete view").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(index.get_by_text("The view “The Okafors” was deleted.")).to_be_visible()
    expect(names(index)).to_have_count(2)


def test_columns_are_chosen_and_ordered_with_keys_alone(index, scene):
    index.get_by_role("button", name="Choose columns").focus()
    index.keyboard.press("Enter")
    dialog = index.get_by_role("dialog", name="Choose columns")
    expect(dialog.get_by_role("heading", name="Choose columns")).to_be_focused()
    company = dialog.get_by_role("checkbox", name="Company")
    company.focus()
    index.keyboard.press("Space")
    dialog.get_by_role("checkbox", name="Owner").focus()
    index.keyboard.press("Space")
    dialog.get_by_role("checkbox", name="Garden guide (Email)").focus()
    index.keyboard.press("Space")
    down = dialog.get_by_role("button", name="Move Business units down")
    down.focus()
    index.keyboard.press("Enter")
    expect(dialog.locator(".order-list li").first).to_contain_text("Email types opted in")
    expect(down).to_be_focused()
    expect(company).not_to_be_checked()
    expect(dialog.get_by_role("checkbox", name="Owner")).to_be_checked()
    up = dialog.get_by_role("button", name="Move Garden guide (Email) up")
    up.focus()
    for _ in range(5):
        index.keyboard.press("Enter")
        expect(up).to_be_focused()
        expect(dialog.locator("#column-choice[aria-busy]")).to_have_count(0)
        expect(index.locator(".htmx-request")).to_have_count(0)
    expect(dialog.locator(".order-list li").first).to_contain_text("Garden guide")
    dialog.get_by_role("checkbox", name="Owner").focus()
    index.keyboard.press("Enter")  # as in any form: what the main button does
    expect(dialog).to_be_hidden()
    expect(index.locator("#contact-list thead")).to_contain_text("Garden guide (Email)")
    assert headings(index)[:4] == [
        "Contact",
        "Garden guide (Email)",
        "Email types opted in",
        "Business units",
    ]
    assert "Company" not in headings(index)
    row = index.locator("tbody tr", has_text="Amara")
    expect(row.locator("td").nth(1)).to_have_text("Opted in")
    expect(index.get_by_role("button", name="Choose columns")).to_be_focused()
    expect(index).to_have_url(re.compile("cols="))
    index.reload()
    expect(index.locator("#contact-list thead")).to_contain_text("Garden guide (Email)")


def test_the_usual_columns_come_back(index, live_server):
    index.goto(f"{live_server.url}/contacts/?cols=owner&q=okafor")
    index.get_by_role("button", name="Choose columns").click()
    index.get_by_role("button", name="Usual columns").click()
    expect(index.get_by_role("dialog")).to_be_hidden()
    expect(index.locator("#contact-list thead")).to_contain_text("Last updated")
    assert "Owner" not in headings(index)
    expect(names(index)).to_have_count(1)


def test_views_are_put_in_order_with_keys_alone(index, live_server, scene):
    view_of(scene, "One")
    view_of(scene, "Two")
    index.goto(f"{live_server.url}/contacts/views/")
    up = index.get_by_role("button", name="Move Two up")
    up.focus()
    index.keyboard.press("Enter")
    expect(index.locator("#own-views tbody tr").first).to_contain_text("Two")
    expect(up).to_be_focused()
    index.get_by_role("link", name="Delete “One”").focus()
    index.keyboard.press("Enter")
    expect(index.get_by_role("dialog", name="Delete the view “One”?")).to_be_visible()
    index.keyboard.press("Escape")
    expect(index.get_by_role("link", name="Delete “One”")).to_be_focused()


def test_everything_works_without_script(browser, live_server, as_user, scene):
    context = browser.new_context(java_script_enabled=False)
    session = as_user(scene.editor).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/contacts/?q=okafor")
    page.get_by_role("button", name="Choose columns").click()
    page.get_by_role("checkbox", name="Owner").check()
    page.get_by_role("button", name="Move Company down").click()
    expect(page.get_by_role("checkbox", name="Owner")).to_be_checked()
    page.get_by_role("button", name="Show columns").last.click()
    assert "Owner" in headings(page)
    expect(names(page)).to_have_count(1)
    page.get_by_role("button", name="Save view").click()
    page.get_by_label("Name").fill("Okafors")
    page.get_by_role("button", name="Save view").click()
    expect(page.locator(".tabs [aria-current]")).to_contain_text("Okafors")
    assert "Owner" in headings(page)
    view = SavedView.objects.get()
    page.goto(f"{live_server.url}/contacts/?view={view.pk}&q=jonas")
    page.get_by_role("button", name="Save changes").click()
    expect(names(page)).to_have_text(re.compile("Jonas"))
    page.goto(f"{live_server.url}/contacts/views/{view.pk}/delete/")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The view “Okafors” was deleted.")).to_be_visible()
    context.close()


@pytest.mark.parametrize(
    "path",
    [
        "contacts/?view={view}&q=a",
        "contacts/?cols=company,owner,country,bases,created,email,sms,stage",
        "contacts/?view=0",
        "contacts/views/",
        "contacts/views/new/?q=a",
        "contacts/views/{view}/",
        "contacts/views/{view}/delete/",
        "contacts/columns/?cols=company,owner",
    ],
)
def test_no_page_has_a_grave_finding(index, live_server, scene, path):
    view = view_of(scene, "A view with a name that is rather long, longer than most tabs")
    index.goto(f"{live_server.url}/{path.format(view=view.pk)}")
    open_everything(index)
    assert grave_violations(index) == []
    assert overflow(index, 390) == 0


def test_the_open_menus_have_no_grave_finding(index, live_server, scene):
    for number in range(8):
        view_of(scene, f"View {number}")
    for button in ("More views", "Options of"):
        index.goto(f"{live_server.url}/contacts/?view={SavedView.objects.first().pk}")
        index.get_by_role("button", name=button).click()
        assert grave_violations(index) == []


def test_on_a_phone_the_open_tab_is_in_view(index, live_server, scene):
    view = view_of(scene)
    index.set_viewport_size({"width": 390, "height": 800})
    index.goto(f"{live_server.url}/contacts/?view={view.pk}")
    expect(index.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=0.9)
    search(index, "jonas")
    expect(index.get_by_role("button", name="Save changes")).to_be_in_viewport()
    expect(index.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=0.9)


def test_a_filter_that_is_added_narrows_the_view_and_one_removed_does_not_come_back(
    index, live_server, scene
):
    make_contact("poll@x.example", first_name="Polly", country="PL", units=[scene.garden])
    make_contact("dora@x.example", first_name="Dora", country="DE", units=[scene.garden])
    state = ViewState("f=country%3Ais%3APL", "name")
    view = create_view(owner=scene.editor, name="Poland", is_shared=False, state=state, now=NOW)
    index.goto(f"{live_server.url}/contacts/?view={view.pk}")
    expect(names(index)).to_have_text(re.compile("Polly"))
    index.get_by_role("button", name="Add filter").click()
    index.get_by_role("link", name="First name").click()
    index.get_by_label("Text").fill("Dora")
    index.get_by_role("button", name="Apply").click()
    expect(index.get_by_role("heading", name="No contact matches")).to_be_visible()
    expect(index.get_by_role("button", name="Save changes")).to_be_visible()
    removing = index.get_by_role("link", name=re.compile("Remove filter"))
    for left in (1, 0):
        removing.first.click()
        expect(removing).to_have_count(left)
    expect(names(index)).to_have_count(4)
    expect(index.get_by_role("button", name="Save changes")).to_be_visible()
    search(index, "dora")
    expect(names(index)).to_have_count(1)
    expect(names(index)).to_have_text(re.compile("Dora"))
    index.get_by_role("button", name="Save changes").click()
    expect(index.get_by_text("The view “Poland” was saved.")).to_be_visible()
    expect(names(index)).to_have_count(1)
    expect(names(index)).to_have_text(re.compile("Dora"))
