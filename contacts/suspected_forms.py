"""Forms of the screen of suspected automatic opt-outs."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contacts.subscription_forms import explanation_field
from preferences.suspected import SuspectedFilter
from subscriptions_site.web.forms import UiForm

STANDING, ALL = "", "all"
MOST_IDS = 500


class SuspectedForm(UiForm):
    """Which labelled opt-outs to show; what is not understood narrows nothing."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[(STANDING, _("Still counting")), (ALL, _("All, also given back"))],
    )
    unit = forms.TypedChoiceField(
        label=_("Business unit"), required=False, coerce=int, empty_value=None
    )
    period = forms.ChoiceField(
        label=_("Period"),
        required=False,
        choices=[
            ("", _("All time")),
            ("1", _("Last 24 hours")),
            ("7", _("Last 7 days")),
            ("30", _("Last 30 days")),
        ],
    )
    burst = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(self, *args: Any, units: Mapping[int, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("All business units")), *units.items()]
        cast(forms.ChoiceField, self.fields["unit"]).choices = choices
        for field in self.fields.values():
            field.widget.attrs["class"] = "select select--quiet"
        self.is_valid()

    def filters(self, *, now: datetime) -> SuspectedFilter:
        values = self.cleaned_data
        period = values.get("period")
        return SuspectedFilter(
            is_standing=values.get("state", STANDING) == STANDING,
            unit_id=values.get("unit"),
            burst=values.get("burst") or "",
            since=now - timedelta(days=int(period)) if period else None,
        )

    @property
    def parameters(self) -> dict[str, str]:
        """Return what narrows the list, as the URL has it."""
        return {name: str(value) for name, value in self.cleaned_data.items() if value}

    @property
    def query(self) -> str:
        return urlencode(self.parameters)


class GiveBackForm(UiForm):
    """Which ones to give back, and why: ticked ones, or with ``scope`` all that match."""

    explanation = explanation_field(
        label=_("Why they are given back"),
        help_text=_("For example: the mail filter of their company opens every link. It is kept."),
    )

    typed = forms.IntegerField(
        label=_("Type the number of opt-outs to confirm"),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asks_number = "typed" in self.data
        self.fields["explanation"].required = True
        self.fields["explanation"].error_messages["required"] = _(
            "Explain why these opt-outs were not made by people."
        )
        given = self.data.getlist("ids") if isinstance(self.data, QueryDict) else []
        self.ids = _numbers(given)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.is_all and not self.ids:
            self.add_error(None, _("Tick the opt-outs to give back."))
        return data

    def ask_number(self, total: int) -> None:
        """Ask to type how many there are: they are many."""
        self.asks_number = True
        words = gettext("These are many opt-outs. Type %(count)s and give back all once more.")
        self.add_error("typed", words % {"count": total})

    @property
    def is_all(self) -> bool:
        return self.data.get("scope") == "all" and self.newest_id is not None

    @property
    def newest_id(self) -> int | None:
        found = _numbers([self.data.get("newest", "")])
        return found[0] if found else None


def _numbers(texts: list[str]) -> list[int]:
    """Return what are ids, up to as many as a step takes."""
    good = [text for text in texts if text.isascii() and text.isdigit() and len(text) < 19]
    return [int(text) for text in good[:MOST_IDS]]
