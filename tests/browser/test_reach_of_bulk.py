"""Filters in groups, the refusals and the jobs: with keys alone, without script, and before axe."""

import pytest

pytest.importorskip("playwright")
from django.utils import timezone
from playwright.sync_api import Page, expect

from contacts.bulk.acting import start_action
from contacts.bulk.actions import AddProcessingBasis
from contacts.models import Contact
from contacts.services import AddressWish
from jobs.models import Job
from jobs.policy import change_job_policy
from preferences.values import Channel, LegalBasis
from tests.browser.axe import grave_violations, overflow
from tests.conftest import make_user
from tests.contacts.bulk_scene import opting, run, start_edit
from tests.contacts.panel_scene import IN, OUT, Scene
from tests.factories import make_contact

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene(db) -> Scene:
    """Thirty people opted out themselves, three have no address; Amara has said nothing."""
    scene = Scene()
    for n in range(30):
        address = AddressWish(Channel.EMAIL, f"left{n}@okafor.example", is_primary=True)
        person = scene.add_contact(f"Left{n:02}", [address])
        scene.person_says(scene.guide, OUT, address=person.contact_addresses.get().address)
    for n in range(3):
        make_contact(sms=f"+4860100000{n}", first_name=f"Silent{n}")
    return scene


@pytest.fixture
def refused(scene) -> Job:
    everyone = Contact.objects.filter(deleted_at=None)
    job = start_edit(opting(IN, scene.guide), scene.editor, everyone)
    return run(job)


@pytest.fixture
def basis_job(scene) -> Job:
    everyone = Contact.objects.filter(deleted_at=None)
    basis = AddProcessingBasis(LegalBasis.LEGITIMATE_INTEREST_CLIENT.value)
    fields = {"selection": {}, "user": scene.editor, "now": timezone.now()}
    return start_action(action=basis, contacts=everyone, **fields)


@pytest.fixture
def staff(live_server, page, watch, scene, enter) -> Page:
    watch(page)
    enter(page, scene.editor)
    page.set_default_navigation_timeout(20_000)
    page.goto(f"{live_server.url}/contacts/")
    return page


@pytest.fixture
def plain(browser, live_server, scene, enter) -> Page:
    """A browser without script."""
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    page = context.new_page()
    enter(page, scene.editor)
    yield page
    context.close()


