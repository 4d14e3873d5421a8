"""The words for an export, while and after it runs."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts.bulk.describing import people_words, selection_words
from jobs.describing import Description, File, Outcome
from jobs.models import Job
from subscriptions_site.templatetags.ui import number


def title_of_export(job: Job) -> str:
    """Return "Export 912 contacts"; needs no query."""
    return _("Export %(people)s") % {"people": people_words(job.total)}


def describe_export(job: Job) -> Description:
    """Say what was asked for and how to call what came of it; needs no query."""
    headers = [header for _key, header in job.parameters["columns"]]
    count = len(headers)
    words = ngettext("%(count)s column", "%(count)s columns", count) % {"count": number(count)}
    facts = [
        (_("Contacts"), selection_words(job)),
        (_("Columns"), f"{words}: {', '.join(headers)}"),
        (_("Kept"), _("The file can be fetched for 7 days. It holds personal data.")),
    ]
    outcomes = [
        Outcome("changed", "in", _("In the file"), _("In the file so far")),
        Outcome("gone", "none", _("Not there any more"), is_rare=True),
    ]
    return Description(facts, outcomes, (File("job_export_csv", _("Contacts (CSV)")),))
