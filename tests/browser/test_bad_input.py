"""What people type by mistake or by malice: told in place, nothing lost, nothing executed."""

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

from contacts.models import Contact
from preferences.models import ConsentEvent
from tests.contacts.panel_scene import Scene

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
NASTY = '<script>document.title="owned"</script><img src=x onerror=alert(1)>'
RIGHT_TO_LEFT = "نور قاسم"


@pytest.fixture
def scene(db) -> Scene:
    return Scene()


@pytest.fixture
def staff(live_server, page: Page, watch, enter, scene) -> Page:
    enter(watch(page), scene.editor)
    page.on("dialog", lambda _: pytest.fail("a script ran"))
    page.goto(f"{live_server.url}/contacts/new/")
    return page


@pytest.mark.parametrize("name", [NASTY, "=1+1", RIGHT_TO_LEFT])
def test_a_name_is_text_on_every_screen(staff, scene, name, live_server):
    staff.get_by_label("Last name").fill(name)
    staff.locator("input[name$='-0-text']").fill("someone@new.example")
    staff.get_by_role("checkbox", name="Garden").check()
    staff.get_by_role("button", name="Add contact").click()
    expect(staff.get_by_role("heading", level=1)).to_have_text(name)
    contact = Contact.objects.get(last_name=name)
    for path in ("properties/", "subscriptions/", "subscriptions/subscribe/", "edit/"):
        staff.goto(f"{live_server.url}/contacts/{contact.pk}/{path}")
        assert "owned" not in staff.title().replace(NASTY, "")
    staff.goto(f"{live_server.url}/contacts/")
    expect(staff.get_by_role("link", name=name)).to_be_visible()


def test_a_double_click_adds_one_contact(staff, scene):
    staff.get_by_label("Last name").fill("Twice")
    staff.locator("input[name$='-0-text']").fill("twice@new.example")
    staff.get_by_role("checkbox", name="Garden").check()
    # The second click comes when the first request is already on its way.
    staff.get_by_role("button", name="Add contact").evaluate(
        "button => { button.click(); setTimeout(() => button.click(), 20); }"
    )
    expect(staff.get_by_role("heading", level=1)).to_have_text("Twice")
    assert Contact.objects.filter(last_name="Twice").count() == 1


@pytest.mark.parametrize("bad", ["two@@ats.example", "+44", "no spaces@in.example"])
def test_a_malformed_address_keeps_everything_typed(staff, scene, bad):
    staff.get_by_label("First name").fill("Somebody")
    field = staff.locator("input[name$='-0-text']")
    field.fill(bad)
    staff.get_by_role("button", name="Add contact").click()
    expect(staff.locator(".error-summary")).to_be_focused()
    expect(staff).to_have_title("Problem: New contact | Subscriptions")
    expect(field).to_have_value(bad)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(staff.get_by_label("First name")).to_have_value("Somebody")
    staff.locator(".error-summary a").first.click()
    expect(field).to_be_focused()
    assert not Contact.objects.filter(first_name="Somebody").exists()


@pytest.mark.parametrize(
    ("text", "is_saved"),
    [("", False), ("x" * 10_000, False), ("bell \x07 here", None), (NASTY, True), ("=1+1", True)],
    ids=["missing", "10000", "control", "script", "formula"],
)
def test_an_explanation_is_kept_as_typed_or_refused_in_place(staff, scene, text, is_saved):
    staff.goto(staff.url.replace("new/", f"{scene.contact.pk}/subscriptions/"))
    staff.locator(f"#act-{scene.email.pk}-{scene.guide.pk}").focus()
    staff.keyboard.press("Enter")
    dialog = staff.locator("#dialog")
    dialog.get_by_label("Legal basis for communication").select_option("CONSENT_WITH_NOTICE")
    dialog.get_by_label("Legal basis for processing").select_option("LEGITIMATE_INTEREST_CLIENT")
    field = dialog.get_by_label("Explanation for communication consent")
    field.evaluate(
        "(field, text) => { field.removeAttribute('maxlength'); field.value = text }", text
    )
    dialog.get_by_role("button", name="Save").click()
    if is_saved:
        expect(dialog).to_be_hidden()
        assert ConsentEvent.objects.get().evidence.explanation == text
        staff.keyboard.press("h")
        staff.locator("#events summary").first.click()
        expect(staff.locator(".event__facts")).to_contain_text(text)
        return
    if is_saved is None:
        expect(dialog.locator(".error-summary").or_(staff.locator(".toast"))).to_be_visible()
        return
    expect(dialog.locator(".error-summary")).to_be_focused()
    expect(field).to_have_value(text)
    expect(field).to_have_attribute("aria-invalid", "true")
    assert not ConsentEvent.objects.exists()


@pytest.mark.parametrize("value", ["999999", "abc", "9" * 30])
def test_a_channel_type_or_address_that_is_not_there_changes_nothing(staff, scene, value):
    base = staff.url.replace("new/", f"{scene.contact.pk}/subscriptions/")
    assert staff.goto(f"{base}?channel={value}&unit={value}").status == 200
    expect(staff.get_by_role("heading", name="Subscriptions of Amara Okafor")).to_be_visible()
    assert staff.goto(f"{base}subscribe/?type={value}").status == 200
    assert staff.goto(f"{base}unsubscribe/?address={value}&type={value}").status == 404
    expect(staff.get_by_role("heading", name="There is nothing here")).to_be_visible()
