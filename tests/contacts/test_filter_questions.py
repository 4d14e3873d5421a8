"""What a filter can be asked about statuses, the last change and properties, over HTTP."""

from datetime import timedelta

import pytest
from django.utils import timezone

from contacts.models import CustomProperty
from contacts.saved_views import ViewState, create_view
from preferences.models import Address
from preferences.values import ACCOUNT, LegalBasis, Privacy, Source, unit_scope
from tests.contacts.test_filter_views import found, shown
from tests.factories import CustomPropertyFactory, TypeFactory, make_contact
from tests.preferences.kernel import IN, NONE, OUT, act, of, ours, own, set_policy

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def kind():
    return TypeFactory()


@pytest.fixture
def asked(client, editor, kind):
    """Return a function that says who is found; "{p}" is the type on e-mail."""
    client.force_login(editor)

    def asked(text: str) -> str:
        return "".join(found(client, text.replace("{p}", f"{kind.pk}.email")))

    return asked


def hold(name: str) -> int:
    """Add a contact of one letter; return the id of the address."""
    person = make_contact(f"{name.lower()}@x.example", first_name=name)
    return person.contact_addresses.get().address_id


def test_the_last_change_is_asked_by_basis_source_and_time(asked, kind, now):
    act(hold("A"), ours(of(kind), IN), at=now - 10 * DAY)
    act(hold("B"), own(of(kind), OUT), at=now - DAY)
    basis = LegalBasis.LEGITIMATE_INTEREST_CLIENT
    act(hold("C"), ours(of(kind), IN, Source.BULK_EDIT, legal_basis=basis), at=now - 40 * DAY)
    hold("D")
    cases = {
        "basis.{p}:is:CONSENT_WITH_NOTICE": "A",
        f"basis.{{p}}:is:CONSENT_WITH_NOTICE,{basis.value}": "AC",
        "basis.{p}:known": "AC",
        "basis.{p}:unknown": "BD",
        "source.{p}:is:RECORD_PANEL": "A",
        "source.{p}:is:PREFERENCE_PAGE,BULK_EDIT": "BC",
        "source.{p}:unknown": "D",
        "changed.{p}:newer:5": "B",
        "changed.{p}:older:5": "AC",
        f"changed.{{p}}:before:{(now - 20 * DAY).date()}": "C",
        f"changed.{{p}}:after:{(now - 20 * DAY).date()}": "AB",
        "changed.{p}:known": "ABC",
        "changed.{p}:unknown": "D",
    }
    assert {text: asked(text) for text in cases} == cases


def test_a_status_is_effective_and_own_is_the_persons_word_alone(asked, kind, now):
    unit = unit_scope(kind.business_unit_id)
    act(hold("A"), own(of(kind), OUT))
    act(hold("B"), ours(of(kind), OUT))
    act(hold("C"), ours(of(kind), IN))
    act(hold("D"), own(unit, OUT))
    act(hold("E"), ours(ACCOUNT, OUT))
    both = hold("F")
    act(both, ours(of(kind), OUT))
    act(both, own(of(kind), OUT))
    hold("G")
    cases = {
        "status.{p}:is:in": "C",
        "status.{p}:is:none": "G",
        "status.{p}:is:out": "ABDEF",
        "status.{p}:not:out": "CG",
        "own.{p}:is:yes": "ADF",
        "own.{p}:is:no": "BCEG",
        f"left.{kind.business_unit_id}.email:is:yes": "DE",
        "left.all.email:is:yes": "DE",
    }
    assert {text: asked(text) for text in cases} == cases
    set_policy(privacy=Privacy.OFF.code)
    assert asked("sendable.{p}:is:yes") == "CG"
    set_policy(privacy=Privacy.ENFORCED.code)
    assert asked("sendable.{p}:is:yes") == "C"


def test_undeliverable_and_part_of_an_address(asked, kind, now):
    bounced, _other = hold("A"), hold("B")
    Address.objects.filter(pk=bounced).update(undeliverable_at=now)
    assert asked("undeliverable.email:is:yes") == "A"
    assert asked("undeliverable.email:is:no") == "B"
    assert asked("address.email:has:b@x.EX") == "B"


