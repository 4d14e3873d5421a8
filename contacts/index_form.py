"""What the toolbar of the index asks for. A value that makes no sense is as good as none."""

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact
from contacts.selectors import DEFAULT_SORT, PAGE_SIZES, SORTS, ContactQuery, owners
from subscriptions_site.web.forms import UiForm

NOBODY = "0"


class IndexForm(UiForm):
    """Search, filters, order and size of the index; read from the URL."""

    q = forms.CharField(label=_("Search contacts"), max_length=200, required=False)
    unit = forms.ChoiceField(label=_("Business unit"), required=False)
    owner = forms.ChoiceField(label=_("Owner"), required=False)
    stage = forms.ChoiceField(label=_("Life-cycle stage"), required=False)
    sort = forms.ChoiceField(
        choices=[(sign + name, name) for name in SORTS for sign in ("", "-")], required=False
    )
    size = forms.ChoiceField(
        choices=[(str(size), str(size)) for size in PAGE_SIZES], required=False
    )

    def __init__(self, data: QueryDict, *, units: Mapping[int, str]) -> None:
        super().__init__(data)
        self.unit_count = len(units)
        people = [
            (str(pk), name or email)
            for pk, name, email in owners().values_list("pk", "name", "email")
        ]
        choices: dict[str, list[tuple[str, Any]]] = {
            "unit": [
                ("", gettext("Every business unit")),
                *((str(pk), name) for pk, name in units.items()),
            ],
            "owner": [("", gettext("Every owner")), (NOBODY, gettext("No owner")), *people],
            "stage": [("", gettext("Every life-cycle stage")), *Contact.Lifecycle.choices],
        }
        for name, offered in choices.items():
            cast(forms.ChoiceField, self.fields[name]).choices = offered

    @property
    def has_several_units(self) -> bool:
        return self.unit_count > 1

    def query(self) -> ContactQuery:
        """Return what is asked for, without what makes no sense."""
        self.is_valid()
        data = {name: self.cleaned_data.get(name) or "" for name in self.fields}
        return ContactQuery(
            search=data["q"],
            unit_id=int(data["unit"]) if data["unit"] else None,
            owner_id=int(data["owner"]) if data["owner"] else None,
            lifecycle_stage=data["stage"],
            sort=data["sort"] or DEFAULT_SORT,
            size=int(data["size"] or PAGE_SIZES[0]),
        )
