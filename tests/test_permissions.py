"""Who may open what: one table. A URL without a line in it fails.

A line is (URL name, method, arguments, status per visitor): signed out, viewer, editor,
administrator, compliance. Arguments name objects that `objects` below makes.
"""

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from tests.conftest import make_user
from tests.test_names import our_patterns

ROLES = ("signed out", "viewer", "editor", "administrator", "compliance")

TABLE = [
    ("login", "GET", {}, (200, 302, 302, 302, 302)),
    ("logout", "POST", {}, (302, 302, 302, 302, 302)),
    ("logout", "GET", {}, (405, 405, 405, 405, 405)),
    ("account", "GET", {}, (302, 200, 200, 200, 200)),
    ("account", "POST", {}, (302, 422, 422, 422, 422)),
    ("password", "GET", {}, (302, 200, 200, 200, 200)),
    ("password", "POST", {}, (302, 422, 422, 422, 422)),
]


@pytest.fixture
def objects():
    """Return what the arguments of the table name, by name."""
    return {}


@pytest.mark.django_db
@pytest.mark.parametrize("column", range(len(ROLES)), ids=ROLES)
@pytest.mark.parametrize("line", TABLE, ids=lambda line: f"{line[0]}-{line[1]}")
def test_status(line, column, objects):
    name, method, arguments, statuses = line
    client = Client()
    if column:
        client.force_login(make_user(ROLES[column]))
    kwargs = {key: objects[value] for key, value in arguments.items()}
    response = client.generic(method, reverse(name, kwargs=kwargs))
    assert response.status_code == statuses[column], f"{name} for {ROLES[column]}"


def test_every_url_has_a_line():
    names = {pattern.name for pattern in our_patterns(get_resolver())}
    assert names - {line[0] for line in TABLE} == set()


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES[1:])
def test_the_admin_opens_for_administrators_only(role):
    client = Client()
    client.force_login(make_user(role))
    expected = 200 if role == "administrator" else 403
    assert client.get("/admin/", follow=True).status_code == expected


@pytest.mark.django_db
def test_the_admin_sends_visitors_to_the_one_sign_in_page(client):
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/login/?next=/admin/")
