from dataclasses import replace

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.utils.translation import gettext_lazy as _


class PreferencesConfig(AppConfig):
    name = "preferences"
    verbose_name = _("Preferences")

    def ready(self) -> None:
        from preferences.checks import check_address_key

        register(check_address_key, Tags.database)
        register_mails()


def register_mails() -> None:
    """Make our kinds of mail known to the mail worker, and what fills its queue."""
    from mails.kinds import register_kind, register_listener, register_source
    from preferences import confirming, handing, letters, link_requests, opt_out_mails
    from preferences.bounces import hear_feedback, mark_undeliverable

    for kind in (*letters.kinds(), *confirming.kinds(), *handing.kinds()):
        register_kind(replace(kind, bounced=mark_undeliverable))
    register_listener("bounces", hear_feedback)
    register_source("confirm", confirming.queue_confirm_mails)
    register_source("link_requests", link_requests.answer_requests)
    register_source("opt_outs", opt_out_mails.queue_opt_out_mails)
