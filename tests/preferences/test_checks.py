"""An installation with another address key would find nobody's opt-out: it says so first."""

import pytest
from django.core.management import CommandError, call_command

from preferences import checks
from preferences.checks import check_address_key
from tests.preferences.kernel import address

pytestmark = pytest.mark.django_db
DATABASES = ["default"]


def test_the_key_that_addresses_were_made_with_is_fine():
    assert check_address_key(databases=DATABASES) == []
    address()
    assert check_address_key(databases=DATABASES) == []


def test_another_key_is_an_error(settings):
    address()
    settings.ADDRESS_KEYS = {1: b"another key, also thirty-two bytes"}
    assert [error.id for error in check_address_key(databases=DATABASES)] == ["preferences.E001"]
    with pytest.raises(CommandError, match="ADDRESS_KEYS"):
        call_command("check", databases=DATABASES)


def test_a_new_key_put_in_front_is_an_error_too(settings):
    address()
    settings.ADDRESS_KEYS = {2: b"a newer key, also thirty-two bytes", **settings.ADDRESS_KEYS}
    settings.ADDRESS_KEY_ID = 2
    assert [error.id for error in check_address_key(databases=DATABASES)] == ["preferences.E001"]


def test_nothing_is_asked_where_there_is_no_database_yet(monkeypatch, django_assert_num_queries):
    address()
    with django_assert_num_queries(0):
        assert check_address_key(databases=None) == []
    monkeypatch.setattr(checks.connection.introspection, "table_names", list)
    assert check_address_key(databases=DATABASES) == []
