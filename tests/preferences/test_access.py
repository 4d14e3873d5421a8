"""What a member of staff reaches of the kernel."""

import pytest
from django.http import Http404

from accounts.models import Role
from preferences.access import actor_for, get_type, get_unit, types_for, units_for
from preferences.values import Actor, ActorKind
from tests.factories import UserFactory
from tests.preferences.kernel import news

pytestmark = pytest.mark.django_db


def test_a_user_of_every_unit():
    first = news()
    user = UserFactory()
    assert actor_for(user) == Actor(ActorKind.USER, user.pk)
    assert (get_type(user, first.pk), get_unit(user, first.business_unit_id)) == (
        first,
        first.business_unit,
    )


def test_a_user_of_some_units_reaches_no_other():
    first, second = news(), news()
    user = UserFactory(units=[first.business_unit])
    actor = actor_for(user)
    assert (actor.all_units, actor.unit_ids) == (False, {first.business_unit_id})
    assert (actor.covers(second.business_unit_id), actor.covers(None)) == (False, False)
    assert list(types_for(user)) == [first]
    assert list(units_for(user)) == [first.business_unit]
    for find, pk in ((get_type, second.pk), (get_unit, second.business_unit_id)):
        with pytest.raises(Http404):
            find(user, pk)


@pytest.mark.parametrize(("role", "may"), [(Role.EDITOR, True), (Role.VIEWER, False)])
def test_the_right_to_resubscribe_is_given_by_name(role, may):
    assert actor_for(UserFactory(role=role, may_resubscribe=True)).may_resubscribe is may
    assert not actor_for(UserFactory(role=role)).may_resubscribe


def test_what_does_not_exist_is_not_found():
    for find in (get_type, get_unit):
        with pytest.raises(Http404):
            find(UserFactory(), 987654)
