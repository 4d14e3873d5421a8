"""Many people see a new text at the same moment: it becomes one version."""

from functools import partial

import pytest
from django.db import connection

from preferences.models import Wording
from preferences.shown_wording import shown_wording
from tests.concurrency.crowd import all_at_once
from tests.factories import NOW

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer"),
]


def test_many_at_once_make_one_version_of_each_text():
    texts = [f"Text {number % 4}" for number in range(16)]
    show = partial(shown_wording, kind="preference_page", language="en", now=NOW)
    ids = all_at_once([partial(show, text=text) for text in texts])
    assert len(set(ids)) == 4
    assert sorted(Wording.objects.values_list("version", flat=True)) == [1, 2, 3, 4]
    assert set(Wording.objects.values_list("pk", flat=True)) == set(ids)
