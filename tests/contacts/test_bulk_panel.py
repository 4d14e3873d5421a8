"""The panel of the bulk edit: who is selected, what is shown, what is refused, what is started."""

from urllib.parse import urlencode

import pytest
from django.core import signing
from django.http import QueryDict

from accounts.models import User
from contacts import bulk_preview
from contacts.bulk import preview
from contacts.bulk_forms import StartForm
from contacts.models import Contact
from contacts.services import AddressWish
from jobs.models import Job
from jobs.policy import change_job_policy
from preferences.catalogue import archive_subscription_type
from preferences.models import ConsentEvent
from preferences.values import Channel
from tests.conftest import make_user
from tests.contacts.bulk_scene import run, status_of
from tests.contacts.panel_scene import IN, NONE, OUT, Scene

pytestmark = pytest.mark.django_db
PANEL = "/contacts/bulk/subscriptions/"
HTMX = {"HX-Request": "true", "HX-Target": "panel"}
EFFECT = {"HX-Request": "true", "HX-Target": "bulk-effect"}


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def people(scene) -> list[Contact]:
    """Amara opted out herself, Bea is opted in, Cleo has said nothing."""
    found = [scene.contact, *(add(scene, name) for name in ("Bea", "Cleo"))]
    scene.person_says(scene.guide, OUT)
    scene.say(scene.guide, IN, address=address_of(found[1]))
    return found


@pytest.fixture
def editor(scene, as_user):
    return as_user(scene.editor)


def add(scene: Scene, name: str) -> Contact:

    email = f"{name.lower()}@okafor.example"
    return scene.add_contact(name, [AddressWish(Channel.EMAIL, email, is_primary=True)])


def address_of(contact: Contact):
    return contact.contact_addresses.get().address


def filled(scene, **fields: object) -> dict[str, object]:
    values = {
        "scope": "view",
        "channel": "EMAIL",
        "status": "SUBSCRIBED",
        "types": [scene.guide.pk],
        "legal_basis": "CONSENT_WITH_NOTICE",
        "explanation": "Asked at the fair",
        "key": "one form",
    }
    return {**values, **fields}


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


# --- who ----------------------------------------------------------------------------------------------


def test_ticked_people_and_those_that_match_come_to_the_same(editor, scene, people):
    ids = ",".join(str(person.pk) for person in people)
    for query in (
        f"ids={ids}",
        "scope=view",
        "scope=view&q=okafor",
        f"id={people[0].pk}&ids={ids}",
    ):
        shown = text_of(editor.get(f"{PANEL}?{query}", headers=HTMX))
        assert "<b>3 contacts</b>" in shown, query
    assert "<b>1 contact</b>" in text_of(editor.get(f"{PANEL}?scope=view&q=bea", headers=HTMX))


@pytest.mark.parametrize("query", ["", "ids=", "ids=x,-1,%00", "ids=99999999999999999999", "id=0"])
def test_nobody_is_nobody(editor, scene, query):
    shown = text_of(editor.get(f"{PANEL}?{query}", headers=HTMX))
    assert "Nobody is selected" in shown
    response = editor.post(PANEL, filled(scene, scope="", ids="77"), headers=HTMX)
    assert response.status_code == 422
    assert "Nobody is selected any more" in text_of(response)
    assert not Job.objects.exists()


def test_more_ticks_than_an_address_line_carries_are_refused(editor, scene):
    ids = ",".join(map(str, range(1, 500)))
    assert "More than 400 people are ticked" in text_of(editor.get(f"{PANEL}?ids={ids}"))
    assert editor.post(PANEL, filled(scene, scope="", ids=ids)).status_code == 422


def test_people_out_of_reach_are_not_counted(scene, people, as_user):
    unit_editor = make_user("editor", email="x@x.example", all_units=False)
    unit_editor.units.add(scene.stays)
    shown = text_of(as_user(unit_editor).get(f"{PANEL}?scope=view", headers=HTMX))
    assert "Last-minute breaks" in shown
    assert "Garden guide" not in shown


# --- the effect -----------------------------------------------------------------------------------------


