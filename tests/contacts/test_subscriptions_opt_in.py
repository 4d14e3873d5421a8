"""Subscribe and Resubscribe on the record panel: what is asked for, refused, saved."""

from datetime import timedelta

import pytest
from django.utils import timezone

from preferences.models import ConsentEvent, PendingConfirmation
from preferences.values import ACCOUNT, LegalBasis, Outcome, Privacy, Status, unit_scope
from tests.contacts.panel_scene import Scene, set_policy, status_of
from tests.contacts.test_subscriptions import htmx, row_of, text, url

pytestmark = pytest.mark.django_db
IN, OUT, NONE = Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.NOT_SPECIFIED
EXPLANATION = "Asked at the till to hear about workshops"


@pytest.fixture
def scene(db) -> Scene:
    return Scene()


def filled(scene: Scene, *kinds, **values: object) -> dict[str, object]:
    return {
        "address": scene.email.pk,
        "type": kinds[0].pk if kinds else "",
        "types": [kind.pk for kind in kinds],
        "legal_basis": "CONSENT_WITH_NOTICE",
        "explanation": EXPLANATION,
        "processing": "LEGITIMATE_INTEREST_CLIENT",
        **values,
    }


def today(days: int = 0) -> str:
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def event_count() -> int:
    return ConsentEvent.objects.count()


# --- subscribe ---


def test_behind_the_page_of_the_dialog_alone_there_is_no_panel_to_update(scene, as_user):
    """What is not on the page must not be swapped: htmx reports an error for each."""
    client, there = as_user(scene.editor), url("subscribe", scene)
    headers = {**htmx("dialog", scene), "HX-Current-URL": f"http://testserver{there}"}
    answer = text(client.post(there, filled(scene, scene.guide), headers=headers))
    assert 'id="subscriptions-card"' in answer
    assert "history-count" not in answer
    assert "row-" not in answer
    assert status_of(scene.email, scene.guide) is IN


def test_the_dialog_ticks_the_clicked_type_and_lists_those_without_a_choice(scene, as_user):
    scene.say(scene.breaks, OUT)
    client = as_user(scene.editor)
    query = {"address": scene.email.pk, "type": scene.guide.pk}
    page = text(client.get(url("subscribe", scene, **query), headers=htmx("dialog", scene)))
    assert page.startswith("<form")
    assert f'value="{scene.guide.pk}" checked>' in page
    assert f'name="types" value="{scene.offers.pk}">' in page
    assert "Last-minute breaks" not in page
    assert "Orders" not in page
    for label in (
        "Communication subscription types",
        "Legal basis for communication",
        "Explanation for communication consent",
        "Legal basis for processing contact&#x27;s data",
    ):
        assert label in page
    assert "(optional)" not in page


def test_without_data_privacy_the_grounds_are_optional_r12(scene, as_user):
    set_policy(Privacy.OFF)
    client = as_user(scene.editor)
    page = text(client.get(url("subscribe", scene), headers=htmx("dialog", scene)))
    assert page.count("(optional)") == 3
    data = filled(scene, scene.guide, legal_basis="", explanation="", processing="")
    assert client.post(url("subscribe", scene), data).status_code == 302
    assert status_of(scene.email, scene.guide) is IN


def test_saving_opts_in_with_grounds_and_adds_the_basis_for_processing(scene, as_user):
    scene.contact.processing_bits = 1
    scene.contact.save()
    client = as_user(scene.editor)
    data = filled(scene, scene.guide, scene.offers)
    response = client.post(url("subscribe", scene), data, headers=htmx("dialog", scene))
    assert response.status_code == 200
    assert "layer:close" in response["HX-Trigger"]
    assert "Saved for 2 types" in response["HX-Trigger"]
    assert "Opted in" in row_of(response, scene, scene.email, scene.guide)
    assert f'id="row-{scene.phone.pk}-{scene.offers.pk}"' not in text(response)
    event = ConsentEvent.objects.select_related("evidence").latest("id")
    assert event.legal_basis == LegalBasis.CONSENT_WITH_NOTICE.code
    assert event.evidence.explanation == EXPLANATION
    assert event.actor_id == scene.editor.pk
    scene.contact.refresh_from_db()
    assert scene.contact.processing_bases == (
        LegalBasis.CONSENT_WITH_NOTICE,
        LegalBasis.LEGITIMATE_INTEREST_CLIENT,
    )


