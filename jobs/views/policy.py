"""Settings: what starting a large job demands."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import StaffRequest
from accounts.settings_access import may_change_settings, settings_view
from jobs.forms import JobPolicyForm
from jobs.policy import change_job_policy, current_job_policy, job_policy_changes
from subscriptions_site.web.htmx import invalid, page_or_fragment


@settings_view(account_wide=True)
@require_http_methods(["GET", "HEAD", "POST"])
def job_policy(request: StaffRequest) -> HttpResponse:
    """Show over how many contacts more is demanded, or change it."""
    template = "jobs/job_policy.html"
    if request.method != "POST":
        form = JobPolicyForm(policy=current_job_policy())
        return page_or_fragment(request, template, _context(request, form))
    form = JobPolicyForm(request.POST, policy=current_job_policy())
    if not form.is_valid():
        return invalid(request, template, _context(request, form))
    change_job_policy(user=request.user, now=timezone.now(), **form.cleaned_data)
    return redirect("/settings/jobs/?saved")


def _context(request: StaffRequest, form: JobPolicyForm) -> dict[str, Any]:
    return {
        "form": form,
        "changes": job_policy_changes(),
        "is_saved": "saved" in request.GET,
        "can_change": may_change_settings(request.user, account_wide=True),
    }
