"""Time "send me my link" for known and unknown addresses, in pairs: the answer must not tell them apart."""

import random
import time
from statistics import mean, median
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.test import Client

from preferences.models import Address
from preferences.values import Channel

PATH = "/p/request/"


class Command(BaseCommand):
    help = (
        "Ask for the links of known and of unknown addresses in turn, and compare; nothing is kept."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--pairs", type=int, default=200)

    def handle(self, *args: Any, **options: Any) -> None:
        count = options["pairs"]
        emails = Address.objects.filter(channel=Channel.EMAIL.code).exclude(canonical="")
        known = list(emails.order_by("id").values_list("canonical", flat=True)[:count])
        if len(known) < count:
            raise CommandError(f"there are only {len(known)} addresses")
        with transaction.atomic():
            times = self._times(known)
            transaction.set_rollback(True)
        for name, seconds in times.items():
            ordered = sorted(seconds)
            self.stdout.write(
                f"{name:8} {count} requests: mean {mean(seconds) * 1000:.3f} ms, median "
                f"{median(seconds) * 1000:.3f} ms, p95 {ordered[int(count * 0.95) - 1] * 1000:.3f} ms"
            )
        pairs = zip(times["known"], times["unknown"], strict=True)
        slower = sum(one > other for one, other in pairs)
        self.stdout.write(f"known was the slower of its pair in {slower} of {count}")

    def _times(self, known: list[str]) -> dict[str, list[float]]:
        times: dict[str, list[float]] = {"known": [], "unknown": []}
        client = Client()
        self._ask(client, "warm-up@nobody.example", 0)
        for number, email in enumerate(known, 1):
            pair = [("known", email), ("unknown", f"nobody{number:03}@nowhere.example")]
            random.shuffle(pair)
            for name, asked in pair:
                times[name].append(self._ask(client, asked, number))
        return times

    def _ask(self, client: Client, email: str, number: int) -> float:
        """Ask once, from a network of its own, and return how long the answer took."""
        network = f"10.{number // 250}.{number % 250}.1"
        start = time.perf_counter()
        response = client.post(PATH, {"email": email}, REMOTE_ADDR=network, HTTP_HOST="localhost")
        taken = time.perf_counter() - start
        if response.status_code != 200:
            raise CommandError(f"status {response.status_code}")
        return taken
