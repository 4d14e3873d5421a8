import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied

from accounts.access import Reach, Right, may, reach_of, require
from accounts.models import Role, User
from preferences.models import BusinessUnit
from tests.conftest import make_user

GRANTED = {
    Role.VIEWER: {Right.VIEW},
    Role.EDITOR: {Right.VIEW, Right.EDIT, Right.EXPORT},
    Role.ADMINISTRATOR: set(Right) - {Right.RESUBSCRIBE},
    Role.COMPLIANCE: {Right.VIEW, Right.SEE_LEDGER, Right.EXPORT},
}


@pytest.mark.parametrize("right", list(Right))
@pytest.mark.parametrize("role", list(Role))
def test_rights_of_roles(role, right):
    assert may(User(role=role), right) is (right in GRANTED[role])


@pytest.mark.parametrize("role", list(Role))
def test_resubscribe_needs_the_flag_and_the_right_to_edit(role):
    user = User(role=role, may_resubscribe=True)
    assert may(user, Right.RESUBSCRIBE) is (role in {Role.EDITOR, Role.ADMINISTRATOR})


@pytest.mark.parametrize(
    "user", [AnonymousUser(), User(role=Role.ADMINISTRATOR, is_active=False), User(role="unknown")]
)
def test_nobody_else_holds_a_right(user):
    assert not any(may(user, right) for right in Right)
    assert reach_of(AnonymousUser()) == Reach(all_units=False, unit_ids=frozenset())


def test_require_raises():
    require(User(role=Role.VIEWER), Right.VIEW)
    with pytest.raises(PermissionDenied):
        require(User(role=Role.VIEWER), Right.EDIT)


def test_reach_covers_the_account_for_all_units_only():
    some = Reach(all_units=False, unit_ids=frozenset({1, 2}))
    assert [some.covers(unit) for unit in (1, 3, None)] == [True, False, False]
    everything = Reach(all_units=True, unit_ids=frozenset())
    assert [everything.covers(unit) for unit in (1, None)] == [True, True]


@pytest.mark.django_db
def test_reach_costs_one_query_once(django_assert_num_queries):
    user = make_user(all_units=False)
    unit = BusinessUnit.objects.create(name="Garden", slug="garden-test")
    user.units.add(unit)
    with django_assert_num_queries(1):
        assert reach_of(user).covers(unit.pk)
        assert not reach_of(user).covers(unit.pk + 1)


@pytest.mark.django_db
def test_reach_of_all_units_costs_no_query(django_assert_num_queries):
    user = make_user()
    with django_assert_num_queries(0):
        assert reach_of(user).covers(None)
