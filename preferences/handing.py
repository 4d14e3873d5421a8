"""Hand out links to the preference page: mailed or copied by staff, and in bulk.

To somebody who opted out of everything such a mail is a message they refused: in bulk they get none,
and one member of staff may send one with a legal basis and an explanation given for that once.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from accounts.models import User
from mails.kinds import MailKind
from mails.models import OutgoingMail
from mails.services import queue_mail, queue_mails
from preferences.languages import reading_languages
from preferences.letters import (
    BULK_LINK,
    LABELS,
    PREFERENCE_LINK,
    is_reachable,
    link_letter,
    may_arrive,
)
from preferences.links import preference_link
from preferences.models import Address, BusinessUnit, LinkHandout
from preferences.rules import effective
from preferences.selectors import Said, states_for
from preferences.values import (
    EXPLANATION_LIMIT,
    Channel,
    LegalBasis,
    ScopeKind,
    State,
    Status,
    type_scope,
)


class CannotMail(StrEnum):
    """Why no link is mailed; worded where it is shown."""

    NO_EMAIL = "no_email"
    ERASED = "erased"
    UNDELIVERABLE = "undeliverable"
    OPTED_OUT_OF_ALL = "opted_out_of_all"
    SENT_SINCE = "sent_since"
    ASKED_BACK_SINCE = "asked_back_since"


class NotMailed(ValueError):
    """Says why a link was not mailed."""

    def __init__(self, reason: CannotMail) -> None:
        super().__init__(reason.value)
        self.reason = reason


class NoGrounds(ValueError):
    """Says which of legal basis and explanation are missing, for one who opted out of everything."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


def opted_out_of_all(address_ids: Collection[int]) -> set[int]:
    """Return the addresses at which an opt-out of all stands, of a unit or of the account."""
    return set(_left(states_for(address_ids)))


def _left(said: Said) -> dict[int, datetime]:
    """Return since when an opt-out of all stands, the last one where there are several.

    R9; an exception for one type (R11) does not make a mail about everything welcome.
    """
    left: dict[int, datetime] = {}
    for (address_id, scope), registers in said.items():
        is_out = effective(State(account=registers)).status is Status.UNSUBSCRIBED
        if scope.kind is ScopeKind.TYPE or not is_out:
            continue
        times = [one.said_at for one in registers if one and one.status is Status.UNSUBSCRIBED]
        left[address_id] = max(*times, left.get(address_id, times[0]))
    return left


def why_not(address: Address) -> CannotMail | None:
    """Return what keeps any mail from this address; an opt-out of all is asked for apart."""
    if address.channel_value is not Channel.EMAIL:
        return CannotMail.NO_EMAIL
    if not address.canonical:
        return CannotMail.ERASED
    return None if is_reachable(address) else CannotMail.UNDELIVERABLE


def mail_link(
    *,
    address: Address,
    unit: BusinessUnit,
    user: User,
    key: str,
    legal_basis: LegalBasis | None = None,
    explanation: str = "",
    resubscribes: int | None = None,
    now: datetime,
) -> OutgoingMail:
    """Mail somebody the link to their choices, and keep who did it and on which ground.

    ``key`` of the form makes a second sending of it the same mail. ``resubscribes``: the type that the
    mail shall win them back to. Raises NotMailed and NoGrounds.
    """
    reason = why_not(address)
    if reason is not None:
        raise NotMailed(reason)
    key = f"link:{user.pk}:{key}"
    with transaction.atomic():
        Address.objects.select_for_update(no_key=True).get(pk=address.pk)  # two of staff, one mail
        said = states_for([address.pk])
        left = _left(said)
        if left:
            _check_grounds(legal_basis, explanation)
            _check_first(address, left[address.pk], key, CannotMail.SENT_SINCE)
        elif left_at := _left_type_at(said, address, resubscribes):
            _check_first(address, left_at, key, CannotMail.ASKED_BACK_SINCE)
        language = reading_languages([address.pk], default=unit.default_language)[address.pk]
        letter = link_letter(PREFERENCE_LINK, address, unit, language, now)
        mail = queue_mail(letter=letter, key=key, now=now, user=user)
        LinkHandout.objects.get_or_create(
            mail_id=mail.pk,
            defaults={
                "address": address,
                "way": LinkHandout.Way.MAIL,
                "by": user,
                "at": now,
                "legal_basis": legal_basis.code if legal_basis else None,
                "explanation": explanation.strip(),
            },
        )
        return mail


