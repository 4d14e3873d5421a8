"""Composition: which app answers which part of the site."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from subscriptions_site.web.health import healthz, readyz

urlpatterns = [
    # First, because mail programs ask for it by the thousand and every pattern before it costs.
    path("", include("public.urls")),
    path("", RedirectView.as_view(url="/contacts/"), name="home"),
    path("", include("accounts.urls")),
    path("", include("preferences.urls")),
    path("", include("contacts.urls")),
    path("", include("jobs.urls")),
    path("", include("mails.urls")),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
]

handler403 = "subscriptions_site.web.errors.permission_denied"
handler404 = "subscriptions_site.web.errors.page_not_found"
handler500 = "subscriptions_site.web.errors.server_error"
