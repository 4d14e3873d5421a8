"""What staff and people read for how often; in a module of its own, because people read it in German."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from preferences.values import Frequency

FREQUENCIES: Mapping[Frequency, Promise] = {
    Frequency.DAILY: _("Once a day"),
    Frequency.WEEKLY: _("Once a week"),
    Frequency.MONTHLY: _("Once a month"),
}