def test_the_effect_is_what_the_rules_say_and_changes_nothing(editor, scene, people):
    before = ConsentEvent.objects.count()
    shown = text_of(editor.post(f"{PANEL}preview/", filled(scene), headers=EFFECT))
    assert '<span class="outcome__n">1</span><span>will change to opted in</span>' in shown
    assert '<span class="outcome__n">1</span><span>stay the same, already opted in</span>' in shown
    assert "<b>1</b> will change, <b>1</b> stay the same, <b>1</b> left out" in shown
    assert "(R4)" in shown or "(R5)" in shown
    assert ConsentEvent.objects.count() == before
    assert not Job.objects.exists()


def test_the_effect_does_not_wait_for_the_grounds(editor, scene, people):
    data = filled(scene, legal_basis="", explanation="")
    shown = text_of(editor.post(f"{PANEL}preview/", data, headers=EFFECT))
    assert "<b>1</b> will change" in shown
    assert "Choose a legal basis." not in shown


def test_each_count_opens_its_people(editor, scene, people):
    for outcome, name in (("changed", "Cleo"), ("unchanged", "Bea")):
        data = filled(scene, outcome=outcome)
        shown = text_of(
            editor.post(f"{PANEL}people/", data, headers={**HTMX, "HX-Target": "dialog"})
        )
        names = [one for one in ("Amara", "Bea", "Cleo") if f"<bdi>{one} " in shown]
        assert names == [name], outcome
    assert "Nobody any more" in text_of(editor.post(f"{PANEL}people/", filled(scene, outcome="x")))


def test_types_follow_status_and_channel(editor, scene, people):
    data = filled(scene, drawn="EMAIL-SUBSCRIBED")
    shown = text_of(editor.post(f"{PANEL}preview/", data, headers=EFFECT))
    assert 'id="bulk-types"' not in shown
    data = filled(scene, channel="SMS", drawn="EMAIL-SUBSCRIBED")
    shown = text_of(editor.post(f"{PANEL}preview/", data, headers=EFFECT))
    assert 'id="bulk-types"' in shown
    assert "Offers" in shown
    assert "Garden guide" not in shown


def test_many_people_are_sampled_at_once_and_counted_while_the_panel_is_open(
    editor, scene, people, monkeypatch
):
    monkeypatch.setattr(preview, "EXACT_LIMIT", 2)
    monkeypatch.setattr(preview, "SLICE_SIZE", 2)
    first = editor.post(f"{PANEL}preview/", filled(scene), headers=EFFECT)
    shown = text_of(first)
    assert "from a random sample" in shown
    assert "load delay" in shown
    token = first.context["effect"].token
    second = editor.post(f"{PANEL}preview/", filled(scene, counted=token), headers=EFFECT)
    assert "Counting everyone: 66%" in text_of(second)
    token = second.context["effect"].token
    third = text_of(editor.post(f"{PANEL}preview/", filled(scene, counted=token), headers=EFFECT))
    assert "Checked at" in third
    assert "<b>1</b> will change, <b>1</b> stay the same, <b>1</b> left out" in third


@pytest.mark.parametrize("kind", ["junk", "altered", "another edit"])
def test_counts_that_are_not_of_this_edit_are_counted_again(editor, scene, people, kind):
    response = editor.post(f"{PANEL}preview/", filled(scene, status="UNSUBSCRIBED"), headers=EFFECT)
    token = response.context["effect"].token
    tokens = {"junk": "x", "altered": token[:-1] + "!", "another edit": token}
    shown = editor.post(f"{PANEL}preview/", filled(scene, counted=tokens[kind]), headers=EFFECT)
    assert "<b>1</b> will change, <b>1</b> stay the same" in text_of(shown)


def test_a_token_is_signed_and_holds_no_person(editor, scene, people):
    response = editor.post(f"{PANEL}preview/", filled(scene), headers=EFFECT)
    kept = signing.loads(response.context["effect"].token, salt=bulk_preview.SALT)
    assert "okafor" not in str(kept)


# --- finishing ---------------------------------------------------------------------------------------------


def test_finish_starts_one_job_however_often_it_is_sent(editor, scene, people):
    for _ in range(2):
        response = editor.post(PANEL, filled(scene, expected=3), headers=HTMX)
        job = Job.objects.get()
        assert response.headers["HX-Redirect"] == f"/jobs/{job.pk}/"
    run(job)
    assert [status_of(person, scene.guide) for person in people] == [OUT, IN, IN]
    assert job.selection == {"query": {}}


