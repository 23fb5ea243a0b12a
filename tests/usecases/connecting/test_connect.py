"""Tests connecting, disconnecting and reconnecting a Stripe account."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.connection import ConnectionStatus
from chalicelib.domain.errors import AccountUnreachable, Conflict, Forbidden, Malformed, Refused, StripeUnavailable
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId, UserId
from chalicelib.domain.status import InvoiceStatus
from chalicelib.ports.messages import Reconciliation
from chalicelib.usecases.connecting import connect, connection_report, revocation
from chalicelib.usecases.customers.customers import sync_customer
from chalicelib.usecases.events.event_outcome import EventOutcome
from chalicelib.usecases.invoicing import invoices
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from tests.world import ADMIN, OFFICE, ORGANIZATION, World

OTHER = OrganizationId("org_green")


def return_from_stripe(world: World, account: str, state: str) -> connect.CallbackResult:
    return connect.receive_callback(state, world.double.authorization_code(account), None, world.ports)


def complete(world: World, state: str) -> connection_report.ConnectionReport:
    return connect.complete(ORGANIZATION, ADMIN, state, world.ports)


def exchanges(world: World) -> int:
    return world.stripe_calls().get("POST /oauth/token", 0)


def status(world: World) -> ConnectionStatus:
    return connection_report.report(ORGANIZATION, world.ports).status


def test_installing_leads_through_stripe_to_a_connected_account(world: World) -> None:
    account = world.account()
    assert status(world) is ConnectionStatus.NOT_CONNECTED
    state = world.begin()
    assert status(world) is ConnectionStatus.PENDING
    callback = return_from_stripe(world, account, state)
    assert (callback.outcome, callback.code) == ("pending", None)
    assert status(world) is ConnectionStatus.PENDING
    report = complete(world, callback.state)
    assert report.status is ConnectionStatus.CONNECTED
    assert report.connection.account_id == account
    assert report.connection.account is not None
    assert report.connection.account.business_name == "Blue Pools"
    assert report.connection.connected_by == ADMIN
    assert report.webhook_healthy is None, "no check has run yet"


def test_the_callback_alone_activates_nothing(world: World) -> None:
    account = world.account()
    return_from_stripe(world, account, world.begin())
    connection = world.ports.connections.get(ORGANIZATION)
    assert not connection.active
    assert world.ports.connections.organization_of(StripeAccountId(account)) is None


def test_the_state_is_stored_only_as_a_hash(world: World) -> None:
    state = world.begin()
    assert state not in str(world.ports.database.authorizations)


def test_access_denied_in_stripe_is_reported_and_connects_no_account(world: World) -> None:
    state = world.begin()
    result = connect.receive_callback(state, None, "access_denied", world.ports)
    assert (result.outcome, result.code) == ("denied", "oauth_denied")
    with pytest.raises(Refused) as refusal:
        complete(world, state)
    assert refusal.value.code == "oauth_denied"
    assert refusal.value.next_step == connect.START_AGAIN
    assert not world.ports.connections.get(ORGANIZATION).active


def test_another_failure_in_stripe_has_its_own_code(world: World) -> None:
    result = connect.receive_callback(world.begin(), None, "invalid_scope", world.ports)
    assert (result.outcome, result.code) == ("error", "oauth_failed")


def test_a_callback_loaded_twice_exchanges_the_code_once(world: World) -> None:
    account = world.account()
    state, code = world.begin(), world.double.authorization_code(account)
    callback = connect.receive_callback(state, code, None, world.ports)
    with pytest.raises(Conflict, match="state_used"):
        connect.receive_callback(state, code, None, world.ports)
    assert exchanges(world) == 1
    assert complete(world, callback.state).status is ConnectionStatus.CONNECTED


def test_two_simultaneous_callbacks_exchange_the_code_once(world: World) -> None:
    account = world.account()
    state, code = world.begin(), world.double.authorization_code(account)
    real, codes = world.ports, []

    class RacingPorts:
        """Ports on which the browser loads the page again between POM's read and POM's write of the state."""

        def __init__(self) -> None:
            self.raced = False

        def __getattr__(self, name: str) -> object:
            return getattr(real, name)

        @property
        def connections(self) -> object:
            racing = self

            class Connections:
                def __getattr__(self, name: str) -> object:
                    return getattr(real.connections, name)

                def save_authorization(self, authorization: object, *acts: Any) -> object:
                    if not racing.raced:
                        racing.raced = True
                        codes.append(connect.receive_callback(state, code, None, real))
                    return real.connections.save_authorization(authorization, *acts)  # type: ignore[arg-type]

            return Connections()

    with pytest.raises(Conflict, match="state_used"):
        connect.receive_callback(state, code, None, RacingPorts())  # type: ignore[arg-type]
    assert exchanges(world) == 1
    assert complete(world, codes[0].state).status is ConnectionStatus.CONNECTED


@pytest.mark.parametrize(
    ("state", "kind", "code"),
    [(None, Malformed, "state_missing"), ("", Malformed, "state_missing"), ("guess", Refused, "state_unknown")],
)
def test_a_callback_without_a_state_of_pom_is_refused(
    state: str | None, kind: type[Exception], code: str, world: World
) -> None:
    with pytest.raises(kind, match=code):
        connect.receive_callback(state, "ac_code", None, world.ports)
    assert exchanges(world) == 0


def test_a_state_is_valid_for_ten_minutes(world: World) -> None:
    account = world.account()
    state = world.begin()
    world.advance(600)
    with pytest.raises(Refused, match="state_expired"):
        return_from_stripe(world, account, state)
    assert exchanges(world) == 0
    assert status(world) is ConnectionStatus.NOT_CONNECTED


def test_completing_after_ten_minutes_is_refused(world: World) -> None:
    account = world.account()
    state = world.begin()
    world.advance(599)
    return_from_stripe(world, account, state)
    world.advance(1)
    with pytest.raises(Refused, match="state_expired"):
        complete(world, state)


@pytest.mark.parametrize(
    ("organization", "user"),
    [(ORGANIZATION, OFFICE), (ORGANIZATION, UserId("user_mallory")), (OTHER, ADMIN), (OTHER, OFFICE)],
)
def test_only_the_admin_who_began_can_complete(organization: OrganizationId, user: UserId, world: World) -> None:
    account = world.account()
    state = return_from_stripe(world, account, world.begin()).state
    with pytest.raises(Forbidden, match="state_foreign"):
        connect.complete(organization, user, state, world.ports)
    assert not world.ports.connections.get(organization).active


def test_an_admin_who_sent_another_person_to_stripe_cannot_complete_the_connection(world: World) -> None:
    """The admin who began knows the state, but not the proof that Stripe's redirect gives to the returning
    browser.
    """
    account, state = world.account(), world.begin()
    callback = return_from_stripe(world, account, state)
    for guess in (state, f"{state}.", f"{state}.{state}", f"{state}.{callback.state}", f"{state}.guess"):
        with pytest.raises(Conflict, match="state_not_returned"):
            complete(world, guess)
    assert not world.ports.connections.get(ORGANIZATION).active
    assert complete(world, callback.state).status is ConnectionStatus.CONNECTED


def test_the_proof_given_to_the_returning_browser_is_stored_only_as_a_hash(world: World) -> None:
    callback = return_from_stripe(world, world.account(), world.begin())
    assert callback.state.partition(connect.PROOF)[2] not in str(world.ports.database.authorizations)


def test_completing_before_the_return_from_stripe_is_refused(world: World) -> None:
    state = world.begin()
    with pytest.raises(Conflict, match="state_not_returned"):
        complete(world, state)


def test_completing_again_changes_nothing(world: World) -> None:
    account = world.account()
    state = return_from_stripe(world, account, world.begin()).state
    complete(world, state)
    once = world.ports.connections.get(ORGANIZATION)
    world.advance(5000)
    complete(world, state)
    assert world.ports.connections.get(ORGANIZATION) == once


def test_a_code_that_stripe_refuses_is_reported(world: World) -> None:
    state = world.begin()
    result = connect.receive_callback(state, "ac_made_up", None, world.ports)
    assert (result.outcome, result.code) == ("error", "oauth_code_invalid")
    with pytest.raises(Refused, match="oauth_code_invalid"):
        complete(world, state)


def test_an_account_of_another_organization_is_refused(world: World) -> None:
    account = world.connect(OTHER)
    state = return_from_stripe(world, account, world.begin()).state
    with pytest.raises(Conflict) as refusal:
        complete(world, state)
    assert refusal.value.code == "account_bound_elsewhere"
    assert refusal.value.next_step
    assert not world.ports.connections.get(ORGANIZATION).active
    assert world.ports.connections.organization_of(StripeAccountId(account)) == OTHER


def test_an_account_stays_bound_after_its_organization_disconnected(world: World) -> None:
    account = world.connect(OTHER)
    connect.disconnect(OTHER, ADMIN, world.ports)
    with pytest.raises(Conflict, match="account_bound_elsewhere"):
        world.connect(account=account)


def test_a_business_that_stripe_still_verifies_lists_its_requirements_in_plain_words(world: World) -> None:
    due = ["external_account", "person_abc.dob.day", "tos_acceptance.date", "something.new"]
    world.connect(account=world.account(charges_enabled=False, currently_due=due))
    report = connection_report.report(ORGANIZATION, world.ports)
    assert report.status is ConnectionStatus.ACTION_REQUIRED
    assert report.connection.account is not None
    requirements = report.connection.account.requirements
    assert {each.field for each in requirements} == set(due)
    assert all(each.message.endswith(".") and each.field not in each.message for each in requirements)


def test_a_completed_verification_makes_the_connection_ready(world: World) -> None:
    account = world.connect(account=world.account(charges_enabled=False, currently_due=["external_account"]))
    world.advance(60)
    world.double.update_account(account, charges_enabled=True, currently_due=[])
    world.deliver()
    assert status(world) is ConnectionStatus.CONNECTED


# Disconnecting


def test_disconnecting_deauthorizes_pom_in_stripe_and_keeps_every_record(
    world: World, account: StripeAccountId
) -> None:
    invoice = world.invoice()
    world.deliver()
    report = connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    assert report.status is ConnectionStatus.DISCONNECTED
    assert not world.double.ledger(account)["connected"]
    assert world.now(invoice).status is InvoiceStatus.PENDING
    assert connect.disconnect(ORGANIZATION, ADMIN, world.ports).status is ConnectionStatus.DISCONNECTED


def test_access_that_was_revoked_in_stripe_can_still_be_disconnected(world: World, account: StripeAccountId) -> None:
    world.double.set_delivery(paused=True)
    world.double.revoke(account)
    assert connect.disconnect(ORGANIZATION, ADMIN, world.ports).status is ConnectionStatus.DISCONNECTED


def test_disconnecting_while_stripe_is_down_fails_and_can_be_repeated(world: World, account: StripeAccountId) -> None:
    real = world.ports.stripe

    class UnreachableStripe:
        def __getattr__(self, name: str) -> object:
            return getattr(real, name)

        def deauthorize(self, account_id: StripeAccountId) -> None:
            raise StripeUnavailable("stripe_unreachable", "No answer.", answered=False)

    world.ports.stripe = UnreachableStripe()  # type: ignore[assignment]
    with pytest.raises(StripeUnavailable):
        connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    assert status(world) is ConnectionStatus.CONNECTED
    world.ports.stripe = real
    assert connect.disconnect(ORGANIZATION, ADMIN, world.ports).status is ConnectionStatus.DISCONNECTED


def test_an_event_about_revoked_access_disconnects_the_company(world: World, account: StripeAccountId) -> None:
    world.advance(60)
    world.double.revoke(account)
    [receipt] = world.deliver()
    assert receipt.outcome is EventOutcome.APPLIED
    connection = world.ports.connections.get(ORGANIZATION)
    assert connection.status(world.ports.clock.now()) is ConnectionStatus.DISCONNECTED
    assert connection.disconnect_reason == "revoked in Stripe"


@pytest.mark.parametrize("gap", [0, 60], ids=["within_one_second", "a_minute_later"])
def test_a_late_event_about_an_earlier_disconnection_does_not_end_the_new_connection(
    gap: int, world: World, account: StripeAccountId
) -> None:
    world.advance(60)
    world.double.set_delivery(paused=True)
    connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    world.advance(gap)
    world.connect(account=account)
    world.double.set_delivery(paused=False)
    outcomes = {receipt.event_type: receipt.outcome for receipt in world.deliver()}
    assert outcomes["account.application.deauthorized"] is EventOutcome.NO_CHANGE
    assert status(world) is ConnectionStatus.CONNECTED


def test_revoking_a_former_account_does_not_end_the_present_connection(
    world: World, account: StripeAccountId
) -> None:
    """A call that meets a revoked account may end late, when the organization has already connected another
    account.
    """
    connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    world.connect()
    revocation.mark_revoked(ORGANIZATION, account, world.ports)
    assert status(world) is ConnectionStatus.CONNECTED


def test_a_refusal_from_before_a_reconnect_does_not_end_the_new_connection(
    world: World, account: StripeAccountId
) -> None:
    """The account was revoked when a call began, and is connected again when the refusal arrives."""
    world.double.revoke(account)
    world.connect(account=account)
    revocation.mark_revoked(ORGANIZATION, account, world.ports)
    assert status(world) is ConnectionStatus.CONNECTED


def test_a_disconnection_does_not_end_a_connection_that_was_made_during_it(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_up = world.ports.stripe.deauthorize

    def give_up_and_reconnect(account_id: StripeAccountId) -> None:
        give_up(account_id)
        world.advance(60)
        world.connect(account=account)

    monkeypatch.setattr(world.ports.stripe, "deauthorize", give_up_and_reconnect)
    connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    assert status(world) is ConnectionStatus.CONNECTED


def test_access_revoked_in_the_second_of_connecting_ends_the_connection(world: World) -> None:
    account = world.connect()
    world.double.revoke(account)
    world.deliver()
    assert status(world) is ConnectionStatus.DISCONNECTED


CALLS = ("sync", "create", "send", "void", "refresh", "sweep", "resume")


@pytest.mark.parametrize("call", CALLS)
def test_any_call_that_meets_a_revoked_connection_marks_it_as_disconnected(
    call: str, world: World, account: StripeAccountId
) -> None:
    sent, draft = world.invoice("svc_1"), world.invoice("svc_2", send=False)
    world.deliver()
    world.customer(phone="555-0100")
    world.ports.queues.take()
    if call == "resume":
        world.double.order_fault("close_before", method="POST", path="/v1/invoices")
        stuck = world.invoice("svc_4")
        world.advance(500)
    world.double.set_delivery(paused=True)
    world.double.revoke(account)
    match call:
        case "sync":
            assert sync_customer(ORGANIZATION, CustomerId("cust_1"), world.ports) == "not_connected"
        case "sweep":
            world.sweep()
        case "create":
            with pytest.raises(AccountUnreachable):
                world.invoice("svc_3")
        case "send":
            with pytest.raises(AccountUnreachable):
                invoices.send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
        case "void":
            with pytest.raises(AccountUnreachable):
                void_invoice(ORGANIZATION, sent.id, OFFICE, world.ports)
        case "refresh":
            with pytest.raises(AccountUnreachable):
                invoices.refresh_invoice(ORGANIZATION, sent.id, OFFICE, world.ports)
        case "resume":
            with pytest.raises(AccountUnreachable):
                world.resume()
            assert world.now(stuck).status is InvoiceStatus.CREATING
    assert status(world) is ConnectionStatus.DISCONNECTED
    assert world.now(sent).status is InvoiceStatus.PENDING
    assert world.now(draft).status is InvoiceStatus.DRAFT


# Reconnecting


def test_reconnecting_the_same_account_recovers_the_missed_events(world: World, account: StripeAccountId) -> None:
    unpaid_invoice, paid_invoice = world.invoice("svc_1"), world.invoice("svc_2")
    intent = world.double.pay(account, str(paid_invoice.stripe_invoice_id))["payment_intent"]
    world.deliver()
    world.sweep()
    swept_until = world.ports.connections.get(ORGANIZATION).sweep.swept_until
    world.double.revoke(account)
    world.deliver()
    world.advance(40 * 86400)  # longer than Stripe lists events
    world.double.pay(account, str(unpaid_invoice.stripe_invoice_id))
    as_owner = {"stripe_account": account}
    world.double.world.ledger(account).connected = True  # the owner refunds in the Dashboard
    world.client.v1.refunds.create({"payment_intent": intent}, as_owner)  # type: ignore[arg-type]
    world.double.world.ledger(account).connected = False
    world.ports.queues.take()
    world.connect(account=account)
    assert world.ports.connections.get(ORGANIZATION).sweep.swept_until == swept_until
    assert Reconciliation(ORGANIZATION, objects=True) in world.ports.queues.sent
    world.work()
    assert world.now(unpaid_invoice).status is InvoiceStatus.PAID
    assert world.now(paid_invoice).status is InvoiceStatus.REFUNDED
    assert world.ports.connections.get(ORGANIZATION).sweep.swept_until > swept_until


def test_work_that_a_revocation_stopped_resumes_after_a_reconnect(world: World, account: StripeAccountId) -> None:
    world.double.order_fault("close_after", method="POST", path="/v1/invoices/*/add_lines")
    invoice = world.invoice()
    world.double.revoke(account)
    world.deliver()
    world.advance(500)
    with pytest.raises(AccountUnreachable):
        world.resume()
    world.connect(account=account)
    world.advance(3601)
    world.resume()
    assert world.now(invoice).status is InvoiceStatus.PENDING
    assert len(world.double.mails()) == 1


def test_a_new_account_starts_its_own_sweep_and_old_invoices_stay_readable(
    world: World, account: StripeAccountId
) -> None:
    old = world.invoice("svc_1")
    connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    world.advance(60)
    new_account = world.connect()
    connection = world.ports.connections.get(ORGANIZATION)
    assert connection.account_id == new_account
    assert connection.sweep.swept_until == connection.connected_at == world.ports.clock.now()
    assert world.now(old).status is InvoiceStatus.PENDING
    new = world.invoice("svc_2")
    assert new.stripe_account_id == new_account
    assert len(world.in_stripe(new_account, "customer")) == 1
    assert len(world.in_stripe(account)) == 1


def test_a_reconnect_whose_message_is_lost_is_swept_with_the_next_plan(
    world: World, account: StripeAccountId
) -> None:
    world.double.revoke(account)
    world.deliver()
    world.ports.queues.failure = StripeUnavailable("queue_unavailable", "No.", answered=False)
    world.connect(account=account)
    world.ports.queues.failure = None
    assert world.ports.connections.get(ORGANIZATION).sweep.objects_due
    assert world.sweep(objects=False).objects
    assert not world.ports.connections.get(ORGANIZATION).sweep.objects_due


def test_an_hour_without_a_sweep_is_reported_as_a_problem(world: World, account: StripeAccountId) -> None:
    world.sweep()
    world.advance(3601)
    report = connection_report.report(ORGANIZATION, world.ports)
    assert not report.webhook_healthy
    assert "more than an hour" in str(report.webhook_problem)
    world.sweep()
    world.look()
    assert connection_report.report(ORGANIZATION, world.ports).webhook_healthy


def test_the_report_holds_the_time_of_the_last_received_event(world: World, account: StripeAccountId) -> None:
    world.invoice()
    world.advance(60)
    world.deliver()
    assert connection_report.report(ORGANIZATION, world.ports).last_event_at == world.ports.clock.now()
