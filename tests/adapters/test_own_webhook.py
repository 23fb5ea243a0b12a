"""Our own webhook endpoint as it is met over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from stripe import WebhookSignature

from chalicelib.adapters.own_webhook import HttpOwnWebhook
from chalicelib.config import ConfigurationError
from chalicelib.domain.errors import Retryable
from infra.local.processes import free_port

AT = 1_800_000_000


@dataclass
class Endpoint:
    """Answers `status`, and remembers what it got."""

    port: int
    status: int = 200
    got: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.got.append((self.path, dict(self.headers), body))
            self.send_response(made.status)
            self.send_header("Location", f"http://127.0.0.1:{made.port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Endpoint(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def door(port: int, *secrets: str) -> HttpOwnWebhook:
    return HttpOwnWebhook(f"http://127.0.0.1:{port}/api/v1/stripe/webhooks", lambda: secrets)


def test_what_is_sent_is_signed_as_stripe_signs() -> None:
    with endpoint() as there:
        assert door(there.port).post(b'{"id": "1"}', "whsec_1", AT) == 200
    [(path, headers, body)] = there.got
    assert (path, body) == ("/api/v1/stripe/webhooks", b'{"id": "1"}')
    assert WebhookSignature.verify_header(body.decode(), headers["Stripe-Signature"], "whsec_1", tolerance=None)
    assert headers["Stripe-Signature"].startswith(f"t={AT},v1=")
    assert "whsec_1" not in str(headers)


@pytest.mark.parametrize("status", [302, 307, 400, 503])
def test_the_status_is_told_as_it_is_and_a_redirect_is_not_followed(status: int) -> None:
    with endpoint() as there:
        there.status = status
        assert door(there.port).post(b"{}", "whsec_1", AT) == status
    assert len(there.got) == 1


def test_nobody_there_is_no_answer() -> None:
    with pytest.raises(Retryable):
        door(free_port()).post(b"{}", "whsec_1", AT)


def test_whatever_speaks_no_tls_gets_nothing_that_is_signed() -> None:
    with endpoint() as there, pytest.raises(Retryable):
        HttpOwnWebhook(f"https://127.0.0.1:{there.port}/v1", lambda: ()).post(b"{}", "whsec_1", AT)
    assert there.got == []


@pytest.mark.parametrize(
    "url", ["http://api.example.com/v1", "http://127.0.0.1.example.com/v1", "ftp://127.0.0.1/v1", "https://", ""]
)
def test_an_endpoint_that_is_not_https_is_not_asked_at_all(url: str) -> None:
    with pytest.raises(ConfigurationError, match="https"):
        HttpOwnWebhook(url, lambda: ())


def test_secrets_are_those_that_are_not_empty_and_unusable_ones_are_told_as_such() -> None:
    def broken() -> tuple[str, ...]:
        raise ConfigurationError("There is no secret.")

    assert door(1, "", "whsec_2", "whsec_1").secrets() == ["whsec_2", "whsec_1"]
    with pytest.raises(Retryable, match="secrets_unusable"):
        HttpOwnWebhook("https://api.example.com/v1", broken).secrets()
