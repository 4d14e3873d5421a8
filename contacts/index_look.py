"""How the index is looked at: the view that is open, what is asked for, the columns; read from a URL."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.http import QueryDict
from django.utils.http import urlencode

from accounts.models import User
from contacts.columns import Columns, columns_for, kept_keys
from contacts.index_form import IndexForm
from contacts.open_view import OpenView, changed_url, open_view
from contacts.saved_views import ViewState
from contacts.selectors import ContactQuery
from preferences.outline import Outline


@dataclass(frozen=True)
class IndexLook:
    """A filter that lost its sense is in ``query``, and finds nobody: no list is wider than its view."""

    opened: OpenView
    form: IndexForm
    query: ContactQuery
    columns: Columns
    state: ViewState

    @property
    def is_changed(self) -> bool:
        return self.state != self.opened.state

    @cached_property
    def url(self) -> str:
        return changed_url(self.opened, self.state)

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """Return what a form sends to come to the same look; what it left out would be the view's."""
        state, asked = self.state, dict(self.query.parameters)
        emptied = [
            (name, "") for name in QueryDict(self.opened.state.query_text) if name not in asked
        ]
        kept = [("view", self.opened.key), ("sort", state.sort), ("cols", ",".join(state.columns))]
        return [*asked.items(), *emptied, *kept]


def look_at_index(
    user: User, parameters: QueryDict, *, now: datetime, outline: Outline
) -> IndexLook:
    """Return how the parameters look at the index. Raises NoSuchView."""
    opened = open_view(user, parameters)
    form = IndexForm(opened.data, user=user, now=now, outline=outline)
    query = form.query()
    channels = form.catalogue.policy.channels
    keys = kept_keys(opened.columns, channels)
    return IndexLook(
        opened=opened,
        form=form,
        query=query,
        columns=columns_for(keys, outline=outline, channels=channels),
        state=ViewState(urlencode(query.parameters), query.sort, keys),
    )
