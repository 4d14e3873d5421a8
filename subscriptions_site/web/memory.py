"""How a serving process cleans its memory."""

import gc

ALLOCATIONS = 25_000  # a page makes some thousands of objects; nearly all go by counting references


def settle_memory() -> None:
    """Leave what was loaded at the start out of every collection, and collect seldom.

    With Python's own threshold a page is interrupted several times to look through objects that
    live as long as the process: a tenth of the time of our pages.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS, 20, 20)
