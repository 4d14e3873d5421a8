"""Why people leave, to choose from on the page after it; nobody has to say."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REASONS: Mapping[str, Promise] = {
    "too_many": _("Too many messages"),
    "not_relevant": _("Not about things I like"),
    "did_not_ask": _("I did not ask for these"),
    "not_now": _("Not at this time"),
    "other": _("Something else"),
}
