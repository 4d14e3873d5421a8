"""The one table of words: what screens, files and the API say for codes and enumerations.

Refusals are worded from the person's side. Every reason code of the rules has words here and every
word is used; a test checks both.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, pgettext_lazy

from preferences.suspicion import REASONS_KEY, Why, read_reasons
from preferences.values import (
    ActorKind,
    Channel,
    Decision,
    LegalBasis,
    Outcome,
    Privacy,
    ScopeKind,
    Source,
    Status,
)

Words = Mapping[Any, Promise]

REASONS: Mapping[str, Promise] = {
    # applied
    "opted_in": _("They are opted in."),
    "opted_out": _("They are opted out."),
    "withdrawn": _("Their opt-in was withdrawn. They count as not opted."),
    "reopened": _("Our opt-out was taken back. They count as not opted."),
    "lifted_by_them": _("They lifted the opt-out of all themselves."),
    "lifted": _("Our opt-out of all was lifted."),
    "asked_to_confirm": _("They are asked to confirm by link. Until then nothing changes."),
    "repeat_kept": _("They said so again. It is kept as proof and changes nothing."),
    "older_kept": _("They have said something newer since. This is kept and changes nothing."),
    "undone": _("Undone. What was there before counts again."),
    "corrected": _("The automatic opt-out was given back."),
    "undeliverable": _("Messages cannot be delivered to this address."),
    "deliverable": _("Messages can be delivered to this address again. No consent was restored."),
    "erasure": _("Their data was erased."),
    # no change
    "already_so": _("This is already so."),
    "already_opted_in": _("They are already opted in."),
    "already_opted_out": _("They are already opted out."),
    "already_not_specified": _("They have made no choice yet. There is nothing to change."),
    "no_opt_out_of_all": _("They are not unsubscribed from all. There is nothing to lift."),
    "older_word": _("They have said something newer, or more directly, already."),
    # refused: the person's own choice
    "own_opt_out": _("They opted out themselves. Only they can opt back in."),
    "own_opt_out_of_all": _("They unsubscribed from all themselves. Only they can lift that."),
    "only_the_person": _(
        "They opted out themselves. The account settings let only them opt back in."
    ),
    "needs_right_to_resubscribe": _(
        "They opted out. Giving that back needs the right to resubscribe people."
    ),
    "asked_on_out_of_range": _(
        "The date they asked must be on or after their opt-out, and not in the future."
    ),
    "relayed_opt_in": _(
        "They opted out, and this opt-in was passed on to us. They can opt in themselves by link."
    ),
    "not_specified_is_no_choice": _("They can opt in or out. Not opted is not a choice to make."),
    "said_in_future": _("They cannot have said this at a time that is yet to come."),
    "erased": _("Their data was erased. Only they can opt in again."),
    "opted_out_gets_no_mail": _(
        "They are opted out, so they are not mailed to confirm. Ask for one person on the record."
    ),
    # refused: an opt-out of all
    "account_opt_out": _("They are unsubscribed from all. That has to be lifted first."),
    "unit_opt_out": _(
        "They are unsubscribed from all of this business unit. That has to be lifted first."
    ),
    "not_set_by_hand": _(
        "Their opt-out of all was not set by hand. Lift it on the record, or undo the job."
    ),
    "only_staff_lift": _("Their opt-out of all can be lifted only by staff, on the record."),
    "needs_all_units": _("This concerns all business units. It needs someone who sees them all."),
    # refused: the way it came
    "workflow_reopens_nothing": _("They are opted out. A workflow never undoes an opt-out."),
    "import_reopens_nothing": _("They are opted out. An import never undoes an opt-out."),
    "api_v3_reopens_nothing": _("They are opted out. API v3 never undoes an opt-out."),
    "import_withdraws_nothing": _("They are opted in. An import can opt out, not withdraw."),
    "opt_out_list_only_opts_out": _("An opt-out list can only opt people out."),
    "way_cannot_opt_in": _("Nobody can be opted in this way."),
    "only_the_rules_ask": _("A confirmation is asked for by an opt-in, not by itself."),
    # refused: grounds
    "grounds_missing": _("It is not recorded yet why they may be written to. Fill in every field."),
    "explanation_too_long": _("The explanation is too long. Use at most 2,000 characters."),
    "basis_never_justifies": _(
        "Processing and storing their data is no basis for writing to them. Choose another one."
    ),
    # refused: the type or the business unit
    "unknown_type": _("This subscription type does not exist."),
    "service_type": _("Messages of this type are always sent. There is no choice to record."),
    "archived_type": _("This type is archived. People can only opt out of it."),
    "internal_type": _("This type is internal. It is never offered to people."),
    "not_offered_on_channel": _("This type is not offered on this channel."),
    "outside_units": _("This belongs to a business unit that you may not change."),
    # refused: undo
    "superseded": _("This was changed again since, so it cannot be undone."),
    "own_word": _("This was their own choice. Only they can undo it."),
    "our_word": _("This was not their own choice, so it is not theirs to undo."),
    "person_spoke_since": _("They have chosen for themselves since."),
    "too_late": _("The time to undo this is over."),
    "not_suspected": _("Nothing suggests that this opt-out was automatic. It stays."),
}

STATUSES: Words = {
    Status.SUBSCRIBED: _("Opted in"),
    Status.NOT_SPECIFIED: _("Not opted"),
    Status.UNSUBSCRIBED: _("Opted out"),
}
SOURCES: Words = {
    Source.RECORD_PANEL: _("Record panel"),
    Source.BULK_EDIT: _("Bulk edit"),
    Source.WORKFLOW: _("Workflow"),
    Source.IMPORT: _("Import"),
    Source.API_V3: _("API v3"),
    Source.API_V4: _("API v4"),
    Source.PREFERENCE_PAGE: _("Preference page"),
    Source.ONE_CLICK: _("One-click header"),
    Source.CONFIRMATION: _("Confirmation mail"),
    Source.SMS_KEYWORD: _("SMS keyword"),
    Source.WHATSAPP: _("WhatsApp"),
    Source.PROVIDER_FEEDBACK: _("Provider feedback"),
    Source.SYSTEM: _("System"),
}
LEGAL_BASES: Words = {
    LegalBasis.CONSENT_WITH_NOTICE: _("Consent freely given by the contact"),
    LegalBasis.LEGITIMATE_INTEREST_CLIENT: _("Legitimate interest: existing customer"),
    LegalBasis.LEGITIMATE_INTEREST_PQL: _("Legitimate interest: prospect or lead"),
    LegalBasis.LEGITIMATE_INTEREST_OTHER: _("Legitimate interest: other"),
    LegalBasis.PERFORMANCE_OF_CONTRACT: _("Performance of a contract"),
    LegalBasis.NON_GDPR: _("Not applicable"),
    LegalBasis.PROCESS_AND_STORE: _("Processing and storing only"),
}
CHANNELS: Words = {
    Channel.EMAIL: pgettext_lazy("channel", "Email"),
    Channel.SMS: pgettext_lazy("channel", "SMS"),
    Channel.WHATSAPP: pgettext_lazy("channel", "WhatsApp"),
}
ACTOR_KINDS: Words = {
    ActorKind.PERSON: pgettext_lazy("actor", "The person themselves"),
    ActorKind.USER: pgettext_lazy("actor", "Staff"),
    ActorKind.WORKFLOW: pgettext_lazy("actor", "Workflow"),
    ActorKind.API_KEY: pgettext_lazy("actor", "API key"),
    ActorKind.PROVIDER: pgettext_lazy("actor", "Provider"),
    ActorKind.SYSTEM: pgettext_lazy("actor", "System"),
}
PRIVACY: Words = {
    Privacy.OFF: pgettext_lazy("data privacy", "Off"),
    Privacy.ON: pgettext_lazy("data privacy", "On"),
    Privacy.ENFORCED: pgettext_lazy("data privacy", "On and enforced"),
}
SCOPE_KINDS: Words = {
    ScopeKind.TYPE: _("Subscription type"),
    ScopeKind.UNIT: _("All of a business unit"),
    ScopeKind.ACCOUNT: _("All units"),
}
OUTCOMES: Words = {
    Outcome.APPLY: pgettext_lazy("outcome", "Changed"),
    Outcome.NO_CHANGE: pgettext_lazy("outcome", "Already so"),
    Outcome.CONFIRM_FIRST: pgettext_lazy("outcome", "Asked to confirm by link"),
    Outcome.REFUSE: pgettext_lazy("outcome", "Refused"),
}
SUSPICIONS: Words = {
    Why.PREFETCH: _("fetched ahead, without a click"),
    Why.SCANNER: _("sent by a mail scanner or another program"),
    Why.TOO_FAST: _("sent faster than a person reads"),
    Why.BURST: _("one of several from one network within seconds"),
}
# The texts of ``preferences.addresses``, which knows no framework: here for the catalogues alone.
ADDRESS_PROBLEMS = (
    gettext_noop("The address is empty."),
    gettext_noop("An e-mail address needs an @ sign."),
    gettext_noop("The address contains a control character or a line break."),
    gettext_noop("The address contains an invisible character."),
    gettext_noop("Give the address alone, without a name or angle brackets."),
    gettext_noop("The address contains a comment in parentheses."),
    gettext_noop("An IP address in the place of the domain is not accepted."),
    gettext_noop("The part after the @ sign is not a valid domain."),
    gettext_noop("The part before the @ sign is not valid."),
    gettext_noop("The part before the @ sign is longer than 64 characters."),
    gettext_noop("The address is longer than 254 characters."),
    gettext_noop("This is not a phone number."),
    gettext_noop("The phone number needs its country code, such as +48."),
    gettext_noop("A phone number with an extension cannot receive messages."),
    gettext_noop("No phone number of that country has this length."),
    gettext_noop("A phone number has at most 15 digits."),
)
OFFERED_BASES = tuple(basis for basis in LEGAL_BASES if basis is not LegalBasis.PROCESS_AND_STORE)


def suspicions_of(details: Mapping[str, Any]) -> list[str]:
    """Return why an opt-out looks automatic, in words, from its evidence."""
    return [str(SUSPICIONS[why]) for why in read_reasons(str(details.get(REASONS_KEY, "")))]


def words_for(decision: Decision) -> str:
    """Return the sentence for what the rules said, in the language in use."""
    return str(REASONS[decision.reason])
