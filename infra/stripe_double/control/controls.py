"""The Python API with which tests act on a double as payers, banks, owners and the network would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from ..api.auth import dashboard_key
from ..api.faults import Fault
from ..api.rate_limits import RateLimits
from ..api.v1 import Api
from ..errors import InvalidState
from ..objects import accounts, disputes, refunds, webhook_endpoints
from ..objects.cards import Method, by_name, with_decline
from ..objects.invoice_payments import default_payment, intent_of, open_payment
from ..objects.payment_attempts import attempt, settle
from ..pages.oauth import OAuth
from ..state.events import EventPolicy
from ..state.ledger import JSON, frozen, public
from ..state.render import as_list, render
from ..state.world import World
from ..webhooks.deliverer import Deliverer
from .money import MoneyControls


class Controls(MoneyControls):
    """The controls of a double as Python methods. Every method takes the world's lock."""

    def __init__(self, world: World, api: Api, oauth: OAuth, deliverer: Deliverer) -> None:
        self.world, self.config, self.clock = world, world.config, world.clock
        self.api, self.oauth, self.deliverer = api, oauth, deliverer

    # -- accounts and endpoints ------------------------------------------------------------------------------------

    def create_account(self, **settings: Any) -> JSON:
        """Returns a new account with its `secret_key`. The account is connected unless `connected=False`.

        The settings are the arguments of `objects.accounts.make` and the fields of `state.settlement.Settlement`.
        """
        with self.world.lock:
            ledger = accounts.make(self.world, **settings)
            return {**ledger.account, "secret_key": dashboard_key(ledger), "connected": ledger.connected}

    def update_account(self, account: str, **changes: Any) -> JSON:
        """Changes an account as its owner or Stripe would, emits `account.updated`, and returns the account."""
        with self.world.lock:
            return frozen(accounts.change(self.world, self.world.ledger(account), changes))

    def revoke(self, account: str) -> None:
        """Ends the platform's access, as an owner does in the Dashboard."""
        with self.world.lock:
            self.oauth.disconnect(self.world.ledger(account))

    def authorization_code(self, account: str) -> str:
        """Returns an authorization code, as the redirect carries it after an owner has pressed Connect."""
        with self.world.lock:
            return self.oauth.grant(account)

    def add_webhook_endpoint(self, url: str, **settings: Any) -> JSON:
        """Returns a new webhook endpoint of the platform with its secret. It is a Connect endpoint unless
        `connect=False`.

        The settings are the arguments of `objects.webhook_endpoints.make`.
        """
        with self.world.lock:
            endpoint = webhook_endpoints.make(self.world, self.world.platform, url=url, **settings)
            return {**public(endpoint), "secret": endpoint["_secrets"][0]}

    def roll_secret(self, endpoint: str, *, keep_old: bool = True) -> str:
        """Returns a new signing secret. If `keep_old`, webhooks carry a signature by the new and by the old
        secret.
        """
        with self.world.lock:
            webhook_endpoint = self.world.platform.get("webhook_endpoint", endpoint)
            new_secret = f"whsec_{self.world.ids.token(32)}"
            webhook_endpoint["_secrets"] = [new_secret, *(webhook_endpoint["_secrets"][:1] if keep_old else [])]
            return new_secret

    # -- what payers, banks and owners do ----------------------------------------------------------------------------

    def pay(
        self,
        account: str,
        invoice: str,
        method: str = "pm_card_visa",
        *,
        amount: int | None = None,
        authenticate: bool | None = None,
        decline: Sequence[str] = (),
    ) -> JSON:
        """Pays an invoice on its hosted page with a token, a test card or a test bank number.

        `amount` is a partial amount in minor units. `authenticate` is True if the payer passes 3-D Secure, and False
        if the payer fails it. `decline` makes the payment fail with a code, or with a code and a decline code:
        `("expired_card",)`, `("card_declined", "do_not_honor")`. A bank debit fails days later.

        Returns `{"status", "error", "payment_intent"}`. Raises ValueError for an unknown method, amount or decline.
        """
        payment_method = with_decline(by_name(method), decline) if decline else by_name(method)
        with self.world.lock:
            ledger = self.world.ledger(account)
            invoice_object = ledger.get("invoice", invoice)
            if invoice_object["status"] not in ("open", "uncollectible"):
                raise InvalidState(f"This invoice is {invoice_object['status']} and cannot be paid.")
            if amount is None:
                payment = default_payment(ledger, invoice_object)
            else:
                if not 0 < amount <= invoice_object["amount_remaining"]:
                    raise ValueError(f"amount must be from 1 to {invoice_object['amount_remaining']}")
                payment = open_payment(self.world, ledger, invoice_object, amount, default=False)
            intent = intent_of(ledger, payment)
            outcome = attempt(self.world, ledger, intent, payment_method, authenticated=authenticate)
            return {"status": outcome.status, "error": outcome.error, "payment_intent": intent["id"]}

    def settle_debit(self, account: str, payment_intent: str, *, fail: str | None = None) -> None:
        """Makes a bank debit arrive now, or fail with a code such as `insufficient_funds`."""
        with self.world.lock:
            ledger = self.world.ledger(account)
            failing_method = with_decline(Method("us_bank_account"), (fail,)) if fail else None
            settle(self.world, ledger, payment_intent, fail=failing_method)

    def settle_refund(
        self, account: str, refund: str, *, outcome: str = "succeeded", reason: str | None = None
    ) -> JSON:
        """Makes a refund `succeeded`, `failed` (even long after it succeeded) or `canceled`, and returns it."""
        with self.world.lock:
            ledger = self.world.ledger(account)
            if outcome == "failed":
                return public(refunds.fail(self.world, ledger, refund, reason or "expired_or_canceled_card"))
            if outcome == "canceled":
                return public(refunds.cancel_refund(self.world, ledger, ledger.get("refund", refund)))
            return public(refunds.settle(self.world, ledger, refund))

    def open_dispute(
        self,
        account: str,
        charge: str,
        *,
        reason: str = "fraudulent",
        amount: int | None = None,
        currency: str | None = None,
    ) -> JSON:
        """Opens a dispute of a charge, as the payer's bank does, and returns it. The bank may use its own currency.

        The reason `inquiry` takes no money.
        """
        with self.world.lock:
            ledger = self.world.ledger(account)
            disputed_charge = ledger.get("charge", charge)
            return public(disputes.open_dispute(self.world, ledger, disputed_charge, reason, amount, currency))

    def move_dispute(self, account: str, dispute: str, status: str) -> JSON:
        """Moves a dispute to a status such as `under_review`, `won`, `lost` or `warning_closed`, and returns it."""
        with self.world.lock:
            ledger = self.world.ledger(account)
            return public(disputes.move(self.world, ledger, ledger.get("dispute", dispute), status))

    # -- time, delivery, faults --------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> int:
        """Moves the clock forward and runs each planned job at its due time. Returns the number of jobs that ran."""
        with self.world.lock:
            job_count = self.world.advance(seconds)
            self.deliverer.wake_condition.notify_all()
            return job_count

    def wait_until_delivered(self) -> None:
        """Waits until no webhook is in flight, for at most the time that a receiver has to respond.

        Call this before you move the clock of a double with threads. A receiver that follows the clock would refuse
        the signature of a webhook that was sent before the move.
        """
        with self.world.lock:
            self.deliverer.wake_condition.wait_for(lambda: not self.deliverer.in_flight, self.config.webhook_timeout)

    def step(self) -> JSON | None:
        """Delivers one due webhook. Returns its log entry, or None if nothing is due."""
        return self.deliverer.step()

    def drain(self) -> int:
        """Delivers every due webhook. Returns the number of tries."""
        return self.deliverer.drain()

    def set_delivery(self, **policy: Any) -> JSON:
        """Sets fields of the `DeliveryPolicy` and the `EventPolicy`; returns both.

        Raises ValueError for any other name.
        """
        with self.world.lock:
            parts = (self.deliverer.policy, self.world.events.policy)
            for name, value in policy.items():
                owner = next((p for p in parts if any(f.name == name for f in fields(p) if f.repr)), None)
                if owner is None:
                    raise ValueError(f"unknown delivery setting: {name}")
                setattr(owner, name, tuple(value) if isinstance(value, list) else value)
                if isinstance(owner, EventPolicy) and name == "squeeze":
                    owner.frozen_second = None
            self.deliverer.wake_condition.notify_all()
            return {f.name: getattr(p, f.name) for p in parts for f in fields(p) if f.repr}

    def resend(self, account: str, event: str) -> int:
        """Queues an event again, as Resend in the Dashboard does. Returns the number of webhooks that were queued."""
        with self.world.lock:
            return self.deliverer.resend(account, event)

    def order_fault(self, kind: str, **settings: Any) -> None:
        """Injects a fault into the next matching requests. The settings are the fields of `Fault`."""
        self.api.faults.order(Fault(kind, **settings))  # type: ignore[arg-type]

    def clear_faults(self) -> None:
        """Removes all injected faults."""
        self.api.faults.clear()

    def set_rates(self, *, global_rate: float = 0.0, endpoint_rate: float = 0.0) -> None:
        """Sets the rate limits (requests per second, 0 for no limit) and fills the buckets."""
        self.api.limits = RateLimits(self.clock, global_rate, endpoint_rate)

    # -- reading -----------------------------------------------------------------------------------------------------

    def ledger(self, account: str) -> JSON:
        """Returns every object of an account, invoices with all their lines and payments, for tests to compare
        with.
        """
        with self.world.lock:
            ledger = self.world.ledger(account)
            dump: JSON = {
                "account": ledger.account,
                "connected": ledger.connected,
                "livemode": ledger.livemode,
                "objects": {k: [render(ledger, o) for o in table.values()] for k, table in ledger.tables.items()},
                "mails": ledger.mails,
                "events": len(ledger.events),
                "scheduled": self.world.scheduler.pending(),
            }
            for invoice in dump["objects"].get("invoice", ()):
                lines = ledger.lines.get(invoice["id"], [])
                invoice["lines"] = as_list(f"/v1/invoices/{invoice['id']}/lines", lines, total_count=len(lines))
                payments = [public(p) for p in ledger.all("invoice_payment", invoice=invoice["id"])]
                invoice["payments"] = as_list("/v1/invoice_payments", payments)
            return frozen(dump)

    def events(self, account: str, *, version: str | None = None) -> list[JSON]:
        """Returns all events of an account, oldest first, even those older than 30 days.

        They are rendered in the account's version unless `version` is given.
        """
        with self.world.lock:
            stored_events = self.world.ledger(account).events.values()
            return [frozen(self.world.events.render(event, version=version)) for event in stored_events]

    def suppressed(self) -> list[JSON]:
        """Returns the changes for which the event policy suppressed the event."""
        with self.world.lock:
            return list(self.world.events.suppressed)

    def mails(self, account: str | None = None) -> list[JSON]:
        """Returns the e-mails that Stripe would have sent, oldest first."""
        with self.world.lock:
            ledgers = [self.world.ledger(account)] if account else list(self.world.ledgers.values())
            return sorted((m for ledger in ledgers for m in ledger.mails), key=lambda m: int(m["at"]))

    def deliveries(self) -> list[JSON]:
        """Returns the log of tries to deliver webhooks, oldest first."""
        with self.world.lock:
            return list(self.deliverer.log)
