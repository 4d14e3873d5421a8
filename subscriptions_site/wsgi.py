"""What a server runs: one-click first, then Django."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "subscriptions_site.settings")
django = get_wsgi_application()

# What follows needs apps that are loaded.
from public.wsgi import OneClickFirst  # noqa: E402
from subscriptions_site.web.memory import settle_memory  # noqa: E402

application = OneClickFirst(django)
settle_memory()
