"""Print the personal links of an address, and the header lines of a mail to it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from preferences import links
from preferences.address_book import locate
from preferences.addresses import InvalidAddress, canonical
from preferences.models import Address, SubscriptionType
from preferences.values import Channel


class Command(BaseCommand):
    help = "Print the personal links of an address, and the header lines of a mail to it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", help="an email address, or a phone number with its country")
        parser.add_argument("--type", help="number or name of one subscription type")
        parser.add_argument(
            "--channel", choices=[str(channel) for channel in Channel], default="EMAIL"
        )
        parser.add_argument(
            "--revoke", action="store_true", help="kill the preference links issued until now"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        address = self._address(Channel(options["channel"]), options["address"])
        if options["revoke"]:
            links.revoke_preference_links(address_id=address.pk, now=now)
            self.stdout.write("Preference links issued until now no longer work.")
            return
        for subscription_type in self._types(address, options["type"]):
            made = links.links_for(
                address_id=address.pk, subscription_type=subscription_type, now=now
            )
            self.stdout.write(
                f"{subscription_type.business_unit}: {subscription_type} (type {subscription_type.pk})"
            )
            self.stdout.write(f"  preferences      {made.preferences}")
            self.stdout.write(
                f"  unsubscribe      {made.unsubscribe or 'none: always sent or internal'}"
            )
            self.stdout.write(f"  unsubscribe all  {made.unsubscribe_all}")
            if made.headers is not None and address.channel_value is Channel.EMAIL:
                self.stdout.write(made.headers.lines().replace("\r\n", "\n"))

    def _address(self, channel: Channel, text: str) -> Address:
        try:
            form = (channel, canonical(channel, text, None))
        except InvalidAddress as error:
            raise CommandError(str(error)) from error
        address = Address.objects.filter(pk=locate([form])[form].id).first()
        if address is None:
            raise CommandError("Nobody has this address here.")
        return address

    def _types(self, address: Address, wanted: str | None) -> list[SubscriptionType]:
        found = SubscriptionType.objects.select_related("business_unit").order_by(
            "business_unit__position", "position", "id"
        )
        if wanted is None:
            active = found.filter(archived_at=None, business_unit__archived_at=None)
            return [kind for kind in active if address.channel_value in kind.channels]
        chosen = found.filter(pk=int(wanted)) if wanted.isdecimal() else found.filter(name=wanted)
        if not chosen:
            raise CommandError(f"There is no subscription type {wanted}.")
        return list(chosen)
