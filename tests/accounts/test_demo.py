import pytest

from accounts.demo import PASSWORD, PEOPLE, create_demo_users
from accounts.models import User
from preferences.models import BusinessUnit

pytestmark = pytest.mark.django_db


def test_demo_users_can_be_made_twice_and_sign_in(client):
    unit = BusinessUnit.objects.create(name="Garden", slug="garden-test")
    create_demo_users(unit_ids=[unit.pk])
    users = create_demo_users(unit_ids=[unit.pk])
    assert User.objects.count() == len(PEOPLE)
    assert [user.units.count() for user in users] == [0, 1, 0, 1, 0]
    assert client.login(email="ruth.adeyemi@fernmoor.example", password=PASSWORD)
