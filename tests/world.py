"""A complete simulation in one process, without network ports or threads: POM's use cases over in-memory stores, the
real Stripe gateway and webhook verifier, and the Stripe double. All use one clock, which stands still until a test
moves it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import stripe

from chalicelib.adapters.stripe.events import WebhookOpener, signature_header
from chalicelib.adapters.stripe.gateway import StripeGateway
from chalicelib.domain.billing import BillingTerms, Service
from chalicelib.domain.canary import is_canary
from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.customer_save import Save
from chalicelib.domain.errors import InvalidSignature
from chalicelib.domain.events import API_VERSION, SUBSCRIPTION
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import CustomerId, InvoiceId, OrganizationId, ServiceId, UserId
from chalicelib.domain.invoice import Invoice
from chalicelib.ports.messages import BalanceJob, BatchJob, CustomerSync, ErasureJob, InvoiceJob, Reconciliation
from chalicelib.usecases.bulk.batch_work import work_on_part
from chalicelib.usecases.connecting import connect
from chalicelib.usecases.connecting.webhook_health import check_webhooks
from chalicelib.usecases.customers.customers import put_customer, sync_customer
from chalicelib.usecases.erasing.erase_customer import erase_customer
from chalicelib.usecases.events.canary import receive_canary, send_and_store_canaries
from chalicelib.usecases.events.receive_event import Receipt, receive_event
from chalicelib.usecases.invoicing.create_invoice import create_invoice
from chalicelib.usecases.invoicing.invoices import get_invoice
from chalicelib.usecases.invoicing.new_order import CreateInvoice
from chalicelib.usecases.invoicing.plan_day import plan_day
from chalicelib.usecases.payouts.balance_jobs import do_balance_job
from chalicelib.usecases.reconciling.reconcile import ReconcileResult, reconcile_account
from chalicelib.usecases.reconciling.resume_stuck import resume_stuck
from chalicelib.workers.invoice_jobs import TASKS
from infra.stripe_double import VERSIONS, Config, InProcessClient, StripeDouble
from infra.stripe_double.clock import Clock
from tests.fakes import FakePorts
from tests.fakes.ports import FakeClock

BEGAN = 1_800_000_000
WEBHOOK_SECRET = "whsec_world"
WEBHOOK_URL = "https://api.example.test/v1/stripe/webhooks"
REDIRECT = "https://api.example.test/v1/stripe/oauth/callback"

ORGANIZATION = OrganizationId("org_blue")
ADMIN = UserId("user_admin")
OFFICE = UserId("user_office")


class OneClock(FakeClock):
    """The clock of POM and of the double: a sleep on one side moves both."""

    def __init__(self, theirs: Clock) -> None:
        super().__init__(BEGAN)
        self._theirs = theirs

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._theirs.move_to(self.milliseconds() / 1000)


class World:
    """One platform, its Stripe double, and the events between them. `receipts` has the result of each webhook.

    `secrets` are the stored webhook secrets, newest first; every part of the simulation uses the current value.
    """

    def __init__(self, seed: int = 0, *, version: str | None = None) -> None:
        """Creates the world. All accounts have the API version `version`; without it, the seed chooses one for each
        account.

        The seed also decides whether an account's invoices report the amount paid outside Stripe. With seed 0 none
        does.
        """
        self._versions = random.Random(f"versions {seed}")
        self._telling = random.Random(f"paid outside {seed}") if seed else None
        self._version = version
        self.double = StripeDouble(
            Config(seed=seed),
            clock=Clock.frozen(float(BEGAN)),
            rng=random.Random(seed),
            transport=self._receive,
            sleep=lambda seconds: self.while_waiting(seconds),
        )
        config = self.double.config
        self.client = stripe.StripeClient(
            config.platform_key_test,
            client_id=config.client_id_test,
            stripe_version=API_VERSION,
            http_client=InProcessClient(self.double),
        )
        clock = OneClock(self.double.clock)
        self.ports = FakePorts(stripe=StripeGateway(self.client, clock), clock=clock)
        self.secrets: tuple[str, ...] = (WEBHOOK_SECRET,)
        self.opener = WebhookOpener(lambda: self.secrets, self.ports.clock)
        self.receipts: list[Receipt] = []
        self.while_waiting: Callable[[float], None] = lambda _: None
        """Called with the seconds of each delay of the double's responses."""
        self.double.add_webhook_endpoint(
            WEBHOOK_URL,
            secret=WEBHOOK_SECRET,
            enabled_events=list(SUBSCRIPTION),
            api_version=API_VERSION,
        )

    # What happens outside

    def _receive(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        try:
            event = self.opener.open(body, headers["Stripe-Signature"])
        except InvalidSignature:
            return 400
        if is_canary(event):
            receive_canary(event, self.ports)
            return 200
        self.receipts.append(receive_event(event, Source.WEBHOOK, self.ports))
        return 200

    def deliver(self) -> list[Receipt]:
        """Delivers all webhooks that are due, and returns their results."""
        before = len(self.receipts)
        self.double.drain()
        return self.receipts[before:]

    def advance(self, seconds: int) -> None:
        """Moves the clock of POM and of the double."""
        self.double.advance(seconds)
        self.ports.clock.set(self.double.clock.seconds())

    def account(self, **settings: Any) -> str:
        """Creates a Stripe account that is not connected yet, and returns its id."""
        settings.setdefault("api_version", self._version or self._versions.choice(VERSIONS))
        if self._telling is not None:
            settings.setdefault("tells_paid_outside", self._telling.random() < 0.5)
        account_object = self.double.create_account(connected=False, business_name="Blue Pools", **settings)
        return str(account_object["id"])

    # What people do

    def connect(self, organization: OrganizationId = ORGANIZATION, account: str | None = None) -> str:
        """Installs Stripe, grants access, returns to POM and completes the connection. Returns the account's id."""
        account = account or self.account()
        state = self.begin(organization)
        back = connect.receive_callback(state, self.double.authorization_code(account), None, self.ports)
        connect.complete(organization, ADMIN, back.state, self.ports)
        return account

    def begin(self, organization: OrganizationId = ORGANIZATION, user: UserId = ADMIN) -> str:
        """Clicks Install, and returns the state of the authorization."""
        authorization = connect.begin(organization, user, self.ports, redirect_uri=REDIRECT)
        return authorization.authorize_url.split("state=")[1].split("&")[0]

    def customer(
        self,
        customer_id: str = "cust_1",
        email: str | None = "ann@example.test",
        organization: OrganizationId = ORGANIZATION,
        *,
        stripe_customer_id: str | None = None,
        **profile: Any,
    ) -> Customer:
        """Saves a customer in POM."""
        profile_fields = {"first_name": "Ann", "last_name": "Lee", **profile}
        save = Save(Profile(email=email, **profile_fields), stripe_customer_id)
        return put_customer(organization, CustomerId(customer_id), save, self.ports)

    def invoice(self, *services: str, **changes: Any) -> Invoice:
        """Creates an invoice of services at 75.00 each."""
        return create_invoice(order(*services, **changes), self.ports)

    def now(self, invoice: Invoice) -> Invoice:
        """Returns the invoice as it is stored now."""
        return get_invoice(invoice.organization_id, InvoiceId(invoice.id), self.ports)

    # Work that runs automatically

    def work(self) -> None:
        """Runs the workers until the queues are empty."""
        while messages := self.ports.queues.take():
            for message in messages:
                match message:
                    case CustomerSync():
                        sync_customer(message.organization_id, message.customer_id, self.ports)
                    case InvoiceJob():
                        TASKS[message.task](message.organization_id, message.invoice_id, self.ports)
                    case BatchJob():
                        work_on_part(
                            message.organization_id, message.batch_id, message.lane, message.turn, self.ports
                        )
                    case BalanceJob():
                        do_balance_job(message, self.ports)
                    case ErasureJob():
                        erase_customer(message.organization_id, message.customer_id, self.ports)
                    case Reconciliation():
                        reconcile_account(
                            message.organization_id,
                            self.ports,
                            objects=message.objects,
                            planned_at=message.planned_at,
                        )

    def look(self) -> None:
        """Runs the scheduled checks: compares Stripe's webhook endpoints, and sends a canary with each secret."""
        check_webhooks(WEBHOOK_URL, self.ports)
        send_and_store_canaries(WorldDoor(self), self.ports)

    def resume(self) -> None:
        """Runs the five-minute schedule and its work."""
        resume_stuck(self.ports)
        self.work()

    def plan_day(self) -> None:
        """Runs the hourly schedule and its work."""
        plan_day(self.ports)
        self.work()

    def sweep(self, organization: OrganizationId = ORGANIZATION, *, objects: bool = True) -> ReconcileResult:
        """Runs one reconciliation of the organization's account."""
        return reconcile_account(organization, self.ports, objects=objects)

    # State that tests read

    def in_stripe(self, account: str, kind: str = "invoice") -> list[dict[str, Any]]:
        """Returns all objects of a kind that Stripe holds for the account."""
        return list(self.double.ledger(account)["objects"].get(kind, []))

    def stripe_calls(self) -> dict[str, int]:
        """Returns the number of requests to Stripe since the last reset, by operation."""
        return self.double.api.log.counts()


class WorldDoor:
    """The webhook endpoint as the canary sender uses it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def secrets(self) -> Sequence[str]:
        return self._world.secrets

    def post(self, body: bytes, secret: str, at: int) -> int:
        return self._world._receive(WEBHOOK_URL, body, {"Stripe-Signature": signature_header(body, secret, at)})


def order(*services: str, **changes: Any) -> CreateInvoice:
    """Returns a request for an invoice of services at 75.00 each; `changes` are fields of the request or of its
    terms.
    """
    lines = tuple(line(service) for service in services or ("svc_1",))
    command = CreateInvoice(
        organization_id=ORGANIZATION,
        user_id=OFFICE,
        idempotency_key=None,
        fingerprint="body",
        customer_id=CustomerId("cust_1"),
        line_items=lines,
        terms=BillingTerms(**{name: changes.pop(name) for name in BillingTerms.__slots__ if name in changes}),
    )
    return replace(command, **changes)


def line(service: str, price: str = "75.00", quantity: str = "1") -> Service:
    """Returns one service to bill."""
    return Service(ServiceId(service), f"Cleaning {service}", Decimal(quantity), Decimal(price))
