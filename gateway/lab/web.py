"""The internet's "what is my address" server: answers each request with the caller's address."""

import signal
import socketserver
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Final

from gateway.lab.hosts import INTERNET, Hosts
from gateway.net import namespace
from gateway.site.processes import answers

ROLE: Final = "web"
PORT = 80
_ENDS = (signal.SIGTERM, signal.SIGINT)


class _WhatIsMyAddress(BaseHTTPRequestHandler):
    server_version = "what-is-my-address"
    timeout = 10

    def do_GET(self) -> None:
        body = f"{self.client_address[0]}\n".encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    beat: Callable[[], object]

    def service_actions(self) -> None:
        """Show that the loop goes round: it calls this with each turn, twice a second."""
        self.beat()


def serve(lab: str, beat: Callable[[], object]) -> None:
    """Serve in the internet's namespace, until SIGTERM or SIGINT; for the main thread only.

    `beat` is called as long as the server goes on.
    """
    namespace.enter(Hosts(lab).namespace(INTERNET))
    with _Server(("", PORT), _WhatIsMyAddress) as server:
        server.beat = beat
        # Waited for, not handled: what a handler raised in the middle of an accept would close the
        # caller's connection under the thread that answers it.
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        signal.sigwait(_ENDS)
        server.shutdown()


def is_ready(lab: str) -> bool:
    """Whether the server in the internet's namespace answers."""
    try:
        with namespace.inside(Hosts(lab).namespace(INTERNET)):
            return answers(("127.0.0.1", PORT))
    except OSError:
        return False
