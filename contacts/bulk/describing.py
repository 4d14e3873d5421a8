"""The words for what a bulk edit does and for what came of it, before, while and after it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts.bulk.edit import BulkEdit
from jobs.describing import REFUSED, Description, File, Outcome
from jobs.models import Job
from preferences.models import SubscriptionType
from preferences.values import Channel, Status
from preferences.wording import CHANNELS, LEGAL_BASES, REASONS, STATUSES
from subscriptions_site.templatetags.ui import number

TONES = {Status.SUBSCRIBED: "in", Status.UNSUBSCRIBED: "out", Status.NOT_SPECIFIED: "none"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a preview. ``key``: of ``Preview.items``, to ask who it is."""

    key: str
    tone: str
    count: int
    words: str
    why: str = ""


def preview_lines(
    edit: BulkEdit, items: Mapping[str, int], count: Callable[[str], int]
) -> list[Line]:
    """Return what would become of the people, in the order of the effect list."""
    status = str(STATUSES[edit.status]).lower()
    lines = [
        Line(
            "changed",
            TONES[edit.status],
            count("changed"),
            _("will change to %(status)s") % {"status": status},
            _partly(count("partly")),
        ),
        Line("confirm", "wait", count("confirm"), _("will be asked to confirm by link first")),
        Line(
            "unchanged",
            "none",
            count("unchanged"),
            _("stay the same, already %(status)s") % {"status": status},
        ),
    ]
    reasons = sorted((key for key in items if key.startswith(REFUSED)), key=count, reverse=True)
    lines += [Line(key, "out", count(key), reason_words(key)) for key in reasons]
    lines.append(Line("no_address", "out", count("no_address"), no_address_words(edit.channel)))
    return [line for line in lines if line.count or line.key == "changed"]


def _partly(count: int) -> str:
    if not count:
        return ""
    words = ngettext(
        "%(count)s of them in some of these types only.",
        "%(count)s of them in some of these types only.",
        count,
    )
    return words % {"count": number(count)}


def reason_words(key: str) -> str:
    """Return the words for "refused R5 own_opt_out", with the rule."""
    rule, _space, reason = key.removeprefix(REFUSED).partition(" ")
    words = str(REASONS.get(reason, reason)).rstrip(".")
    return _("refused: %(why)s (%(rule)s)") % {"why": words[:1].lower() + words[1:], "rule": rule}


def no_address_words(channel: Channel) -> str:
    """Return why people without an address of the channel are left out."""
    if channel is Channel.EMAIL:
        return _("left out: no email address")
    return _("left out: no number for %(channel)s") % {"channel": CHANNELS[channel]}


def title_of_edit(job: Job) -> str:
    """Return "Opt in 912 contacts to 2 Email types"."""
    edit = BulkEdit.from_json(job.parameters)
    verbs = {
        Status.SUBSCRIBED: _("Opt in %(people)s: %(types)s"),
        Status.UNSUBSCRIBED: _("Opt out %(people)s: %(types)s"),
        Status.NOT_SPECIFIED: _("Set %(people)s to not opted: %(types)s"),
    }
    return verbs[edit.status] % {"people": people_words(job.total), "types": _types(edit)}


def title_of_undo(job: Job) -> str:
    """Return "Undo job 318 for 909 contacts"."""
    words = _("Undo job %(number)s for %(people)s")
    return words % {"number": job.undo_of_id, "people": people_words(job.total)}


def people_words(count: int) -> str:
    """Return "912 contacts"."""
    words = ngettext("%(count)s contact", "%(count)s contacts", count)
    return words % {"count": number(count)}


def _types(edit: BulkEdit) -> str:
    count = len(edit.type_ids)
    words = ngettext("%(count)s %(channel)s type", "%(count)s %(channel)s types", count)
    return words % {"count": number(count), "channel": CHANNELS[edit.channel]}


def describe_edit(job: Job) -> Description:
    """Say what was asked for and how to call what came of it; one query."""
    edit = BulkEdit.from_json(job.parameters)
    summary = partial(_summary, edit.status)
    return Description(
        _facts(job, edit), _outcomes(edit), FILES, reason_words, summary, "job_refusals"
    )


