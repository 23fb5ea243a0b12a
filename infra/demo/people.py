"""The people of the story: the office at POM, the payer, and the pool company in Stripe. All act over HTTP."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from infra.demo.http import Response, request

T = TypeVar("T")

PATIENCE = 20.0
"""The most seconds to wait for a change that comes by webhook or worker."""


ROUTING_NUMBER = "110000000"
"""The routing number of Stripe's published test bank (https://docs.stripe.com/testing#ach-direct-debit)."""


class Office:
    """A person at the pool company who works in POM's web front end."""

    def __init__(self, api_url: str, token: str) -> None:
        self._api = api_url
        self._headers = {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Response:
        """Sends one request to the API and returns the response."""
        return request(
            method, f"{self._api}/v1{path}", json_body=body, headers={**self._headers, **_header_names(headers)}
        )

    def get(self, path: str) -> Any:
        """Returns the body of a page. Raises RuntimeError, which ends the story, for any status but 200."""
        response = self.call("GET", path)
        if response.status != 200:
            raise RuntimeError(f"GET {path} responded with {response.status}: {response.text}")
        return response.json

    def create_invoice(self, body: object, key: str) -> Response:
        """Creates an invoice with an idempotency key."""
        return self.call("POST", "/invoices", body, idempotency_key=key)

    def sees(self, path: str, read: Callable[[Any], T], expected: T) -> T:
        """Returns the value at `path` once it is `expected`, or the present value after the longest wait."""
        deadline = time.monotonic() + PATIENCE
        while (value := read(self.get(path))) != expected and time.monotonic() < deadline:
            time.sleep(0.05)
        return value


def _header_names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-").title(): value for name, value in headers.items()}


class Payer:
    """The pool owner, who received a link by e-mail."""

    def __init__(self, link: str) -> None:
        self.link = link

    def reads(self) -> str:
        """Returns the text of the page."""
        return _text(request("GET", self.link).text)

    def pays_by_card(self, number: str) -> str:
        """Enters a card and presses Pay. Returns the text of the next page."""
        form = {"method": "card", "number": number, "exp": "12/34", "cvc": "123"}
        answer = request("POST", self.link, form=form)
        return self.reads() if answer.status == 303 else _text(answer.text)

    def pays_by_bank_debit(self, account: str) -> str:
        """Enters a US bank account and presses Pay. Returns the text of the next page."""
        form = {"method": "us_bank_account", "routing": ROUTING_NUMBER, "account": account}
        answer = request("POST", self.link, form=form)
        return self.reads() if answer.status == 303 else _text(answer.text)


def _text(page: str) -> str:
    visible = re.sub(r"<(style|title)>.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", visible)).split())


class Owner:
    """The pool company in its own Stripe account and dashboard."""

    def __init__(self, stripe_url: str, account_id: str) -> None:
        self._stripe = stripe_url
        self.account_id = account_id
        self._headers = {"Authorization": f"Bearer sk_test_{account_id}"}

    def decides(self, authorize_url: str, decision: str) -> Response:
        """Logs in, chooses the account and presses a button. Returns the response, which redirects the browser."""
        return request("POST", authorize_url, form={"account": self.account_id, "decision": decision})

    def does(self, method: str, path: str, **form: str) -> Any:
        """Sends one request to Stripe's API and returns the body of the response."""
        answer = request(method, f"{self._stripe}/v1{path}", form=form or None, headers=self._headers)
        if answer.status != 200:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {answer.text}")
        return answer.json

    def refunds(self, amount: int) -> Any:
        """Refunds the payment of this amount, in minor units."""
        charges = self.does("GET", "/charges?limit=100")["data"]
        charge_to_refund = next(
            charge for charge in charges if charge["amount"] == amount and charge["status"] == "succeeded"
        )
        return self.does("POST", "/refunds", charge=charge_to_refund["id"])


class Surroundings:
    """The controls of the Stripe double: sent mails, the network between Stripe and POM, the clock, and payouts."""

    def __init__(self, stripe_url: str) -> None:
        self._double = f"{stripe_url}/_double"

    def latest_mail(self, account_id: str, to: str) -> Any:
        """Returns the latest e-mail that Stripe would have sent to an address."""
        return [mail for mail in self.mails(account_id) if mail["to"] == to][-1]

    def mails(self, account_id: str) -> list[Any]:
        """Returns every e-mail that Stripe would have sent for an account, the oldest first."""
        return list(request("GET", f"{self._double}/mails/{account_id}").json)

    def lose_webhooks(self, *types: str) -> None:
        """Loses all webhooks of these types from now on. Without types no webhooks are lost any more."""
        request("POST", f"{self._double}/delivery", json_body={"lose": list(types)})

    def roll_webhook_secret(self, endpoint_id: str) -> str:
        """Rolls an endpoint's signing secret, so that the old one ends at once. Returns the new secret."""
        response = request("POST", f"{self._double}/endpoints/{endpoint_id}/roll", json_body={"keep_old": False})
        return str(response.json["secret"])

    def advances(self, seconds: float) -> None:
        """Moves Stripe's clock ahead."""
        request("POST", f"{self._double}/clock/advance", json_body={"seconds": seconds})

    def wait_until_delivered(self) -> None:
        """Returns once each webhook was tried once.

        Raises:
            TimeoutError: the wait took too long.
        """
        deadline = time.monotonic() + PATIENCE
        while (deliveries := self._deliveries())["in_flight"] or any(
            each["attempt"] == 1 for each in deliveries["queued"]
        ):
            if time.monotonic() > deadline:
                raise TimeoutError("webhooks are still under way")
            time.sleep(0.05)

    def send_refused_again(self) -> int:
        """Has Stripe send every webhook again that got an error response. Returns their number."""
        failed_events = {
            each["event"]: each["account"] for each in self._deliveries()["log"] if each["outcome"] == "failed"
        }
        for event, account in failed_events.items():
            request("POST", f"{self._double}/events/{account}/{event}/resend", json_body={})
        self.wait_until_delivered()
        return len(failed_events)

    def _deliveries(self) -> Any:
        return request("GET", f"{self._double}/deliveries").json

    def sells_elsewhere(self, account_id: str, amount: int) -> None:
        """Has a customer of the company's web shop pay an amount, in minor units, into the same Stripe account."""
        request("POST", f"{self._double}/charges/{account_id}/outside", json_body={"amount": amount})

    def charges_a_fee(self, account_id: str, amount: int) -> None:
        """Has Stripe charge a fee, in minor units, that belongs to no payment."""
        request("POST", f"{self._double}/fees/{account_id}", json_body={"amount": amount})

    def sends_back(self, account_id: str, payout_id: str, failure_code: str) -> None:
        """Has the bank return a payout."""
        path = f"{self._double}/payouts/{account_id}/{payout_id}/fail"
        request("POST", path, json_body={"failure_code": failure_code})

    def has_another_bank_account(self, account_id: str, last4: str) -> None:
        """Enters another bank account in the Stripe dashboard."""
        request("POST", f"{self._double}/accounts/{account_id}", json_body={"bank_last4": last4})

    def revoke(self, account_id: str) -> None:
        """Removes POM from the connected apps in the Stripe dashboard."""
        request("POST", f"{self._double}/accounts/{account_id}/revoke", json_body={})


def query_of(url: str) -> dict[str, str]:
    """Returns the query of a URL, with one value for each name."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
