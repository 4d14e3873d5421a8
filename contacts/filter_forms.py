"""The form of one condition of a filter: what it is about, how it is compared, and with what."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.filters.catalogue import CHANNELS, Catalogue
from contacts.filters.checking import choices_of, problem_of
from contacts.filters.fields import ALL_UNITS, DAYS, KNOWN, NO, YES, Field, Kind, Part
from contacts.filters.telling import OPERATORS, PLAIN_NAMES, name_of, shown_value
from contacts.filters.tree import Condition
from contacts.values import fold
from preferences.values import Channel
from preferences.wording import CHANNELS as CHANNEL_WORDS
from subscriptions_site.web.forms import UiForm

ALPHABETICAL = frozenset({"country", "language"})
PICKER_FROM = 12  # from so many values on, the list can be searched

CHOOSE_ONE = gettext_lazy("Choose one of these.")

type Choices = list[tuple[str, Any]]

PLACE_LABELS = {
    Part.TYPE: gettext_lazy("Subscription type"),
    Part.UNIT: gettext_lazy("Business unit"),
    Part.CHANNEL: gettext_lazy("Channel"),
}
VALUE_LABELS = {
    Kind.TEXT: gettext_lazy("Text"),
    Kind.NUMBER: gettext_lazy("Number"),
    Kind.DATE: gettext_lazy("Date"),
}
INPUTS: dict[Kind, dict[str, str]] = {
    Kind.TEXT: {"autocomplete": "off"},
    Kind.NUMBER: {"inputmode": "decimal", "autocomplete": "off"},
    Kind.DATE: {"type": "date"},
}


class ConditionForm(UiForm):
    """Reads a condition from the URL of the form; ``condition`` is what it shows at first.

    Which values a comparison needs, the stylesheet shows; the others are left out here.
    """

    op = forms.ChoiceField(label=gettext_lazy("Comparison"))

    def __init__(
        self, data: QueryDict | None, *, condition: Condition, field: Field, catalogue: Catalogue
    ) -> None:
        super().__init__(data, prefix="c")
        self.condition, self.field, self.catalogue = condition, field, catalogue
        self._offer_places()
        self._offer_operators()
        self._offer_values()
        self._focus("place" if "place" in self.fields else "op" if self.has_operators else "value")

    @property
    def label(self) -> str:
        return heading_of(self.condition, self.catalogue)

    @property
    def has_operators(self) -> bool:
        """Tell whether there is anything to choose; the form of a status has a tick per status."""
        if self.field.name == "status":
            return self.condition.operator != "is"
        return len(self.field.operators) > 1

    @property
    def is_long(self) -> bool:
        return "values" in self.fields and len(self.value_choices) >= PICKER_FROM

    @property
    def is_flag(self) -> bool:
        return self.field.kind in (Kind.FLAG, Kind.YES_NO)

    def chosen(self) -> Condition | None:
        """Return the condition that was filled in, None where it has a problem, which is said."""
        self.is_valid()
        condition = self._condition()
        problem = problem_of(condition, self.catalogue)
        if problem is None and not self.errors:
            return condition
        if problem is not None:
            self._say(problem, condition)
        self._focus(next(iter(self.errors)))
        return None

    def _focus(self, name: str) -> None:
        """Let the focus begin at one field; a list of ticks is focused as a whole."""
        for one, field in self.fields.items():
            field.widget.attrs.pop("autofocus", None)
            if one == name and not isinstance(field.widget, forms.CheckboxSelectMultiple):
                field.widget.attrs["autofocus"] = True

    def _say(self, problem: str | Promise, condition: Condition) -> None:
        name = next((n for n in ("days", "values", "value") if n in self.fields), "op")
        if name == "days" and condition.operator not in DAYS:
            name = "value"
        if not self.errors:
            self.add_error(name, str(problem))

    def _condition(self) -> Condition:
        data = self.cleaned_data
        operator = data.get("op") or self.condition.operator
        place = self.condition.place
        if "place" in self.fields:
            place = tuple(data.get("place", "").split("."))
        values: tuple[str, ...] = ()
        if operator in DAYS:
            values = (data.get("days", "").strip(),)
        elif operator not in KNOWN:
            given = data.get("values", data.get("value", ""))
            values = tuple(given) if isinstance(given, list) else (given,)
        found = tuple(value for value in values if value)
        return Condition(self.field.name, operator, found, place)

    def _offer_places(self) -> None:
        choices, chosen = places_of(self.field, self.catalogue), ".".join(self.condition.place)
        if not choices:
            return
        if chosen not in values_of(choices) and len(choices) > 1:
            choices.insert(0, ("", CHOOSE_ONE))
        self.fields["place"] = forms.ChoiceField(
            label=PLACE_LABELS[self.field.place[0]],
            choices=choices,
            initial=chosen,
            widget=forms.Select(attrs={"class": "select"}),
            error_messages={"required": CHOOSE_ONE, "invalid_choice": CHOOSE_ONE},
        )

    def _offer_operators(self) -> None:
        found = self.fields["op"]
        found.required = False
        found.choices = [(name, OPERATORS[name]) for name in self.field.operators]  # type: ignore[attr-defined]
        found.initial = self.condition.operator

    def _offer_values(self) -> None:
        kind, values = self.field.kind, self.condition.values
        if kind in (Kind.FLAG, Kind.YES_NO):
            self.fields["value"] = forms.ChoiceField(
                label=_("Answer"),
                required=False,
                choices=self._shown([YES, NO]),
                widget=forms.RadioSelect,
                initial=values[0] if values else YES,
            )
        elif kind is Kind.CHOICE:
            self.value_choices = self._shown(choices_of(self.condition, self.catalogue))
            self.fields["values"] = forms.MultipleChoiceField(
                label=_("Any of"),
                required=False,
                choices=self.value_choices,
                widget=forms.CheckboxSelectMultiple,
                initial=values,
            )
        else:
            self._offer_text(kind, values[0] if values else "")

    def _offer_text(self, kind: Kind, value: str) -> None:
        is_days = self.condition.operator in DAYS
        self.fields["value"] = forms.CharField(
            label=VALUE_LABELS[kind],
            required=False,
            max_length=200,
            initial="" if is_days else value,
            widget=forms.TextInput(attrs={"class": "input", **INPUTS[kind]}),
        )
        if kind is Kind.DATE:
            self.fields["days"] = forms.CharField(
                label=_("Number of days"),
                required=False,
                max_length=6,
                initial=value if is_days else "",
                widget=forms.TextInput(attrs={"class": "input", "inputmode": "numeric"}),
            )

    def _shown(self, values: list[str]) -> Choices:
        shown = [(value, shown_value(self.condition, value, self.catalogue)) for value in values]
        if self.field.name in ALPHABETICAL:
            shown.sort(key=lambda pair: fold(pair[1]))
        return shown


def values_of(choices: Choices) -> set[str]:
    """Return the values that are offered, in groups or not."""
    found: set[str] = set()
    for value, label in choices:
        found |= values_of(label) if isinstance(label, list) else {value}
    return found


def heading_of(condition: Condition, catalogue: Catalogue) -> str:
    """Return what a form is about, before a type or a channel is chosen."""
    if condition.field == "property":
        return name_of(condition, catalogue)
    return str(HEADINGS[condition.field])


HEADINGS = {
    **PLAIN_NAMES,
    "status": gettext_lazy("Status of a type"),
    "own": gettext_lazy("Own opt-out of a type"),
    "anywhere": gettext_lazy("Opted out on any address"),
    "sendable": gettext_lazy("May be sent now"),
    "left": gettext_lazy("Unsubscribed from all"),
    "basis": gettext_lazy("Legal basis of the last change"),
    "source": gettext_lazy("Source of the last change"),
    "changed": gettext_lazy("Time of the last change"),
    "undeliverable": gettext_lazy("Undeliverable"),
    "address": gettext_lazy("Address or phone number"),
}


def places_of(field: Field, catalogue: Catalogue) -> Choices:
    """Return what a condition of this field may be about; types in groups by business unit."""
    if Part.TYPE in field.place:
        return _types_of(field, catalogue)
    channels = _channels(catalogue)
    if Part.UNIT in field.place:
        units = [(ALL_UNITS, _("Any business unit or the account")), *catalogue.units.items()]
        return [
            (f"{unit_id}.{code}", _on_channel(str(name), channel))
            for unit_id, name in units
            for code, channel in channels
        ]
    if Part.CHANNEL in field.place:
        return [(code, CHANNEL_WORDS[channel]) for code, channel in channels]
    return []


def _types_of(field: Field, catalogue: Catalogue) -> Choices:
    groups: dict[str, Choices] = {}
    for found in catalogue.outline.types:
        if not found.is_open or (found.is_service and field.name != "sendable"):
            continue
        groups.setdefault(found.unit.name, []).extend(
            (f"{found.id}.{code}", _on_channel(found.name, channel))
            for code, channel in CHANNELS.items()
            if channel in found.channels
        )
    return list(groups.items())


def _channels(catalogue: Catalogue) -> list[tuple[str, Channel]]:
    connected = catalogue.policy.channels
    return [(code, channel) for code, channel in CHANNELS.items() if channel in connected]


def _on_channel(name: str, channel: Channel) -> str:
    return _("%(name)s (%(channel)s)") % {"name": name, "channel": CHANNEL_WORDS[channel]}
