"""The form behind "Send link to manage preferences": which address and, where it is asked, why."""

import uuid
from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.links import WHY_NOT
from contacts.subscription_forms import CHOOSE, MISSING, explanation_field
from preferences.handing import NoGrounds, NotMailed, opted_out_of_all
from preferences.models import Address
from preferences.values import Channel, LegalBasis
from preferences.wording import LEGAL_BASES, OFFERED_BASES
from subscriptions_site.web.forms import UiForm


class LinkForm(UiForm):
    """One address, and for one who opted out of everything a legal basis for this one mail (R4).

    ``key`` makes a form sent twice one mail. ``type``: the one that the person shall come back to.
    """

    address = forms.TypedChoiceField(label=_("Address"), coerce=int)
    legal_basis = forms.ChoiceField(label=_("Legal basis for this mail"), required=False)
    explanation = explanation_field(label=_("Why this person gets this mail"))
    key = forms.UUIDField(widget=forms.HiddenInput)
    type = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, addresses: Sequence[Address], **kwargs: Any) -> None:
        kwargs["initial"] = {"key": uuid.uuid4(), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        self.held = [a for a in addresses if a.channel_value is Channel.EMAIL and a.canonical]
        self.left = opted_out_of_all([address.pk for address in self.held])
        choices = [(address.pk, address.canonical) for address in self.held]
        cast(forms.ChoiceField, self.fields["address"]).choices = choices
        bases = [(basis.value, LEGAL_BASES[basis]) for basis in OFFERED_BASES]
        cast(forms.ChoiceField, self.fields["legal_basis"]).choices = [("", CHOOSE), *bases]

    @property
    def asks_grounds(self) -> bool:
        return bool(self.left)

    @property
    def asks_all_grounds(self) -> bool:
        """Tell whether whatever address is chosen, the grounds are asked for."""
        return len(self.left) == len(self.held)

    @property
    def chosen(self) -> Address:
        found = self.cleaned_data["address"]
        return next(address for address in self.held if address.pk == found)

    @property
    def basis(self) -> LegalBasis | None:
        value = self.cleaned_data["legal_basis"]
        return LegalBasis(value) if value else None

    def add_problem(self, error: NotMailed | NoGrounds) -> None:
        """Say in place why nothing was sent."""
        if isinstance(error, NotMailed):
            self.add_error("address", str(WHY_NOT[error.reason]))
            return
        for name in error.fields:
            self.add_error(name, str(MISSING[name]))