def test_without_script_it_is_a_page_that_redirects(editor, scene, people):
    assert 'id="bulk-form"' in text_of(editor.get(f"{PANEL}?ids={people[2].pk}"))
    shown = text_of(editor.post(f"{PANEL}preview/", filled(scene, ids=people[2].pk, scope="")))
    assert "<b>1</b> will change" in shown
    response = editor.post(PANEL, filled(scene, ids=people[2].pk, scope=""))
    job = Job.objects.get()
    assert response.headers["Location"] == f"/jobs/{job.pk}/"
    assert job.selection == {"ticked": 1}
    assert job.total == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"types": []}, "Choose at least one subscription type."),
        ({"types": [987654]}, "A chosen type cannot be changed like this any more."),
        ({"legal_basis": ""}, "Choose a legal basis."),
        ({"explanation": " "}, "Say why you may communicate with them."),
        ({"explanation": "x" * 10_000}, "Use at most 2,000 characters."),
        ({"explanation": "a\x00b"}, "Remove the null character"),
        ({"typed": "many"}, "Type the number with digits alone."),
    ],
)
def test_wrong_input_is_said_in_place_and_kept(editor, scene, people, fields, words):
    response = editor.post(PANEL, filled(scene, **fields), headers=HTMX)
    shown = response.content.decode()
    assert response.status_code == 422
    assert words in shown
    assert "Nothing has changed." in shown
    if "explanation" not in fields:
        assert "Asked at the fair" in shown
    assert not Job.objects.exists()


def test_all_that_is_missing_is_said_at_once(editor, scene, people):
    data = filled(scene, types=[], legal_basis="", explanation="")
    shown = text_of(editor.post(PANEL, data, headers=HTMX))
    assert "Correct 3 things" in shown
    assert "Choose at least one subscription type." in shown
    assert "Choose a legal basis." in shown
    assert "Say why you may communicate with them." in shown


def test_what_was_typed_is_text(editor, scene, people):
    data = filled(scene, legal_basis="", explanation="<script>alert(1)</script>")
    shown = editor.post(PANEL, data, headers=HTMX).content.decode()
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script>alert" not in shown


def test_many_people_need_their_number_typed(editor, scene, people):
    change_job_policy(user=scene.editor, now=scene.now, typed_number_over=2)
    assert "type 3." in text_of(editor.post(f"{PANEL}preview/", filled(scene), headers=HTMX))
    for typed in ("", "2"):
        response = editor.post(PANEL, filled(scene, typed=typed), headers=HTMX)
        assert response.status_code == 422
        assert "Type 3 to confirm" in text_of(response)
    assert not Job.objects.exists()
    editor.post(PANEL, filled(scene, typed="3"), headers=HTMX)
    assert Job.objects.get().total == 3


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("1284", 1284),
        ("1,284", 1284),
        ("1 284", 1284),
        ("1.284", 1284),
        ("1\u202f284", 1284),
        (" 1,284,000 ", 1284000),
        ("12,84", None),
        ("1,2.84", None),
        ("1,2840", None),
        ("a lot", None),
    ],
)
def test_a_number_may_be_typed_as_the_screen_shows_it(typed, number):
    form = StartForm(QueryDict(urlencode({"typed": typed})), user=User())
    assert form.is_valid() is (number is not None)
    assert form.cleaned_data.get("typed") == number


def test_a_selection_that_has_grown_is_shown_again_first(editor, scene, people):
    response = editor.post(PANEL, filled(scene, expected=2), headers=HTMX)
    assert response.status_code == 422
    assert "The selection has 3 contacts now" in text_of(response)
    assert not Job.objects.exists()


def test_opting_out_needs_no_grounds_and_no_lift(editor, scene, people):
    data = filled(scene, status="UNSUBSCRIBED", legal_basis="", explanation="", lift="on")
    editor.post(PANEL, data, headers=HTMX)
    job = run(Job.objects.get())
    assert job.parameters["lift"] is False
    assert {status_of(person, scene.guide) for person in people} == {OUT}


def test_a_person_s_own_opt_out_stays_whatever_is_sent(editor, scene, people):
    for status in ("SUBSCRIBED", "NOT_SPECIFIED"):
        editor.post(PANEL, filled(scene, status=status, key=status, lift="on"), headers=HTMX)
        run(Job.objects.latest("pk"))
        assert status_of(people[0], scene.guide) is OUT
    assert status_of(people[1], scene.guide) is NONE


