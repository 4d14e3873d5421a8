"""The preview says what the job then does."""

import pytest

from contacts.bulk import preview as previews
from contacts.bulk.changes import look_at_edit
from contacts.bulk.preview import (
    Preview,
    continue_preview,
    has_moved,
    people_of,
    preview_of,
    sample_of,
)
from contacts.models import Contact
from jobs.selectors import counts_of
from preferences.models import ConsentEvent
from preferences.values import ACCOUNT
from tests.contacts.bulk_scene import IN, NONE, OUT, edit_now, held, opting
from tests.factories import NOW, TypeFactory, UserFactory, make_contact
from tests.preferences.kernel import HOUR, act, of, ours, own, set_policy

pytestmark = pytest.mark.django_db
EVERYBODY = Contact.objects.all()


@pytest.fixture
def user():
    return UserFactory()


@pytest.fixture
def news():
    """Twelve people: three are in, two out by themselves, one out of all."""
    set_policy()
    news = TypeFactory(name="News")
    people = [make_contact(f"p{n}@home.example") for n in range(12)]
    for contact, wish in zip(
        people,
        [ours(of(news), IN)] * 3 + [own(of(news), OUT)] * 2 + [own(ACCOUNT, OUT)],
        strict=False,
    ):
        act(held(contact)[0], wish, at=NOW - HOUR)
    return news


def sample(changed: int) -> Preview:
    """Return what a sample of 2,000 of 100,000 says, of whom that many would change."""
    return Preview(100_000, 2_000, is_sample=True, items={"changed": changed})


def preview(edit, user) -> Preview:
    return preview_of(look_at_edit(edit, user=user, now=NOW), EVERYBODY)


@pytest.mark.parametrize("status", [IN, NONE, OUT])
def test_the_job_does_what_the_preview_said(user, news, status):
    before = ConsentEvent.objects.count()
    found = preview(opting(status, news), user)
    assert (found.total, found.seen, found.is_exact) == (12, 12, True)
    assert ConsentEvent.objects.count() == before
    counts = counts_of(edit_now(opting(status, news), user))
    assert counts.items == found.items
    assert counts.changes == found.changes


def test_reasons_the_most_frequent_first(user, news):
    found = preview(opting(IN, news), user)
    assert found.reasons() == [("R5 own_opt_out", 2), ("R10 own_opt_out_of_all", 1)]
    assert (found.count("changed"), found.count("unchanged")) == (6, 3)


def test_a_sample_at_once_and_exact_counts_slice_by_slice(user, news, monkeypatch):
    monkeypatch.setattr(previews, "EXACT_LIMIT", 10)
    monkeypatch.setattr(previews, "SAMPLE_SIZE", 6)
    monkeypatch.setattr(previews, "SLICE_SIZE", 5)
    look = look_at_edit(opting(IN, news), user=user, now=NOW)
    found = preview_of(look, EVERYBODY)
    assert found.is_sample
    assert not found.is_exact
    assert 0 < found.seen <= 12
    assert sum(found.count(key) for key in ("changed", "unchanged", "refused")) == pytest.approx(
        12, abs=2
    )
    steps = []
    while not found.is_exact:
        found = Preview.from_json(found.as_json())
        found = continue_preview(found, look, EVERYBODY)
        steps.append(found.seen)
    assert steps == [5, 10, 12]
    assert (found.count("changed"), found.count("unchanged"), found.count("refused")) == (6, 3, 3)


def test_people_who_leave_the_selection_meanwhile(user, news, monkeypatch):
    monkeypatch.setattr(previews, "SLICE_SIZE", 5)
    look = look_at_edit(opting(IN, news), user=user, now=NOW)
    found = continue_preview(Preview(12), look, EVERYBODY)
    few = EVERYBODY.filter(pk__lte=found.after_id + 2)
    found = continue_preview(found, look, few)
    assert (found.seen, found.total, found.is_exact) == (7, 7, True)


def test_each_count_lists_its_people_a_page_at_a_time(user, news, monkeypatch):
    monkeypatch.setattr(previews, "SLICE_SIZE", 5)
    ids = list(EVERYBODY.order_by("pk").values_list("pk", flat=True))
    look = look_at_edit(opting(IN, news), user=user, now=NOW)
    found, after = [], 0
    while after is not None:
        page = people_of(look, EVERYBODY, "changed", after_id=after, size=4)
        assert len(page.contact_ids) <= 4
        found += page.contact_ids
        after = page.after_id
    assert found == ids[6:]
    for outcome, expected in (
        ("unchanged", ids[:3]),
        ("refused R5 own_opt_out", ids[3:5]),
        ("refused", ids[3:6]),
        ("no_address", []),
    ):
        page = people_of(look, EVERYBODY, outcome, size=50)
        assert (list(page.contact_ids), page.after_id) == (expected, None)


def test_rare_people_are_looked_for_a_bounded_while(user, news, monkeypatch):
    monkeypatch.setattr(previews, "SLICE_SIZE", 2)
    monkeypatch.setattr(previews, "SCANNED_SLICES", 2)
    look = look_at_edit(opting(IN, news), user=user, now=NOW)
    page = people_of(look, EVERYBODY, "no_address")
    ids = list(EVERYBODY.order_by("pk").values_list("pk", flat=True))
    assert (page.contact_ids, page.after_id) == ([], ids[3])


def test_a_sample_is_about_as_large_as_asked_for(news):
    for size in (3, 6, 12, 50):
        found = sample_of(EVERYBODY, 12, size)
        assert found == sorted(set(found))
        assert len(found) <= min(2 * size, 12)
    assert len(sample_of(EVERYBODY, 12, 50)) == 12


@pytest.mark.parametrize(
    ("before", "now", "moved"),
    [
        (
            Preview(1000, 1000, items={"changed": 900}),
            Preview(1000, 1000, items={"changed": 890}),
            False,
        ),
        (
            Preview(1000, 1000, items={"changed": 900}),
            Preview(1000, 1000, items={"changed": 889}),
            True,
        ),
        (Preview(1, 1, items={"changed": 1}), Preview(1, 1, items={"unchanged": 1}), True),
        (Preview(0, 0), Preview(0, 0), False),
        (Preview(3, 3, items={"changed": 3}), Preview(0, 0), True),
        # A sample of 2,000 cannot tell 50 % from 52 %, but from 60 % it can.
        (sample(1000), sample(1040), False),
        (sample(1000), sample(1200), True),
        (Preview(100_000, 100_000, items={"changed": 50_000}), sample(1040), False),
        (Preview(100_000, 100_000, items={"changed": 50_000}), sample(1200), True),
        (sample(0), sample(60), True),
    ],
)
def test_numbers_have_moved_when_they_clearly_did(before, now, moved):
    assert has_moved(before, now) is moved
    assert has_moved(now, before) is moved
