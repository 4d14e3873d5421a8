"""A job that waits for a second person: what they see of it before they say yes or no."""

import pytest
from django.test import Client

from accounts.models import Role
from contacts.bulk.acting import start_action
from contacts.bulk.actions import DeleteContacts, SetProperty
from contacts.models import Contact, CustomProperty
from jobs import selectors
from jobs.models import Job
from jobs.policy import change_job_policy
from jobs.selectors import sample_items
from preferences.models import ConsentEvent
from tests.conftest import make_user
from tests.contacts.bulk_scene import opting, run, start_edit
from tests.contacts.panel_scene import IN, OUT, Scene
from tests.factories import CustomPropertyFactory, make_contact
from tests.jobs.kinds import marker, start  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.person_says(scene.guide, OUT)
    for number in range(4):
        make_contact(f"p{number}@okafor.example")
    change_job_policy(
        user=scene.editor, now=scene.now, typed_number_over=0, second_person_approves=True
    )
    return scene


@pytest.fixture
def colleague(as_user):
    return as_user(make_user(Role.EDITOR, email="two@x.example", name="Ada Low"))


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def test_they_see_what_it_would_do_now_and_nothing_changes(scene, colleague):
    job = start_edit(opting(IN, scene.guide), scene.editor, typed=5)
    before = ConsentEvent.objects.count()
    shown = text_of(colleague.get(f"/jobs/{job.pk}/"))
    assert "What would happen now" in shown
    assert '<span class="outcome__n">4</span><span>will change to opted in</span>' in shown
    assert "refused: " in shown
    assert "Asked at the counter" in shown
    assert ConsentEvent.objects.count() == before
    for address in Contact.objects.exclude(pk=scene.contact.pk)[:2]:
        scene.say(scene.guide, IN, address=address.contact_addresses.get().address)
    assert '<span class="outcome__n">2</span>' in text_of(colleague.get(f"/jobs/{job.pk}/"))


def test_the_bell_counts_what_waits_for_them_and_not_for_who_started_it(scene, colleague):
    job = start_edit(opting(IN, scene.guide), scene.editor, typed=5)
    assert "1<span" in text_of(colleague.get("/jobs/bell/"))
    assert "job waits for your approval" in text_of(colleague.get("/jobs/bell/"))
    first = Client()
    first.force_login(scene.editor)
    assert "approval" not in text_of(first.get("/jobs/bell/"))
    headers = {"HX-Request": "true", "HX-Target": "job-status"}
    answer = text_of(colleague.post(f"/jobs/{job.pk}/approve/", headers=headers))
    assert 'hx-swap-oob="innerHTML:#job-effect"' in answer
    assert "approval" not in text_of(colleague.get("/jobs/bell/"))
    assert run(job).state == Job.State.FINISHED


def test_another_action_tells_too_and_says_nothing_once_it_is_impossible(scene, colleague):
    user, everybody = scene.editor, Contact.objects.filter(deleted_at=None)
    CustomPropertyFactory(internal_name="size", name="Size")
    for action in (DeleteContacts(), SetProperty("size", "big", is_custom=True)):
        job = start_action(
            action=action, contacts=everybody, selection={}, user=user, now=scene.now, typed=5
        )
        shown = text_of(colleague.get(f"/jobs/{job.pk}/"))
        assert '<span class="outcome__n">5</span>' in shown
    CustomProperty.objects.update(archived_at=scene.now)
    assert "What would happen now" not in text_of(colleague.get(f"/jobs/{job.pk}/"))


def test_of_many_some_are_looked_at_from_all_over_the_job(scene, marker):  # noqa: F811
    job = start(scene.editor, range(1, 101), typed=100)
    found = sample_items(job, 30)
    assert found == [*range(1, 11), *range(41, 51), *range(81, 91)]
    assert sample_items(job, 1000) == list(range(1, 101))
    assert selectors.count_to_approve(scene.editor) == 0
