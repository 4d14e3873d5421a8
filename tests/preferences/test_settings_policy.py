"""Settings of data privacy and channels: every change is the next version of the policy."""

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from accounts.models import Role
from preferences.access import actor_for
from preferences.address_book import ensure_address
from preferences.catalogue import change_business_unit, change_subscription_type
from preferences.models import (
    DoubleOptIn,
    PendingConfirmation,
    PolicyVersion,
    Preference,
    SubscriptionType,
)
from preferences.policy import change_policy, privacy_since
from preferences.services import apply_change
from preferences.terms import current_policy
from preferences.values import Change, Channel, LegalBasis, Source, Status, Wish, type_scope
from tests.factories import NOW, TypeFactory, UnitFactory, UserFactory

pytestmark = pytest.mark.django_db

OFF, ON, ENFORCED = PolicyVersion.DataPrivacy.values
SETTINGS = {"HX-Request": "true", "HX-Target": "privacy-settings"}
DIALOG = {"HX-Request": "true", "HX-Target": "dialog"}


@pytest.fixture
def client(as_user, administrator):
    return as_user(administrator)


def turn(client, setting, *, is_on, **headers):
    data = {"setting": setting} | ({"value": "on"} if is_on else {})
    return client.post(reverse("privacy"), data, headers=headers)


def test_a_fresh_account_has_data_privacy_on_and_email_connected():
    policy = current_policy()
    assert PolicyVersion.objects.count() == 1
    assert (policy.privacy, policy.email_connected, policy.sms_connected) == (ON, True, False)
    assert not policy.only_person_resubscribes


def test_a_switch_saves_at_once_and_says_when(client, administrator):
    response = turn(client, "only_person_resubscribes", is_on=True, **SETTINGS)
    assert response.status_code == 200
    assert "Saved " in response.text
    assert f"Changed by {administrator.name} on" in response.text
    policy = current_policy()
    assert policy.only_person_resubscribes
    assert policy.changed_by == administrator
    assert current_policy().values().only_person_resubscribes


def test_without_htmx_a_switch_leads_back_to_the_page(client):
    response = turn(client, "double_opt_in", is_on=True)
    assert response["Location"] == "/settings/privacy/?saved"
    assert current_policy().double_opt_in


def test_versions_are_added_and_never_changed(client, administrator):
    first = current_policy()
    turn(client, "double_opt_in", is_on=True)
    turn(client, "double_opt_in", is_on=True)
    assert PolicyVersion.objects.count() == 2
    first.refresh_from_db()
    assert not first.double_opt_in
    with pytest.raises(DatabaseError), transaction.atomic():
        PolicyVersion.objects.update(double_opt_in=False)


def test_a_version_keeps_what_others_switched_meanwhile(client, administrator):
    change_policy(user=administrator, now=NOW, sms_connected=True)
    turn(client, "double_opt_in", is_on=True)
    assert current_policy().sms_connected


def test_enforcing_goes_on_and_off_within_data_privacy(client):
    turn(client, "enforced", is_on=True)
    assert current_policy().privacy == ENFORCED
    turn(client, "enforced", is_on=False)
    assert current_policy().privacy == ON


def test_nothing_is_enforced_while_data_privacy_is_off(client, administrator):
    change_policy(user=administrator, now=NOW, privacy=OFF)
    turn(client, "enforced", is_on=True)
    assert current_policy().privacy == OFF
    assert "Turn data privacy settings on first." in client.get(reverse("privacy")).text
    turn(client, "privacy", is_on=True)
    assert current_policy().privacy == ON


def test_the_switch_of_data_privacy_only_asks(client):
    response = turn(client, "privacy", is_on=False)
    assert response["Location"] == reverse("privacy_turn_off")
    asked = client.get(reverse("privacy_turn_off"), headers=DIALOG).text
    assert "Turn off data privacy settings?" in asked
    assert 'id="privacy-switch"' in asked, "the switch is drawn on again"
    assert 'hx-swap-oob="true"' in asked
    assert current_policy().privacy == ON


@pytest.mark.parametrize("typed", ["", "off", "turn on"])
def test_turning_off_needs_the_words(client, typed):
    data = {"confirmation": typed}
    response = client.post(reverse("privacy_turn_off"), data, headers=DIALOG)
    assert response.status_code == 422
    assert current_policy().privacy == ON


def test_turning_off_is_confirmed_kept_and_shown(client, administrator):
    data = {"confirmation": "Turn off"}
    response = client.post(reverse("privacy_turn_off"), data, headers=DIALOG)
    assert response["HX-Retarget"] == "#privacy-settings"
    assert '"layer:close": "dialog"' in response["HX-Trigger"]
    assert "Off since" in response.text
    policy = current_policy()
    assert (policy.privacy, policy.changed_by) == (OFF, administrator)


