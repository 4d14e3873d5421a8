"""Every screen of staff before axe, light and dark, wide and narrow, and in 320 pixels."""

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

from accounts.models import Role
from contacts.models import Contact
from contacts.services import delete_contact
from jobs.policy import change_job_policy
from jobs.services import pause_job
from preferences.logos import read_logo, set_logo
from preferences.values import Source, Status, unit_scope
from tests.browser.axe import grave_violations, open_everything, overflow
from tests.conftest import make_user
from tests.contacts.bulk_scene import opting, run, start_edit
from tests.contacts.panel_scene import Scene
from tests.factories import CustomPropertyFactory, make_contact
from tests.preferences.kernel import act, of, own
from tests.preferences.test_logos import picture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
IN, OUT = Status.SUBSCRIBED, Status.UNSUBSCRIBED
LONG = "Wolfeschlegelsteinhausenbergerdorff"

CONTACT_PAGES = ("", "edit/", "delete/", "properties/", "properties/?q=opt", "properties/?q=zzz")
PANEL_PAGES = (
    "",
    "history/",
    "subscribe/",
    "subscribe/?address={phone}",
    "resubscribe/",
    "resubscribe/?type={offers}",
    "unsubscribe/?address={email}&type={guide}",
    "unsubscribe-all/",
    "lift/?standing={email}-{stays}",
    "lift/?standing={email}-{garden}",
)
SETTINGS_PAGES = (
    "subscription-types/",
    "subscription-types/?archived=1",
    "subscription-types/new/",
    "subscription-types/{guide}/",
    "subscription-types/{guide}/archive/",
    "business-units/",
    "business-units/new/",
    "business-units/{garden}/",
    "channels/",
    "jobs/",
    "privacy/",
    "privacy/turn-off/",
    "users/",
    "users/new/",
    "users/{editor}/",
    "users/{editor}/deactivate/",
    "properties/",
    "properties/new/",
    "properties/{property}/",
)


@pytest.fixture
def scene(db) -> Scene:
    scene = Scene()
    scene.say(scene.guide, IN)
    scene.say(scene.offers, OUT, explanation=LONG * 4)
    scene.person_says(scene.breaks, OUT)
    scene.person_says(unit_scope(scene.stays.pk))
    scene.say(unit_scope(scene.garden.pk), OUT)
    return scene


@pytest.fixture
def administrator(scene):
    user = make_user(Role.ADMINISTRATOR, may_resubscribe=True)
    set_logo(unit=scene.garden, logo=read_logo(picture()), user=user, now=scene.now)
    CustomPropertyFactory(name=LONG)
    long = scene.add_contact(LONG, scene.contact and [])
    delete_contact(contact=scene.add_contact("Deleted"), user=user, now=scene.now)
    assert long.pk
    return user


@pytest.fixture
def tour(live_server, page: Page, watch, enter, administrator):
    """Return a function that opens pages one after the other and collects what is wrong on them."""
    enter(watch(page), administrator)

    def tour(*paths: str, status: int = 200) -> list[str]:
        found = []
        for path in paths:
            answer = page.goto(live_server.url + path)
            assert answer.status == status, path
            open_everything(page)
            found += [f"{path} {line}" for line in grave_violations(page)]
            if over := overflow(page, 320):
                found.append(f"{path} runs {over} px over 320")
        return found

    return tour


def filled(path: str, scene: Scene) -> str:
    names = ("email", "phone", "guide", "offers", "garden", "stays", "editor")
    ids = {name: getattr(scene, name).pk for name in names}
    from contacts.models import CustomProperty

    return path.format(**ids, property=CustomProperty.objects.get().pk)


def test_the_list_of_contacts(tour):
    lists = ("/contacts/", "/contacts/?q=zzzz", "/contacts/?sort=name", "/contacts/deleted/")
    assert tour(*lists, "/contacts/new/") == []


def test_an_account_without_contacts(tour):
    Contact.objects.all().delete()
    assert tour("/contacts/", "/contacts/deleted/") == []


def test_the_pages_of_a_contact(tour, scene):
    assert tour(*(f"/contacts/{scene.contact.pk}/{path}" for path in CONTACT_PAGES)) == []


def test_the_panel_and_its_dialogs(tour, scene):
    base = f"/contacts/{scene.contact.pk}/subscriptions/"
    assert tour(*(base + filled(path, scene) for path in PANEL_PAGES)) == []


def test_the_settings(tour, scene):
    assert tour(*(f"/settings/{filled(path, scene)}" for path in SETTINGS_PAGES)) == []


def test_suspected_automatic(tour, scene):
    assert tour("/suspected/") == []
    for place in range(3):
        address_id = (
            make_contact(f"reader{place}@{LONG.lower()}.example").contact_addresses.get().address_id
        )
        proof = (
            ("suspected", "prefetch, scanner, too_fast, burst"),
            ("burst", "1f2e3d-1795348800"),
        )
        wish = own(of(scene.guide), OUT, Source.ONE_CLICK, suspected=True, evidence=proof)
        act(address_id, wish, at=scene.now)
    assert tour("/suspected/", "/suspected/?burst=1f2e3d-1795348800", "/suspected/?unit=0") == []


