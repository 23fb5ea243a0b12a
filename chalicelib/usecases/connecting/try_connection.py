"""Verifies the connection with a test invoice: creates it in Stripe, reads it, voids it, and cleans up.

The test invoice is not stored in POM; only the progress of the test is. Its objects carry a key of their own instead
of POM's ids, so its events count as another system's. By that key a run also finds what an interrupted run left. Each
step is stored before the next one begins, so that other requests can show the progress.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from chalicelib.domain.acts import ConnectionAct
from chalicelib.domain.connection import Connection, require_invoicing, usable_account
from chalicelib.domain.errors import AccountUnreachable, IntegrationError, Retryable
from chalicelib.domain.facts import AccountFact
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId, UserId
from chalicelib.domain.money import decimal_string, minimum_charge
from chalicelib.domain.trial import Trial, TrialCustomer, TrialProgress, TrialReport, TrialStep
from chalicelib.ports import Ports
from chalicelib.usecases.acts.acting import connection_act
from chalicelib.usecases.connecting.change_connection import change_connection
from chalicelib.usecases.connecting.revocation import mark_revoked

ENOUGH = 15
"""Seconds after which no further step begins, because cleaning up must fit into the request as well."""

TRY_AGAIN = "Wait a moment and test again."
LOOK_AT_DEFAULTS = (
    "Look for taxes or discounts that the Stripe account adds to invoices automatically, then test again."
)
DRAFT, OPEN = "draft", "open"


class _Stopped(Exception):
    """A step failed, and its failure has been reported."""


@dataclass(slots=True)
class _Run:
    """A running test, with the steps that it has reported so far."""

    ports: Ports
    organization_id: OrganizationId
    trial: Trial

    @property
    def account_id(self) -> StripeAccountId:
        return self.trial.account_id

    @property
    def name(self) -> str:
        return self.trial.run

    def report(self, report: TrialReport) -> None:
        """Reports a step, and stores the progress of the test.

        If the database does not respond, the test continues: Stripe has to be cleaned up, the request returns every
        step in the end, and the next write has all steps again. Any other error is a defect of POM and ends the test.
        """
        self.trial = self.trial.reported(report, self.ports.clock.now())
        with suppress(Retryable):
            self.ports.connections.save_trial(self.organization_id, self.trial)

    def went_well(self, step: TrialStep, message: str) -> None:
        self.report(TrialReport(step, True, message))

    def stop(self, step: TrialStep, message: str, next_step: str) -> _Stopped:
        self.report(TrialReport(step, False, message, next_step))
        return _Stopped()

    @contextmanager
    def step(self, step: TrialStep) -> Iterator[None]:
        """Ends the test if Stripe refuses, or does not respond to, a call within this step."""
        if self.ports.clock.now() > self.trial.started_at + ENOUGH:
            raise self.stop(step, "Stripe takes too long to answer.", TRY_AGAIN)
        try:
            yield
        except IntegrationError as failure:
            raise self.stop(step, failure.message, failure.next_step or TRY_AGAIN) from failure


def try_connection(organization_id: OrganizationId, ports: Ports, *, by: UserId | None = None) -> Trial:
    """Creates, reads and voids a test invoice, for the user `by`. Everything that it created is removed, also after a
    failure.

    Raises:
        Conflict: the organization is not connected, or its invoicing is paused. Nothing is created in Stripe.
        Retryable: the database could not store the beginning of the test, before anything was created in Stripe; or
          its
            success, after everything was removed.
    """
    connection = ports.connections.get(organization_id)
    account_id = usable_account(connection)
    require_invoicing(connection)
    run = _Run(ports, organization_id, Trial(account_id, ports.clock.nonce(), ports.clock.now()))
    act = connection_act(organization_id, ConnectionAct.TEST_REQUESTED, ports, actor=by, stripe_id=account_id)
    ports.acts.add(act)
    ports.connections.begin_trial(organization_id, run.trial)
    try:
        account = _account_of(run)
    except _Stopped:
        return run.trial
    with suppress(_Stopped):
        _take_steps(run, account)
    cleaned_up = _clean_up(run)
    if run.trial.ok and cleaned_up.ok:
        _store_success(organization_id, account_id, ports)
    run.report(cleaned_up)
    return run.trial


def latest_trial(organization_id: OrganizationId, ports: Ports) -> TrialProgress:
    """Returns the progress of the latest test of the connected account. Tests of another account are ignored."""
    trial = ports.connections.trial(organization_id)
    if trial is None or trial.account_id != ports.connections.get(organization_id).account_id:
        return TrialProgress()
    return trial.progress(ports.clock.now())


def _account_of(run: _Run) -> AccountFact:
    with run.step(TrialStep.ACCOUNT):
        try:
            account = run.ports.stripe.account(run.account_id)
        except AccountUnreachable:
            mark_revoked(run.organization_id, run.account_id, run.ports)
            raise
    if not account.charges_enabled:
        missing = " ".join(each.message for each in account.requirements[:3])
        message = f"Stripe does not let this account take payments. {missing}".rstrip()
        raise run.stop(TrialStep.ACCOUNT, message, f"{account.next_step} Then test again.")
    run.went_well(TrialStep.ACCOUNT, f"Stripe answers for {account.business_name or run.account_id}.")
    return account


def _take_steps(run: _Run, account: AccountFact) -> None:
    stripe, account_id = run.ports.stripe, run.account_id
    with run.step(TrialStep.CUSTOMER):
        customer_id = stripe.create_trial_customer(account_id, run.name)
    run.went_well(TrialStep.CUSTOMER, "A test customer was made.")
    with run.step(TrialStep.DRAFT):
        currency = account.default_currency
        amount = minimum_charge(currency)
        draft = stripe.create_trial_draft(account_id, customer_id, run.name, amount, currency)
    formatted_amount = f"{decimal_string(amount, currency)} {currency.upper()}"
    run.went_well(TrialStep.DRAFT, f"A test invoice over {formatted_amount} was drafted.")
    with run.step(TrialStep.FINALIZE):
        stripe.finalize_trial(account_id, draft.id)
    run.went_well(TrialStep.FINALIZE, "It was finalized; no e-mail was sent.")
    with run.step(TrialStep.READ):
        invoice = stripe.trial_invoice(account_id, draft.id)
    if invoice.status != OPEN or not invoice.payable or (invoice.total, invoice.currency) != (amount, currency):
        raise run.stop(TrialStep.READ, "Read back, the test invoice is not as it was ordered.", LOOK_AT_DEFAULTS)
    run.went_well(TrialStep.READ, "Read back, it has its amount and a payment page.")
    with run.step(TrialStep.VOID):
        stripe.void_trial(account_id, draft.id)
    run.went_well(TrialStep.VOID, "It was voided: nobody can pay it.")


def _clean_up(run: _Run) -> TrialReport:
    """Removes the objects of this run and of interrupted earlier runs. Returns the report of the removal."""
    try:
        earlier_count = 0
        for customer in run.ports.stripe.trial_customers(run.account_id):
            if customer.run == run.name or customer.forgotten:
                _remove(run, customer)
                earlier_count += customer.run != run.name
    except IntegrationError as failure:
        message = f"The test customer could not be removed from Stripe: {failure.message}"
        next_step = "Test again: the next test removes it; nobody is billed."
        return TrialReport(TrialStep.CLEAN_UP, False, message, next_step)
    earlier_text = f" So was what {earlier_count} earlier tests had left." if earlier_count else ""
    return TrialReport(TrialStep.CLEAN_UP, True, f"The test customer was removed.{earlier_text}")


def _remove(run: _Run, customer: TrialCustomer) -> None:
    stripe, account_id = run.ports.stripe, run.account_id
    for invoice in stripe.trial_invoices(account_id, customer.id):
        if invoice.status == DRAFT:
            stripe.delete_draft(account_id, invoice.id)
        elif invoice.status == OPEN:
            stripe.void_trial(account_id, invoice.id)
    stripe.delete_trial_customer(account_id, customer.id)


def _store_success(organization_id: OrganizationId, account_id: StripeAccountId, ports: Ports) -> None:
    now = ports.clock.now()

    def tested(connection: Connection) -> Connection:
        return replace(connection, tested_at=now) if connection.account_id == account_id else connection

    change_connection(organization_id, tested, ports)
