import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import User
from subscriptions_site.web.paging import get_page


def make_users(names):
    User.objects.bulk_create(
        User(email=f"{number}@fernmoor.example", name=name) for number, name in enumerate(names)
    )


def walk(order, size):
    """Return all pages forwards, then all pages backwards from the last one."""
    forwards, query = [], {}
    while True:
        page = get_page(User.objects.all(), order=order, size=size, query=query)
        forwards.append([user.pk for user in page.rows])
        if not page.after:
            break
        query = {"after": page.after}
    backwards = [forwards[-1]]
    while page.before:
        page = get_page(User.objects.all(), order=order, size=size, query={"before": page.before})
        backwards.insert(0, [user.pk for user in page.rows])
    return forwards, backwards


class PagingTests(TestCase):
    @given(
        names=st.lists(st.sampled_from(["Anna", "Bo", "Cleo"]), max_size=12),
        size=st.integers(1, 5),
        field=st.sampled_from(["name", "pk", "created_at"]),
        direction=st.sampled_from(["asc", "desc"]),
    )
    def test_pages_have_every_row_once_in_order_both_ways(self, names, size, field, direction):
        User.objects.all().delete()
        make_users(names)
        sign = "-" if direction == "desc" else ""
        expected = list(
            User.objects.order_by(f"{sign}{field}", f"{sign}pk").values_list("pk", flat=True)
        )
        forwards, backwards = walk((field, direction), size)
        assert [pk for page in forwards for pk in page] == expected
        assert backwards == forwards


@pytest.mark.django_db
def test_an_altered_cursor_gives_the_first_page():
    make_users(["Anna", "Bo", "Cleo"])
    for cursor in ("nonsense", "a:b:c", ""):
        page = get_page(User.objects.all(), order=("name", "asc"), size=2, query={"after": cursor})
        assert [user.name for user in page.rows] == ["Anna", "Bo"]


@pytest.mark.django_db
def test_a_cursor_of_another_order_gives_the_first_page():
    make_users(["Anna", "Bo", "Cleo"])
    cursor = get_page(User.objects.all(), order=("name", "asc"), size=2, query={}).after
    page = get_page(User.objects.all(), order=("name", "desc"), size=2, query={"after": cursor})
    assert page.rows[0].name == "Cleo"


@pytest.mark.django_db
def test_one_query_without_offset_or_count(django_assert_num_queries):
    make_users(["Anna", "Bo", "Cleo"])
    with django_assert_num_queries(1) as queries:
        get_page(User.objects.all(), order=("name", "asc"), size=2, query={})
    assert "OFFSET" not in queries.captured_queries[0]["sql"]
