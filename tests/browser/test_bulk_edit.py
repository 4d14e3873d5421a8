"""A marketer edits the subscriptions of many people in real Chromium: selection to undo."""

import time

import pytest

pytest.importorskip("playwright")
from django.utils import timezone
from playwright.sync_api import expect

from contacts.services import AddressWish
from jobs.models import Job
from jobs.policy import change_job_policy
from jobs.running import run_next_chunk
from preferences.models import ConsentEvent
from preferences.values import Channel
from tests.contacts.bulk_scene import status_of
from tests.contacts.panel_scene import IN, NONE, OUT, Scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene(db) -> Scene:
    return Scene()


@pytest.fixture
def people(scene):
    """Thirty people on two pages; the first one opted out herself."""
    scene.person_says(scene.guide, OUT)
    others = [
        scene.add_contact(
            f"Person{n:02}",
            [AddressWish(Channel.EMAIL, f"person{n}@okafor.example", is_primary=True)],
        )
        for n in range(29)
    ]
    return [scene.contact, *others]


@pytest.fixture
def index(live_server, page, watch, scene, people, enter):
    watch(page)
    enter(page, scene.editor)
    page.goto(f"{live_server.url}/contacts/")
    return page


def run_jobs() -> None:
    last = 0
    while (last := run_next_chunk(now=timezone.now(), after_job_id=last or 0)) is not None:
        pass


def open_panel(page) -> None:
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="Edit communication subscriptions").click()
    expect(page.locator("#panel-h")).to_be_focused()


def finish(page) -> None:
    page.locator("#panel").get_by_role("button", name="Finish").click()


def test_ticks_survive_paging_and_end_as_a_job_that_can_be_undone(index, scene, people):
    page = index
    page.get_by_label("Select all contacts on this page").check()
    expect(page.get_by_text("25 selected")).to_be_visible()
    page.locator("#page-after").click()
    expect(page.locator("tbody tr")).to_have_count(5)
    expect(page.get_by_text("25 selected")).to_be_visible()
    page.get_by_label("Select Amara Okafor").check()
    expect(page.get_by_text("26 selected")).to_be_visible()
    open_panel(page)
    expect(page.locator("#panel")).to_contain_text("26 contacts")
    page.get_by_label("Garden guide").check()
    effect = page.locator("#bulk-effect")
    expect(effect).to_contain_text("25will change to opted in")
    expect(effect).to_contain_text("1refused")
    finish(page)
    expect(page.locator("#panel .error-summary")).to_be_focused()
    expect(page.get_by_label("Garden guide")).to_be_checked()
    page.get_by_label("Legal basis for communication").select_option("CONSENT_WITH_NOTICE")
    page.get_by_label("Explanation for communication consent").fill("Asked at the fair")
    finish(page)
    expect(page.get_by_role("heading", name="Opt in 26 contacts")).to_be_visible()
    assert ConsentEvent.objects.count() == 1
    run_jobs()
    expect(page.get_by_text("25 contacts are now opted in. 1 was refused.")).to_be_visible()
    refusals = page.locator("#job-refusals")
    expect(refusals.get_by_role("link", name="Amara Okafor")).to_be_visible()
    expect(refusals).to_contain_text("Only they can opt back in.")
    assert status_of(people[0], scene.guide) is OUT
    assert status_of(people[-1], scene.guide) is IN
    with page.expect_download() as download:
        page.get_by_role("link", name="Refusals (CSV)", exact=True).click()
    assert "Amara Okafor" in download.value.path().read_text("utf-8-sig")
    scene.person_says(scene.guide, OUT, address=people[-1].contact_addresses.get().address)
    page.get_by_role("link", name="Undo job").click()
    expect(page.locator("#dialog")).to_contain_text("24go back to what they had before")
    page.locator("#dialog").get_by_role("button", name="Undo job").click()
    expect(page.get_by_role("heading", name="Undo job")).to_be_visible()
    run_jobs()
    told = "24 contacts are as before the job. 1 was left as it is."
    expect(page.get_by_text(told, exact=True)).to_be_visible()
    expect(page.locator("#job-refusals table")).to_contain_text("chosen for themselves since")
    assert status_of(people[-2], scene.guide) is NONE
    assert status_of(people[-1], scene.guide) is OUT


def test_all_that_match_with_the_keyboard_and_a_number_to_type(index, scene, people):
    change_job_policy(user=scene.editor, now=scene.now, typed_number_over=10)
    page, keys = index, index.keyboard
    page.wait_for_load_state()
    keys.press("j")
    keys.press("x")
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.get_by_label("Select all 30 contacts, on every page").focus()
    keys.press("Space")
    expect(page.get_by_text("30 selected")).to_be_visible()
    page.get_by_role("button", name="More", exact=True).focus()
    keys.press("Enter")
    keys.press("Tab")
    expect(page.locator("#bulk-subscriptions")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#panel-h")).to_be_focused()
    page.get_by_role("radio", name="Opt out").focus()
    keys.press("Space")
    expect(page.get_by_label("Legal basis for communication")).to_be_hidden()
    page.get_by_label("Search types").fill("guide")
    keys.press("Enter")  # looks for types, sends nothing
    expect(page.get_by_label("Offers")).to_be_hidden()
    page.get_by_label("Garden guide").focus()
    keys.press("Space")
    expect(page.locator("#bulk-effect")).to_contain_text("30will change to opted out")
    keys.press("Control+Enter")
    expect(page.locator("#panel .error-summary")).to_be_focused()
    page.get_by_label("Type the number of contacts to confirm").fill("30")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Opt out 30 contacts")).to_be_visible()
    assert Job.objects.get().total == 30


def test_another_search_is_another_selection_and_escape_clears(index, people):
    page = index
    page.get_by_label("Select Person28 Okafor").check()
    page.locator("#page-after").click()
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".bulkbar")).to_be_hidden()
    page.get_by_label("Select Person03 Okafor").check()
    page.get_by_role("button", name="Clear selection").click()
    expect(page.locator(".bulkbar")).to_be_hidden()


