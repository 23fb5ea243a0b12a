"""The control API over HTTP, the delivery threads, and the double as a process of its own."""

from __future__ import annotations

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import stripe

from infra.stripe_double import DAY, Clock, Config, Server, StripeDouble

ROOT = Path(__file__).parents[2]


def control(server: Any, method: str, path: str, body: Any = None) -> Any:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{server.url}/_double/{path}", data, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def test_the_controls_do_what_the_methods_do(server: Any, company: Any) -> None:
    account_object = control(
        server, "POST", "accounts", {"business_name": "Deep End", "currently_due": ["external_account"]}
    )
    account, opts = account_object["id"], {"stripe_account": account_object["id"]}
    company.account, company.opts = account, opts
    first, second = company.open(), company.open()

    control(server, "POST", f"invoices/{account}/{first.id}/pay", {"method": "pm_card_visa"})
    debit = control(server, "POST", f"invoices/{account}/{second.id}/pay", {"method": "000123456789"})
    control(server, "POST", f"debits/{account}/{debit['payment_intent']}/settle", {"fail": "insufficient_funds"})
    refund = company.v1.refunds.create({"payment_intent": company.intent(first).id}, opts)
    control(server, "POST", f"refunds/{account}/{refund.id}/settle", {"outcome": "failed"})
    dispute = control(server, "POST", f"charges/{account}/{refund.charge}/dispute", {"reason": "duplicate"})
    control(server, "POST", f"disputes/{account}/{dispute['id']}", {"status": "won"})
    control(server, "POST", f"accounts/{account}", {"charges_enabled": False})
    code = control(server, "POST", f"accounts/{account}/code", {})["code"]
    ledger = control(server, "GET", f"ledger/{account}")

    assert code.startswith("ac_")
    assert ledger["account"]["charges_enabled"] is False
    assert [i["status"] for i in ledger["objects"]["invoice"]] == ["paid", "open"]
    assert ledger["objects"]["invoice"][0]["payments"]["data"][0]["status"] == "paid"
    assert (ledger["objects"]["refund"][0]["status"], ledger["objects"]["dispute"][0]["status"]) == ("failed", "won")
    assert len(control(server, "GET", f"events/{account}")) == ledger["events"]
    control(server, "POST", f"accounts/{account}/revoke", {})
    assert next(a for a in control(server, "GET", "accounts") if a["id"] == account)["connected"] is False


def test_controls_move_time_and_show_mails_faults_rates_and_requests(server: Any, company: Any) -> None:
    before = control(server, "GET", "clock")["now"]
    assert control(server, "POST", "clock/advance", {"seconds": DAY})["now"] == before + DAY
    company.v1.invoices.send_invoice(company.draft(500).id, None, company.opts)
    assert control(server, "GET", f"mails/{company.account}")[0]["to"] == "ann@example.com"
    control(server, "DELETE", "requests")
    control(server, "POST", "faults", {"kind": "error_before", "path": "/v1/customers"})
    with pytest.raises(stripe.APIError):
        company.customer()
    control(server, "DELETE", "faults", {})
    control(server, "POST", "rates", {"endpoint_rate": 1})
    company.customer()
    with pytest.raises(stripe.RateLimitError):
        company.customer()
    assert control(server, "GET", "requests")["counts"] == {"POST /v1/customers": 3}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "nothing", None, 404),
        ("GET", "ledger/acct_1Nobody", None, 404),
        ("POST", "accounts", {"colour": "blue"}, 400),
        ("POST", "faults", {"kind": "meteor"}, 400),
        ("POST", "delivery", {"mood": 1}, 400),
        ("POST", "clock/advance", {"seconds": -1}, 400),
        ("POST", "accounts", [1], 400),
    ],
)
def test_wrong_controls_are_refused(server: Any, method: str, path: str, body: Any, status: int) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        control(server, method, path, body)

    assert error.value.code == status


def test_every_response_has_the_doubles_date_and_a_request_id(company: Any) -> None:
    company.double.advance(7 * DAY)

    headers = company.customer().last_response.headers

    assert 0 <= parsedate_to_datetime(headers["Date"]).timestamp() - company.double.clock.seconds() <= 8
    assert headers["Request-Id"].startswith("req_")


def test_delivery_threads_send_what_happens_and_what_falls_due() -> None:
    received: list[str] = []
    settled = threading.Event()

    class Endpoint(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            event = stripe.Webhook.construct_event(body, self.headers["Stripe-Signature"], secret, tolerance=10**10)
            received.append(event.type)
            self.send_response(200)
            self.end_headers()
            if event.type == "invoice.paid":
                settled.set()

        def log_message(self, *args: Any) -> None:
            pass

    endpoint = http.server.HTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=endpoint.serve_forever, daemon=True).start()
    double = StripeDouble(Config(), clock=Clock.frozen())
    secret = double.add_webhook_endpoint(f"http://127.0.0.1:{endpoint.server_port}/hook")["secret"]
    account = double.create_account()["id"]
    opts: Any = {"stripe_account": account}
    with Server(double) as server:
        v1: Any = stripe.StripeClient(double.config.platform_key_test, base_addresses={"api": server.url}).v1
        customer = v1.customers.create({"email": "ann@example.com"}, opts)
        invoice = v1.invoices.create(
            {"customer": customer.id, "collection_method": "send_invoice", "days_until_due": 3, "currency": "usd"},
            opts,
        )
        v1.invoices.add_lines(invoice.id, {"lines": [{"amount": 900}]}, opts)
        v1.invoices.pay(invoice.id, {"payment_method": "pm_usBankAccount"}, opts)
        double.advance(5 * DAY)
        assert settled.wait(10)
    endpoint.shutdown()
    endpoint.server_close()

    assert {"customer.created", "payment_intent.processing", "charge.pending", "charge.succeeded"} <= set(received)


def test_the_process_starts_quickly_responds_and_stops_on_sigterm(tmp_path: Path) -> None:
    settings = tmp_path / "double.json"
    settings.write_text(json.dumps({"accounts": [{"account_id": "acct_1Demo", "business_name": "Demo Pools"}]}))
    command = [sys.executable, "-m", "infra.stripe_double", "--port", "0", "--config", str(settings)]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ})
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        took = time.perf_counter() - started
        url = line.split(" at ")[1].split(" ")[0]
        v1: Any = stripe.StripeClient("sk_test_double_platform", base_addresses={"api": url}).v1
        assert v1.accounts.retrieve("acct_1Demo").settings.dashboard.display_name == "Demo Pools"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
    assert "ready" in line
    assert took < 5, f"started in {took:.1f} s"  # 0.5 s alone; colleagues share the two cores


def test_unknown_settings_are_refused(tmp_path: Path) -> None:
    settings = tmp_path / "double.json"
    settings.write_text('{"platform_keey": "x"}')

    with pytest.raises(ValueError, match="platform_keey"):
        Config.from_file(settings)
