"""A link that lost its end: the public 404, the same for all, and never the page of staff."""

import pytest

from tests.public.scene import stranger, text_of

pytestmark = pytest.mark.django_db
PATHS = ["/u/", "/u", "/p/", "/p", "/c/", "/u/x/y/", "/p/x/y/z", "/u//", "/p/%00/", "/u/x/undo/x/"]


@pytest.mark.parametrize("path", PATHS)
def test_what_is_no_link_gets_the_public_page_for_links_that_do_not_work(path):
    response = stranger().get(path)
    expected = stranger().get("/u/nonsense/")
    assert (response.status_code, response.content) == (404, expected.content)
    assert "This link no longer works" in text_of(response)
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert not response.cookies
    assert stranger().head(path).status_code == stranger().post(path).status_code == 404


def test_a_word_that_begins_like_a_link_is_none():
    assert "This link no longer works" not in stranger().get("/unknown/").text
    assert stranger().get("/users-of-old/").status_code == 404
