import pytest
from django.db import IntegrityError

from accounts.models import Role, User
from tests.conftest import make_user

pytestmark = pytest.mark.django_db


def test_email_is_unique_in_any_case():
    make_user(email="Anna@Fernmoor.example")
    assert User.objects.get(email="ANNA@fernmoor.example").email == "anna@fernmoor.example"
    with pytest.raises(IntegrityError):
        make_user("viewer", email="ANNA@FERNMOOR.example")


def test_superuser_is_an_administrator_of_everything():
    user = User.objects.create_superuser("root@fernmoor.example", "x", name="Root")
    assert (user.role, user.all_units, user.is_staff) == (Role.ADMINISTRATOR, True, True)


def test_unknown_roles_are_refused_by_the_database():
    with pytest.raises(IntegrityError):
        make_user("owner")
