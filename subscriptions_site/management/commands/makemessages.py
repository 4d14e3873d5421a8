"""Collect the texts of the product: `sh dev makemessages`, for every language it speaks."""

from django.core.management.base import CommandParser
from django.core.management.commands import makemessages

IGNORED = [".venv", ".uv", "var", "staticfiles", "static", "tests"]


class Command(makemessages.Command):
    # Guesses at a translation look finished and are mostly wrong.
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(
            locale=["de", "pl"], ignore_patterns=IGNORED, no_location=True, no_obsolete=True
        )
