"""Settings, read from the environment only; docs/operations.md lists the variables."""

import hashlib
import hmac
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from subscriptions_site.database import parse_database_url
from subscriptions_site.env import Env
from subscriptions_site.mail_url import anymail_settings, parse_email_url

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()

DEBUG = env.boolean("DEBUG", default=False)
SECRET_KEY = env.secret("SECRET_KEY")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if DEBUG else None)
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", "")

# Keys of the keyed hash that identifies an address. The first one derives new ids and never
# changes for a database that is in use; further ones are only read.
_derived_key = hmac.digest(SECRET_KEY.encode(), b"subscriptions address key", hashlib.sha256)
ADDRESS_KEYS = env.key_ring("ADDRESS_KEYS", f"1:{_derived_key.hex()}" if DEBUG else None)
ADDRESS_KEY_ID = next(iter(ADDRESS_KEYS))

# Personal links. The key with the highest id signs, all of them are believed: a key that is taken
# out kills every unsubscribe link it signed.
_derived_key = hmac.digest(SECRET_KEY.encode(), b"subscriptions link key", hashlib.sha256)
LINK_KEYS = env.key_ring("LINK_KEYS", f"1:{_derived_key.hex()}" if DEBUG else None)
PUBLIC_URL = env.origin("PUBLIC_URL", "http://127.0.0.1:8000" if DEBUG else None, is_open=DEBUG)
PREFERENCE_LINK_DAYS = env.integer("PREFERENCE_LINK_DAYS", 30, minimum=1, maximum=90)

# From where on an opt-out by link looks automatic (R24); 0 switches a sign off. It counts either way.
SUSPECT_READING_SECONDS = env.integer("SUSPECT_READING_SECONDS", 2, maximum=60)
SUSPECT_BURST_SECONDS = env.integer("SUSPECT_BURST_SECONDS", 10, minimum=1, maximum=600)
SUSPECT_BURST_PAGE = env.integer("SUSPECT_BURST_PAGE", 5)
SUSPECT_BURST_ONE_CLICK = env.integer("SUSPECT_BURST_ONE_CLICK", 50)
SUSPECT_EXCUSED_NETWORKS = env.networks("SUSPECT_EXCUSED_NETWORKS")

INSTALLED_APPS = [
    "subscriptions_site.apps.SiteConfig",
    "subscriptions_site.apps.SiteAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
    "django_tasks_db",
    "accounts",
    "jobs",
    "mails",
    "preferences",
    "contacts",
    "public",
]

# Pages that need no sign-in and know no session (subscriptions_site/web/public_pages.py).
PUBLIC_PATHS = ("/u/", "/p/", "/c/", "/brand/")
PUBLIC_URLCONF = "public.urls"
MIDDLEWARE = [
    "subscriptions_site.web.request_id.RequestIdMiddleware",
    "subscriptions_site.web.public_pages.PublicPages",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
if DEBUG:
    MIDDLEWARE.append("subscriptions_site.web.errors.show_own_not_found")

ROOT_URLCONF = "subscriptions_site.urls"
WSGI_APPLICATION = "subscriptions_site.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["subscriptions_site.templatetags.ui"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
FORM_RENDERER = "subscriptions_site.web.forms.UiRenderer"

DATABASES = {
    "default": parse_database_url(
        env.secret("DATABASE_URL", f"sqlite:///{BASE_DIR / 'var' / 'db.sqlite3'}"),
        connection_seconds=env.integer("CONN_MAX_AGE", 60),
    )
}

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/contacts/"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("pl", _("Polish")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = env.text("TIME_ZONE", "UTC")

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Without this whitenoise warns while the folder of collected files does not exist.
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_USE_FINDERS = DEBUG

# Mail. In development it goes nowhere but to the outbox page; in production without EMAIL_URL it
# waits in the queue, and a check says so.
MAILERS = parse_email_url(env.secret("EMAIL_URL", "outbox:" if DEBUG else ""))
ANYMAIL = anymail_settings(
    env.secret("EMAIL_URL", ""),
    env.secret("MAIL_WEBHOOK_SECRET", ""),
    env.secret("MAIL_WEBHOOK_KEY", ""),
)
MAIL_SENDER = env.text("MAIL_SENDER", f"no-reply@{urlsplit(PUBLIC_URL).hostname}")
MAIL_KEEP_DAYS = env.integer("MAIL_KEEP_DAYS", 14, minimum=1)

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# Security. No inline script or style exists anywhere, so no nonces are needed.
SECURE_CSP: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "object-src": [CSP.NONE],
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = not DEBUG
LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = env.integer("SESSION_SECONDS", 8 * 60 * 60, minimum=60)
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "subscriptions_site.web.errors.csrf_failure"
SECURE_SSL_REDIRECT = env.boolean("SSL_REDIRECT", default=not DEBUG)
# A mail program's one-click POST must not be redirected (RFC 8058): it would come back as a GET.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^u/"]
SECURE_HSTS_SECONDS = env.integer("HSTS_SECONDS", 0 if DEBUG else 365 * 24 * 60 * 60)
if env.boolean("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# How many proxies in front are ours, so that X-Forwarded-For is believed that far and no farther.
TRUSTED_PROXY_COUNT = env.integer("TRUSTED_PROXY_COUNT", 0)
# Sub-domains and browsers' preload lists are the operator's to decide, not this product's.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "subscriptions_site.web.request_id.RequestIdFilter"},
        # Who reads the token of a personal link can use it.
        "links": {
            "()": "subscriptions_site.web.masking.MaskFilter",
            "pattern": r"(/[upc]/)[A-Za-z0-9_-]{20,}",
        },
    },
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s request=%(request_id)s %(message)s"}
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "stream": sys.stderr,
            "filters": ["request_id", "links"],
            "formatter": "line",
        }
    },
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
    # Django's own handlers would print a second line, and mail tracebacks with personal data.
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
    },
}
