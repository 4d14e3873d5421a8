"""The panel never offers what the rules would refuse: every button against the door's own preview."""

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from contacts.subscriptions import get_subscriptions
from preferences.access import actor_for
from preferences.services import preview_changes
from preferences.values import (
    ACCOUNT,
    Act,
    Change,
    Outcome,
    Source,
    Wish,
    Word,
    type_scope,
    unit_scope,
)
from tests.contacts.panel_scene import IN, OUT, Scene

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("seed", range(8))
def test_what_the_panel_offers_is_not_refused(seed):
    scene, chance = Scene(), random.Random(seed)
    scopes = [scene.guide, scene.offers, scene.breaks]
    wide = [unit_scope(scene.garden.pk), unit_scope(scene.stays.pk), ACCOUNT]
    users = [scene.editor, scene.garden_editor()]
    for _ in range(14):
        _say_something(scene, chance, scopes, wide)
        for user in users:
            _check_offers(scene, user)


def _say_something(scene, chance, scopes, wide):
    scope, status = chance.choice([*scopes, *wide]), chance.choice([IN, OUT, OUT])
    ago = timedelta(hours=chance.choice([0, 0, 0, 1, 30]))
    if chance.random() < 0.4:
        scene.person_says(scope, status)
    else:
        scene.say(
            scope, status, ago=ago, source=chance.choice([Source.RECORD_PANEL, Source.API_V4])
        )


def _check_offers(scene, user):
    now, actor = timezone.now(), actor_for(user)
    shown = get_subscriptions(scene.contact, user=user, now=now)

    def outcome(address, **wish):
        change = Change(address.pk, Wish(source=Source.RECORD_PANEL, **wish))
        return preview_changes(changes=[change], actor=actor, now=now)[0].decision

    def undo(address, scope, event_id):
        return outcome(address, scope=scope, act=Act.UNDO, undoes=event_id, word=Word.OURS)

    for row in shown.rows:
        scope = type_scope(row.type.id)
        if row.can_unsubscribe:
            said = outcome(row.address, scope=scope, status=OUT)
            assert said.outcome is Outcome.APPLY, (row, said)
        if row.can_subscribe:
            said = outcome(row.address, scope=scope, status=IN)
            assert said.outcome is not Outcome.REFUSE or said.fields, (row, said)
        if row.undo_id:
            said = undo(row.address, scope, row.undo_id)
            assert said.outcome is not Outcome.REFUSE, (row, said)
    for standing in shown.opt_outs:
        if standing.can_lift:
            said = outcome(standing.address, scope=standing.scope, status=IN)
            assert said.outcome is not Outcome.REFUSE, (standing, said)
        if standing.undo_id:
            said = undo(standing.address, standing.scope, standing.undo_id)
            assert said.outcome is not Outcome.REFUSE, (standing, said)


def test_who_misses_a_unit_is_offered_no_undo_of_what_all_units_left(as_user):
    scene = Scene()
    client = as_user(scene.garden_editor(), **{"HX-Request": "true", "HX-Target": "dialog"})
    answer = client.post(
        f"/contacts/{scene.contact.pk}/subscriptions/unsubscribe-all/",
        {"unit": "", "addresses": [scene.email.pk]},
    )
    assert answer.status_code == 200
    assert "undo/?event" not in answer.headers["HX-Trigger"]
    assert "undo-all-" not in answer.content.decode()
