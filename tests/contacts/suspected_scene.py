"""Opt-outs that machines made, and who may give them back."""

from accounts.models import Role, User
from preferences.suspicion import BURST_KEY, REASONS_KEY
from preferences.values import Source
from tests.conftest import make_user
from tests.preferences.kernel import NOW, OUT, act, own

WHY = "The mail filter of their company opens every link"
BURST = "1f2e3d-1795348800"  # began at NOW


def steward(**fields: object) -> User:
    """Return somebody who may resubscribe people."""
    return make_user(Role.EDITOR, **{"may_resubscribe": True, **fields})


def machine(address_id, scope, *, why="too_fast", burst="", at=NOW, source=Source.ONE_CLICK):
    """Opt an address out as a scanner does; return the id of the event."""
    evidence = ((REASONS_KEY, why), *(((BURST_KEY, burst),) if burst else ()))
    done = act(address_id, own(scope, OUT, source, suspected=True, evidence=evidence), at=at)
    return done.event_id


def post(browser, ids=(), explanation=WHY, query="", **data):
    """Give back by the form of the screen."""
    return browser.post(
        f"/suspected/give-back/{query}",
        {"ids": list(ids), "explanation": explanation, **data},
        follow=True,
    )
