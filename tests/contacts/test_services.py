from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from contacts import services
from contacts.access import contacts_for
from contacts.models import Contact, ContactAddress
from contacts.selectors import count_contacts
from contacts.services import AddressWish, ContactFields
from preferences.addresses import InvalidAddress
from preferences.models import Address, Preference
from preferences.services import apply_change
from preferences.values import SYSTEM, Change, Channel, Source, Status, Wish, type_scope
from tests.factories import NOW, TypeFactory, UnitFactory, UserFactory, make_contact

pytestmark = pytest.mark.django_db


def primary_of(contact, channel=Channel.EMAIL):
    row = contact.contact_addresses.get(channel=channel.code, is_primary=True)
    return row.address.canonical


def fields_of(contact, **changes):
    values = {
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "company": contact.company,
        "unit_ids": frozenset(contact.unit_set.unit_ids),
        **changes,
    }
    return ContactFields(**values)


def opt_out(address, kind):
    wish = Wish(scope=type_scope(kind.pk), source=Source.RECORD_PANEL, status=Status.UNSUBSCRIBED)
    return apply_change(change=Change(address.pk, wish), actor=SYSTEM, now=NOW)


def test_the_first_address_of_each_channel_is_the_primary_one():
    unit = UnitFactory(default_region="PL")
    contact = make_contact("Ola@X.example", "ola@y.example", sms="605 608 796", units=[unit])
    assert primary_of(contact) == "ola@x.example"
    assert primary_of(contact, Channel.SMS) == "+48605608796"
    assert contact.contact_addresses.count() == 3


def test_a_phone_number_is_read_in_the_country_of_the_first_unit():
    second = UnitFactory(position=2, default_region="DE")
    first = UnitFactory(position=1, default_region="GB")
    contact = make_contact(sms="07700 900142", units=[second, first])
    assert primary_of(contact, Channel.SMS) == "+447700900142"


def test_a_malformed_address_creates_nothing():
    with pytest.raises(InvalidAddress):
        make_contact("good@x.example", "a..b@x.example")
    assert not Contact.objects.exists()
    assert count_contacts(UserFactory()) == 0


def test_r1_a_contact_made_again_inherits_the_opt_out():
    kind = TypeFactory()
    user = UserFactory()
    contact = make_contact("ola@x.example", units=[kind.business_unit])
    address = Address.objects.get()
    opt_out(address, kind)
    services.delete_contact(contact=contact, user=user, now=NOW)
    again = make_contact("OLA@x.example", units=[kind.business_unit])
    assert again.contact_addresses.get().address_id == address.pk
    assert Preference.objects.get(address=address).status == Status.UNSUBSCRIBED.code


def test_r1_moving_an_address_to_another_contact_changes_no_status():
    kind = TypeFactory()
    user = UserFactory()
    one = make_contact("one@x.example", "shared@x.example", units=[kind.business_unit])
    two = make_contact("two@x.example", units=[kind.business_unit])
    address = Address.objects.get(canonical="shared@x.example")
    opt_out(address, kind)
    services.remove_address(contact=one, address_id=address.pk, user=user, now=NOW)
    services.add_address(
        contact=two, channel=Channel.EMAIL, text="Shared@x.example", user=user, now=NOW
    )
    assert not one.contact_addresses.filter(address=address).exists()
    assert two.contact_addresses.filter(address=address).exists()
    assert Preference.objects.get(address=address).status == Status.UNSUBSCRIBED.code


def test_two_contacts_may_share_an_address():
    make_contact("info@x.example")
    make_contact("info@x.example")
    assert Address.objects.count() == 1
    assert ContactAddress.objects.count() == 2


def test_removing_the_primary_address_promotes_the_next():
    user = UserFactory()
    contact = make_contact("a@x.example", "b@x.example")
    first = Address.objects.get(canonical="a@x.example")
    services.remove_address(contact=contact, address_id=first.pk, user=user, now=NOW)
    assert primary_of(contact) == "b@x.example"


def test_another_address_can_become_the_primary_one():
    user = UserFactory()
    contact = make_contact("a@x.example", "b@x.example")
    second = Address.objects.get(canonical="b@x.example")
    services.set_primary_address(contact=contact, address_id=second.pk, user=user, now=NOW)
    assert primary_of(contact) == "b@x.example"
    contact.refresh_from_db()
    assert contact.sort_name == "b@x.example"


def test_the_database_refuses_a_second_primary_address():
    contact = make_contact("a@x.example", "b@x.example")
    with pytest.raises(IntegrityError), transaction.atomic():
        contact.contact_addresses.update(is_primary=True)


def test_adding_an_address_the_contact_has_changes_nothing():
    user = UserFactory()
    contact = make_contact("a@x.example")
    services.add_address(
        contact=contact, channel=Channel.EMAIL, text="A@x.example", user=user, now=NOW
    )
    assert contact.contact_addresses.count() == 1


