"""A small load generator: connections that are kept, each asking again as soon as it was answered."""

import socket
import time
from collections.abc import Iterator
from threading import Lock, Thread
from typing import NamedTuple, Self

HOST = "127.0.0.1"


class Load(NamedTuple):
    """What came of some seconds of asking; times in milliseconds."""

    answered: int
    failed: int
    seconds: float
    times: list[float]

    @property
    def rate(self) -> float:
        return self.answered / self.seconds

    def percentile(self, share: float) -> float:
        return self.times[min(int(len(self.times) * share), len(self.times) - 1)]


class InTurn[T]:
    """An iterator that several threads may ask for the next one."""

    def __init__(self, values: Iterator[T]) -> None:
        self._values, self._lock = values, Lock()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        with self._lock:
            return next(self._values)


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
    """Ask for this long; every request that was sent is also waited for, so counts are exact."""
    times: list[float] = []
    failed: list[bytes] = []
    in_turn = InTurn(requests)
    start = time.perf_counter()
    workers = [
        Thread(target=_ask_on, args=(port, in_turn, start + seconds, times, failed))
        for _ in range(connections)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    took = time.perf_counter() - start
    return Load(len(times), len(failed), took, sorted(times) or [0.0])


def _ask_on(
    port: int, requests: Iterator[bytes], end: float, times: list[float], failed: list[bytes]
) -> None:
    connection = None
    while time.perf_counter() < end:
        if connection is None:
            connection = socket.create_connection((HOST, port), timeout=60)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start = time.perf_counter()
        connection.sendall(next(requests))
        answer = _answer(connection)
        if answer.startswith(b"HTTP/1.1 200"):
            times.append((time.perf_counter() - start) * 1000)
        else:
            failed.append(answer[:80])
        if not answer or b"connection: close" in answer.lower():
            connection.close()
            connection = None
    if connection is not None:
        connection.close()


def _answer(connection: socket.socket) -> bytes:
    """Read one whole answer, by its length or to its last chunk; what is empty was hung up."""
    answer = b""
    while not _is_whole(answer):
        more = connection.recv(65_536)
        if not more:
            return b""
        answer += more
    return answer


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return body.endswith(b"0\r\n\r\n")