@pytest.mark.parametrize(
    ("kind_name", "values", "cases"),
    [
        ("text", ["Red", "Blue"], {"is:RED": "A", "has:lu": "B", "starts:b": "B"}),
        ("number", [5, 7.5], {"is:5": "A", "less:7.5": "A", "more:5": "B", "not:5": "BC"}),
        (
            "date",
            ["2026-01-31", "2026-03-01"],
            {"before:2026-02-01": "A", "after:2026-02-01": "B", "is:2026-03-01": "B"},
        ),
        ("choice", ["S", "XL"], {"is:XL": "B", "not:XL": "AC"}),
        ("yes_no", [True, False], {"is:yes": "A", "is:no": "B"}),
    ],
)
def test_a_property_of_each_kind_is_known_or_not(client, editor, kind_name, values, cases):
    client.force_login(editor)
    CustomPropertyFactory(internal_name="extra", kind=kind_name, choices=["S", "XL"])
    for name, value in zip("ABC", [*values, None], strict=True):
        properties = {} if value is None else {"extra": value}
        make_contact(f"{name}@x.example", first_name=name, properties=properties)
    for comparison, expected in {**cases, "known": "AB", "unknown": "C"}.items():
        assert "".join(found(client, f"property.extra:{comparison}")) == expected, comparison


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_saved_view_of_a_property_that_is_gone_shows_nobody_and_says_so(
    client, editor, now, is_deleted
):
    client.force_login(editor)
    CustomPropertyFactory(internal_name="extra", kind="text")
    make_contact("a@x.example", first_name="A", properties={"extra": "red"})
    state = ViewState("f=property.extra:is:red", "name", ("company", "prop-extra"))
    view = create_view(owner=editor, name="Red ones", is_shared=False, state=state, now=now)
    assert shown(client.get(f"/contacts/?view={view.pk}")) == ["A"]
    if is_deleted:
        CustomProperty.objects.all().delete()
    else:
        CustomProperty.objects.update(archived_at=now)
    page = client.get(f"/contacts/?view={view.pk}")
    assert page.status_code == 200
    assert shown(page) == []
    text = page.content.decode()
    assert "The filter needs a look" in text
    assert "Property that is gone" in text
    panel = client.get("/contacts/bulk/subscriptions/", {"scope": "view", "view": view.pk})
    assert "nobody is selected" in panel.content.decode()
    assert shown(client.get(f"/contacts/?view={view.pk}&f=")) == ["A"]


def test_a_selection_by_view_is_the_one_that_the_list_shows(client, editor, now):
    """What a URL does not say is the view's: nothing widens a selection by being forgotten."""
    client.force_login(editor)
    for name, country in (("A", "PL"), ("B", "DE")):
        make_contact(f"{name}@x.example", first_name=name, country=country)
    state = ViewState("f=country:is:PL", "name")
    view = create_view(owner=editor, name="Poland", is_shared=False, state=state, now=now)
    asked = {"scope": "view", "view": view.pk}
    panel = client.get("/contacts/bulk/subscriptions/", asked).content.decode()
    assert "<b>1 contact</b> that match the list" in panel
    assert 'name="f" value="country:is:PL"' in panel
    everybody = client.get("/contacts/bulk/subscriptions/", {**asked, "f": ""}).content.decode()
    assert "<b>2 contacts</b> in all" in everybody
    gone = client.get("/contacts/bulk/subscriptions/", {**asked, "view": 999}).content.decode()
    assert "The view is not there any more, so nobody is selected." in gone
    data = {"scope": "view", "view": 999, "status": "UNSUBSCRIBED", "channel": "EMAIL"}
    assert client.post("/contacts/bulk/subscriptions/", data).status_code == 422


def test_not_opted_is_a_status_of_its_own(asked, kind):
    withdrawn = hold("A")
    act(withdrawn, ours(of(kind), IN))
    act(withdrawn, ours(of(kind), NONE))
    assert asked("status.{p}:is:none") == "A"
    assert asked("status.{p}:is:in,out") == ""
