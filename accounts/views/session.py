"""Sign in, sign out, and what people change about themselves."""

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, update_session_auth_hash
from django.contrib.auth import login as start_session
from django.contrib.auth import logout as end_session
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import throttle
from accounts.access import Right, StaffRequest, staff_view
from accounts.forms import AccountForm, PasswordForm, SignInForm
from accounts.models import User
from subscriptions_site.web.htmx import Request, invalid, page_or_fragment, trigger
from subscriptions_site.web.network import client_network

STAY_SECONDS = 14 * 24 * 60 * 60


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: Request) -> HttpResponse:
    """Show the sign-in page, or sign somebody in; in the dialog when a session has ended."""
    next_url = _safe_next(request)
    if request.method != "POST":
        if request.user.is_authenticated:
            return redirect(next_url)
        return render(request, "accounts/login.html", {"next": next_url})
    form = SignInForm(request.POST)
    if not form.is_valid():
        problem = _("Enter your email and your password.")
        return _sign_in_again(request, next_url, problem)
    user, problem = _check(request, form.cleaned_data)
    if user is None:
        return _sign_in_again(request, next_url, problem)
    start_session(request, user)
    request.session.set_expiry(STAY_SECONDS if form.cleaned_data["stay"] else 0)
    if request.htmx:
        return _session_resumed(request, user)
    return _with_language(redirect(next_url), user)


@require_POST
def logout(request: Request) -> HttpResponse:
    """End the session and show the sign-in page."""
    end_session(request)
    return redirect("login")


@staff_view(Right.VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: StaffRequest) -> HttpResponse:
    """Show or save name, language, appearance and shortcuts of the user."""
    user = request.user
    if request.method != "POST":
        context = {"form": AccountForm(instance=user), "is_saved": "saved" in request.GET}
        return page_or_fragment(request, "accounts/account.html", context)
    form = AccountForm(request.POST, instance=user)
    if not form.is_valid():
        user.refresh_from_db()
        return invalid(request, "accounts/account.html", {"form": form})
    form.save()
    return _with_language(redirect("/account/?saved"), user)


@sensitive_post_parameters()
@staff_view(Right.VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: StaffRequest) -> HttpResponse:
    """Show or save a new password; other sessions of the user end."""
    user = request.user
    form = PasswordForm(request.POST or None, user=user)
    if request.method != "POST":
        return page_or_fragment(request, "accounts/password.html", {"form": form})
    if not form.is_valid():
        return invalid(request, "accounts/password.html", {"form": form})
    user.set_password(form.cleaned_data["new"])
    user.save(update_fields=["password"])
    update_session_auth_hash(request, user)
    return redirect("/account/?saved")


def _check(request: Request, data: dict[str, Any]) -> tuple[User | None, str]:
    """Return the user, or None and what to tell: the same for a wrong email and password."""
    ticket = throttle.begin_attempt(
        email=data["email"], network=client_network(request), now=timezone.now()
    )
    if not ticket.is_allowed:
        return None, _("Too many attempts. Try again in 15 minutes.")
    user = authenticate(request, username=data["email"].strip(), password=data["password"])
    if isinstance(user, User):
        throttle.forget_attempts(ticket)
        return user, ""
    wrong = _("The email or the password is wrong.")
    count = ticket.left_count
    left = ngettext("You can try %(count)s more time.", "You can try %(count)s more times.", count)
    return None, f"{wrong} {left % {'count': count}}"


def _sign_in_again(request: Request, next_url: str, problem: str) -> HttpResponse:
    template = "accounts/_session_ended.html" if request.htmx else "accounts/login.html"
    context = {"next": next_url, "problem": problem, "email": request.POST.get("email", "")}
    return render(request, template, context, status=422)


def _session_resumed(request: Request, user: User) -> HttpResponse:
    """Let app.js close the dialog, put the new token into the page and send the request again."""
    return trigger(
        HttpResponse(status=204), "session:resumed", {"user": user.pk, "csrf": get_token(request)}
    )


def _safe_next(request: Request) -> str:
    url = request.POST.get("next") or request.GET.get("next") or ""
    is_safe = url_has_allowed_host_and_scheme(
        url, {request.get_host()}, require_https=request.is_secure()
    )
    return url if is_safe else settings.LOGIN_REDIRECT_URL


def _with_language(response: HttpResponse, user: User) -> HttpResponse:
    """Let the next pages be in the user's language."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        user.language,
        max_age=365 * 24 * 60 * 60,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        samesite="Lax",
    )
    return response
