"""What goes wrong around a bulk edit in real Chromium: nothing is lost, nothing happens twice."""

import re

import pytest

pytest.importorskip("playwright")
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from accounts.models import Role
from contacts.services import AddressWish
from jobs.models import Job
from preferences.models import ConsentEvent
from preferences.values import Channel
from tests.browser.test_bulk_edit import finish, open_panel, run_jobs
from tests.conftest import PASSWORD
from tests.contacts.bulk_scene import status_of
from tests.contacts.panel_scene import NONE, OUT, Scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WHY = "Asked at the fair, box 3"


@pytest.fixture
def scene(db) -> Scene:
    scene = Scene()
    for name in ("Bea", "Cleo"):
        address = f"{name.lower()}@okafor.example"
        scene.add_contact(name, [AddressWish(Channel.EMAIL, address, is_primary=True)])
    return scene


@pytest.fixture
def unwatched(live_server, page, scene, enter):
    """The index in a browser that may complain: an error on our side shows in its console."""
    page.emulate_media(reduced_motion="reduce")
    enter(page, scene.editor)
    page.goto(f"{live_server.url}/contacts/")
    return page


@pytest.fixture
def index(watch, unwatched):
    return watch(unwatched)


@pytest.fixture
def filled(index):
    return fill(index)


def fill(page):
    """Open the panel over Bea and fill it in: only Finish is left to press."""
    page.get_by_label("Select Bea Okafor").check()
    open_panel(page)
    page.get_by_label("Garden guide").check()
    page.get_by_label("Legal basis for communication").select_option("CONSENT_WITH_NOTICE")
    page.get_by_label("Explanation for communication consent").fill(WHY)
    expect(page.locator("#bulk-effect")).to_contain_text("1will change to opted in")
    page.wait_for_load_state("networkidle")  # no preview is on its way any more
    return page


def is_kept(page) -> None:
    """What was filled in is still there."""
    expect(page.get_by_label("Garden guide")).to_be_checked()
    expect(page.get_by_label("Explanation for communication consent")).to_have_value(WHY)


def test_a_session_that_ended_in_the_panel_goes_on_after_signing_in(filled, scene):
    page = filled
    Session.objects.all().delete()
    finish(page)
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_be_visible()
    assert not Job.objects.exists()
    expect(dialog.get_by_label("Email")).to_have_value(scene.editor.email)
    expect(dialog.get_by_label("Password", exact=True)).to_be_focused()
    dialog.get_by_label("Password", exact=True).fill("wrong")
    dialog.get_by_role("button", name="Sign in and go on").click()
    expect(dialog.locator(".error-summary, .notice")).to_be_visible()
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in and go on").click()
    expect(page.get_by_role("heading", name="Opt in 1 contact")).to_be_visible()
    assert Job.objects.get().parameters["explanation"] == WHY


def test_a_session_that_ended_before_a_tick_asks_and_keeps_everything(filled, scene):
    page = filled
    Session.objects.all().delete()
    page.get_by_label("Offers").check()
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Email").fill(scene.editor.email)
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in and go on").click()
    expect(dialog).to_be_hidden()
    is_kept(page)
    expect(page.get_by_label("Offers")).to_be_checked()
    expect(page.locator("#bulk-effect")).to_contain_text("1will change to opted in")
    finish(page)
    expect(page.get_by_role("heading", name="2 Email types")).to_be_visible()


def test_what_is_typed_to_sign_in_stays_while_the_page_asks_for_more(filled, scene):
    page = filled
    Session.objects.all().delete()
    finish(page)
    dialog = page.get_by_role("dialog", name="Sign in again")
    dialog.get_by_label("Email").fill("somebody@else.example")
    with page.expect_response("**/jobs/bell/") as bell:
        page.evaluate("document.body.dispatchEvent(new Event('jobs:changed'))")
    assert bell.value.status == 401
    expect(dialog.get_by_label("Email")).to_have_value("somebody@else.example")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    is_kept(page)


