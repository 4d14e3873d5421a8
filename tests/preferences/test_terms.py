"""What is in force: the newest policy, and what the rules need to know of each type."""

import pytest

from preferences.models import PolicyVersion
from preferences.terms import asks_to_confirm, current_policy, current_terms
from preferences.values import Channel, Policy, Privacy, TypeFacts
from tests.factories import UnitFactory
from tests.preferences.kernel import NOW, lifted_guards, news, set_policy

pytestmark = pytest.mark.django_db


def test_the_newest_policy_is_in_force():
    set_policy(privacy=0)
    newest = set_policy(privacy=2, only_person_resubscribes=True, sms_connected=True)
    assert current_policy() == newest
    assert current_terms().policy == Policy(
        version=newest.pk,
        privacy=Privacy.ENFORCED,
        only_person_resubscribes=True,
        channels=frozenset({Channel.EMAIL, Channel.SMS}),
    )


def test_a_new_installation_has_data_privacy_on():
    assert current_terms().policy.privacy is Privacy.ON
    with lifted_guards():
        PolicyVersion.objects.all().delete()
    policy = current_terms().policy
    assert (policy.version, policy.privacy) == (0, Privacy.ON)
    assert policy.channels == {Channel.EMAIL}


def test_the_facts_of_a_type():
    first = news(
        kind="service", is_internal=True, archived_at=NOW, offered_on_sms=True, double_opt_in="on"
    )
    assert current_terms().types == {
        first.pk: TypeFacts(
            id=first.pk,
            business_unit_id=first.business_unit_id,
            channels=frozenset({Channel.EMAIL, Channel.SMS}),
            is_service=True,
            is_internal=True,
            is_archived=True,
            double_opt_in=True,
        )
    }


@pytest.mark.parametrize("account", [True, False])
@pytest.mark.parametrize("unit", ["on", "off", "inherit"])
@pytest.mark.parametrize("own", ["on", "off", "inherit"])
def test_r14_the_type_decides_else_the_unit_else_the_account(own, unit, account):
    version = set_policy(double_opt_in=account)
    first = news(double_opt_in=own, business_unit=UnitFactory(double_opt_in=unit))
    said = [level == "on" for level in (own, unit) if level != "inherit"]
    assert asks_to_confirm(first, version) is [*said, account][0]


def test_terms_cost_one_query_however_many_types(django_assert_num_queries):
    for _ in range(5):
        news()
    with django_assert_num_queries(1):
        current_terms()
