"""Verify the connection with a test invoice: made in Stripe, looked at, voided, and cleaned up.

It is none of POM's invoices: nothing of it is stored, and its events are foreign to us because its objects carry
a key of their own instead of our ids. By that key a run also finds what an earlier one left when it was cut off.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from chalicelib.domain.connection import Connection, require_invoicing, usable_account
from chalicelib.domain.errors import AccountUnreachable, IntegrationError
from chalicelib.domain.facts import AccountFact
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.domain.money import decimal_string, minimum_charge
from chalicelib.domain.trial import TrialCustomer, TrialReport, TrialStep
from chalicelib.ports import Ports
from chalicelib.usecases.connecting.change_connection import change_connection
from chalicelib.usecases.connecting.revocation import mark_revoked

ENOUGH = 15
"""Seconds after which no further step is begun: cleaning up must fit into the request as well."""

TRY_AGAIN = "Wait a moment and test again."
LOOK_AT_DEFAULTS = "Look for taxes or discounts that the Stripe account adds to invoices by itself, then test again."
DRAFT, OPEN = "draft", "open"


@dataclass(frozen=True, slots=True)
class TrialResult:
    """Whether everything went well, and each step that was taken."""

    ok: bool
    steps: tuple[TrialReport, ...]


class _Stopped(Exception):
    """A step went wrong; it has been reported."""


@dataclass(slots=True)
class _Trial:
    """A test of the connection, and the steps that it has reported so far."""

    ports: Ports
    account_id: StripeAccountId
    name: str
    ends_at: int
    steps: list[TrialReport] = field(default_factory=list)

    def went_well(self, step: TrialStep, message: str) -> None:
        self.steps.append(TrialReport(step, True, message))

    def stop(self, step: TrialStep, message: str, next_step: str) -> _Stopped:
        self.steps.append(TrialReport(step, False, message, next_step))
        return _Stopped()

    @contextmanager
    def step(self, step: TrialStep) -> Iterator[None]:
        """What Stripe refuses, or does not answer, within this step ends the trial."""
        if self.ports.clock.now() > self.ends_at:
            raise self.stop(step, "Stripe takes too long to answer.", TRY_AGAIN)
        try:
            yield
        except IntegrationError as failure:
            raise self.stop(step, failure.message, failure.next_step or TRY_AGAIN) from failure


def try_connection(organization_id: OrganizationId, ports: Ports) -> TrialResult:
    """Make, read and void a test invoice; what it made is removed, however far it came.

    Raises:
        Conflict: the organization is not connected, or its invoicing is paused: nothing is made in Stripe then.
    """
    connection = ports.connections.get(organization_id)
    account_id = usable_account(connection)
    require_invoicing(connection)
    trial = _Trial(ports, account_id, ports.clock.nonce(), ports.clock.now() + ENOUGH)
    try:
        account = _account_of(trial, organization_id)
    except _Stopped:
        return TrialResult(False, tuple(trial.steps))
    try:
        _take_steps(trial, account)
    except _Stopped:
        _clean_up(trial)
        return TrialResult(False, tuple(trial.steps))
    if not _clean_up(trial):
        return TrialResult(False, tuple(trial.steps))
    _remember(organization_id, account_id, ports)
    return TrialResult(True, tuple(trial.steps))


def _account_of(trial: _Trial, organization_id: OrganizationId) -> AccountFact:
    with trial.step(TrialStep.ACCOUNT):
        try:
            account = trial.ports.stripe.account(trial.account_id)
        except AccountUnreachable:
            mark_revoked(organization_id, trial.account_id, trial.ports)
            raise
    if not account.charges_enabled:
        missing = " ".join(each.message for each in account.requirements[:3])
        message = f"Stripe does not let this account take payments. {missing}".rstrip()
        raise trial.stop(TrialStep.ACCOUNT, message, f"{account.next_step} Then test again.")
    trial.went_well(TrialStep.ACCOUNT, f"Stripe answers for {account.business_name or trial.account_id}.")
    return account


def _take_steps(trial: _Trial, account: AccountFact) -> None:
    stripe, account_id = trial.ports.stripe, trial.account_id
    with trial.step(TrialStep.CUSTOMER):
        customer_id = stripe.create_trial_customer(account_id, trial.name)
    trial.went_well(TrialStep.CUSTOMER, "A test customer was made.")
    with trial.step(TrialStep.DRAFT):
        currency = account.default_currency
        amount = minimum_charge(currency)
        drafted = stripe.create_trial_draft(account_id, customer_id, trial.name, amount, currency)
    shown = f"{decimal_string(amount, currency)} {currency.upper()}"
    trial.went_well(TrialStep.DRAFT, f"A test invoice over {shown} was drafted.")
    with trial.step(TrialStep.FINALIZE):
        stripe.finalize_trial(account_id, drafted.id)
    trial.went_well(TrialStep.FINALIZE, "It was finalized; no e-mail was sent.")
    with trial.step(TrialStep.READ):
        read = stripe.trial_invoice(account_id, drafted.id)
    if read.status != OPEN or not read.payable or (read.total, read.currency) != (amount, currency):
        raise trial.stop(TrialStep.READ, "Read back, the test invoice is not as it was ordered.", LOOK_AT_DEFAULTS)
    trial.went_well(TrialStep.READ, "Read back, it has its amount and a payment page.")
    with trial.step(TrialStep.VOID):
        stripe.void_trial(account_id, drafted.id)
    trial.went_well(TrialStep.VOID, "It was voided: nobody can pay it.")


def _clean_up(trial: _Trial) -> bool:
    """Remove what this run made, and what earlier ones left; answers whether that worked."""
    try:
        earlier = 0
        for customer in trial.ports.stripe.trial_customers(trial.account_id):
            if customer.run == trial.name or customer.forgotten:
                _remove(trial, customer)
                earlier += customer.run != trial.name
    except IntegrationError as failure:
        left = f"The test customer could not be removed from Stripe: {failure.message}"
        trial.steps.append(
            TrialReport(TrialStep.CLEAN_UP, False, left, "Test again: the next test removes it; nobody is billed.")
        )
        return False
    also = f" So was what {earlier} earlier tests had left." if earlier else ""
    trial.went_well(TrialStep.CLEAN_UP, f"The test customer was removed.{also}")
    return True


def _remove(trial: _Trial, customer: TrialCustomer) -> None:
    stripe, account_id = trial.ports.stripe, trial.account_id
    for invoice in stripe.trial_invoices(account_id, customer.id):
        if invoice.status == DRAFT:
            stripe.delete_draft(account_id, invoice.id)
        elif invoice.status == OPEN:
            stripe.void_trial(account_id, invoice.id)
    stripe.delete_trial_customer(account_id, customer.id)


def _remember(organization_id: OrganizationId, account_id: StripeAccountId, ports: Ports) -> None:
    now = ports.clock.now()

    def tested(connection: Connection) -> Connection:
        return replace(connection, tested_at=now) if connection.account_id == account_id else connection

    change_connection(organization_id, tested, ports)