def test_who_loses_the_right_meanwhile_is_told_and_starts_nothing(filled, scene):
    page = filled
    scene.editor.role = Role.VIEWER
    scene.editor.save()
    finish(page)
    refusal = page.locator("#panel .panel__body > [role='alert']")
    expect(refusal).to_contain_text("You need another role for this")
    assert not Job.objects.exists()
    is_kept(page)
    with page.expect_response("**/contacts/bulk/subscriptions/") as again:
        finish(page)
    assert again.value.status == 403
    expect(refusal).to_have_count(1)
    scene.editor.role = Role.EDITOR
    scene.editor.save()
    finish(page)
    expect(page.get_by_role("heading", name="Opt in 1 contact")).to_be_visible()


def test_an_error_on_our_side_keeps_the_form_and_offers_to_try_again(unwatched, monkeypatch):
    page = fill(unwatched)

    def fail(**_):
        raise RuntimeError("the test broke the start")

    monkeypatch.setattr("contacts.views.bulk.start_bulk_edit", fail)
    finish(page)
    problem = page.locator("#panel [data-problem]")
    expect(problem).to_be_visible()
    assert not Job.objects.exists()
    is_kept(page)
    monkeypatch.undo()
    problem.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Opt in 1 contact")).to_be_visible()
    assert Job.objects.count() == 1


def test_a_connection_that_is_away_keeps_the_form(unwatched):
    page = fill(unwatched)
    page.route("**/contacts/bulk/subscriptions/", lambda route: route.abort())
    finish(page)
    problem = page.locator("#panel [data-problem]")
    expect(problem).to_be_visible()
    is_kept(page)
    page.unroute("**/contacts/bulk/subscriptions/")
    problem.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Opt in 1 contact")).to_be_visible()
    assert Job.objects.count() == 1


def test_back_after_finish_starts_nothing_again(filled, scene):
    page = filled
    finish(page)
    expect(page.get_by_role("heading", name="Opt in 1 contact")).to_be_visible()
    first = page.url
    run_jobs()
    page.go_back()
    expect(page.get_by_role("heading", name="Contacts")).to_be_visible()
    assert Job.objects.count() == 1
    page.go_forward()
    expect(page.get_by_role("heading", name="Opt in 1 contact")).to_be_visible()
    assert page.url == first
    assert (Job.objects.count(), ConsentEvent.objects.count()) == (1, 1)


def test_two_tabs_over_the_same_person(filled, live_server, watch, scene):
    """The second tab knows nothing of what the first did; it is told before it acts."""
    page = filled
    other = watch(page.context.new_page())
    other.goto(page.url)
    other.get_by_role("radio", name="Opt out").check()
    other.get_by_label("Garden guide").check()
    expect(other.locator("#bulk-effect")).to_contain_text("1will change to opted out")
    finish(page)
    expect(page.get_by_role("heading", name="Opt in 1 contact")).to_be_visible()
    run_jobs()
    finish(other)
    expect(other.get_by_role("heading", name="Opt out 1 contact")).to_be_visible()
    run_jobs()
    assert Job.objects.count() == 2
    person = scene.contact.__class__.objects.get(first_name="Bea")
    assert status_of(person, scene.guide) is OUT


def test_a_search_for_types_ticks_no_type_that_it_hid(index, scene):
    page = index
    page.get_by_label("Select Bea Okafor").check()
    open_panel(page)
    search = page.get_by_label("Search types")
    search.fill("guide")
    garden = page.get_by_role("group", name="Garden", exact=True)
    garden.get_by_role("checkbox").first.click()  # only in part: it stays neither on nor off
    search.fill("")
    expect(page.get_by_label("Garden guide")).to_be_checked()
    expect(page.get_by_label("Offers")).not_to_be_checked()
    search.fill("garden")  # the unit is called so: all its types
    expect(page.get_by_label("Offers")).to_be_visible()
    search.fill("zzz")
    expect(page.get_by_text("No type is called like this.")).to_be_visible()
    expect(garden).to_be_hidden()


def test_a_job_without_a_worker_says_so_until_one_comes(filled, scene):
    from django.core.management import call_command

    page = filled
    finish(page)
    expect(page.get_by_text("Nothing moves: no worker is running")).to_be_visible()
    person = scene.contact.__class__.objects.get(first_name="Bea")
    assert status_of(person, scene.guide) is NONE
    call_command("work_jobs", "--until-empty")
    expect(page.get_by_text(re.compile("1 contact is now opted in"))).to_be_visible()
    expect(page.get_by_text("no worker is running")).to_be_hidden()