def test_without_script_the_same_url_is_a_page_that_does_the_same(scene, as_user):
    client = as_user(scene.editor)
    page = text(client.get(url("subscribe", scene, type=scene.guide.pk)))
    assert "<!DOCTYPE html>" in page
    assert '<dialog class="dialog" id="dialog" aria-labelledby="dlg-h" open>' in page
    response = client.post(url("subscribe", scene), filled(scene, scene.guide), follow=True)
    assert (
        response.redirect_chain[0][0]
        == f"{url('subscriptions', scene)}#row-{scene.email.pk}-{scene.guide.pk}"
    )
    assert "Garden guide: opted in." in text(response)


def test_missing_grounds_are_said_field_by_field_and_nothing_is_lost_r12(scene, as_user):
    client = as_user(scene.editor)
    data = filled(scene, scene.guide, scene.offers, legal_basis="", explanation="  ")
    response = client.post(url("subscribe", scene), data, headers=htmx("dialog", scene))
    page = text(response)
    assert response.status_code == 422
    assert "Nothing has changed. Correct 2 things" in page
    assert "Legal basis for communication: Choose a legal basis." in page
    assert "Explain how they agreed, and when." in page
    assert page.count("checked>") == 2
    assert 'value="LEGITIMATE_INTEREST_CLIENT" selected>' in page
    assert "layer:close" not in response.headers.get("HX-Trigger", "")
    assert event_count() == 0


def test_a_basis_for_processing_is_needed_once(scene, as_user):
    client = as_user(scene.editor)
    data = filled(scene, scene.guide, processing="")
    response = client.post(url("subscribe", scene), data)
    assert response.status_code == 422
    assert "data: Choose a legal basis." in text(response)
    assert event_count() == 0
    scene.contact.processing_bits = 1
    scene.contact.save()
    page = text(client.get(url("subscribe", scene)))
    assert "On record: Consent freely given by the contact. A choice here is added." in page
    assert client.post(url("subscribe", scene), data).status_code == 302


@pytest.mark.parametrize(
    ("explanation", "words"),
    [
        ("x" * 10_000, "Use at most 2,000 characters. There are 10000 now."),
        ("null\x00byte", "Remove the null character from this text."),
        ("over\u202eride", "Remove the hidden characters"),
    ],
)
def test_bad_explanations_are_refused_in_place(scene, as_user, explanation, words):
    data = filled(scene, scene.guide, explanation=explanation)
    response = as_user(scene.editor).post(
        url("subscribe", scene), data, headers=htmx("dialog", scene)
    )
    assert response.status_code == 422
    assert words in text(response)
    assert explanation.replace("\x00", "\x00") in response.content.decode()
    assert event_count() == 0


def test_an_explanation_of_exactly_2000_characters_and_other_scripts_is_kept(scene, as_user):
    explanation = ("Zażółć gęślą jaźń 🌱\r\n" * 200)[:1900] + "<b>"
    as_user(scene.editor).post(
        url("subscribe", scene), filled(scene, scene.guide, explanation=explanation)
    )
    kept = ConsentEvent.objects.select_related("evidence").get().evidence.explanation
    assert kept == explanation.replace("\r\n", "\n").strip()


@pytest.mark.parametrize("types", [[], ["999999"], ["x"]])
def test_no_type_or_an_unknown_one_is_said_in_place(scene, as_user, types):
    response = as_user(scene.editor).post(
        url("subscribe", scene), filled(scene, scene.guide, types=types)
    )
    assert response.status_code == 422
    assert EXPLANATION in text(response)
    assert event_count() == 0


