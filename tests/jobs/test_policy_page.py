"""The settings of large jobs: who changes them, what is kept of it, and what is refused."""

import pytest

from accounts.models import Role
from jobs.models import JobPolicy
from jobs.policy import current_job_policy
from tests.conftest import make_user

pytestmark = pytest.mark.django_db
URL = "/settings/jobs/"


@pytest.fixture
def administrator():
    return make_user(Role.ADMINISTRATOR, name="Ruth Adeyemi")


@pytest.fixture
def client(administrator, as_user):
    return as_user(administrator)


def test_a_change_is_kept_with_who_and_when(client, administrator):
    assert 'value="1000"' in client.get(URL).text
    data = {"typed_number_over": "250", "second_person_approves": "on"}
    response = client.post(URL, data)
    assert response["Location"] == f"{URL}?saved"
    found = current_job_policy()
    assert (found.typed_number_over, found.second_person_approves) == (250, True)
    assert found.changed_by == administrator
    shown = client.get(f"{URL}?saved").text
    assert "Saved" in shown
    assert "Changed by Ruth Adeyemi on" in shown
    assert "Ask to type the number over: 1000" in shown
    client.post(URL, data)
    assert JobPolicy.objects.count() == 1


@pytest.mark.parametrize("typed", ["", "-1", "many", "1e3", "99999999999999999999"])
def test_a_wrong_number_is_said_in_place_and_kept(client, typed):
    response = client.post(URL, {"typed_number_over": typed})
    assert response.status_code == 422
    assert f'value="{typed}"' in response.text or not typed
    assert "error-summary" in response.text
    assert not JobPolicy.objects.exists()


def test_it_is_found_in_the_settings(client):
    assert f'href="{URL}"' in client.get("/settings/privacy/").text


@pytest.mark.parametrize(("role", "all_units"), [("compliance", True), ("administrator", False)])
def test_others_only_look(as_user, role, all_units):
    other = as_user(make_user(role, email="other@x.example", all_units=all_units))
    shown = other.get(URL).text
    assert '<fieldset class="stack" disabled>' in shown
    assert "Save</button>" not in shown
    assert other.post(URL, {"typed_number_over": "1"}).status_code == 403