def _check_grounds(legal_basis: LegalBasis | None, explanation: str) -> None:
    missing = []
    if legal_basis is None or legal_basis is LegalBasis.PROCESS_AND_STORE:
        missing.append("legal_basis")
    if not explanation.strip() or len(explanation) > EXPLANATION_LIMIT:
        missing.append("explanation")
    if missing:
        raise NoGrounds(tuple(missing))


def _left_type_at(said: Said, address: Address, type_id: int | None) -> datetime | None:
    """Return when the person opted out of this type, None where no word of theirs stands."""
    registers = said.get((address.pk, type_scope(type_id))) if type_id is not None else None
    own = registers.own if registers else None
    return own.said_at if own and own.status is Status.UNSUBSCRIBED else None


def _check_first(address: Address, left_at: datetime, key: str, reason: CannotMail) -> None:
    """R4, R14: who opted out of everything gets a single mail with a link, until they choose anew.

    So does who opted out of one type, of mails that shall win them back to it.
    """
    mails = LinkHandout.objects.filter(
        address=address, way=LinkHandout.Way.MAIL, at__gte=left_at
    ).values("mail_id")
    sent = OutgoingMail.objects.filter(pk__in=mails).exclude(key=key)
    if sent.exclude(state__in=_NEVER_LEFT).exists():
        raise NotMailed(reason)


_NEVER_LEFT = (OutgoingMail.State.FAILED, OutgoingMail.State.CANCELLED)


def copy_link(*, address: Address, unit: BusinessUnit, user: User, now: datetime) -> str:
    """Return the link for a member of staff to pass on, and keep that they took it."""
    LinkHandout.objects.create(address=address, way=LinkHandout.Way.COPY, by=user, at=now)
    return preference_link(address_id=address.pk, unit_id=unit.pk, now=now)


def reasons_for(addresses: Collection[Address]) -> dict[int, CannotMail | None]:
    """Return for each address why a link sent to many does not go there; None where it does."""
    left = opted_out_of_all([address.pk for address in addresses])
    reasons = {address.pk: why_not(address) for address in addresses}
    for address_id in left:
        reasons[address_id] = reasons[address_id] or CannotMail.OPTED_OUT_OF_ALL
    return reasons


def mail_links(
    *, addresses: Iterable[tuple[Address, BusinessUnit]], job_id: int, user: User, now: datetime
) -> int:
    """Mail many their links, one each, and return how many; who may not be mailed is left out."""
    found = {address.pk: (address, unit) for address, unit in addresses}
    reasons = reasons_for([address for address, _ in found.values()])
    found = {pk: place for pk, place in found.items() if reasons[pk] is None}
    languages = _languages(found.values())
    letters = [
        (f"job:{job_id}:{pk}", link_letter(BULK_LINK, address, unit, languages[pk], now))
        for pk, (address, unit) in found.items()
    ]
    queue_mails(letters=letters, now=now, user=user)
    return len(letters)


def _languages(found: Collection[tuple[Address, BusinessUnit]]) -> dict[int, str]:
    """Return the language of each address; where nobody knows it, that of its unit."""
    by_default: dict[str, list[int]] = {}
    for address, unit in found:
        by_default.setdefault(unit.default_language, []).append(address.pk)
    languages: dict[int, str] = {}
    for default, ids in by_default.items():
        languages |= reading_languages(ids, default=default)
    return languages


def _may_arrive_in_bulk(mail: OutgoingMail, now: datetime) -> bool:
    return may_arrive(mail, now) and not opted_out_of_all([mail.about or 0])


def kinds() -> list[MailKind]:
    return [
        MailKind(PREFERENCE_LINK, LABELS[PREFERENCE_LINK], may_arrive),
        MailKind(BULK_LINK, LABELS[BULK_LINK], _may_arrive_in_bulk),
    ]
