"""A small load generator: connections that are kept, each asking again as soon as it was answered.

One thread that looks where something arrived: it shares the machine with what it measures, and
threads of its own would take turns with each other at the cost of both.
"""

import re
import selectors
import socket
import time
from collections.abc import Iterator
from selectors import BaseSelector as Selector
from typing import NamedTuple

HOST = "127.0.0.1"
HANGS_AFTER = 60  # seconds without any answer
# Seconds between two connections: taken all at once, one process of a server may well get them all.
APART = 0.05


class Load(NamedTuple):
    """What came of asking; ``times``, in milliseconds, are those of the ``seconds`` with every connection."""

    answered: int
    failed: int
    seconds: float
    times: list[float]

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds

    def percentile(self, share: float) -> float:
        return self.times[min(int(len(self.times) * share), len(self.times) - 1)]


def request_bytes(method: str, path: str, body: bytes = b"", *, sender: str = "") -> bytes:
    """Write a request; ``sender``: whom a proxy would name as the visitor."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}"]
    if sender:
        lines.append(f"X-Forwarded-For: {sender}")
    if body:
        kind = "application/x-www-form-urlencoded"
        lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def ask(port: int, requests: Iterator[bytes], *, connections: int, seconds: float) -> Load:
    """Ask for this long; every request that was sent is also waited for, so counts are exact.

    Raises TimeoutError when nothing is answered for a minute.
    """
    with selectors.DefaultSelector() as selector:
        return _Asking(selector, port, requests).run(connections, seconds)


class _Asking:
    """Opens connections one after the other, and asks over all of them until the time is over."""

    def __init__(self, selector: Selector, port: int, requests: Iterator[bytes]) -> None:
        self.selector, self.port, self.requests = selector, port, requests
        self.answered = self.failed = 0
        self.times: list[float] = []

    def run(self, connections: int, seconds: float) -> Load:
        for _ in range(connections):
            self._open()
            self._serve_until(time.perf_counter() + APART, is_counted=False)
        start = time.perf_counter()
        self._serve_until(start + seconds, is_counted=True)
        took = time.perf_counter() - start
        self._serve_until(None, is_counted=False)
        return Load(self.answered, self.failed, took, sorted(self.times) or [0.0])

    def _open(self) -> None:
        line = _Line(self.port)
        self.selector.register(line.socket, selectors.EVENT_READ, line)
        line.ask(next(self.requests))

    def _serve_until(self, end: float | None, *, is_counted: bool) -> None:
        """Ask whoever has answered for the next thing; without an end, only wait for what was asked."""
        while self.selector.get_map() and (end is None or time.perf_counter() < end):
            ready = self.selector.select(HANGS_AFTER)
            if not ready:
                raise TimeoutError("The server does not answer.")
            for key, _ in ready:
                if key.data.hears():
                    self._take(key.data, is_counted=is_counted, is_last=end is None)

    def _take(self, line: "_Line", *, is_counted: bool, is_last: bool) -> None:
        if not line.is_good:
            self.failed += 1
        else:
            self.answered += 1
            if is_counted:
                self.times.append((time.perf_counter() - line.asked_at) * 1000)
        if is_last or line.is_over:
            self.selector.unregister(line.socket)
            line.socket.close()
        if is_last:
            return
        if line.is_over:
            self._open()
        else:
            line.ask(next(self.requests))


class _Line:
    """One connection, with what came over it since the last request."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((HOST, port), timeout=HANGS_AFTER)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answer, self.asked_at, self.is_hung_up = b"", 0.0, False

    def ask(self, request: bytes) -> None:
        self.answer, self.asked_at = b"", time.perf_counter()
        self.socket.sendall(request)

    def hears(self) -> bool:
        """Read what is there; tell whether the answer is whole, or will never be."""
        more = self.socket.recv(65_536)
        self.answer += more
        self.is_hung_up = not more
        return self.is_hung_up or _is_whole(self.answer)

    @property
    def is_good(self) -> bool:
        return not self.is_hung_up and self.answer.startswith(b"HTTP/1.1 200")

    @property
    def is_over(self) -> bool:
        """Tell whether the server closes the connection."""
        return self.is_hung_up or _CLOSES.search(self.answer) is not None


_END, _LAST_CHUNK = b"\r\n\r\n", b"0\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


def _is_whole(answer: bytes) -> bool:
    """Tell by its length, or by its last chunk."""
    end = answer.find(_END)
    if end < 0:
        return False
    length = _LENGTH.search(answer, 0, end)
    if length is not None:
        return len(answer) >= end + len(_END) + int(length[1])
    return answer.endswith(_LAST_CHUNK)
