"""Fixtures of the mail tests."""

import pytest

from tests.mails.post_office import post_office


@pytest.fixture
def office():
    with post_office() as found:
        yield found
