"""The connection that Django opens for ``ENGINE`` ``subscriptions_site.postgresql``."""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """Tell whether the server still listens, without asking it at the start of every request.

        A server that stops or hangs up leaves something to read on an idle connection; only when
        there is something, it is asked.
        """
        return self._is_silent() or super().is_usable()

    def _is_silent(self) -> bool:
        if self.connection is None or self.connection.closed:
            return False
        waiting = select.poll()
        waiting.register(self.connection.fileno(), select.POLLIN)
        return not waiting.poll(0)
