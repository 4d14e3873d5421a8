from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContactsConfig(AppConfig):
    name = "contacts"
    verbose_name = _("Contacts")

    def ready(self) -> None:
        from contacts.bulk.action_kinds import register_action_kinds
        from contacts.bulk.kinds import register_kinds
        from contacts.links import languages_of
        from contacts.suspected_job import register_give_back
        from preferences.languages import register_speakers

        register_speakers("contacts", languages_of)
        register_kinds()
        register_action_kinds()
        register_give_back()
