"""The filter of the index over HTTP: chips, their forms, what is wrong with them, the boundary."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from contacts.filters.catalogue import catalogue_for
from contacts.filters.reading import read_filter
from contacts.filters.telling import sentence_of
from contacts.models import Contact
from contacts.selection import Selection
from contacts.selectors import ContactQuery
from preferences.values import Status, unit_scope
from tests.contacts.bulk_scene import edit_now, opting
from tests.factories import (
    NOW,
    CustomPropertyFactory,
    TypeFactory,
    UnitFactory,
    UserFactory,
    make_contact,
)
from tests.preferences.kernel import OUT, act, of, own

pytestmark = pytest.mark.django_db
LIST = {"HX-Request": "true", "HX-Target": "contact-list"}


def shown(response) -> list[str]:
    return re.findall(
        r'<span class="clip clip--wide"><bdi>([^<]*)</bdi></span></a>', response.content.decode()
    )


def found(client, text: str) -> list[str]:
    return sorted(shown(client.get("/contacts/", {"f": text})))


def filter_of(url: str) -> str:
    return parse_qs(urlsplit(url).query).get("f", [""])[0]


@pytest.fixture
def people(editor) -> dict[str, Contact]:
    fields = {
        "Ala": {"company": "Acme", "country": "PL", "owner_id": editor.pk},
        "Bea": {"company": "Bright", "country": "DE", "lifecycle_stage": "customer"},
        "Cyd": {},
    }
    return {
        name: make_contact(f"{name.lower()}@x.example", first_name=name, **values)
        for name, values in fields.items()
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("country:is:PL,DE", ["Ala", "Bea"]),
        ("country:not:PL", ["Bea", "Cyd"]),
        ("country:unknown", ["Cyd"]),
        ("company:has:CM", ["Ala"]),
        ("company:starts:b", ["Bea"]),
        ("company:is:acme", ["Ala"]),
        ("stage:is:customer", ["Bea"]),
        ("owner:known", ["Ala"]),
        ("address.email:starts:cyd", ["Cyd"]),
        ("address.sms:known", []),
        ("created:before:2026-11-22", []),
        ("created:is:2026-11-22", ["Ala", "Bea", "Cyd"]),
        ("created:after:2026-11-22", []),
        ("country:is:PL|stage:is:customer", ["Ala", "Bea"]),
        ("country:known;(company:has:zzz|stage:unknown)", ["Ala"]),
    ],
)
def test_conditions_find_people(client, editor, people, text, expected):
    client.force_login(editor)
    assert found(client, text) == expected


@pytest.mark.parametrize(
    ("kind", "values", "cases"),
    [
        ("number", [5, 7], {"is:5": "A", "not:5": "BC", "more:5": "B", "less:7": "A"}),
        ("text", ["Red", "Blue"], {"is:red": "A", "has:LU": "B", "known": "AB", "not:red": "BC"}),
        (
            "date",
            ["2026-01-31", "2026-03-01"],
            {
                "before:2026-03-01": "A",
                "after:2026-01-31": "B",
                "is:2026-01-31": "A",
                "older:260": "AB",
            },
        ),
        ("choice", ["S", "XL"], {"is:S,XL": "AB", "not:S": "BC", "unknown": "C"}),
        ("yes_no", [True, False], {"is:yes": "A", "is:no": "B", "unknown": "C"}),
    ],
)
def test_custom_properties_are_compared_by_their_kind(client, editor, kind, values, cases):
    client.force_login(editor)
    CustomPropertyFactory(internal_name="a__b", kind=kind, choices=["S", "XL"])
    for name, value in zip("ABC", [*values, None], strict=True):
        properties = {} if value is None else {"a__b": value}
        make_contact(f"{name}@x.example", first_name=name, properties=properties)
    for comparison, expected in cases.items():
        assert found(client, f"property.a__b:{comparison}") == list(expected), comparison


def test_a_status_is_the_effective_one_of_the_primary_address(client, editor, people):
    client.force_login(editor)
    kind = TypeFactory()
    first = {name: one.contact_addresses.get().address_id for name, one in people.items()}
    act(first["Ala"], own(of(kind), OUT))
    act(first["Bea"], own(unit_scope(kind.business_unit_id), OUT))
    second = make_contact("dot@x.example", "dot@y.example", first_name="Dot")
    other = second.contact_addresses.get(is_primary=False)
    act(other.address_id, own(of(kind), OUT))
    place = f"{kind.pk}.email"
    assert found(client, f"status.{place}:is:out") == ["Ala", "Bea"]
    assert found(client, f"anywhere.{place}:is:yes") == ["Ala", "Bea", "Dot"]
    assert found(client, f"sendable.{place}:is:yes") == ["Cyd", "Dot"]
    assert found(client, f"own.{place}:is:yes") == ["Ala", "Bea"]
    assert found(client, f"left.{kind.business_unit_id}.email:is:yes") == ["Bea"]
    assert found(client, "left.all.email:is:yes") == ["Bea"]
    assert found(client, f"source.{place}:is:PREFERENCE_PAGE") == ["Ala"]
    assert found(client, f"status.{kind.pk}.sms:is:out") == []


def test_chips_say_the_filter_and_lead_to_it_without_one_of_them(client, editor, people):
    client.force_login(editor)
    page = client.get("/contacts/", {"f": "country:is:PL;owner:known", "q": "al", "sort": "name"})
    text = page.content.decode()
    assert "Country: <b>Poland</b>" in text
    assert "Shown are contacts with: Country: Poland and Owner is known" in text
    links = re.findall(r'id="filter-x-\d" href="([^"]*)"', text)
    urls = [link.replace("&amp;", "&") for link in links]
    assert [filter_of(url) for url in urls] == ["owner:known", "country:is:PL"]
    assert all("q=al" in url and "sort=name" in url for url in urls)
    turn = re.search(r'id="filter-join" href="([^"]*)"', text)[1].replace("&amp;", "&")
    assert filter_of(turn) == "country:is:PL|owner:known"


def test_a_filter_is_added_by_form_and_changed_by_form(client, editor, people):
    client.force_login(editor)
    menu = client.get("/contacts/filter/", {"q": "x"}).content.decode()
    assert "Status of a type" in menu
    assert "field=country" in menu
    data = {"q": "x", "field": "country", "c-op": "is", "c-values": ["PL", "DE"], "apply": "1"}
    answer = client.get("/contacts/filter/", data)
    assert answer.status_code == 302
    assert filter_of(answer["Location"]) == "country:is:PL,DE"
    assert "q=x" in answer["Location"]
    current = {"f": "country:is:PL,DE;owner:known", "at": "0"}
    form = client.get("/contacts/filter/", current).content.decode()
    assert re.search(r'value="PL"[^>]*checked', form)
    answer = client.get("/contacts/filter/", {**current, "c-op": "unknown", "apply": "1"})
    assert filter_of(answer["Location"]) == "country:unknown;owner:known"
    beside = {"f": "owner:known;stage:known", "beside": "1", "field": "company", "apply": "1"}
    answer = client.get("/contacts/filter/", {**beside, "c-op": "has", "c-value": "a,b"})
    assert filter_of(answer["Location"]) == "owner:known;(stage:known|company:has:a~,b)"


@pytest.mark.parametrize(
    ("field", "data", "words"),
    [
        ("country", {"c-op": "is"}, "Choose at least one value."),
        ("company", {"c-op": "has", "c-value": " "}, "Enter a value."),
        ("created", {"c-op": "before", "c-value": "soon"}, "Enter a date"),
        ("created", {"c-op": "older", "c-days": "-1"}, "Enter a number of days."),
        ("status", {"c-values": "in"}, "Choose one of these."),
        ("status", {"c-place": "999.email", "c-values": "in"}, "Choose one of these."),
    ],
)
def test_a_form_with_a_problem_says_it_in_place(client, editor, people, field, data, words):
    client.force_login(editor)
    TypeFactory()
    TypeFactory()
    asked = {"field": field, "apply": "1", "n": "add", **data}
    for headers in ({}, LIST):
        answer = client.get("/contacts/filter/", asked, headers=headers)
        assert answer.status_code == 422
        assert words in answer.content.decode()
    assert answer["HX-Retarget"] == "#filter-add-form"


@pytest.mark.parametrize("headers", [{}, LIST])
@pytest.mark.parametrize(
    "text",
    [
        "garbage",
        "country:is:PL;owner:known|stage:known",
        "nothing:is:1",
        "status.999.email:is:in",
        "status.x.y:is:in",
        "country:is:Atlantis",
        "country:more:3",
        "created:after:soon",
        "owner:is:99999999999999999999",
        "property.gone:is:1",
        "left.999.email:is:yes",
        "x" * 4000,
        "a\u202eb",
        "country:is:PL;unit:is:999|x",
    ],
)
def test_a_filter_that_makes_no_sense_finds_nobody_and_says_so(
    client, editor, people, text, headers
):
    client.force_login(editor)
    answer = client.get("/contacts/", {"f": text}, headers=headers)
    assert answer.status_code == 200
    assert shown(answer) == []
    assert "The filter needs a look" in answer.content.decode()


def test_a_type_that_was_archived_is_named_at_its_chip(client, editor, people):
    client.force_login(editor)
    kind = TypeFactory(name="Old news", archived_at=NOW)
    page = client.get("/contacts/", {"f": f"country:is:PL;status.{kind.pk}.email:is:in"})
    text = page.content.decode()
    assert "This subscription type is archived." in text
    assert 'aria-describedby="filter-1-problem"' in text
    assert "Country: <b>Poland</b>" in text
    assert shown(page) == []


def test_nothing_is_done_to_people_by_a_filter_that_makes_no_sense(client, editor, people):
    client.force_login(editor)
    kind = TypeFactory(archived_at=NOW)
    good = TypeFactory()
    chosen = {"scope": "view", "f": f"status.{kind.pk}.email:is:in"}
    page = client.get("/contacts/bulk/subscriptions/", chosen).content.decode()
    assert "The filter needs a look first, so nobody is selected" in page
    data = {**chosen, "status": "UNSUBSCRIBED", "channel": "EMAIL", "types": [good.pk]}
    answer = client.post("/contacts/bulk/subscriptions/", data)
    assert answer.status_code == 422


def test_what_is_of_another_unit_makes_a_filter_invalid_and_is_not_named(client, people):
    ours, theirs = UnitFactory(), UnitFactory(name="Zephyr")
    kind = TypeFactory(business_unit=theirs, name="Zephyr news")
    user = UserFactory(units=[ours])
    client.force_login(user)
    contact = make_contact("both@x.example", first_name="Both", units=[ours, theirs])
    act(contact.contact_addresses.get().address_id, own(unit_scope(theirs.pk), OUT))
    for text in (
        f"status.{kind.pk}.email:is:out",
        f"left.{theirs.pk}.email:is:yes",
        f"unit:is:{theirs.pk}",
    ):
        page = client.get("/contacts/", {"f": text})
        assert shown(page) == []
        assert "The filter needs a look" in page.content.decode()
        assert "Zephyr" not in page.content.decode()
        form = client.get("/contacts/filter/", {"f": text, "at": "0"}).content.decode()
        assert "Zephyr" not in form
    assert found(client, "left.all.email:is:yes") == []
    assert found(client, "left.all.email:is:no") == ["Both"]


def test_by_ids_and_by_filter_the_same_people_give_the_same_result(editor, people):
    kinds = [TypeFactory(), TypeFactory()]
    catalogue = catalogue_for(editor, now=NOW)
    by_filter = Selection(ContactQuery(filters=read_filter("country:is:PL,DE", catalogue)))
    ids = frozenset(by_filter.ids(editor))
    by_ids = Selection(ContactQuery(), ids)
    assert ids == {people["Ala"].pk, people["Bea"].pk}
    jobs = [
        edit_now(opting(Status.UNSUBSCRIBED, kind), editor, chosen.contacts(editor))
        for kind, chosen in zip(kinds, (by_filter, by_ids), strict=True)
    ]
    assert jobs[0].total == jobs[1].total == 2
    told = by_filter.as_json()["query"]
    assert told["filter"] == "country:is:PL,DE"
    assert told["says"] == "Country: Poland or Germany"
    after = [
        sorted(
            Contact.objects.filter(
                read_filter(f"status.{kind.pk}.email:is:out", catalogue).q
            ).values_list("pk", flat=True)
        )
        for kind in kinds
    ]
    assert after[0] == after[1] == sorted(ids)


def test_a_sentence_reads_in_the_language_of_the_reader(editor, people):
    kind = TypeFactory(name="News")
    text = f"status.{kind.pk}.email:is:in;(country:is:PL|created:newer:1)"
    with override("pl"):
        said = sentence_of(read_filter(text, catalogue_for(editor, now=NOW)))
    assert (
        said
        == "News (E-mail): Subskrypcja i (Kraj: Polska lub Data utworzenia: najdalej 1 dzień temu)"
    )


def test_a_filter_costs_no_more_queries_for_more_people(client, editor, people):
    client.force_login(editor)
    kind = TypeFactory()
    for number in range(60):
        make_contact(f"n{number}@x.example", first_name=f"N{number}")
    counts = []
    for size in ("25", "50"):
        query = {"f": f"status.{kind.pk}.email:is:none", "size": size}
        client.get("/contacts/", query)
        with CaptureQueriesContext(connection) as queries:
            client.get("/contacts/", query)
        counts.append(len(queries))
    assert counts[0] == counts[1]
