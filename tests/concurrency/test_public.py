"""One-click from many sides at once, beside a gate that is asked all the while."""

from random import Random

import pytest
from django.test import Client

from preferences.gate import Question, Reason, may_send, may_send_many
from preferences.links import unsubscribe_link
from preferences.models import ConsentEvent, RepeatedWord
from preferences.rebuilding import differences
from tests.concurrency.crowd import all_at_once
from tests.preferences.kernel import IS_POSTGRESQL, NOW, OUT, address, addresses, news
from tests.public.scene import ONE_CLICK, URLENCODED, path_of
from tests.public.served import one_click_as_served

pytestmark = [
    pytest.mark.skipif(not IS_POSTGRESQL, reason="SQLite has one writer"),
    pytest.mark.django_db(transaction=True),
]


def by_the_view(path: str) -> bytes:
    response = Client().post(path, ONE_CLICK, content_type=URLENCODED)
    assert response.status_code == 200
    return response.content


def as_served(path: str) -> bytes:
    answer = one_click_as_served(path)
    assert answer.status == "200 OK"
    return answer.body


either_way = pytest.mark.parametrize("click", [by_the_view, as_served])


def path_for(address_id: int, kind) -> str:
    return path_of(
        unsubscribe_link(address_id=address_id, unit_id=kind.business_unit_id, type_id=kind.pk)
    )


@either_way
def test_twenty_at_once_are_one_opt_out(click):
    one, first = address(), news()
    path = path_for(one, first)
    answers = all_at_once([lambda: click(path)] * 20)
    assert set(answers) == {b"You are unsubscribed.\n"}
    event = ConsentEvent.objects.get()
    assert (event.address_id, event.status) == (one, OUT.code)
    assert RepeatedWord.objects.get().count == 19
    assert list(differences()) == []


@either_way
def test_every_question_after_the_answer_to_an_opt_out_says_no(click):
    """500 people leave by two doors; two senders ask about those whose click was answered."""
    first, people = news(), addresses(500)
    answered: list[int] = []

    def leaves(mine: list[int]) -> None:
        for number in mine:
            click(path_for(people[number], first))
            answered.append(number)

    def asks(seed: int) -> None:
        random = Random(seed)
        for count in range(100_000):
            if count >= 250 and len(answered) == len(people):
                return
            if answered:
                number = random.choice(answered[-20:])
                text = f"person{number}@fernmoor.example"
                answer = may_send("EMAIL", text, first.pk, now=NOW)
                assert answer.reasons == (Reason.TYPE_OPT_OUT,), number

    numbers = list(range(500))
    senders = [lambda: asks(1), lambda: asks(2)]
    all_at_once([lambda: leaves(numbers[::2]), lambda: leaves(numbers[1::2]), *senders])
    questions = [Question("EMAIL", f"person{n}@fernmoor.example", first.pk) for n in numbers]
    assert not any(answer.allowed for answer in may_send_many(questions, now=NOW))
