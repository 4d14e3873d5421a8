"""Settings: data privacy and the other rules of the account."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import StaffRequest
from accounts.settings_access import may_change_settings, settings_view
from preferences.forms import PolicySwitchForm, TurnOffPrivacyForm
from preferences.models import PolicyVersion
from preferences.policy import change_policy, policy_changes, privacy_since
from preferences.terms import current_policy
from subscriptions_site.web.htmx import close_layer, invalid, page_or_fragment, toast

Level = PolicyVersion.DataPrivacy
SWITCHES = ("privacy", "enforced", "only_person_resubscribes", "double_opt_in")
FRAGMENTS = {"privacy_settings": "preferences/_privacy_settings.html"}
DIALOG = {"dialog": "preferences/_turn_off_dialog.html"}


@settings_view(account_wide=True)
@require_http_methods(["GET", "HEAD", "POST"])
def privacy(request: StaffRequest) -> HttpResponse:
    """Show the rules of the account, or turn one of them on or off."""
    template = "preferences/privacy.html"
    if request.method != "POST":
        return page_or_fragment(request, template, _context(request), FRAGMENTS)
    form = PolicySwitchForm(request.POST, settings=SWITCHES)
    if not form.is_valid():
        return invalid(request, template, _context(request), FRAGMENTS)
    setting, is_on = form.cleaned_data["setting"], form.cleaned_data["value"]
    if setting == "privacy" and not is_on:
        return redirect("privacy_turn_off")
    now = timezone.now()
    change_policy(user=request.user, now=now, **_fields(setting, is_on=is_on))
    if not request.htmx:
        return redirect("/settings/privacy/?saved")
    return page_or_fragment(request, template, _context(request) | {"saved_at": now}, FRAGMENTS)


@settings_view(account_wide=True)
@require_http_methods(["GET", "HEAD", "POST"])
def privacy_turn_off(request: StaffRequest) -> HttpResponse:
    """Ask whether to turn data privacy off, and do it; until then the switch stays on."""
    template = "preferences/privacy_turn_off.html"
    data = request.POST if request.method == "POST" else None
    form = TurnOffPrivacyForm(data)
    if data is None or not form.is_valid():
        answer = invalid if request.method == "POST" else page_or_fragment
        return answer(request, template, _context(request) | {"form": form}, DIALOG)
    now = timezone.now()
    change_policy(user=request.user, now=now, privacy=Level.OFF)
    if not request.htmx:
        return redirect("/settings/privacy/?saved")
    context = _context(request) | {"saved_at": now}
    response = render(request, "preferences/_privacy_settings.html", context)
    response["HX-Retarget"], response["HX-Reswap"] = "#privacy-settings", "outerHTML"
    return toast(close_layer(response, "dialog"), _("Data privacy settings are off"))


def _fields(setting: str, *, is_on: bool) -> dict[str, Any]:
    """Return what a switch means for the policy; enforcing needs data privacy to be on."""
    if setting == "privacy":
        is_off = current_policy().privacy == Level.OFF
        return {"privacy": Level.ON} if is_off else {}
    if setting == "enforced":
        is_off = current_policy().privacy == Level.OFF
        return {} if is_off else {"privacy": Level.ENFORCED if is_on else Level.ON}
    return {setting: is_on}


def _context(request: StaffRequest) -> dict[str, Any]:
    policy = current_policy()
    is_on = policy.privacy != Level.OFF
    return {
        "policy": policy,
        "is_on": is_on,
        "is_enforced": policy.privacy == Level.ENFORCED,
        "since": privacy_since(policy) if policy.pk else None,
        "changes": policy_changes("privacy", "only_person_resubscribes", "double_opt_in"),
        "is_saved": "saved" in request.GET,
        "can_change": may_change_settings(request.user, account_wide=True),
    }
