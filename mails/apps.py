from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class MailsConfig(AppConfig):
    name = "mails"
    verbose_name = _("Mails")

    def ready(self) -> None:
        from mails.checks import check_delivery

        register(check_delivery)
