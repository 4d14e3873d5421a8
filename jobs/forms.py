"""The form of what starting a large job demands."""

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from jobs.models import JobPolicy
from subscriptions_site.web.forms import UiForm

LARGEST = 1_000_000_000


class JobPolicyForm(UiForm):
    """Over how many people more is demanded, and whether a second person has to agree."""

    typed_number_over = forms.IntegerField(
        label=_("Ask to type the number over"),
        help_text=_("Who starts a job for more contacts than this types how many they are."),
        min_value=0,
        max_value=LARGEST,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "required": _("Enter a number. 0 asks every time."),
            "invalid": _("Enter a number with digits alone."),
            "min_value": _("Enter 0 or more."),
            "max_value": _("Enter at most 1,000,000,000."),
        },
    )
    second_person_approves = forms.BooleanField(
        label=_("Second person approves"),
        help_text=_(
            "Such a job waits until another user with the right has looked at it and approved it."
        ),
        required=False,
    )

    def __init__(self, data: QueryDict | None = None, *, policy: JobPolicy) -> None:
        values = {name: getattr(policy, name) for name in self.base_fields}
        super().__init__(data, initial=values)
