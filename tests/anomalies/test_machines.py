"""A machine among people: bursts of opt-outs by link, and what they may not take with them (R24)."""

from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.db import DatabaseError
from django.test import override_settings
from django.utils import timezone

from contacts.suspected import give_back
from preferences import links
from preferences.models import ConsentEvent, RecentOptOut
from preferences.values import Flag, Source
from public.request_facts import drawn_stamp
from tests.conftest import make_user
from tests.preferences.kernel import IN, MINUTE, OUT, act, addresses, of, own, status_of
from tests.public.scene import ONE_CLICK, URLENCODED, Person, path_of, stranger

pytestmark = pytest.mark.django_db
WHY = "Their mail filter presses every button"
SCANNER = {"REMOTE_ADDR": "198.51.100.7"}


class Crowd:
    """Many people who read one list."""

    def __init__(self, count: int) -> None:
        self.person = Person()
        self.kind = self.person.breaks
        self.people = addresses(count)
        for one in self.people:
            act(one, own(of(self.kind), IN), at=timezone.now() - timedelta(days=9))

    def path(self, address_id: int) -> str:
        unit_id, type_id = self.kind.business_unit_id, self.kind.pk
        return path_of(
            links.unsubscribe_link(address_id=address_id, unit_id=unit_id, type_id=type_id)
        )

    def presses(self, address_id: int, *, after: int = 30, client=None, **extra: str):
        """Send the form of the page, so many seconds after it was drawn; from the scanner by itself."""
        drawn = drawn_stamp(timezone.now() - timedelta(seconds=after))
        fields = {"confirm": "1", "drawn": drawn}
        return (client or stranger()).post(self.path(address_id), fields, **(extra or SCANNER))

    def clicks(self, address_id: int, **extra: str):
        """Send a one-click POST (RFC 8058)."""
        path = self.path(address_id)
        return stranger().post(path, ONE_CLICK, content_type=URLENCODED, **(extra or SCANNER))

    def labels(self) -> list[bool]:
        """Tell, person by person, whether their opt-out is labelled."""
        found = ConsentEvent.objects.filter(status=OUT.code).order_by("id")
        flags = dict(found.values_list("address_id", "flags"))
        return [bool(flags[one] & Flag.SUSPECTED) for one in self.people if one in flags]

    def details(self, place: int) -> dict[str, str]:
        found = ConsentEvent.objects.filter(address_id=self.people[place], status=OUT.code)
        return found.select_related("evidence").latest("id").evidence.details

    def statuses(self) -> set[object]:
        return {status_of(one, self.kind) for one in self.people}


def event_ids(**fields: object) -> list[int]:
    found = ConsentEvent.objects.filter(**fields)
    return [event.pk for event in found if event.flags & Flag.SUSPECTED]


def test_a_burst_is_applied_and_its_later_ones_are_labelled_not_the_first_few():
    crowd = Crowd(9)
    for one in crowd.people:
        assert crowd.presses(one).status_code == 200
    assert crowd.statuses() == {OUT}
    assert crowd.labels() == [False] * 5 + [True] * 4
    assert crowd.details(8)["suspected"] == "burst"
    assert {crowd.details(place)["burst"] for place in range(5, 9)} == {crowd.details(5)["burst"]}
    assert "suspected" not in crowd.details(0)
    assert "burst" not in crowd.details(0)


def test_one_address_again_and_again_is_no_burst():
    crowd = Crowd(2)
    for _ in range(12):
        crowd.presses(crowd.people[0])
    crowd.presses(crowd.people[1])
    assert crowd.labels() == [False, False]


def test_people_of_several_networks_are_no_burst():
    crowd = Crowd(9)
    for place, one in enumerate(crowd.people):
        crowd.presses(one, REMOTE_ADDR=f"198.51.{place}.7")
    assert not any(crowd.labels())


def test_one_network_of_ipv6_is_a_burst():
    crowd = Crowd(7)
    for place, one in enumerate(crowd.people):
        crowd.presses(one, REMOTE_ADDR=f"2001:db8:0:1{place:02}::7")
    assert crowd.labels() == [False] * 5 + [True] * 2


def test_a_proxy_of_ours_is_no_burst():
    crowd = Crowd(8)
    for one in crowd.people:
        crowd.presses(one, REMOTE_ADDR="10.0.0.2")
    assert not any(crowd.labels())
    assert not RecentOptOut.objects.exists()


def test_mailbox_providers_send_one_click_in_bulk():
    crowd = Crowd(9)
    for one in crowd.people:
        crowd.clicks(one)
    assert not any(crowd.labels())


@override_settings(SUSPECT_BURST_ONE_CLICK=6)
def test_one_click_has_a_limit_too():
    crowd = Crowd(8)
    for one in crowd.people:
        crowd.clicks(one)
    assert crowd.labels() == [False] * 6 + [True] * 2
    assert ConsentEvent.objects.latest("id").source == Source.ONE_CLICK.code


