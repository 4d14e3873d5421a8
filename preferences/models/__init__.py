"""Tables of the kernel; one module per noun."""

from preferences.models.address import Address
from preferences.models.catalogue import (
    BusinessUnit,
    BusinessUnitLogo,
    DoubleOptIn,
    SubscriptionType,
    SubscriptionTypeTranslation,
    frequencies_in,
)
from preferences.models.event import EVENT_SEQUENCE, ConsentEvent, Evidence, Seal
from preferences.models.personal import (
    FrequencyWish,
    LedgerReader,
    LinkHandout,
    LinkRequest,
    LinkRevocation,
    OptOutReason,
    Pause,
)
from preferences.models.policy import PolicyVersion
from preferences.models.status import OptOut, PendingConfirmation, Preference, RepeatedWord
from preferences.models.suspicion import BurstLabel, RecentOptOut
from preferences.models.wording import Wording

__all__ = [
    "EVENT_SEQUENCE",
    "Address",
    "BurstLabel",
    "BusinessUnit",
    "BusinessUnitLogo",
    "ConsentEvent",
    "DoubleOptIn",
    "Evidence",
    "FrequencyWish",
    "LedgerReader",
    "LinkHandout",
    "LinkRequest",
    "LinkRevocation",
    "OptOut",
    "OptOutReason",
    "Pause",
    "PendingConfirmation",
    "PolicyVersion",
    "Preference",
    "RecentOptOut",
    "RepeatedWord",
    "Seal",
    "SubscriptionType",
    "SubscriptionTypeTranslation",
    "Wording",
    "frequencies_in",
]
