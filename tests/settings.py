"""The product's settings, as the test suite runs them; DATABASE_URL chooses the database."""

import os

os.environ["DEBUG"] = "1"
os.environ.setdefault("SECRET_KEY", "tests only, long enough to be taken for a key 0123456789")
for name in ("SECRET_KEY_FILE", "ADDRESS_KEYS", "ADDRESS_KEYS_FILE", "TRUSTED_PROXY_COUNT"):
    os.environ.pop(name, None)
for name in ("EMAIL_URL", "EMAIL_URL_FILE", "MAIL_SENDER", "MAIL_KEEP_DAYS", "MAIL_WEBHOOK_SECRET"):
    os.environ.pop(name, None)
for name in ("LINK_KEYS", "LINK_KEYS_FILE", "PUBLIC_URL", "PREFERENCE_LINK_DAYS"):
    os.environ.pop(name, None)

from subscriptions_site.settings import *  # noqa: E402, F403

ADDRESS_KEYS = {1: b"address key of the test suite 01"}
ADDRESS_KEY_ID = 1
LINK_KEYS = {1: b"link key of the test suite, no 01"}
PUBLIC_URL = "https://prefs.fernmoor.example"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
TASKS = {"default": {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend"}}