def test_closing_goes_back_to_the_list_with_its_ticks(index, people):
    page = index
    page.get_by_label("Select Person28 Okafor").check()
    open_panel(page)
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.get_by_role("button", name="More", exact=True)).to_be_focused()
    assert page.url.endswith("/contacts/")
    expect(page.get_by_label("Select Person28 Okafor")).to_be_checked()
    open_panel(page)
    page.go_back()
    expect(page.locator("#panel")).to_be_hidden()


def test_the_panel_of_a_stale_tab_says_that_people_are_gone(index, scene, people):
    page = index
    page.get_by_label("Select Person28 Okafor").check()
    open_panel(page)
    page.get_by_role("radio", name="Opt out").check()
    page.get_by_label("Garden guide").check()
    expect(page.locator("#bulk-effect")).to_contain_text("1will change")
    people[-1].delete()
    finish(page)
    expect(page.locator("#panel")).to_contain_text("Nobody is selected any more.")
    expect(page.get_by_role("radio", name="Opt out")).to_be_checked()
    assert not Job.objects.exists()


def test_pause_and_cancel_while_it_runs(index, scene, people):
    page = index
    page.get_by_label("Select Person28 Okafor").check()
    open_panel(page)
    page.get_by_role("radio", name="Opt out").check()
    page.get_by_label("Garden guide").check()
    finish(page)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused by Tom Birch")).to_be_visible()
    run_jobs()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Cancel job").click()
    expect(page.get_by_text("Cancelled after 0 of 1 contacts")).to_be_visible()
    run_jobs()
    assert status_of(people[-1], scene.guide) is NONE


def test_the_preview_does_not_stop_what_is_being_sent(index, scene, people):
    """Finish right after a tick: the preview of that tick is asked for while the job starts."""
    page = index

    def slowly(route) -> None:
        time.sleep(1)
        route.continue_()

    page.get_by_label("Select Person28 Okafor").check()
    open_panel(page)
    page.route("**/contacts/bulk/subscriptions/", slowly)
    page.get_by_role("radio", name="Opt out").check()
    page.get_by_label("Garden guide").check()
    finish(page)
    expect(page.get_by_role("button", name="Pause")).to_be_visible(timeout=20_000)


def test_another_action_of_the_menu_with_the_keyboard(index, scene, people):
    page, keys = index, index.keyboard
    page.get_by_label("Select Person28 Okafor").check()
    page.get_by_label("Select Person27 Okafor").check()
    page.get_by_role("button", name="More", exact=True).focus()
    keys.press("Enter")
    page.locator("#bulk-property").focus()
    keys.press("Enter")
    expect(page.locator("#panel-h")).to_be_focused()
    page.locator("#id_set_property").select_option("company")
    page.locator("#id_set_value").fill("Fern & Sons")
    keys.press("Tab")
    effect = page.locator("#bulk-effect")
    expect(effect).to_contain_text("2will have “Fern & Sons” as “Company”")
    effect.get_by_role("button", name="View who").focus()
    keys.press("Enter")
    expect(page.locator("#dialog")).to_contain_text("Person28 Okafor")
    keys.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()
    keys.press("Control+Enter")
    expect(page.get_by_role("heading", name="Set a property of 2 contacts")).to_be_visible()
    run_jobs()
    expect(page.get_by_text("2 contacts done", exact=True)).to_be_visible()
    people[-1].refresh_from_db()
    assert people[-1].company == "Fern & Sons"


def test_an_export_is_fetched_from_its_job(index, scene, people):
    page = index
    page.get_by_label("Select Person28 Okafor").check()
    page.get_by_role("button", name="Export").click()
    expect(page.locator("#panel")).to_contain_text("1 contact")
    page.locator("#panel").get_by_role("button", name="Export").click()
    expect(page.get_by_role("heading", name="Export 1 contact")).to_be_visible()
    run_jobs()
    with page.expect_download() as download:
        page.get_by_role("link", name="Contacts (CSV)").click()
    assert "person28@okafor.example" in download.value.path().read_text("utf-8-sig")


def test_numbers_that_moved_are_shown_before_anything_starts(index, scene, people):
    page = index
    page.get_by_label("Select Person28 Okafor").check()
    open_panel(page)
    page.get_by_label("Garden guide").check()
    page.get_by_label("Legal basis for communication").select_option("CONSENT_WITH_NOTICE")
    page.get_by_label("Explanation for communication consent").fill("Asked at the fair")
    expect(page.locator("#bulk-effect")).to_contain_text("1will change")
    scene.person_says(scene.guide, OUT, address=people[-1].contact_addresses.get().address)
    finish(page)
    expect(page.locator("#panel")).to_contain_text("The numbers have moved.")
    expect(page.locator("#bulk-effect")).to_contain_text("1refused")
    assert not Job.objects.exists()
    finish(page)
    expect(page.get_by_role("heading", name="Opt in 1 contact")).to_be_visible()