def test_a_type_out_of_reach_cannot_be_posted(scene, as_user):
    response = as_user(scene.garden_editor()).post(
        url("subscribe", scene), filled(scene, scene.guide, scene.breaks)
    )
    assert response.status_code == 422
    assert event_count() == 0


def test_saving_twice_is_saving_once_r16(scene, as_user):
    client = as_user(scene.editor)
    for _ in range(2):
        assert client.post(url("subscribe", scene), filled(scene, scene.guide)).status_code == 302
    assert event_count() == 1


def test_one_refused_type_is_named_and_the_others_are_saved(scene, as_user):
    scene.guide.is_internal = True
    scene.guide.save()
    data = filled(scene, scene.offers, scene.guide)
    response = as_user(scene.editor).post(
        url("subscribe", scene), data, headers=htmx("dialog", scene)
    )
    page = text(response)
    assert response.status_code == 422
    assert "Saved in part" in page
    assert "Offers: opted in." in page
    assert "Garden guide: This type is internal." in page
    assert EXPLANATION in page
    assert 'id="subscription-list" hx-swap-oob="true"' in page
    assert status_of(scene.email, scene.offers) is IN


def test_a_choice_the_person_made_meanwhile_is_respected_r4(scene, as_user):
    scene.person_says(scene.guide, OUT)
    response = as_user(scene.editor).post(
        url("subscribe", scene), filled(scene, scene.guide), headers=htmx("dialog", scene)
    )
    assert response.status_code == 422
    assert "right to resubscribe" in text(response)
    assert status_of(scene.email, scene.guide) is OUT


def test_confirm_by_link_leaves_the_status_awaiting_r14(scene, as_user):
    set_policy(Privacy.ON, double_opt_in=True)
    client = as_user(scene.editor)
    assert "confirmed by link first" in text(client.get(url("subscribe", scene)))
    response = client.post(
        url("subscribe", scene), filled(scene, scene.guide), headers=htmx("dialog", scene)
    )
    row = row_of(response, scene, scene.email, scene.guide)
    assert "Awaiting" in row
    assert "Asked by Tom Birch" in row
    assert PendingConfirmation.objects.count() == 1
    assert status_of(scene.email, scene.guide) is NONE


def test_performance_of_a_contract_is_flagged_r13(scene, as_user):
    client = as_user(scene.editor)
    data = filled(scene, scene.guide, legal_basis="PERFORMANCE_OF_CONTRACT")
    response = client.post(url("subscribe", scene), data, headers=htmx("dialog", scene))
    row = row_of(response, scene, scene.email, scene.guide)
    assert '<span class="tag">Performance of a contract</span>' in row
    assert "Performance of a contract, for a marketing type" in text(
        client.get(url("history", scene))
    )


# --- resubscribe ---


def resubscriber(scene: Scene):
    scene.editor.may_resubscribe = True
    scene.editor.save()
    return scene.editor


def test_the_dialog_says_first_whose_choice_it_was_r4(scene, as_user):
    scene.person_says(scene.guide, OUT)
    client = as_user(resubscriber(scene))
    query = {"address": scene.email.pk, "type": scene.guide.pk}
    page = text(client.get(url("resubscribe", scene, **query), headers=htmx("dialog", scene)))
    assert "This was Amara Okafor’s own choice, on " in page
    assert "Only resubscribe if Amara Okafor has asked for it since." in page
    assert "Date they asked" in page
    assert page.index("own choice") < page.index("Communication subscription types")


def test_an_own_opt_out_needs_right_basis_explanation_and_date_r4(scene, as_user):
    set_policy(Privacy.OFF)
    scene.person_says(scene.guide, OUT, ago=timedelta(days=3))
    client = as_user(resubscriber(scene))
    data = filled(scene, scene.guide, legal_basis="", explanation="", processing="")
    page = text(client.post(url("resubscribe", scene), data))
    assert "Nothing has changed. Correct 3 things" in page
    assert "Enter the date they asked to come back." in page
    data = filled(scene, scene.guide, asked_on=today(-1))
    assert client.post(url("resubscribe", scene), data).status_code == 302
    assert status_of(scene.email, scene.guide) is IN
    assert ConsentEvent.objects.latest("id").rule == 4