def test_excused_networks_make_no_burst(settings):
    settings.SUSPECT_EXCUSED_NETWORKS = (ip_network("198.51.100.0/22"),)
    crowd = Crowd(8)
    for one in crowd.people:
        crowd.presses(one)
    assert not any(crowd.labels())


@pytest.mark.parametrize(
    ("after", "headers", "why"),
    [
        (0, {}, "too_fast"),
        (1, {}, "too_fast"),
        (3, {}, ""),
        (30, {"Sec-Purpose": "prefetch"}, "prefetch"),
        (30, {"User-Agent": "Mimecast-URL-Protect"}, "scanner"),
        (0, {"User-Agent": "curl/8", "Purpose": "prefetch"}, "prefetch, scanner, too_fast"),
    ],
)
def test_signs_of_one_request(after, headers, why):
    crowd = Crowd(1)
    assert (
        crowd.presses(crowd.people[0], after=after, client=stranger(**headers)).status_code == 200
    )
    assert crowd.labels() == [bool(why)]
    assert crowd.details(0).get("suspected", "") == why


@pytest.mark.parametrize("stamp", ["", "1764215000", "1764215000:forged", "x" * 5000])
def test_a_stamp_that_is_not_ours_says_nothing(stamp):
    crowd = Crowd(1)
    path = crowd.path(crowd.people[0])
    assert stranger().post(path, {"confirm": "1", "drawn": stamp}).status_code == 200
    assert crowd.labels() == [False]


@pytest.mark.parametrize("button", ["leave", "save", "stop"])
def test_the_preference_page_is_watched_as_well(button):
    person = Person()
    act(person.address_id, own(of(person.breaks), IN), at=timezone.now() - MINUTE)
    sent = {
        "leave": {"leave": "all"},
        "save": {"save": "1", "shown": f"{person.breaks.pk}:1"},
        "stop": {"stop": str(person.breaks.pk), "shown": f"{person.breaks.pk}:0"},
    }[button]
    machine = stranger(**{"User-Agent": "Mimecast-URL-Protect"})
    assert machine.post(person.preference_path(), sent).status_code == 200
    [event] = [event for event in ConsentEvent.objects.all() if event.flags & Flag.SUSPECTED]
    assert event.status == OUT.code


def test_an_opt_in_on_the_preference_page_is_never_labelled():
    person = Person()
    sent = {"save": "1", "shown": f"{person.breaks.pk}:0", "types": str(person.breaks.pk)}
    machine = stranger(**{"User-Agent": "Mimecast-URL-Protect"})
    assert machine.post(person.preference_path(), sent, **SCANNER).status_code == 200
    [event] = person.events()
    assert (event.status, event.flags & Flag.SUSPECTED) == (IN.code, 0)
    assert not RecentOptOut.objects.exists()


def test_an_opt_out_does_not_fail_because_others_cannot_be_counted(monkeypatch):
    def broken(*_asked):
        raise DatabaseError("no such table")

    monkeypatch.setattr("preferences.bursts._noted", broken)
    crowd = Crowd(1)
    assert crowd.presses(crowd.people[0]).status_code == 200
    assert crowd.statuses() == {OUT}


def test_a_persons_plain_word_goes_on_record_and_is_not_given_back():
    crowd = Crowd(7)
    for one in crowd.people:
        crowd.presses(one)
    last = crowd.people[-1]
    before = ConsentEvent.objects.filter(address_id=last).count()
    assert crowd.presses(last, REMOTE_ADDR="203.0.113.9").status_code == 200
    assert ConsentEvent.objects.filter(address_id=last).count() == before + 1
    user = make_user(may_resubscribe=True)
    done = give_back(event_ids=event_ids(), explanation=WHY, user=user, now=timezone.now())
    assert (done.given_back, done.left) == (1, {("R24", "superseded"): 1})
    assert status_of(last, crowd.kind) is OUT
    assert status_of(crowd.people[5], crowd.kind) is IN


def test_giving_back_twice_does_nothing():
    crowd = Crowd(8)
    for one in crowd.people:
        crowd.presses(one)
    user, ids = make_user(may_resubscribe=True), event_ids()
    first = give_back(event_ids=ids, explanation=WHY, user=user, now=timezone.now())
    count = ConsentEvent.objects.count()
    second = give_back(event_ids=ids, explanation=WHY, user=user, now=timezone.now())
    assert (first.given_back, second.given_back) == (3, 0)
    assert second.left == {("R24", "superseded"): 3}
    assert ConsentEvent.objects.count() == count


def test_what_the_person_said_since_is_left():
    crowd = Crowd(7)
    for one in crowd.people:
        crowd.presses(one)
    back = crowd.people[5]
    act(back, own(of(crowd.kind), IN), at=timezone.now() + MINUTE)
    user = make_user(may_resubscribe=True)
    later = timezone.now() + 2 * MINUTE
    done = give_back(event_ids=event_ids(address_id=back), explanation=WHY, user=user, now=later)
    assert (done.given_back, done.left) == (0, {("R24", "superseded"): 1})
    assert status_of(back, crowd.kind) is IN