def describe_undo(job: Job) -> Description:
    """Say what an undo does and how to call what came of it; one query."""
    edit = BulkEdit.from_json(job.parameters)
    outcomes = [
        Outcome("changed", "in", _("As before the job"), _("Put back so far")),
        Outcome("refused", "none", _("Left alone: changed since"), _("Left alone so far")),
        Outcome("unchanged", "none", _("Nothing to undo any more"), is_rare=True),
    ]
    facts = [
        (_("Contacts"), _("%(people)s that it changed") % {"people": people_words(job.total)}),
        *_what(edit, _("It had set")),
    ]
    return Description(facts, outcomes, FILES, reason_words, _undo_summary, refusals="job_refusals")


def _undo_summary(counts: Mapping[str, int]) -> str:
    """Return "909 contacts are as before the job. 3 were left as they are."."""
    changed, refused = counts.get("changed", 0), counts.get("refused", 0)
    words = ngettext(
        "%(count)s contact is as before the job.",
        "%(count)s contacts are as before the job.",
        changed,
    )
    return f"{words % {'count': number(changed)}} {left_words(refused)}".strip()


def left_words(count: int) -> str:
    """Return "3 were left as they are.", "" for nobody."""
    words = ngettext("%(count)s was left as it is.", "%(count)s were left as they are.", count)
    return words % {"count": number(count)} if count else ""


def _summary(status: Status, counts: Mapping[str, int]) -> str:
    """Return "909 contacts are now opted in. 134 were refused."."""
    changed, refused = counts.get("changed", 0), counts.get("refused", 0)
    if status is Status.SUBSCRIBED:
        words = ngettext(
            "%(count)s contact is now opted in.", "%(count)s contacts are now opted in.", changed
        )
    elif status is Status.UNSUBSCRIBED:
        words = ngettext(
            "%(count)s contact is now opted out.", "%(count)s contacts are now opted out.", changed
        )
    else:
        words = ngettext(
            "%(count)s contact is now not opted.", "%(count)s contacts are now not opted.", changed
        )
    told = [words % {"count": number(changed)}]
    if refused:
        words = ngettext("%(count)s was refused.", "%(count)s were refused.", refused)
        told.append(words % {"count": number(refused)})
    return " ".join(told)


FILES = (
    File("job_changes_csv", _("Changes (CSV)")),
    File("job_refusals_csv", _("Refusals (CSV)")),
)


def _outcomes(edit: BulkEdit) -> list[Outcome]:
    status, tone = str(STATUSES[edit.status]), TONES[edit.status]
    so_far = _("%(status)s so far") % {"status": status}
    return [
        Outcome("changed", tone, status, so_far, "partly", _("of them in some of the types only")),
        Outcome("confirm", "wait", _("Asked to confirm by link"), is_rare=True),
        Outcome("unchanged", "none", _("Stayed the same"), _("Stayed the same so far")),
        Outcome("refused", "out", _("Refused"), _("Refused so far")),
        Outcome("no_address", "none", _("No address on this channel"), is_rare=True),
        Outcome("gone", "none", _("Not there any more"), is_rare=True),
    ]


def _facts(job: Job, edit: BulkEdit) -> list[tuple[str, str]]:
    facts = [(_("Contacts"), selection_words(job)), *_what(edit, _("New status"))]
    if edit.legal_basis:
        facts.append((_("Legal basis"), str(LEGAL_BASES[edit.legal_basis])))
    if edit.explanation:
        facts.append((_("Explanation"), edit.explanation))
    if edit.lift:
        facts.append((_("Opt-outs of all"), _("Those that staff set are removed")))
    return facts


def _what(edit: BulkEdit, status_label: str) -> list[tuple[str, str]]:
    names = SubscriptionType.objects.filter(pk__in=edit.type_ids).values_list("name", flat=True)
    return [
        (_("Channel"), str(CHANNELS[edit.channel])),
        (status_label, str(STATUSES[edit.status])),
        (_("Subscription types"), ", ".join(names)),
    ]


def selection_words(job: Job) -> str:
    """Return how the contacts of a job were chosen."""
    people = people_words(job.total)
    if "ticked" in job.selection:
        return _("%(people)s, ticked by hand") % {"people": people}
    query = job.selection.get("query")
    if not query:
        return _("%(people)s, everyone when the job was started") % {"people": people}
    lines = [_("%(people)s that matched when the job was started") % {"people": people}]
    if query.get("says"):
        lines.append(query["says"])
    if query.get("search"):
        lines.append(_("Search: %(search)s") % {"search": query["search"]})
    return "\n".join(lines)
