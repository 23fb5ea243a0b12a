"""Requests to POM's own webhook endpoint over HTTP."""

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
    """A server that responds with `status` and records the requests."""

    port: int
    status: int = 200
    got: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            local_endpoint.got.append((self.path, dict(self.headers), body))
            self.send_response(local_endpoint.status)
            self.send_header("Location", f"http://127.0.0.1:{local_endpoint.port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    local_endpoint = Endpoint(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield local_endpoint
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def webhook_at(port: int, *secrets: str) -> HttpOwnWebhook:
    return HttpOwnWebhook(f"http://127.0.0.1:{port}/api/v1/stripe/webhooks", lambda: secrets)


def test_a_request_is_signed_as_stripe_signs() -> None:
    with endpoint() as there:
        assert webhook_at(there.port).post(b'{"id": "1"}', "whsec_1", AT) == 200
    [(path, headers, body)] = there.got
    assert (path, body) == ("/api/v1/stripe/webhooks", b'{"id": "1"}')
    assert WebhookSignature.verify_header(body.decode(), headers["Stripe-Signature"], "whsec_1", tolerance=None)
    assert headers["Stripe-Signature"].startswith(f"t={AT},v1=")
    assert "whsec_1" not in str(headers)


@pytest.mark.parametrize("status", [302, 307, 400, 503])
def test_the_status_is_returned_unchanged_and_a_redirect_is_not_followed(status: int) -> None:
    with endpoint() as there:
        there.status = status
        assert webhook_at(there.port).post(b"{}", "whsec_1", AT) == status
    assert len(there.got) == 1


def test_an_unreachable_endpoint_is_no_response() -> None:
    with pytest.raises(Retryable):
        webhook_at(free_port()).post(b"{}", "whsec_1", AT)


def test_a_server_without_tls_receives_nothing_signed() -> None:
    with endpoint() as there, pytest.raises(Retryable):
        HttpOwnWebhook(f"https://127.0.0.1:{there.port}/v1", lambda: ()).post(b"{}", "whsec_1", AT)
    assert there.got == []


@pytest.mark.parametrize(
    "url", ["http://api.example.com/v1", "http://127.0.0.1.example.com/v1", "ftp://127.0.0.1/v1", "https://", ""]
)
def test_an_endpoint_that_is_not_https_gets_no_request(url: str) -> None:
    with pytest.raises(ConfigurationError, match="https"):
        HttpOwnWebhook(url, lambda: ())


def test_only_usable_secrets_are_returned_and_unusable_ones_are_reported() -> None:
    def broken() -> tuple[str, ...]:
        raise ConfigurationError("There is no secret.")

    assert webhook_at(1, "", "whsec_2", "whsec_1").secrets() == ["whsec_2", "whsec_1"]
    with pytest.raises(Retryable, match="secrets_unusable"):
        HttpOwnWebhook("https://api.example.com/v1", broken).secrets()
