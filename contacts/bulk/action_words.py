"""The words for what an action does to many contacts, before, while and after it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from contacts.bulk.actions import (
    Action,
    AddProcessingBasis,
    DeleteContacts,
    SetOwner,
    SetProperty,
    action_of,
)
from contacts.bulk.describing import Line, people_words, selection_words
from contacts.bulk.links import SendLinks
from contacts.bulk.results import LEFT_WORDS
from contacts.models import Contact, CustomProperty
from contacts.places import country_name, language_name
from contacts.values import PropertyKind
from jobs.describing import REFUSED, Description, File, Outcome
from jobs.models import Job
from preferences.values import LegalBasis
from preferences.wording import LEGAL_BASES


@dataclass(frozen=True, slots=True)
class Words:
    """``title``: with %(people)s; ``will``: what will become of those that change; ``same``: of those
    that need no change; ``done``: of those that changed. ``facts``: label and value of what was asked.
    """

    title: str
    will: str
    same: str
    done: str
    facts: tuple[tuple[str, str], ...] = ()
    tone: str = "in"


def words_of(action: Action) -> Words:
    """Return the words for an action; at most one query."""
    match action:
        case SetOwner():
            return _owner_words(action)
        case AddProcessingBasis():
            return _basis_words(action)
        case SetProperty():
            return _property_words(action)
        case SendLinks():
            return Words(
                title=_("Send the preferences link to %(people)s"),
                will=_("will get a mail with the link to their choices"),
                same="",
                done=_("Mailed"),
            )
        case _:
            return Words(
                title=_("Delete %(people)s"),
                will=_("will be deleted; they can be restored for 90 days"),
                same="",
                done=_("Deleted"),
                tone="out",
            )


def action_lines(words: Words, items: Mapping[str, int], count: Callable[[str], int]) -> list[Line]:
    """Return what would become of the people, in the order of the effect list."""
    lines = [
        Line("changed", words.tone, count("changed"), words.will),
        Line("unchanged", "none", count("unchanged"), words.same),
    ]
    refused = [key for key in items if key.startswith(REFUSED)]
    lines += [Line(key, "out", count(key), left_words(key)) for key in refused]
    lines.append(Line("gone", "out", count("gone"), _("left out: not there any more")))
    return [line for line in lines if line.count or line.key == "changed"]


def left_words(key: str) -> str:
    """Return why contacts are left as they are: "refused all_units"."""
    reason = key.removeprefix(REFUSED)
    why = str(LEFT_WORDS.get(reason, reason)).rstrip(".")
    return _("refused: %(why)s") % {"why": why[:1].lower() + why[1:]}


def title_of_action(job: Job) -> str:
    """Return "Set the owner of 912 contacts"; needs no query."""
    titles = {
        SetOwner.kind: _("Set the owner of %(people)s"),
        SetProperty.kind: _("Set a property of %(people)s"),
        AddProcessingBasis.kind: _("Add a legal basis for processing to %(people)s"),
        DeleteContacts.kind: _("Delete %(people)s"),
        SendLinks.kind: _("Send the preferences link to %(people)s"),
    }
    return titles[job.kind] % {"people": people_words(job.total)}


def describe_action(job: Job) -> Description:
    """Say what was asked for and how to call what came of it; at most one query."""
    words = words_of(action_of(job.kind, job.parameters))
    so_far = _("%(status)s so far") % {"status": words.done}
    outcomes = [
        Outcome("changed", words.tone, words.done, so_far),
        Outcome("unchanged", "none", _("Stayed the same"), is_rare=not words.same),
        Outcome("refused", "out", _("Refused"), _("Refused so far"), is_rare=True),
        Outcome("gone", "none", _("Not there any more"), is_rare=True),
    ]
    facts = [(_("Contacts"), selection_words(job)), *words.facts]
    files = (File("job_refusals_csv", _("Refusals (CSV)")),)
    return Description(facts, outcomes, files, left_words, refusals="job_refusals")


def _owner_words(action: SetOwner) -> Words:
    name = _("Nobody")
    if action.owner_id is not None:
        found = User.objects.filter(pk=action.owner_id).first()
        name = str(found) if found else f"#{action.owner_id}"
    will = _("will have no owner")
    if action.owner_id is not None:
        will = _("will have %(name)s as their owner") % {"name": name}
    return Words(
        title=_("Set the owner of %(people)s"),
        will=will,
        same=_("stay the same, it is so already"),
        done=_("Changed"),
        facts=((_("Owner"), name),),
    )


def _basis_words(action: AddProcessingBasis) -> Words:
    label = str(LEGAL_BASES[LegalBasis(action.basis)])
    return Words(
        title=_("Add a legal basis for processing to %(people)s"),
        will=_("will have it on record, beside what they have"),
        same=_("stay the same, they have it already"),
        done=_("Changed"),
        facts=((_("Legal basis for processing contact's data"), label),),
    )


def _property_words(action: SetProperty) -> Words:
    label, value = _property_of(action)
    will = _("will have an empty “%(property)s”") % {"property": label}
    if value:
        will = _("will have “%(value)s” as “%(property)s”") % {"value": value, "property": label}
    return Words(
        title=_("Set a property of %(people)s"),
        will=will,
        same=_("stay the same, it is so already"),
        done=_("Changed"),
        facts=((_("Property"), label), (_("Value"), value or _("Empty"))),
    )


def _property_of(action: SetProperty) -> tuple[str, str]:
    """Return label and value as people read them."""
    if not action.is_custom:
        field = Contact._meta.get_field(action.name)
        label = str(getattr(field, "verbose_name", action.name))
        return label[:1].upper() + label[1:], _built_in_value(action.name, action.value.strip())
    found = CustomProperty.objects.filter(internal_name=action.name).first()
    value: Any = action.value.strip()
    if found is not None and found.kind == PropertyKind.YES_NO and value:
        value = {"yes": _("Yes"), "no": _("No")}.get(value, value)
    return found.name if found else action.name, str(value)


def _built_in_value(name: str, value: str) -> str:
    if name == "country":
        return country_name(value) if value else ""
    if name == "language":
        return language_name(value) if value else ""
    if name == "lifecycle_stage":
        return str(dict(Contact.Lifecycle.choices).get(value, value))
    return value
