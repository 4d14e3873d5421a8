"""A made-up company with made-up people, to try the product and to measure it.

Nobody in here exists. Addresses end in ``.example`` (RFC 2606); phone numbers are possible but
cannot be given to anyone. Everything follows from a contact's number, so every run makes the same.
"""
