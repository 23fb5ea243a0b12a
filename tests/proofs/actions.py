"""The actions of people, schedules, workers and the network in a town. An actor's number decides all choices of its
action.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

from chalicelib.domain.batch import BatchKind
from chalicelib.domain.billing import BillingTerms
from chalicelib.domain.customer_fields import Address, Profile
from chalicelib.domain.customer_save import Save
from chalicelib.domain.erasure import InStripe
from chalicelib.domain.errors import AccountUnreachable, Conflict, Forbidden, NotFound, Refused
from chalicelib.domain.identifiers import CustomerId, InvoiceId, OrganizationId, ServiceId, UserId, batch_id_for
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.invoice_changes import published_status
from chalicelib.domain.payments import PaymentStatus, payments_of
from chalicelib.domain.settings import InvoicingSettings, Reminders
from chalicelib.domain.status import InvoiceStatus
from chalicelib.ports.messages import (
    BalanceJob,
    BatchJob,
    CustomerSync,
    ErasureJob,
    InvoiceJob,
    InvoiceTask,
    Reconciliation,
)
from chalicelib.usecases.bulk.batch_work import work_on_part
from chalicelib.usecases.bulk.batches import cancel, retry_failures, send_drafts
from chalicelib.usecases.bulk.bill_many import BillMany, bill_many
from chalicelib.usecases.connecting import connect
from chalicelib.usecases.customers.customers import put_customer, sync_customer
from chalicelib.usecases.erasing.erase_customer import erase_customer
from chalicelib.usecases.erasing.request_erasure import request_erasure
from chalicelib.usecases.invoicing import invoicing_settings
from chalicelib.usecases.invoicing.correct_invoice import correct_invoice
from chalicelib.usecases.invoicing.create_invoice import create_invoice
from chalicelib.usecases.invoicing.edit_draft import EditDraft
from chalicelib.usecases.invoicing.edit_draft import edit_draft as replace_order
from chalicelib.usecases.invoicing.invoices import get_invoice, refresh_invoice, send_invoice
from chalicelib.usecases.invoicing.plan_day import plan_day
from chalicelib.usecases.invoicing.refund import RefundRequest
from chalicelib.usecases.invoicing.refund import refund as refund_payment
from chalicelib.usecases.invoicing.remind import remind
from chalicelib.usecases.invoicing.settle_outside import Settlement, mark_paid
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from chalicelib.usecases.payouts.balance_jobs import do_balance_job
from chalicelib.usecases.reconciling.plan_reconciliation import plan_reconciliation
from chalicelib.usecases.reconciling.reconcile import reconcile_account
from chalicelib.usecases.reconciling.resume_stuck import resume_stuck
from chalicelib.workers.invoice_jobs import TASKS
from tests.proofs.invariants import original_of, require
from tests.proofs.simulation import ORGANIZATIONS, Town
from tests.proofs.stage import Action, Actor
from tests.world import ADMIN, OFFICE, line, order

SERVICES = 8
KEYS = 10
DAY = 86_400

PAYMENTS = (
    "pm_card_visa", "pm_card_visa", "pm_card_visa", "pm_card_chargeDeclined", "pm_card_chargeDeclinedExpiredCard",
    "pm_card_chargeDeclinedInsufficientFunds", "pm_usBankAccount_success", "pm_usBankAccount_insufficientFunds",
    "pm_card_createDispute", "pm_card_createDisputeInquiry", "pm_card_refundFail", "pm_card_pendingRefund",
    "pm_card_authenticationRequired",
)  # fmt: skip

MEMOS = (None, "Thank you", "x" * 1501)
"""Stripe accepts 1,500 letters at most (https://docs.stripe.com/api/invoices/update)."""

DisputeMoves = (
    "under_review",
    "won",
    "lost",
    "lost",
    "appeal_under_review",
    "warning_under_review",
    "warning_closed",
)


# The office


def create(town: Town, me: Actor) -> None:
    """Bills one or two services. The same key always orders the same services."""
    organization = me.rng.choice(ORGANIZATIONS)
    key = me.rng.randrange(KEYS)
    order_rng = random.Random(f"key {key}")
    services = order_rng.sample(range(SERVICES), order_rng.choice((1, 1, 2)))
    command = order(
        organization_id=organization,
        idempotency_key=f"key-{key}",
        fingerprint=f"body-{key}",
        customer_id=CustomerId(f"cust_{order_rng.choice((1, 2))}"),
        line_items=tuple(line(f"{organization}_{service}") for service in services),
        payment_terms=order_rng.choice(("net_15", "due_on_receipt", "net_30")),
        send=order_rng.random() < 0.75,
    )
    with town.invariants.on_behalf_of(me, organization):
        create_invoice(command, town.ports)


def draft(town: Town, me: Actor) -> None:
    """Creates a draft of a service that no other invoice bills."""
    organization, key = me.rng.choice(ORGANIZATIONS), f"draft-{me.action.number % KEYS}"
    lines = (line(f"{organization}_{key}"),)
    command = order(
        organization_id=organization, idempotency_key=key, fingerprint=key, line_items=lines, send=False
    )  # fmt: skip
    with town.invariants.on_behalf_of(me, organization):
        create_invoice(command, town.ports)


def create_many(town: Town, me: Actor) -> None:
    """Creates an invoice with more services than one transaction can claim."""
    organization = me.rng.choice(ORGANIZATIONS)
    names = [f"{organization}_many_{number}" for number in range(95)]
    names.append(f"{organization}_{me.rng.randrange(SERVICES)}")
    command = order(
        organization_id=organization, idempotency_key=f"many-{me.action.number % 3}", fingerprint=",".join(names),
        line_items=tuple(line(name, "2.00") for name in names),
    )  # fmt: skip
    with town.invariants.on_behalf_of(me, organization):
        create_invoice(command, town.ports)


def edit_draft(town: Town, me: Actor) -> None:
    """Replaces the order of a draft: some of its services, some others, sometimes more than one transaction can
    claim.

    Stripe refuses some orders for their memo, after it has changed the lines.
    """
    drafts = [i for i in town.plain.database.invoices.values() if i.status is InvoiceStatus.DRAFT]
    if not drafts:
        return
    draft = me.rng.choice(sorted(drafts, key=lambda i: (i.created_at, i.id))[-4:])
    organization = draft.organization_id
    names = [line.service_id for line in draft.order.line_items if me.rng.random() < 0.6][:3]
    names += [as_service(f"{organization}_{number}") for number in me.rng.sample(range(SERVICES), 2)]
    if me.rng.random() < 0.05:
        names += [as_service(f"{organization}_edited_{number}") for number in range(95)]
    command = EditDraft(
        organization, draft.id, OFFICE,
        tuple(line(name, me.rng.choice(("2.00", "75.00"))) for name in dict.fromkeys(names)),
        BillingTerms(payment_terms=me.rng.choice(("net_15", "net_30")), memo=me.rng.choice(MEMOS)),
    )  # fmt: skip
    with town.invariants.on_behalf_of(me, organization):
        replace_order(command, town.ports)


def batch(town: Town, me: Actor) -> None:
    """Creates two drafts in a batch, sends them, retries failures, or cancels the batch. Then workers may process
    it.
    """
    organization, key = me.rng.choice((*ORGANIZATIONS, ORGANIZATIONS[0])), "batch"
    services = ((CustomerId("cust_1"), line(f"{organization}_0")), (CustomerId("cust_2"), line(f"{organization}_9")))
    stored_batch = town.plain.batches.get(organization, batch_id_for(organization, BatchKind.INVOICES, key))
    act = me.rng.choices(("send", "retry", "cancel"), (12, 3, 1))[0]
    with town.invariants.on_behalf_of(me, organization):
        if stored_batch is None or not stored_batch.stored:
            bill_many(BillMany(organization, OFFICE, key, key, services, BillingTerms(send=False)), town.ports)
        elif act == "send":
            send_drafts(organization, stored_batch.id, OFFICE, None, town.ports)
        elif act == "retry":
            retry_failures(organization, stored_batch.id, town.ports)
        else:
            cancel(organization, stored_batch.id, town.ports)
    for _ in range(me.rng.choice((0, 1, 3))):
        work(town, me)


def _some_invoice(town: Town, me: Actor) -> Invoice | None:
    invoices = sorted(town.plain.database.invoices.values(), key=lambda i: (i.created_at, i.id))
    return me.rng.choice(invoices[-8:]) if invoices else None


def _on_some_invoice(act: Callable[[OrganizationId, InvoiceId, Town], Any]) -> Callable[[Town, Actor], None]:
    def action(town: Town, me: Actor) -> None:
        invoice = _some_invoice(town, me)
        if invoice is not None:
            with town.invariants.on_behalf_of(me, invoice.organization_id):
                act(invoice.organization_id, invoice.id, town)

    return action


send = _on_some_invoice(lambda company, invoice_id, town: send_invoice(company, invoice_id, OFFICE, town.ports))
void = _on_some_invoice(lambda company, invoice_id, town: void_invoice(company, invoice_id, OFFICE, town.ports))
correct = _on_some_invoice(lambda company, invoice_id, town: _correcting(company, invoice_id, town))
refresh = _on_some_invoice(lambda company, invoice_id, town: refresh_invoice(company, invoice_id, OFFICE, town.ports))
CASH = Settlement("cash")
cash = _on_some_invoice(lambda company, invoice_id, town: mark_paid(company, invoice_id, OFFICE, CASH, town.ports))


def _correcting(organization: OrganizationId, invoice_id: InvoiceId, town: Town) -> None:
    """Voids an issued invoice and creates its draft copy, which may be sent immediately."""
    copy = correct_invoice(organization, invoice_id, OFFICE, town.ports, confirmed=True)
    if not copy.saga.running and copy.sent_at is None:
        send_invoice(organization, copy.id, OFFICE, town.ports)


def _reminding(organization: OrganizationId, invoice_id: InvoiceId, town: Town) -> None:
    _note_reminder(town, organization, invoice_id)
    remind(organization, invoice_id, OFFICE, town.ports)


remind_by_hand = _on_some_invoice(_reminding)


def _note_reminder(town: Town, organization: OrganizationId, invoice_id: InvoiceId) -> None:
    """Allows one more e-mail on this day, and on the next day if the work continues past midnight."""
    invoice = town.plain.database.invoices.get((organization, invoice_id))
    if invoice is not None and invoice.stripe_invoice_id:
        invoices = town.table(invoice.stripe_account_id, "invoice")
        days = town.reminded.setdefault(original_of(invoices, invoice.stripe_invoice_id), set())
        days.add(town.plain.clock.now() // DAY)


def edit_customer(town: Town, me: Actor) -> None:
    """Changes a customer in POM."""
    organization = me.rng.choice(ORGANIZATIONS)
    number = me.rng.choice((1, 2))
    profile = Profile(
        first_name=me.rng.choice(("Ann", "Bo")), last_name="Lee",
        email=me.rng.choice((f"{number}a@pool.test", f"{number}B@pool.test", "office@pool.test")),
        phone=me.rng.choice((None, "+15550100")),
        address=Address(street=me.rng.choice((None, "1 Elm St")), city=me.rng.choice((None, "Tempe"))),
    )  # fmt: skip
    with town.invariants.on_behalf_of(me, organization):
        put_customer(organization, CustomerId(f"cust_{number}"), Save(profile), town.ports)


def change_settings(town: Town, me: Actor) -> None:
    """Changes the settings of reminders and of the payment window."""
    organization = me.rng.choice(ORGANIZATIONS)
    reminders = Reminders(True, (3,), True, (2, 10))
    settings = InvoicingSettings(organization, reminders=reminders, payment_window=me.rng.choice((None, 20)))
    with town.invariants.on_behalf_of(me, organization):
        invoicing_settings.change(organization, settings, town.ports)


def trespass(town: Town, me: Actor) -> None:
    """Sends requests of one company with ids of the other."""
    invoice = _some_invoice(town, me)
    if invoice is None:
        return
    [other_organization] = [organization for organization in ORGANIZATIONS if organization != invoice.organization_id]
    act = me.rng.choice((send_invoice, void_invoice, refresh_invoice))
    with town.invariants.on_behalf_of(me, other_organization):
        for attempt in (
            lambda: get_invoice(other_organization, invoice.id, town.ports),
            lambda: act(other_organization, invoice.id, OFFICE, town.ports),
        ):
            try:
                attempt()
            except NotFound:
                continue
            require(False, f"7: {other_organization} reached {invoice.id}")


# The admin


def refund_in_pom(town: Town, me: Actor) -> None:
    """An admin refunds a payment, or repeats the request. The same key always orders the same part, or the remaining
    amount.
    """
    invoices = sorted(town.plain.database.invoices.values(), key=lambda i: (i.created_at, i.id))
    succeeded = PaymentStatus.SUCCEEDED
    succeeded_payments = [
        (each, payment) for each in invoices for payment in payments_of(each) if payment.status is succeeded
    ]
    if not succeeded_payments:
        return
    (invoice, payment), key = me.rng.choice(succeeded_payments[-4:]), me.rng.randrange(3)
    amount = (None, Decimal("5.00"), Decimal("40.00"))[key]
    request = RefundRequest(invoice.organization_id, ADMIN, payment.id, f"refund-{key}", amount)
    with town.invariants.on_behalf_of(me, invoice.organization_id):
        refund_payment(request, town.ports)


def erase(town: Town, me: Actor) -> None:
    """An admin requests the erasure of a customer, mostly after the company has finished the customer's open
    business.

    POM begins ten minutes later, and checks again after a day.
    """
    organization, customer = me.rng.choice(ORGANIZATIONS), CustomerId(f"cust_{me.rng.choice((1, 2))}")
    in_stripe = me.rng.choice((InStripe.KEEP, InStripe.DELETE))
    if me.rng.random() < 0.7:
        _clear_up(town, me, organization)
    with town.invariants.on_behalf_of(me, organization):
        request_erasure(organization, customer, in_stripe, ADMIN, town.ports)


def _clear_up(town: Town, me: Actor, organization: OrganizationId) -> None:
    """A company finishes its open business in Stripe: invoices, debits, refunds and disputes. Webhooks arrive."""
    account, service = town.accounts[organization], town.dashboard(organization).v1.invoices
    for dispute in _ids_in_status(
        town, account, "dispute", "needs_response", "under_review", "warning_needs_response"
    ):
        town.double.move_dispute(account, dispute, me.rng.choice(("won", "lost")))
    for refund in _ids_in_status(town, account, "refund", "pending", "requires_action"):
        town.double.settle_refund(account, refund, outcome=me.rng.choice(("succeeded", "failed")))
    for intent in _ids_in_status(town, account, "payment_intent", "processing"):
        town.double.settle_debit(account, intent)
    for invoice in _ids_in_status(town, account, "invoice", "draft"):
        service.delete(invoice)
    for invoice in _ids_in_status(town, account, "invoice", "open"):
        me.rng.choice((service.void_invoice, service.mark_uncollectible))(invoice)
    town.double.drain()


def _ids_in_status(town: Town, account: str, kind: str, *statuses: str) -> list[str]:
    return [each["id"] for each in list(town.table(account, kind).values()) if each["status"] in statuses]


def begin(town: Town, me: Actor) -> None:
    """Starts Install or Reconnect, up to Stripe's page."""
    organization = me.rng.choice(ORGANIZATIONS)
    with town.invariants.on_behalf_of(me, organization):
        town.states.append((organization, town.begin(organization)))


def grant(town: Town, me: Actor) -> None:
    """The browser returns from Stripe, for any attempt that was started; mostly with the usual account."""
    if not town.states:
        return
    organization, state = me.rng.choice(town.states)
    account = me.rng.choice((town.accounts[organization],) * 6 + (town.spare, town.accounts[ORGANIZATIONS[0]]))
    back = connect.receive_callback(state, town.double.authorization_code(account), None, town.ports)
    if back.outcome == "pending":
        town.states += [(organization, back.state)] * 2


def complete(town: Town, me: Actor) -> None:
    """The admin finishes connecting, or another user tries to."""
    if not town.states:
        return
    organization, state = me.rng.choice(town.states)
    foreign = me.rng.random() < 0.2
    with town.invariants.on_behalf_of(me, organization):
        try:
            connect.complete(organization, UserId("somebody_else") if foreign else ADMIN, state, town.ports)
        except Forbidden:
            require(foreign, "9: the admin who began it was refused")
        else:
            require(not foreign, "9: somebody else completed the connection")


def reconnect(town: Town, me: Actor) -> None:
    """Reconnects in one action."""
    organization = me.rng.choice(ORGANIZATIONS)
    account = town.accounts[organization]
    with town.invariants.on_behalf_of(me, organization):
        state = town.begin(organization)
        back = connect.receive_callback(state, town.double.authorization_code(account), None, town.ports)
        connect.complete(organization, ADMIN, back.state, town.ports)


def disconnect(town: Town, me: Actor) -> None:
    organization = me.rng.choice(ORGANIZATIONS)
    with town.invariants.on_behalf_of(me, organization):
        connect.disconnect(organization, ADMIN, town.ports)


def revoke(town: Town, me: Actor) -> None:
    """Revokes the access in Stripe's Dashboard."""
    town.double.revoke(me.rng.choice(sorted(town.accounts.values())))


def verification(town: Town, me: Actor) -> None:
    """Stripe disables or enables an account's charges."""
    account = me.rng.choice(sorted(town.accounts.values()))
    town.double.update_account(account, charges_enabled=me.rng.random() < 0.6)


# Payers and banks


def _random_object(town: Town, me: Actor, kind: str, **params: str) -> tuple[str, dict[str, Any]] | None:
    stripe_object = [
        (account, candidate)
        for account in sorted(town.double.world.ledgers)
        for candidate in town.table(account, kind).values()
        if all(candidate.get(name) == value for name, value in params.items()) and not candidate.get("_deleted")
    ]
    return me.rng.choice(stripe_object[-10:]) if stripe_object else None


def pay(town: Town, me: Actor) -> None:
    stripe_object = _random_object(
        town, me, "invoice", status=me.rng.choice(("open", "open", "open", "uncollectible"))
    )
    if stripe_object is None:
        return
    account, invoice = stripe_object
    amount = me.rng.choice((None, None, None, 1000)) if invoice["amount_remaining"] > 1000 else None
    try:
        town.double.pay(
            account, invoice["id"], me.rng.choice(PAYMENTS), amount=amount, authenticate=me.rng.random() < 0.7
        )
    except ValueError:
        return


def settle_debit(town: Town, me: Actor) -> None:
    stripe_object = _random_object(town, me, "payment_intent", status="processing")
    if stripe_object:
        fail = me.rng.choice((None, "insufficient_funds", "account_closed"))
        town.double.settle_debit(stripe_object[0], stripe_object[1]["id"], fail=fail)


def refund(town: Town, me: Actor) -> None:
    stripe_object = _random_object(town, me, "charge", status="succeeded")
    if stripe_object is None:
        return
    organization = next((o for o in ORGANIZATIONS if town.accounts[o] == stripe_object[0]), None)
    if organization is not None:
        params: Any = {"charge": stripe_object[1]["id"]}
        if me.rng.random() < 0.4:
            params["amount"] = 500
        town.dashboard(organization).v1.refunds.create(params)


def settle_refund(town: Town, me: Actor) -> None:
    stripe_object = _random_object(town, me, "refund")
    if stripe_object:
        outcome = me.rng.choice(("succeeded", "failed", "canceled"))
        town.double.settle_refund(stripe_object[0], stripe_object[1]["id"], outcome=outcome)


def dispute(town: Town, me: Actor) -> None:
    stripe_object = _random_object(town, me, "charge", status="succeeded")
    if stripe_object:
        town.double.open_dispute(
            stripe_object[0], stripe_object[1]["id"], reason=me.rng.choice(("fraudulent", "inquiry"))
        )


def move_dispute(town: Town, me: Actor) -> None:
    stripe_object = _random_object(town, me, "dispute")
    if stripe_object:
        town.double.move_dispute(stripe_object[0], stripe_object[1]["id"], me.rng.choice(DisputeMoves))


def in_dashboard(town: Town, me: Actor) -> None:
    """The company acts on an invoice in Stripe itself."""
    organization = me.rng.choice(ORGANIZATIONS)
    account = town.accounts[organization]
    invoices = [i["id"] for i in town.table(account, "invoice").values()][-8:]
    if not invoices:
        return
    service = town.dashboard(organization).v1.invoices
    chosen = me.rng.choice(invoices)
    outside: Any = {"paid_out_of_band": True}
    quietly: Any = {"auto_advance": False}
    me.rng.choice((
        lambda: service.void_invoice(chosen),
        lambda: service.mark_uncollectible(chosen),
        lambda: service.pay(chosen, outside),
        lambda: service.finalize_invoice(chosen, quietly),
        lambda: service.delete(chosen),
    ))()  # fmt: skip


def draft_in_dashboard(town: Town, me: Actor) -> None:
    """Changes a draft in Stripe: its memo, its due date or its lines. POM may edit or send the draft at the same
    time.
    """
    organization = me.rng.choice(ORGANIZATIONS)
    account = town.accounts[organization]
    # Only drafts that POM has finished, because POM refuses a draft whose total was changed during its creation.
    ids_of_drafts = {
        i.stripe_invoice_id for i in town.plain.database.invoices.values() if published_status(i) == "draft"
    }
    drafts = [i["id"] for i in town.table(account, "invoice").values() if i["status"] == "draft"]
    drafts = [draft for draft in drafts if draft in ids_of_drafts][-4:]
    if not drafts:
        return
    service, chosen = town.dashboard(organization).v1.invoices, me.rng.choice(drafts)
    memo: Any = {"description": me.rng.choice(("", "Thank you", "See you"))}
    due: Any = {"due_date": town.plain.clock.now() + me.rng.choice((10, 20)) * DAY}
    # No discount has this amount, so POM sees from the total that there is another line.
    extra_line: Any = {"lines": [{"amount": me.rng.choice((700, 2500)), "description": "Filter"}]}
    lines = town.double.world.ledgers[account].lines[chosen]
    fewer: Any = {"lines": [{"id": each["id"], "behavior": "delete"} for each in lines[-1:]]}
    me.rng.choice((
        lambda: service.update(chosen, memo),
        lambda: service.update(chosen, due),
        lambda: service.add_lines(chosen, extra_line),
        lambda: service.remove_lines(chosen, fewer),
    ))()  # fmt: skip


def revise(town: Town, me: Actor) -> None:
    """Edits a finalized invoice in Stripe, or finishes a started revision."""
    organization = me.rng.choice(ORGANIZATIONS)
    invoices = list(town.table(town.accounts[organization], "invoice").values())[-8:]
    service = town.dashboard(organization).v1.invoices
    revision_drafts = [i["id"] for i in invoices if i["status"] == "draft" and i["from_invoice"]]
    if revision_drafts and me.rng.random() < 0.7:
        service.send_invoice(me.rng.choice(revision_drafts))
        return
    revisable = [i["id"] for i in invoices if i["status"] in ("open", "uncollectible")]
    if not revisable:
        return
    params: Any = {"from_invoice": {"action": "revision", "invoice": me.rng.choice(revisable)}}
    draft = service.create(params)
    if me.rng.random() < 0.5:
        service.add_lines(draft.id, {"lines": [{"amount": 2500, "description": "Filter"}]})
    if me.rng.random() < 0.6:
        service.send_invoice(draft.id)


def customer_in_dashboard(town: Town, me: Actor) -> None:
    """Edits or deletes a customer in Stripe."""
    organization = me.rng.choice(ORGANIZATIONS)
    account = town.accounts[organization]
    customers = [c["id"] for c in town.table(account, "customer").values() if not c.get("_deleted")]
    if not customers:
        return
    service = town.dashboard(organization).v1.customers
    chosen = me.rng.choice(customers)
    changes: Any = {"phone": me.rng.choice(("+15550111", "+15550122", ""))}
    if me.rng.random() < 0.5:
        changes["address"] = {"line1": me.rng.choice(("9 Oak Ave", "")), "city": "Phoenix"}
    if me.rng.random() < 0.5:
        changes["email"] = f"{me.rng.choice('xyz')}@stripe.test"
    if me.rng.random() < 0.2:
        service.delete(chosen)
    else:
        service.update(chosen, changes)


def credit_note(town: Town, me: Actor) -> None:
    organization = me.rng.choice(ORGANIZATIONS)
    stripe_object = [i for i in town.table(town.accounts[organization], "invoice").values() if i["status"] == "open"]
    if stripe_object:
        params: Any = {"invoice": me.rng.choice(stripe_object)["id"], "amount": me.rng.choice((700, 7500))}
        town.dashboard(organization).v1.credit_notes.create(params)


def give_back(town: Town, me: Actor) -> None:
    """Issues a credit note for a paid invoice: by a refund, to the customer's balance, or outside Stripe."""
    organization = me.rng.choice(ORGANIZATIONS)
    stripe_object = [i for i in town.table(town.accounts[organization], "invoice").values() if i["status"] == "paid"]
    if stripe_object:
        way = me.rng.choice(("refund_amount", "credit_amount", "out_of_band_amount"))
        params: Any = {"invoice": me.rng.choice(stripe_object)["id"], "amount": 300, way: 300}
        town.dashboard(organization).v1.credit_notes.create(params)


def balance(town: Town, me: Actor) -> None:
    """Gives a customer a credit or a debt in Stripe. The next invoice that is finalized uses it."""
    organization = me.rng.choice(ORGANIZATIONS)
    customers = [c for c in town.table(town.accounts[organization], "customer").values() if not c.get("_deleted")]
    if customers:
        params: Any = {"balance": me.rng.choice((-20_000, -7480, -7500, -2500, 1000, 30))}
        town.dashboard(organization).v1.customers.update(me.rng.choice(customers)["id"], params)


def discount(town: Town, me: Actor) -> None:
    """The company gives a discount on a draft in Stripe."""
    organization = me.rng.choice(ORGANIZATIONS)
    drafts = [i for i in town.table(town.accounts[organization], "invoice").values() if i["status"] == "draft"]
    # Only drafts whose work has finished, because POM refuses a draft whose total was changed during its creation.
    finished_ids = {i.stripe_invoice_id for i in town.plain.database.invoices.values() if not i.saga.running}
    drafts = [draft for draft in drafts if draft["id"] in finished_ids]
    if drafts:
        service = town.dashboard(organization).v1
        terms: Any = {"amount_off": me.rng.choice((500, 50_000)), "currency": "usd", "duration": "once"}
        params: Any = {"discounts": [{"coupon": service.coupons.create(terms).id}]}
        service.invoices.update(me.rng.choice(drafts)["id"], params)


def account_business(town: Town, me: Actor) -> None:
    """The account has business besides POM's, and Stripe charges its own fees."""
    account = me.rng.choice(sorted(town.accounts.values()))
    match me.rng.choice(("sale", "sale", "fee", "unknown")):
        case "sale":
            town.double.outside_charge(account, 4_200)
        case "fee":
            town.double.account_fee(account, 1_100)
        case "unknown":
            town.double.adjust(account, me.rng.choice((-300, 500)), "moon_fee", "moon_landing")


def payout_moves(town: Town, me: Actor) -> None:
    """The bank returns a payout, or the owner cancels, reverses or requests one, or enters another bank account."""
    account = me.rng.choice(sorted(town.accounts.values()))
    payouts = [each["id"] for each in town.table(account, "payout").values()][-4:]
    match me.rng.choice(("fail", "fail", "bank", "bank", "cancel", "reverse", "by_hand", "instant", "now")):
        case "bank":
            town.double.update_account(account, bank_last4=f"{me.rng.randrange(10_000):04}")
        case "now":
            town.double.pay_out(account)
        case "by_hand":
            town.double.pay_out(account, automatic=False)
        case "instant":
            town.double.pay_out(account, method="instant")
        case move if payouts:
            moves = {
                "fail": town.double.fail_payout, "cancel": town.double.cancel_payout,
                "reverse": town.double.reverse_payout,
            }  # fmt: skip
            moves[move](account, me.rng.choice(payouts))


# The network, the workers, the schedules, and time


def deliver(town: Town, me: Actor) -> None:
    """Delivers a few webhooks one after the other. Several deliveries run at the same time."""
    for _ in range(me.rng.choice((1, 2, 5, 12))):
        me.began_at = town.plain.clock.now()
        if town.double.step() is None:
            return


def network(town: Town, me: Actor) -> None:
    """Sets the quality of the network between Stripe and POM from now on."""
    rates = (0.0, 0.0, 0.1, 0.4)
    town.double.set_delivery(
        drop=me.rng.choice(rates), duplicate=me.rng.choice(rates), reorder=me.rng.choice((0.0, 0.5, 1.0)),
        delay=me.rng.choice(rates), delay_seconds=me.rng.choice((2.0, 60.0, 4000.0)),
        lose_rate=me.rng.choice((0.0, 0.0, 0.2, 1.0)), squeeze=me.rng.random() < 0.2,
    )  # fmt: skip


def never_generated(town: Town, me: Actor) -> None:
    """Stripe fails to generate some events, which are then missing in its list too."""
    kinds = (
        "payout.*",
        "invoice.paid",
        "invoice.voided",
        "refund.*",
        "charge.*",
        "payment_intent.*",
        "invoice_payment.*",
    )
    town.double.set_delivery(never_generate=list(me.rng.sample(kinds, me.rng.randrange(3))))


def resend(town: Town, me: Actor) -> None:
    """Resends an event of any age from Stripe's Dashboard."""
    account = me.rng.choice(sorted(town.accounts.values()))
    events = list(town.double.world.ledgers[account].events)
    if events:
        town.double.resend(account, me.rng.choice(events))


def work(town: Town, me: Actor) -> None:
    """A worker receives a message. The message is received again if the worker fails, and sometimes if it
    succeeds.
    """
    envelope = town.receive_message(me.rng)
    if envelope is None:
        return
    message = envelope.message
    with town.invariants.on_behalf_of(me, message.organization_id):
        match message:
            case CustomerSync():
                me.patience = 120
                sync_customer(message.organization_id, message.customer_id, town.ports)
            case InvoiceJob():
                me.patience = 180
                if message.task is InvoiceTask.REMIND:
                    _note_reminder(town, message.organization_id, message.invoice_id)
                with suppress(Refused, AccountUnreachable, Conflict):
                    TASKS[message.task](message.organization_id, message.invoice_id, town.ports)
            case BatchJob():
                me.patience = 180
                work_on_part(message.organization_id, message.batch_id, message.lane, message.turn, town.ports)
            case ErasureJob():
                me.patience = 300
                erase_customer(message.organization_id, message.customer_id, town.ports)
            case BalanceJob():
                me.patience = 300
                with suppress(Refused, AccountUnreachable):
                    do_balance_job(message, town.ports)
            case Reconciliation():
                me.patience = 300
                reconcile_account(
                    message.organization_id, town.ports, objects=message.objects, planned_at=message.planned_at
                )
    if me.rng.random() > 0.1:
        town.delete_message(envelope)


def resume(town: Town, me: Actor) -> None:
    me.patience = 120
    resume_stuck(town.ports)


def plan_sweeps(town: Town, me: Actor) -> None:
    me.patience = 120
    plan_reconciliation(town.ports)


def plan_mails(town: Town, me: Actor) -> None:
    me.patience = 300
    plan_day(town.ports)


def sweep(town: Town, me: Actor) -> None:
    me.patience = 300
    organization = me.rng.choice(ORGANIZATIONS)
    with town.invariants.on_behalf_of(me, organization):
        reconcile_account(organization, town.ports, objects=me.rng.random() < 0.4)


def wait(town: Town, me: Actor) -> None:
    """Lets time pass, also for actors in the middle of an action."""
    town.advance(me.rng.choice((1, 1, 1, 1, 1, 5, 5, 5, 20, 20, 130, 130, 700, 4000, DAY, 2 * DAY)))


ACTIONS: dict[str, tuple[int, Callable[[Town, Actor], None]]] = {
    "create": (18, create), "create_many": (1, create_many), "send": (5, send), "void": (4, void),
    "correct": (3, correct),
    "edit_draft": (6, edit_draft),
    "refresh": (2, refresh), "cash": (3, cash), "refund_in_pom": (3, refund_in_pom),
    "remind": (3, remind_by_hand), "edit_customer": (5, edit_customer),
    "settings": (1, change_settings), "trespass": (1, trespass), "begin": (2, begin), "grant": (2, grant),
    "complete": (2, complete), "reconnect": (3, reconnect), "disconnect": (1, disconnect), "revoke": (1, revoke),
    "verification": (1, verification), "pay": (10, pay), "settle_debit": (3, settle_debit), "refund": (4, refund),
    "settle_refund": (2, settle_refund), "dispute": (2, dispute), "move_dispute": (3, move_dispute),
    "in_dashboard": (5, in_dashboard), "customer_in_dashboard": (3, customer_in_dashboard),
    "credit_note": (1, credit_note), "give_back": (2, give_back), "balance": (2, balance),
    "discount": (1, discount), "revise": (3, revise), "account_business": (3, account_business),
    "payout_moves": (3, payout_moves), "deliver": (26, deliver), "network": (3, network),
    "never_generated": (1, never_generated), "resend": (2, resend), "work": (14, work), "resume": (5, resume),
    "plan_sweeps": (2, plan_sweeps), "plan_mails": (2, plan_mails), "sweep": (4, sweep), "wait": (12, wait),
    "batch": (0, batch), "draft": (0, draft), "draft_in_dashboard": (0, draft_in_dashboard), "erase": (0, erase),
}  # fmt: skip
"""The actions by name, each with its frequency and its actor.

Batches have their place in the proof `never_twice`, drafts have their own in the proof `publishing`, and erasures
have theirs in the proof `erasures`.
"""

PLAYERS = {name: player for name, (_, player) in ACTIONS.items()}


def schedule(seed: int, length: int) -> list[Action]:
    """Returns a random schedule; a seed always gives the same one."""
    rng = random.Random(seed)
    names, weights = list(ACTIONS), [weight for weight, _ in ACTIONS.values()]
    chosen = ["create"] * 6 + rng.choices(names, weights, k=length - 6)
    return [Action(name, rng.randrange(1_000_000)) for name in chosen]


def as_service(name: str) -> ServiceId:
    return ServiceId(name)