def test_whoever_misses_one_unit_may_edit_names_but_not_addresses():
    ours, theirs = UnitFactory(), UnitFactory()
    user = UserFactory(units=[ours])
    contact = make_contact("a@x.example", units=[ours, theirs])
    same = [AddressWish(Channel.EMAIL, "A@X.example", is_primary=True)]
    other = [AddressWish(Channel.EMAIL, "b@x.example", is_primary=True)]
    update = {"contact": contact, "user": user, "now": NOW}
    services.update_contact(fields=fields_of(contact, first_name="Ala"), addresses=same, **update)
    contact.refresh_from_db()
    assert contact.first_name == "Ala"
    with pytest.raises(PermissionDenied):
        services.update_contact(fields=fields_of(contact), addresses=other, **update)
    with pytest.raises(PermissionDenied):
        services.add_address(channel=Channel.EMAIL, text="b@x.example", **update)
    with pytest.raises(PermissionDenied):
        services.delete_contact(**update)
    assert primary_of(contact) == "a@x.example"


def test_nobody_changes_units_out_of_reach_or_loses_sight_of_a_contact():
    ours, theirs = UnitFactory(), UnitFactory()
    user = UserFactory(units=[ours])
    contact = make_contact("a@x.example", units=[ours, theirs])
    for unit_ids, refusal in (
        ({ours.pk}, services.OutsideUnits),
        ({theirs.pk}, services.WouldVanish),
    ):
        with pytest.raises(refusal):
            services.update_contact(
                contact=contact,
                fields=fields_of(contact, unit_ids=frozenset(unit_ids)),
                addresses=None,
                user=user,
                now=NOW,
            )
    with pytest.raises(services.WouldVanish):
        make_contact("b@x.example", user=user)


def test_counts_follow_every_change():
    one, two = UnitFactory(), UnitFactory()
    everybody, of_one = UserFactory(), UserFactory(units=[one])
    of_both = UserFactory(units=[one, two])

    def counts():
        return [count_contacts(user) for user in (everybody, of_one, of_both)]

    contact = make_contact("a@x.example", units=[one, two])
    make_contact("b@x.example", units=[two])
    make_contact("c@x.example")
    assert counts() == [3, 1, 2]
    services.update_contact(
        contact=contact,
        fields=fields_of(contact, unit_ids=frozenset({two.pk})),
        addresses=None,
        user=everybody,
        now=NOW,
    )
    assert counts() == [3, 0, 2]
    contact.refresh_from_db()
    services.delete_contact(contact=contact, user=everybody, now=NOW)
    services.delete_contact(contact=contact, user=everybody, now=NOW)
    assert counts() == [2, 0, 1]
    services.restore_contact(contact=contact, user=everybody, now=NOW)
    services.restore_contact(contact=contact, user=everybody, now=NOW)
    assert counts() == [3, 0, 2]


def test_a_deleted_contact_can_be_restored_until_it_is_purged():
    user = UserFactory()
    kept, lost = make_contact("a@x.example"), make_contact("b@x.example")
    services.delete_contact(contact=kept, user=user, now=NOW - timedelta(days=90))
    services.delete_contact(contact=lost, user=user, now=NOW - timedelta(days=90, seconds=1))
    assert not contacts_for(user).exists()
    assert services.purge_deleted_contacts(now=NOW) == 1
    assert list(Contact.objects.all()) == [kept]
    services.restore_contact(contact=kept, user=user, now=NOW)
    assert list(contacts_for(user)) == [kept]
    assert Address.objects.filter(canonical="b@x.example").exists()


def test_search_and_sorting_ignore_case_and_accents():
    contact = make_contact("zolc@x.example", first_name="Łucja", last_name="Żółć", company="ÅÄÖ AB")
    assert contact.sort_name == "zolc lucja"
    assert contact.search_text == " lucja zolc aao ab zolc@x.example"


def test_counts_follow_the_units_a_contact_has_now_whatever_the_caller_read():
    one, two = UnitFactory(), UnitFactory()
    user = UserFactory()
    contact = make_contact("a@x.example", units=[one])
    for is_deleted in (True, False):
        stale = Contact.objects.get(pk=contact.pk)
        fresh = Contact.objects.get(pk=contact.pk)
        unit_ids = frozenset({two.pk} if is_deleted else {one.pk})
        fields = fields_of(fresh, unit_ids=unit_ids)
        services.update_contact(contact=fresh, fields=fields, addresses=None, user=user, now=NOW)
        change = services.delete_contact if is_deleted else services.restore_contact
        change(contact=stale, user=user, now=NOW)
    assert [count_contacts(user, unit.pk) for unit in (one, two)] == [1, 0]


def test_nobody_deletes_a_contact_that_has_meanwhile_a_unit_out_of_their_reach():
    ours, theirs = UnitFactory(), UnitFactory()
    user = UserFactory(units=[ours])
    contact = make_contact("a@x.example", units=[ours])
    stale = Contact.objects.select_related("unit_set").get(pk=contact.pk)
    fields = fields_of(contact, unit_ids=frozenset({ours.pk, theirs.pk}))
    services.update_contact(
        contact=contact, fields=fields, addresses=None, user=UserFactory(), now=NOW
    )
    with pytest.raises(PermissionDenied):
        services.delete_contact(contact=stale, user=user, now=NOW)


def test_a_version_that_was_overtaken_is_not_saved():
    contact = make_contact("a@x.example", first_name="Old")
    save = {"contact": contact, "addresses": None, "user": UserFactory(), "seen_at": NOW}
    later = NOW + timedelta(seconds=1)
    services.update_contact(fields=fields_of(contact, first_name="One"), now=later, **save)
    with pytest.raises(services.ChangedElsewhere):
        services.update_contact(fields=fields_of(contact, first_name="Two"), now=later, **save)
    contact.refresh_from_db()
    assert contact.first_name == "One"
