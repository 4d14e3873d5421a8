from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class SiteConfig(AppConfig):
    name = "subscriptions_site"


class SiteAdminConfig(AdminConfig):
    default_site = "subscriptions_site.admin.Site"
