import os

from django.core.wsgi import get_wsgi_application

from subscriptions_site.web.memory import settle_memory

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "subscriptions_site.settings")

application = get_wsgi_application()
settle_memory()
