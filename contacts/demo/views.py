"""The views of the index that the demonstration has: three shared ones and one of Ruth's own."""

from datetime import datetime

from django.utils.http import urlencode

from contacts.demo.company import Company
from contacts.saved_views import ViewState, create_view

# Owner, name, shared, filter with the keys of types in braces, sort, columns.
VIEWS = (
    (
        "ruth",
        "Readers of the garden guide",
        True,
        "status.{guide}.email:is:in;left.all.email:is:no",
        "-updated",
        ("type-{guide}-EMAIL", "email", "stage", "country", "updated"),
    ),
    (
        "ruth",
        "No legal basis for processing",
        True,
        "processing:unknown",
        "-created",
        ("email_address", "owner", "bases", "units", "created"),
    ),
    (
        "tom",
        "Customers in Poland",
        True,
        "stage:is:customer;country:is:PL",
        "name",
        ("email", "sms", "company", "owner"),
    ),
    ("ruth", "Newest first", False, "", "-created", ("units", "email", "owner", "created")),
)


def create_views(company: Company, *, now: datetime) -> None:
    """Let the demonstration's staff keep their views."""
    for owner, name, is_shared, condition, sort, columns in VIEWS:
        text = condition.format(**company.types)
        state = ViewState(
            urlencode({"f": text}) if text else "",
            sort,
            tuple(column.format(**company.types) for column in columns),
        )
        create_view(
            owner=company.staff[owner], name=name, is_shared=is_shared, state=state, now=now
        )
