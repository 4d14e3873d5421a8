"""Where the demonstration may be loaded, and what an interrupted run leaves to do."""

from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.demo import PASSWORD
from accounts.models import User
from contacts.demo import loading
from contacts.demo.loading import NotEmpty, load_demo
from contacts.models import Contact
from preferences.models import BusinessUnit
from tests.factories import UnitFactory, make_contact

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def load(count: int) -> loading.Loaded:
    return load_demo(count=count, now=NOW, password=PASSWORD, workers=1, report=lambda _: None)


def test_blocks_that_an_interrupted_run_left_out_are_made_up_for(monkeypatch):
    monkeypatch.setattr(loading, "BLOCK", 40)
    load(40)
    done = loading._load_block(range(80, 120), NOW, PASSWORD)
    assert done > 0
    assert load(130).contacts == 50
    assert Contact.objects.count() == 130


def test_it_refuses_a_database_with_data_of_its_own():
    make_contact("somebody@elsewhere.example")
    with pytest.raises(NotEmpty):
        load(30)
    with pytest.raises(CommandError, match="data of its own"):
        call_command("demo_data", contacts=30)
    assert not User.objects.exists()
    assert Contact.objects.count() == 1


def test_nobody_gets_the_well_known_password_outside_of_development(settings, capsys):
    settings.DEBUG = False
    call_command("demo_data", contacts=5)
    assert not any(user.has_usable_password() for user in User.objects.all())
    assert "changepassword" in capsys.readouterr().out


def test_it_refuses_a_catalogue_of_its_own_and_adds_nothing():
    UnitFactory()
    with pytest.raises(NotEmpty):
        load(30)
    assert BusinessUnit.objects.count() == 1


@pytest.mark.parametrize("option", ["contacts", "workers"])
def test_numbers_that_make_no_sense_are_refused(option):
    with pytest.raises(CommandError, match="at least 1"):
        call_command("demo_data", **{option: 0})
