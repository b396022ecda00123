"""A proxy before a real S3 server that answers wrongly, slowly, half or not at all, as it is told."""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

Fault = Literal["500", "503", "cut", "slow", "silent", "expired", "flipped"]
PIECE_BYTES = 2**14
EXPIRED = (
    b"<?xml version='1.0'?><Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"
)
HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length", "date", "server"}


class Told(NamedTuple):
    """What goes wrong, in how many of the requests of a method from now on, if an answer is at least so long."""

    fault: Fault
    method: str
    times: float
    at_least_bytes: int


class FaultyProxy:
    """Forwards to `upstream` (http://host:port); every request is noted as `METHOD path`."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.requests: list[str] = []
        self.n_faults = 0
        self._told: Told | None = None
        self._lock = threading.Lock()
        self.stopped = threading.Event()

    def break_next(self, fault: Fault, *, method: str = "GET", times: float = 1, at_least_bytes: int = 0) -> None:
        """Let the next requests of a method go wrong."""
        with self._lock:
            self._told = Told(fault, method, times, at_least_bytes)

    def mend(self) -> None:
        """Let everything go right again."""
        with self._lock:
            self._told = None

    def fault_of(self, method: str, n_bytes: int) -> Fault | None:
        """What shall go wrong now with an answer of so many bytes."""
        with self._lock:
            told = self._told
            if told is None or told.method != method or n_bytes < told.at_least_bytes or told.times <= 0:
                return None
            self._told = told._replace(times=told.times - 1)
            self.n_faults += 1
            return told.fault


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultyProxy

    def _forward(self) -> None:
        self.proxy.requests.append(f"{self.command} {self.path}")
        body = self._body()
        connection = http.client.HTTPConnection(self.proxy.upstream, timeout=60)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():  # the host that was signed stays
            if name.lower() not in ("connection", "expect"):
                connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        self._answer(answer, data, self.proxy.fault_of(self.command, len(data)))

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _forward  # noqa: N815 - so says http.server

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            pieces = []
            while n_bytes := int(self.rfile.readline().split(b";")[0], 16):
                pieces.append(self.rfile.read(n_bytes))
                self.rfile.readline()
            self.rfile.readline()
            del self.headers["Transfer-Encoding"]
            self.headers["Content-Length"] = str(sum(map(len, pieces)))
            return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, answer: http.client.HTTPResponse, data: bytes, fault: Fault | None) -> None:
        if fault == "silent":
            self.proxy.stopped.wait()
            self.close_connection = True
            return
        status = answer.status
        if fault in ("500", "503"):
            status, data = int(fault), b""
        elif fault == "expired":
            status, data = 400, EXPIRED
        elif fault == "flipped":
            middle = len(data) // 2
            data = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        self.send_response(status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        length = answer.getheader("Content-Length", "0") if self.command == "HEAD" else str(len(data))
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self._send(data, fault)

    def _send(self, data: bytes, fault: Fault | None) -> None:
        if fault == "cut":
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            self.close_connection = True
            return
        for first in range(0, len(data), PIECE_BYTES):
            self.wfile.write(data[first : first + PIECE_BYTES])
            if fault == "slow":
                self.wfile.flush()
                time.sleep(0.1)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def faulty_proxy(upstream: str) -> Iterator[tuple[FaultyProxy, str]]:
    """A running proxy and its address."""
    proxy = FaultyProxy(upstream)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield proxy, f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            proxy.stopped.set()
            server.shutdown()
            serving.join()