def press(page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_group_of_conditions_is_built_and_reads_as_a_sentence(staff):
    page = staff
    page.locator("#filter-add").click()
    page.get_by_role("link", name="First name").click()
    form = page.locator("#filter-add-form")
    form.get_by_label("Text").fill("Left")
    form.locator("select").select_option("starts")
    form.get_by_role("button", name="Apply").click()
    expect(page.locator("#filter-0")).to_contain_text("First name starts with Left")
    page.locator("#filter-add").click()
    page.get_by_role("link", name="Life-cycle stage").click()
    page.locator("#filter-add-form select").select_option("known")
    page.locator("#filter-add-form").get_by_role("button", name="Apply").click()
    expect(page.locator("tbody tr")).to_have_count(0)
    page.locator("#filter-1").click()  # or: an alternative to the second alone
    page.locator("#filter-1-form").get_by_role("link", name="or").click()
    page.locator("#filter-1-form").get_by_role("link", name="Last name").click()
    page.locator("#filter-1-form").get_by_label("Text").fill("Okafor")
    assert "/contacts/?" in page.url  # a form that is half filled in is no page of the history
    page.locator("#filter-1-form").get_by_role("button", name="Apply").click()
    said = "First name starts with Left and (Life-cycle stage is known or Last name: Okafor)"
    expect(page.locator("#filter-summary")).to_contain_text(said)
    expect(page.get_by_role("group", name="Life-cycle stage is known or Last name")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(25)
    page.locator("#filter-join").click()  # turns both words around
    said = "First name starts with Left or (Life-cycle stage is known and Last name: Okafor)"
    expect(page.locator("#filter-summary")).to_contain_text(said)
    page.reload()
    expect(page.locator("#filter-summary")).to_contain_text(said)
    assert grave_violations(page) == []


def test_a_filter_is_built_without_script(plain):
    page = plain
    page.goto("/contacts/filter/")
    page.get_by_role("link", name="First name").click()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Enter a value.").first).to_be_visible()
    page.get_by_label("Text").fill("Silent")
    page.locator("select").first.select_option("starts")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_role("link", name="Remove filter").click()
    expect(page.locator("tbody tr")).to_have_count(25)


def test_refusals_with_keys_alone(staff, live_server, refused):
    page = staff
    page.goto(f"{live_server.url}/jobs/{refused.pk}/")
    refusals = page.locator("#job-refusals")
    expect(refusals.locator("tbody th")).to_have_count(25)
    more = refusals.get_by_role("link", name="Show more")
    more.focus()
    press(page, "Enter")
    expect(refusals.locator("tbody th")).to_have_count(33)
    expect(refusals.locator("tbody th").nth(25).locator("a")).to_be_focused()
    reason = refusals.get_by_label("Reason")
    reason.focus()
    press(page, "ArrowDown", "ArrowDown")
    expect(refusals.get_by_role("heading", name="Refusals, 3")).to_be_visible()
    expect(refusals.get_by_label("Reason")).to_be_focused()
    assert grave_violations(page) == []


def test_what_a_job_does_can_be_read_on_a_phone(basis_job, staff, live_server):
    """A long label leaves its value room: it stood one letter below the other."""
    staff.goto(f"{live_server.url}/jobs/{basis_job.pk}/")
    assert overflow(staff, 320) == 0
    facts = staff.locator("main .facts")
    value = facts.locator("dd", has_text="existing customer")
    assert value.bounding_box()["width"] > facts.bounding_box()["width"] / 2


def test_refusals_without_script(plain, refused):
    page = plain
    page.goto(f"/jobs/{refused.pk}/")
    page.get_by_role("link", name="See who was refused").click()
    expect(page.locator("tbody th")).to_have_count(25)
    page.get_by_role("link", name="Show more").click()
    expect(page.locator("tbody th")).to_have_count(8)
    page.get_by_label("Reason").select_option(index=2)
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", name="Refusals, 3")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download refusals (CSV)").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert len(lines) == 4


def test_a_second_person_says_yes_without_script_and_the_first_may_not(plain, scene, enter):
    change_job_policy(
        user=make_user("administrator"),
        now=scene.now,
        typed_number_over=1,
        second_person_approves=True,
    )
    everyone = Contact.objects.filter(deleted_at=None)
    job = start_edit(opting(OUT, scene.offers), scene.editor, everyone, typed=everyone.count())
    page = plain
    page.goto("/jobs/")
    expect(page.get_by_text("Waiting for approval")).to_be_visible()
    page.get_by_role("link", name="Opt out 34 contacts").click()
    expect(page.get_by_text("A second person has to approve this job")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    enter(page, make_user(email="second@fernmoor.example"))
    page.goto(f"/jobs/{job.pk}/")
    expect(page.get_by_text("What would happen now")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Waiting for its turn")).to_be_visible()
    run(job)
    page.goto(f"/jobs/{job.pk}/")
    expect(page.get_by_text("31 contacts are now opted out.")).to_be_visible()
    page.goto("/jobs/")
    expect(page.get_by_text("Finished")).to_be_visible()


def test_the_pages_of_jobs_with_and_without_a_worker(staff, live_server, scene):
    everyone = Contact.objects.filter(deleted_at=None)
    job = start_edit(opting(OUT, scene.offers), scene.editor, everyone)
    for path in (f"/jobs/{job.pk}/", "/jobs/"):
        staff.goto(f"{live_server.url}{path}")
        expect(staff.get_by_text("no worker is running")).to_be_visible()
        assert grave_violations(staff) == []


def test_a_job_is_steered_with_keys_alone(staff, live_server, scene):
    everyone = Contact.objects.filter(deleted_at=None)
    job = start_edit(opting(OUT, scene.offers), scene.editor, everyone)
    page = staff
    page.goto(f"{live_server.url}/jobs/")
    page.get_by_role("link", name="Opt out 34 contacts").focus()
    press(page, "Enter")
    page.get_by_role("button", name="Pause").focus()
    press(page, "Enter")
    expect(page.get_by_text("Paused by Tom Birch")).to_be_visible()
    expect(page.get_by_role("button", name="Go on")).to_be_focused()
    press(page, "Enter")
    expect(page.get_by_role("button", name="Pause")).to_be_focused()
    press(page, "Tab")
    expect(page.get_by_role("button", name="Cancel job")).to_be_focused()
    page.once("dialog", lambda dialog: dialog.accept())
    press(page, "Enter")
    expect(page.get_by_text("Cancelled after 0 of 34 contacts.")).to_be_visible()
    expect(page.get_by_role("heading", name="Opt out 34 contacts")).to_be_focused()
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
