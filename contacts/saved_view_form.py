"""The form of a saved view: its name and who can see it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.models import SavedView
from contacts.saved_views import VIEWS_EACH
from subscriptions_site.web.forms import UiForm

OWN, SHARED = "own", "shared"
TOO_LONG = _("Search and filter are too long to be kept in a view. Use fewer conditions.")


class SavedViewForm(UiForm):
    """Name and readers; what the view shows is not asked here."""

    name = forms.CharField(label=_("Name"), max_length=SavedView.NAME_LENGTH)
    readers = forms.ChoiceField(
        label=_("Who can see it"),
        choices=[(OWN, _("Only you")), (SHARED, _("All staff"))],
        initial=OWN,
        widget=forms.RadioSelect,
        help_text=_("A shared view shows everybody only the contacts they may see anyway."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:  # else what is wrong is read first
            self.fields["name"].widget.attrs["autofocus"] = True

    @property
    def is_shared(self) -> bool:
        return bool(self.cleaned_data["readers"] == SHARED)

    def say_name_taken(self) -> None:
        self.add_error("name", _("Another view has this name."))

    def say_too_many(self) -> None:
        words = _("You have %(count)s views, and cannot have more. Delete one first.")
        self.add_error(None, words % {"count": VIEWS_EACH})

    def say_too_long(self) -> None:
        self.add_error(None, TOO_LONG)
