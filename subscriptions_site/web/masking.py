"""Keep secrets that stand in URLs out of the logs."""

import logging
import re


class MaskFilter(logging.Filter):
    """Replace what a pattern finds in the text of a record; its first group stays."""

    def __init__(self, pattern: str) -> None:
        super().__init__()
        self.pattern = re.compile(pattern)

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        masked = self.pattern.sub(r"\1…", text)
        if masked != text:
            record.msg, record.args = masked, ()
        return True
