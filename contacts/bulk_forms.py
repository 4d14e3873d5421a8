"""The form of the bulk edit panel: reads what was chosen, says what is wrong, cleans to values."""

import re
import uuid
from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.core.validators import MaxLengthValidator
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from contacts.bulk.edit import (
    PROBLEMS,
    BulkEdit,
    InvalidBulkEdit,
    asks_grounds,
    check_bulk_edit,
    choosable_types,
)
from contacts.subscription_forms import CHOOSE, TOO_LONG
from preferences.outline import TypeLine
from preferences.terms import current_policy
from preferences.values import EXPLANATION_LIMIT, Channel, LegalBasis, Privacy, Status
from preferences.wording import CHANNELS, LEGAL_BASES, OFFERED_BASES
from subscriptions_site.web.forms import UiForm

IN, OUT, NONE = Status.SUBSCRIBED, Status.UNSUBSCRIBED, Status.NOT_SPECIFIED
TYPE_PROBLEMS: Any = {"required": PROBLEMS["no_type"], "invalid_choice": PROBLEMS["type"]}
_GROUPING = re.compile(r"(?<=\d)[\s.,'’](?=\d{3}(?!\d))")  # "1,284" and "1 284", not "12,8"
STATUSES = (
    (IN, _("Opt in"), _("Start sending the types you select")),
    (NONE, _("Not opted"), _("Clear the choice, in or out")),
    (OUT, _("Opt out"), _("Stop sending the types you select")),
)


class TypedNumberField(forms.IntegerField):
    """A number as people copy it from a screen: what groups its digits is left out."""

    def to_python(self, value: Any) -> int | None:
        return super().to_python(_GROUPING.sub("", value) if isinstance(value, str) else value)


class StartForm(UiForm):
    """What every form that starts a job over many people sends along.

    ``key`` is the form's own, so that a second click starts nothing; ``expected`` the number of
    people that was shown; ``typed`` the number typed where there are many.
    """

    key = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    expected = forms.IntegerField(required=False, widget=forms.HiddenInput)
    typed = TypedNumberField(
        label=_("Number of contacts"),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"invalid": _("Type the number with digits alone.")},
    )

    def __init__(self, data: QueryDict | None = None, *, user: User) -> None:
        super().__init__(data, initial={"key": uuid.uuid4().hex})
        self.user = user
        own = [name for name in self.fields if name not in StartForm.base_fields]
        self.order_fields([*own, *StartForm.base_fields])

    def add_problems(self, problems: Mapping[str, Promise | str]) -> None:
        """Say what the checks of the action found, at the field concerned."""
        for name, words in problems.items():
            if name not in self.errors:
                self.add_error(name, str(words))

    def add_further_problems(self) -> None:
        """Say at once what the checks of the action would find when the fields are right."""

    def _choices(self, name: str, choices: list[tuple[str, Any]]) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = choices


class BulkEditForm(StartForm):
    """What the panel asks for. Which fields are demanded depends on the status (``asks_grounds``)."""

    channel = forms.ChoiceField(label=_("Channel"), widget=forms.RadioSelect)
    status = forms.ChoiceField(
        label=_("New status"),
        choices=[(status.value, label) for status, label, _hint in STATUSES],
        widget=forms.RadioSelect,
        initial=IN.value,
    )
    types = forms.TypedMultipleChoiceField(
        label=_("Communication subscription types"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages=TYPE_PROBLEMS,
    )
    legal_basis = forms.ChoiceField(
        label=_("Legal basis for communication"),
        required=False,
        choices=[("", CHOOSE), *((basis.value, LEGAL_BASES[basis]) for basis in OFFERED_BASES)],
    )
    explanation = forms.CharField(
        label=_("Explanation for communication consent"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        validators=[MaxLengthValidator(EXPLANATION_LIMIT, TOO_LONG)],
    )
    lift = forms.BooleanField(
        label=_("Also remove an opt-out of all that a colleague set by hand"), required=False
    )

    def __init__(self, data: QueryDict | None = None, *, user: User) -> None:
        super().__init__(data, user=user)
        self.policy = current_policy()
        connected = self.policy.values().channels
        self.channels = [channel for channel in Channel if channel in connected]
        self.offered = self._offered(user)
        self._choices("channel", [(c.value, CHANNELS[c]) for c in self.channels])
        self._choices("types", [(str(found.id), found.name) for found in self.offered])
        if self.channels:
            self.fields["channel"].initial = self.channels[0].value

    def _offered(self, user: User) -> list[TypeLine]:
        if self.chosen_channel is None:
            return []
        return choosable_types(user, channel=self.chosen_channel, status=self.chosen_status)

    @property
    def chosen_channel(self) -> Channel | None:
        """Return the channel chosen, or the first connected one."""
        chosen = self.data.get("channel")
        first = self.channels[0] if self.channels else None
        return next((channel for channel in self.channels if channel.value == chosen), first)

    @property
    def chosen_status(self) -> Status:
        chosen = self.data.get("status")
        return Status(chosen) if chosen in list(Status) else IN

    @property
    def statuses(self) -> list[tuple[str, Any, Any, bool]]:
        """Return value, label, hint and whether it is chosen."""
        return [(s.value, label, hint, s is self.chosen_status) for s, label, hint in STATUSES]

    @property
    def drawn(self) -> str:
        """Return for which channel and status the types are drawn."""
        return f"{self.chosen_channel}-{self.chosen_status}"

    @property
    def ticked(self) -> set[int]:
        """Return the types ticked that are still offered."""
        sent = self.data.getlist("types") if isinstance(self.data, QueryDict) else []
        return {found.id for found in self.offered if str(found.id) in sent}

    @property
    def groups(self) -> list[tuple[str, list[tuple[TypeLine, bool]]]]:
        """Return the types by business unit, each with whether it is ticked."""
        ticked = self.ticked
        groups: dict[str, list[tuple[TypeLine, bool]]] = {}
        for found in self.offered:
            groups.setdefault(found.unit.name, []).append((found, found.id in ticked))
        return list(groups.items())

    @property
    def asks_grounds(self) -> bool:
        return asks_grounds(self.chosen_status, self.policy)

    @property
    def offers_basis(self) -> bool:
        """Tell whether a legal basis is asked for: with data privacy on, to opt in (R12)."""
        return self.chosen_status is IN and self.policy.privacy != Privacy.OFF.code

    @property
    def offers_lift(self) -> bool:
        return self.chosen_status is not OUT

    def add_further_problems(self) -> None:
        try:
            check_bulk_edit(self.edit(), user=self.user)
        except InvalidBulkEdit as error:
            self.add_problems(error.problems)

    def edit(self) -> BulkEdit:
        """Return the edit as far as it was filled in; what is missing, the checks of it say."""
        data = self.cleaned_data if self.is_bound else {}
        basis = data.get("legal_basis", "") if self.offers_basis else ""
        return BulkEdit(
            status=self.chosen_status,
            channel=self.chosen_channel or Channel.EMAIL,
            type_ids=tuple(sorted(self.ticked)),
            legal_basis=LegalBasis(basis) if basis else None,
            explanation=data.get("explanation", ""),
            lift=bool(data.get("lift")) and self.offers_lift,
        )
