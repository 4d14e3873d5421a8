"""The projection is what the events add up to, whatever happened, and can be mended from them."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from preferences import rebuilding
from preferences.models import Address, OptOut, PolicyVersion, Preference, SubscriptionType
from preferences.rebuilding import differences, rebuild
from preferences.values import ACCOUNT, Act, Outcome, Privacy, Result, Word
from tests.factories import TypeFactory, UnitFactory
from tests.preferences.histories import History
from tests.preferences.kernel import (
    HOUR,
    IN,
    NOW,
    OUT,
    act,
    address,
    addresses,
    complaint,
    erasure,
    fact,
    news,
    of,
    ours,
    own,
    set_policy,
    undo,
    unit_of,
)

pytestmark = pytest.mark.django_db


def catalogue() -> list[SubscriptionType]:
    """Two units with three types; one asks to confirm."""
    units = [UnitFactory(), UnitFactory()]
    types = [TypeFactory(business_unit=unit) for unit in (units[0], units[0], units[1])]
    types.append(TypeFactory(business_unit=units[1], double_opt_in="on"))
    return types


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.load) for seed in range(2, 40))]
)
def test_a_long_random_history_rebuilds_without_a_difference(seed):
    """And the preview foresees all of it."""
    history = History(seed, addresses(20), catalogue())
    set_policy(privacy=[Privacy.OFF, Privacy.ON][seed % 2].code)
    outcomes = set()
    for foreseen, done in history.play(300):
        assert [in_short(result) for result in foreseen] == [in_short(result) for result in done]
        outcomes |= {result.decision.outcome for result in done}
    assert outcomes >= {Outcome.APPLY, Outcome.NO_CHANGE, Outcome.REFUSE}
    assert list(differences()) == []


def in_short(result: Result) -> tuple:
    return result.change, result.decision, result.before, result.after


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.load) for seed in range(1, 20))]
)
def test_a_crowded_history_rebuilds_without_a_difference(seed):
    """One address: everything meets everything."""
    history = History(1000 + seed, [address()], catalogue()[:2])
    for number, (_, done) in enumerate(history.play(150)):
        for result in done:
            if is_own_opt_out(result):
                assert result.after is OUT or result.decision.reason == "older_kept"
        if number % 10 == 0:
            assert list(differences()) == []
    assert list(differences()) == []


def is_own_opt_out(result: Result) -> bool:
    wish = result.change.wish
    is_said = wish.word is Word.OWN and wish.status is OUT
    return is_said and wish.act in (Act.STATE, Act.COMPLAIN) and result.is_applied


def some_history():
    one, two, three = addresses(3)
    first = news()
    act(one, ours(of(first), IN))
    act(two, own(unit_of(first), OUT))
    act(three, fact(Act.BOUNCE))
    act(three, complaint())
    return (one, two, three), first


def check() -> str:
    out, err = StringIO(), StringIO()
    try:
        call_command("rebuild_statuses", "--check", stdout=out, stderr=err)
    except CommandError as error:
        return f"{err.getvalue()}{error}"
    return out.getvalue()


DAMAGES = {
    "a status": lambda: Preference.objects.update(status=2),
    "a register": lambda: Preference.objects.update(ours_status=2),
    "a time": lambda: Preference.objects.update(ours_said_at=NOW - HOUR),
    "a name": lambda: Preference.objects.update(ours_names_event_id=77),
    "a flag": lambda: OptOut.objects.update(own_flags=1),
    "a level": lambda: OptOut.objects.filter(business_unit=None).update(own_status=1, status=1),
    "a lost row": lambda: Preference.objects.all().delete(),
    "all lost": lambda: (Preference.objects.all().delete(), OptOut.objects.all().delete()),
    "a bounce": lambda: Address.objects.update(undeliverable_at=None),
    "a complaint": lambda: Address.objects.update(complained_at=None),
    "an erasure": lambda: Address.objects.update(erased_at=NOW),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found_and_mended(damage):
    some_history()
    assert check() == "Differences between projection and ledger: 0\n"
    before = list(Preference.objects.values().order_by("address_id"))
    DAMAGES[damage]()
    assert "Differences between projection and ledger" in check()
    assert rebuild() >= 1
    assert check() == "Differences between projection and ledger: 0\n"
    after = list(Preference.objects.values().order_by("address_id"))
    for row in (*before, *after):
        del row["id"]
    assert before == after
    assert rebuild() == 0


def test_a_status_without_any_event_is_taken_back():
    stranger = address("stranger@fernmoor.example")
    some_history()
    row = Preference.objects.get()
    row.pk, row.address_id = None, stranger
    row.save()
    found = list(differences())
    assert [one.address_id for one in found] == [stranger]
    rebuild()
    assert list(differences()) == []
    assert Preference.objects.get(address_id=stranger).status == 0


def test_a_false_status_in_a_row_without_words_is_found():
    (one, _, _), _ = some_history()
    Preference.objects.create(address_id=one, subscription_type=news(), status=1)
    assert len(list(differences())) == 1
    rebuild()
    assert list(differences()) == []


def test_the_command_mends_and_says_how_much():
    some_history()
    Preference.objects.update(status=2)
    out = StringIO()
    call_command("rebuild_statuses", stdout=out)
    assert out.getvalue() == "Differences mended: 1\n"


def test_the_check_shows_the_first_differences_and_changes_nothing(monkeypatch):
    for one in addresses(30):
        act(one, fact(Act.BOUNCE))
    Address.objects.update(undeliverable_at=None)
    text = check()
    assert text.count("address ") == 20
    assert text.endswith("Differences between projection and ledger: 30")
    assert not Address.objects.exclude(undeliverable_at=None).exists()


def test_addresses_are_taken_some_at_a_time(monkeypatch):
    monkeypatch.setattr(rebuilding, "AT_ONCE", 2)
    some_history()
    assert list(differences()) == []
    Preference.objects.all().delete()
    OptOut.objects.all().delete()
    assert rebuild() == 3
    assert list(differences()) == []


def test_facts_are_the_last_that_were_heard():
    one = address()
    act(one, fact(Act.BOUNCE))
    act(one, fact(Act.DELIVER), at=NOW + HOUR)
    act(one, fact(Act.BOUNCE), at=NOW + 2 * HOUR)
    act(one, erasure(), at=NOW + 3 * HOUR)
    Address.objects.update(erased_at=None, undeliverable_at=None)
    assert rebuild() == 1
    stored = Address.objects.get()
    assert stored.undeliverable_at == NOW + 2 * HOUR
    assert stored.erased_at == NOW + 3 * HOUR


def test_what_types_heard_late_is_rebuilt_and_undone_alike():
    one, first = address(), news()
    act(one, ours(of(first), IN), at=NOW)
    late = act(
        one,
        own(unit_of(first), OUT, said_at=NOW - HOUR),
        at=NOW + HOUR,
    )
    assert Preference.objects.get().status == OUT.code
    assert list(differences()) == []
    act(one, undo(late.event_id, unit_of(first), Word.OWN), at=NOW + timedelta(hours=2))
    assert Preference.objects.get().status == IN.code
    assert list(differences()) == []


def test_policies_are_no_part_of_the_projection():
    some_history()
    set_policy(privacy=0)
    assert PolicyVersion.objects.count() >= 1
    assert list(differences()) == []
    assert ACCOUNT.id is None