def test_the_other_bulk_actions(tour):
    panels = ("owner", "property", "basis", "delete", "export")
    assert tour(*(f"/contacts/bulk/{name}/?scope=view" for name in panels)) == []
    assert tour("/contacts/bulk/delete/?ids=0") == []


def test_the_menu_and_the_effect_of_another_bulk_action(live_server, page, watch, enter, scene):
    enter(watch(page), scene.editor)
    page.goto(f"{live_server.url}/contacts/")
    page.get_by_label("Select Amara Okafor").check()
    page.get_by_role("button", name="More", exact=True).click()
    assert grave_violations(page) == []
    page.set_viewport_size({"width": 1280, "height": 800})
    page.locator("#bulk-property").click()
    expect(page.locator("#panel-h")).to_be_focused()
    expect(page.locator("#panel .htmx-added, #panel.htmx-settling")).to_have_count(0)
    page.locator("#id_set_property").select_option("country")
    page.locator("#id_set_value").select_option("PL")
    expect(page.locator("#bulk-effect")).to_contain_text("1will have “Poland” as “Country”")
    assert grave_violations(page) == []
    page.get_by_role("button", name="View who").click()
    expect(page.locator("#dialog")).to_contain_text("Amara Okafor")
    assert grave_violations(page) == []


def test_a_job_that_waits_for_a_second_person(tour, scene, administrator):
    change_job_policy(
        user=administrator, now=scene.now, typed_number_over=0, second_person_approves=True
    )
    everyone = Contact.objects.filter(deleted_at=None)
    job = start_edit(opting(OUT, scene.guide), scene.editor, everyone, typed=everyone.count())
    assert tour(f"/jobs/{job.pk}/", "/jobs/") == []


def test_the_bulk_edit_and_its_jobs(tour, scene, administrator):
    assert tour("/jobs/") == []
    panel = "/contacts/bulk/subscriptions/"
    assert tour(f"{panel}?scope=view", f"{panel}?ids=0") == []
    everyone = Contact.objects.filter(deleted_at=None)
    running, done = (
        start_edit(opting(OUT, kind), administrator, everyone)
        for kind in (scene.guide, scene.breaks)
    )
    pause_job(job=running, user=administrator, now=scene.now)
    waiting = start_edit(opting(OUT, scene.offers), scene.editor, everyone)
    run(done)
    jobs = [f"/jobs/{job.pk}/" for job in (running, done, waiting)]
    more = (f"/jobs/{done.pk}/undo/", f"/jobs/{done.pk}/refusals/")
    assert tour("/jobs/", *jobs, *more) == []


def test_ticks_and_the_effect_of_a_bulk_edit(live_server, page, watch, enter, administrator):
    enter(watch(page), administrator)
    page.goto(f"{live_server.url}/contacts/")
    page.get_by_label("Select all contacts on this page").check()
    assert grave_violations(page) == []
    page.set_viewport_size({"width": 390, "height": 900})
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("button", name="Edit communication subscriptions").click()
    page.get_by_label("Garden guide").check()
    expect(page.locator("#bulk-effect")).to_contain_text("will change")
    assert grave_violations(page) == []
    page.locator("#bulk-effect").get_by_role("button").first.click()
    expect(page.locator("#dlg-h")).to_be_focused()
    assert grave_violations(page) == []


def test_account_and_password(tour):
    assert tour("/account/", "/account/password/") == []


def test_the_page_to_sign_in_and_those_of_failure(tour, page, enter, scene, monkeypatch):
    assert tour("/contacts/999999/", status=404) == []
    enter(page, scene.editor)
    assert tour("/settings/privacy/", status=403) == []
    page.context.clear_cookies()
    assert tour("/login/") == []


def test_the_page_of_an_error_on_our_side(live_server, page, enter, administrator, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("the test broke the page")

    monkeypatch.setattr("contacts.views.contact.get_contact", fail)
    enter(page, administrator)
    answer = page.goto(f"{live_server.url}/contacts/1/")
    assert answer.status == 500
    expect(page.get_by_role("heading", name="Something went wrong on our side")).to_be_visible()
    assert grave_violations(page) == []
    assert overflow(page, 320) == 0
    monkeypatch.undo()
    page.get_by_role("link", name="Go to contacts").click()
    expect(page.get_by_role("heading", name="Contacts")).to_be_visible()


def test_menus_toasts_and_forms_with_errors(live_server, page, watch, enter, administrator, scene):
    enter(watch(page), administrator)
    page.goto(f"{live_server.url}/contacts/new/")
    page.get_by_role("button", name="Add contact").click()
    expect(page.locator(".error-summary")).to_be_focused()
    assert grave_violations(page) == []
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(f"{live_server.url}/contacts/{scene.contact.pk}/")
    page.get_by_role("button", name="Open navigation").click()
    page.get_by_role("button", name="Administrator Person").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert grave_violations(page) == []
    page.goto(f"{live_server.url}/contacts/{scene.contact.pk}/")
    page.keyboard.press("?")
    assert grave_violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    page.locator(f"#out-{scene.phone.pk}-{scene.offers.pk}").click()
    expect(page.locator(".toast")).to_be_visible()
    assert grave_violations(page) == []
    page.locator("#unsubscribe-all").click()
    page.get_by_label("Explanation").fill("half a sentence")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Leave without saving?")).to_be_visible()
    assert grave_violations(page) == []