def test_data_privacy_is_on_since_it_was_turned_on(administrator):
    def change(day, **fields):
        now = NOW.replace(day=day)
        change_policy(user=administrator, now=now, **fields)

    change(1, privacy=OFF)
    change(2, double_opt_in=True)
    assert privacy_since(current_policy()).day == 1
    change(3, privacy=ON)
    change(4, privacy=ENFORCED)
    assert privacy_since(current_policy()).day == 3


class TestR14SwitchingConfirmationOff:
    """Ends the requests that wait, and opts nobody in."""

    @pytest.fixture
    def found(self, administrator):
        """A type with an opt-in by staff that waits for the person's click."""
        change_policy(user=administrator, now=NOW, double_opt_in=True)
        found = TypeFactory(name="News")
        address = ensure_address(
            channel=Channel.EMAIL, text="zofia@kowal.example", region=None, now=NOW
        )
        wish = Wish(
            scope=type_scope(found.pk),
            source=Source.RECORD_PANEL,
            status=Status.SUBSCRIBED,
            legal_basis=LegalBasis.CONSENT_WITH_NOTICE,
            explanation="She asked at the fair",
        )
        change = Change(address.pk, wish)
        apply_change(change=change, actor=actor_for(administrator), now=NOW)
        assert PendingConfirmation.objects.count() == 1
        return found

    def test_r14_for_the_account(self, client, found):
        turn(client, "only_person_resubscribes", is_on=True)
        assert PendingConfirmation.objects.count() == 1
        turn(client, "double_opt_in", is_on=False)
        assert not PendingConfirmation.objects.exists()
        assert not Preference.objects.filter(status=Status.SUBSCRIBED.code).exists()

    def test_r14_for_the_type(self, administrator, found):
        values = {"double_opt_in": DoubleOptIn.OFF}
        change_subscription_type(
            subscription_type=found, user=administrator, now=NOW, values=values, translations={}
        )
        assert not PendingConfirmation.objects.exists()

    def test_r14_for_the_unit_unless_the_type_differs(self, administrator, found):
        SubscriptionType.objects.update(double_opt_in=DoubleOptIn.ON)
        values = {"double_opt_in": DoubleOptIn.OFF}
        unit = found.business_unit
        change_business_unit(unit=unit, user=administrator, now=NOW, values=values)
        assert PendingConfirmation.objects.count() == 1
        SubscriptionType.objects.update(double_opt_in=DoubleOptIn.INHERIT)
        values = {"double_opt_in": DoubleOptIn.INHERIT}
        change_business_unit(unit=unit, user=administrator, now=NOW, values=values)
        assert PendingConfirmation.objects.count() == 1
        values = {"double_opt_in": DoubleOptIn.OFF}
        change_business_unit(unit=unit, user=administrator, now=NOW, values=values)
        assert not PendingConfirmation.objects.exists()


def test_unknown_switches_change_nothing(client):
    assert turn(client, "is_admin", is_on=True).status_code == 422
    assert turn(client, "email_connected", is_on=False).status_code == 422
    assert PolicyVersion.objects.count() == 1


def test_channels_are_connected_one_by_one(client):
    url = reverse("channels")
    client.post(url, {"setting": "sms_connected", "value": "on"})
    client.post(url, {"setting": "email_connected"})
    policy = current_policy()
    assert (policy.email_connected, policy.sms_connected) == (False, True)
    headers = {"HX-Request": "true", "HX-Target": "channel-list"}
    data = {"setting": "whatsapp_connected", "value": "on"}
    page = client.post(url, data, headers=headers).text
    assert "Saved " in page
    assert "<html" not in page
    assert client.post(url, {"setting": "privacy"}).status_code == 422


def test_only_administrators_of_all_units_change_the_policy(as_user):
    limited = as_user(UserFactory(role=Role.ADMINISTRATOR, units=[UnitFactory()]))
    assert limited.get(reverse("privacy")).status_code == 200
    for name in ("privacy", "privacy_turn_off", "channels"):
        assert limited.post(reverse(name), {"confirmation": "turn off"}).status_code == 403
    assert "disabled" in limited.get(reverse("privacy")).text
    assert PolicyVersion.objects.count() == 1


def test_unknown_fields_of_the_policy_are_a_mistake(administrator):
    with pytest.raises(TypeError):
        change_policy(user=administrator, now=NOW, colour="red")


def test_queries_do_not_grow_with_the_versions(
    client, administrator, django_assert_max_num_queries
):
    def count(total):
        for number in range(PolicyVersion.objects.count(), total):
            change_policy(user=administrator, now=NOW, double_opt_in=number % 2 == 1)
        with django_assert_max_num_queries(50) as queries:
            client.get(reverse("privacy"))
        return len(queries)

    client.get(reverse("privacy"))  # the number in the navigation is kept from now on
    assert count(10) == count(50)
