"""Settings: which channels are connected."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import StaffRequest, reach_of
from accounts.settings_access import may_change_settings, settings_view
from preferences.forms import CHANNEL_FIELDS, PolicySwitchForm
from preferences.policy import change_policy, policy_changes
from preferences.selectors import types_for
from preferences.terms import current_policy
from preferences.values import Channel
from preferences.views.subscription_type import CHANNEL_ICONS
from preferences.wording import CHANNELS
from subscriptions_site.web.htmx import invalid, page_or_fragment

SWITCHES = {
    Channel.EMAIL: "email_connected",
    Channel.SMS: "sms_connected",
    Channel.WHATSAPP: "whatsapp_connected",
}
FRAGMENTS = {"channel_list": "preferences/_channel_list.html"}


@settings_view(account_wide=True)
@require_http_methods(["GET", "HEAD", "POST"])
def channels(request: StaffRequest) -> HttpResponse:
    """Show the channels, or turn one on or off."""
    template = "preferences/channels.html"
    if request.method != "POST":
        return page_or_fragment(request, template, _context(request), FRAGMENTS)
    form = PolicySwitchForm(request.POST, settings=tuple(SWITCHES.values()))
    if not form.is_valid():
        return invalid(request, template, _context(request), FRAGMENTS)
    data, now = form.cleaned_data, timezone.now()
    change_policy(user=request.user, now=now, **{data["setting"]: data["value"]})
    if not request.htmx:
        return redirect("/settings/channels/?saved")
    return page_or_fragment(request, template, _context(request) | {"saved_at": now}, FRAGMENTS)


def _context(request: StaffRequest) -> dict[str, Any]:
    policy = current_policy()
    offered = list(types_for(reach_of(request.user)).filter(archived_at=None))
    rows = [
        {
            "name": CHANNELS[channel],
            "icon": CHANNEL_ICONS[channel],
            "setting": SWITCHES[channel],
            "is_on": getattr(policy, SWITCHES[channel]),
            "type_count": sum(getattr(found, CHANNEL_FIELDS[channel]) for found in offered),
        }
        for channel in Channel
    ]
    return {
        "rows": rows,
        "changes": policy_changes(*SWITCHES.values()),
        "is_saved": "saved" in request.GET,
        "can_change": may_change_settings(request.user, account_wide=True),
    }
