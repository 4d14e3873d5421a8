"""Texts that modules without a framework raise: here for the catalogues, which find them by marks.

``contacts.custom`` and ``contacts.parsing`` hand out the same English texts; whoever shows them
translates them. A test compares.
"""

from django.utils.translation import gettext_noop

VALUE_PROBLEMS = (
    gettext_noop("Enter a date such as 2026-11-22."),
    gettext_noop("Enter a number."),
    gettext_noop("Enter yes or no."),
    gettext_noop("This is not one of the choices."),
    gettext_noop("Use at most 2,000 characters."),
)
ROW_PROBLEMS = (
    gettext_noop("The row has fewer columns than the header."),
    gettext_noop("The row has more columns than the header."),
    gettext_noop("A quotation mark that opens in this row is not closed."),
    gettext_noop("Text follows a closing quotation mark in this row."),
    gettext_noop("The row contains a NUL character."),
    gettext_noop("The row contains bytes that are not text in the encoding of the file."),
    gettext_noop("A value in this row is longer than 100,000 characters."),
    gettext_noop("The row is longer than a million characters."),
)