@pytest.mark.parametrize("asked_on", [today(-30), today(2), "31/12/2026", "never"])
def test_a_wrong_date_is_said_in_place_and_kept_r4(scene, as_user, asked_on):
    scene.person_says(scene.guide, OUT, ago=timedelta(days=3))
    response = as_user(resubscriber(scene)).post(
        url("resubscribe", scene), filled(scene, scene.guide, asked_on=asked_on)
    )
    assert response.status_code == 422
    assert f'value="{asked_on}"' in text(response)
    assert status_of(scene.email, scene.guide) is OUT


def test_without_the_right_it_says_why_and_offers_the_link_r4(scene, as_user):
    scene.person_says(scene.guide, OUT)
    client = as_user(scene.editor)
    query = {"address": scene.email.pk, "type": scene.guide.pk}
    page = text(client.get(url("resubscribe", scene, **query), headers=htmx("dialog", scene)))
    assert "needs the right to resubscribe" in page
    assert "They can come back themselves through their preference page." in page
    assert "textarea" not in page
    assert 'type="submit"' not in page
    data = filled(scene, scene.guide, asked_on=today())
    response = client.post(url("resubscribe", scene), data, headers=htmx("dialog", scene))
    assert response.status_code == 422
    assert status_of(scene.email, scene.guide) is OUT


def test_the_strict_switch_refuses_everyone_r4(scene, as_user):
    set_policy(Privacy.ON, only_person_resubscribes=True)
    scene.person_says(scene.guide, OUT)
    query = {"address": scene.email.pk, "type": scene.guide.pk}
    page = text(as_user(resubscriber(scene)).get(url("resubscribe", scene, **query)))
    assert "The account settings let only them opt back in." in page


def test_our_own_opt_out_needs_no_date_and_no_right(scene, as_user):
    scene.say(scene.guide, OUT)
    client = as_user(scene.editor)
    page = text(client.get(url("resubscribe", scene, type=scene.guide.pk)))
    assert "By you, on" in page
    assert "Date they asked" not in page
    assert client.post(url("resubscribe", scene), filled(scene, scene.guide)).status_code == 302
    assert status_of(scene.email, scene.guide) is IN


def test_an_opt_out_of_all_in_the_way_is_lifted_only_when_ticked_r9(scene, as_user):
    scene.say(unit_scope(scene.garden.pk), OUT)
    client = as_user(scene.editor)
    page = text(client.get(url("resubscribe", scene, type=scene.guide.pk)))
    assert "Also lift the opt-out of all" in page
    data = filled(scene, scene.guide)
    response = client.post(url("resubscribe", scene), data)
    assert response.status_code == 422
    assert "That has to be lifted first." in text(response)
    assert status_of(scene.email, scene.guide) is OUT
    response = client.post(
        url("resubscribe", scene), {**data, "lift": "on"}, headers=htmx("dialog", scene)
    )
    assert 'id="subscription-list" hx-swap-oob="true"' in text(response)
    assert status_of(scene.email, scene.guide) is IN
    assert status_of(scene.email, scene.offers) is NONE


def test_their_own_opt_out_of_all_is_final_here_r10(scene, as_user):
    scene.person_says(ACCOUNT, OUT)
    query = {"address": scene.email.pk, "type": scene.guide.pk}
    page = text(as_user(resubscriber(scene)).get(url("resubscribe", scene, **query)))
    assert "They unsubscribed from all themselves. Only they can lift that." in page
    assert "They can come back themselves through their preference page." in page
    assert "textarea" not in page


def test_a_page_that_lists_nothing_says_so(scene, as_user):
    page = text(as_user(scene.editor).get(url("resubscribe", scene), headers=htmx("dialog", scene)))
    assert "There is no type to resubscribe to on this address." in page
    assert 'type="submit"' not in page


def test_outcomes_all_have_words():
    assert {outcome.value for outcome in Outcome} == {
        "apply",
        "no_change",
        "confirm_first",
        "refuse",
    }