# --- what changes between the panel and Finish ---------------------------------------------------------


def test_a_type_archived_meanwhile_is_said_at_the_types(editor, scene, people):
    opened = editor.post(f"{PANEL}preview/", filled(scene), headers=EFFECT)
    token = opened.context["effect"].token
    archive_subscription_type(subscription_type=scene.guide, user=scene.editor, now=scene.now)
    data = filled(scene, counted=token, types=[scene.guide.pk, scene.offers.pk])
    response = editor.post(PANEL, data, headers=HTMX)
    assert response.status_code == 422
    shown = text_of(response)
    assert "A chosen type cannot be changed like this any more." in shown
    assert "Asked at the fair" in shown
    assert f'name="types" value="{scene.offers.pk}" checked' in shown
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "filter_text", ["status.{guide}.email:is:none", "nonsense:is:1", "(((", "x"]
)
def test_a_filter_that_is_no_longer_possible_selects_nobody(editor, scene, people, filter_text):
    archive_subscription_type(subscription_type=scene.guide, user=scene.editor, now=scene.now)
    text = filter_text.format(guide=scene.guide.pk)
    shown = text_of(editor.get(PANEL, {"scope": "view", "f": text}, headers=HTMX))
    assert "The filter needs a look first, so nobody is selected" in shown
    data = filled(scene, f=text, types=[scene.offers.pk], expected=3)
    response = editor.post(PANEL, data, headers=HTMX)
    assert response.status_code == 422
    assert "The filter needs a look first" in text_of(response)
    assert "Asked at the fair" in text_of(response)
    assert not Job.objects.exists()


def test_by_filter_and_by_ticks_the_same_people_come_to_the_same(editor, scene, people):
    text = f"status.{scene.guide.pk}.email:is:none"
    by_filter = text_of(editor.post(f"{PANEL}preview/", filled(scene, f=text), headers=EFFECT))
    ticked = filled(scene, scope="", ids=people[2].pk)
    by_ticks = text_of(editor.post(f"{PANEL}preview/", ticked, headers=EFFECT))
    for shown in (by_filter, by_ticks):
        assert "<b>1</b> will change, <b>0</b> stay the same, <b>0</b> left out" in shown
    editor.post(PANEL, filled(scene, f=text), headers=HTMX)
    job = Job.objects.get()
    scene.say(scene.guide, OUT, address=address_of(people[2]))  # leaves the filter, not the job
    scene.say(scene.guide, NONE, address=address_of(people[1]))  # enters it, not the job
    assert [chunk.items for chunk in job.chunks.all()] == [str(people[2].pk)]
    run(job)
    assert [status_of(person, scene.guide) for person in people] == [OUT, NONE, IN]


def test_a_stale_tab_that_sends_again_is_led_to_its_job(editor, scene, people):
    """Whatever has changed since: the job was started, and is not started twice."""
    opened = editor.post(f"{PANEL}preview/", filled(scene), headers=EFFECT)
    data = filled(scene, counted=opened.context["effect"].token, expected=3)
    editor.post(PANEL, data, headers=HTMX)
    job = run(Job.objects.get())
    Contact.objects.filter(pk=people[2].pk).delete()
    response = editor.post(PANEL, data, headers=HTMX)
    assert response.headers["HX-Redirect"] == f"/jobs/{job.pk}/"
    assert Job.objects.count() == 1


def test_after_a_problem_everything_is_counted_anew(editor, scene, people):
    """What was shown belongs to the selection of then; sent once more, the form gets through."""
    opened = editor.post(f"{PANEL}preview/", filled(scene), headers=EFFECT)
    token = opened.context["effect"].token
    for number in range(3):
        add(scene, f"New{number}")
    data = filled(scene, counted=token, expected=3)
    response = editor.post(PANEL, data, headers=HTMX)
    assert response.status_code == 422
    assert "<b>6 contacts</b>" in text_of(response)
    again = {**data, "counted": response.context["effect"].token, "expected": 6}
    assert "HX-Redirect" in editor.post(PANEL, again, headers=HTMX).headers
    assert Job.objects.get().total == 6
