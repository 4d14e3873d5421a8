"""The file of an export is kept for days: it shows what its reader sees when they fetch it."""

import csv
import io

import pytest

from accounts.models import Role, User
from contacts.bulk.export import export_lines, start_export
from contacts.models import Contact
from contacts.services import delete_contact
from jobs.models import Job
from tests.conftest import make_user
from tests.contacts.bulk_scene import run
from tests.factories import NOW, TypeFactory, UnitFactory, make_contact
from tests.preferences.kernel import set_policy

pytestmark = pytest.mark.django_db


@pytest.fixture
def garden():
    set_policy()
    return UnitFactory(name="Garden")


@pytest.fixture
def workwear():
    return UnitFactory(name="Workwear")


@pytest.fixture
def user(garden, workwear) -> User:
    """An editor of both units, who exports their people."""
    user = make_user(Role.EDITOR, all_units=False)
    user.units.set([garden, workwear])
    TypeFactory(name="Guide", business_unit=garden)
    TypeFactory(name="Boots", business_unit=workwear)
    make_contact("ada@home.example", first_name="Ada", units=[garden])
    make_contact("ben@home.example", first_name="Ben", units=[workwear])
    make_contact("cy@home.example", first_name="Cy", units=[garden, workwear])
    return user


@pytest.fixture
def job(user) -> Job:
    return run(start_export(contacts=Contact.objects.all(), selection={}, user=user, now=NOW))


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


def rows_of(job: Job, user: User) -> list[dict[str, str]]:
    text = b"".join(export_lines(job, user=user)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def names(rows: list[dict[str, str]]) -> list[str]:
    return [row["first_name"] for row in rows]


def test_who_lost_a_unit_gets_neither_its_people_nor_its_columns(job, user, garden):
    assert names(rows_of(job, user)) == ["Ada", "Ben", "Cy"]
    assert "Workwear: Boots (EMAIL)" in rows_of(job, user)[0]
    user.units.set([garden])
    rows = rows_of(job, again(user))
    assert names(rows) == ["Ada", "Cy"]
    assert [name for name in rows[0] if name.startswith("Garden")] == ["Garden: Guide (EMAIL)"]
    assert not [name for name in rows[0] if name.startswith("Workwear")]
    assert rows[0]["Garden: Guide (EMAIL)"] == "NOT_SPECIFIED"
    user.units.clear()
    assert rows_of(job, again(user)) == []


def test_who_sees_more_gets_no_more_than_was_exported(job, user):
    user.units.add(UnitFactory(name="Books"))
    assert names(rows_of(job, again(user))) == ["Ada", "Ben", "Cy"]


def test_who_was_deleted_since_is_left_out(job, user):
    ada = Contact.objects.get(first_name="Ada")
    delete_contact(contact=ada, user=user, now=NOW)
    assert names(rows_of(job, again(user))) == ["Ben", "Cy"]


def test_who_lost_the_right_gets_no_file(job, user, as_user):
    url = f"/jobs/{job.pk}/export.csv"
    assert as_user(user).get(url).status_code == 200
    user.role = Role.VIEWER
    user.save()
    assert as_user(user).get(url).status_code == 403


def test_cells_come_back_as_they_were_written(user, garden):
    odd = 'A "quoted", name\nof two lines'
    make_contact("odd@home.example", first_name="Odd", company=odd, units=[garden])
    make_contact("sum@home.example", first_name="=1+1", units=[garden])
    job = run(start_export(contacts=Contact.objects.all(), selection={}, user=user, now=NOW))
    rows = {row["email"]: row for row in rows_of(job, user)}
    assert rows["odd@home.example"]["company"] == odd
    assert rows["sum@home.example"]["first_name"] == "'=1+1"
