"""Promises of drafts and of sending them."""

from __future__ import annotations

from chalicelib.domain.facts import InvoiceFact
from infra.sandbox.findings import Verdict
from infra.sandbox.promises.invoices import (
    FIRST_AMOUNT,
    SECOND_AMOUNT,
    billed_invoice,
    events_of_billed_invoice,
    make_draft,
    send,
)
from infra.sandbox.promises.promise import Outcome, as_promise, not_tried, outcome_of, setting_up
from infra.sandbox.promises.responses import event_types, events_about, refusal, refusal_text
from infra.sandbox.session import Session
from infra.sandbox.stories.balances import invoice_of_zero
from infra.sandbox.stories.invoices import payer

SENDING_DECISION = "docs/decisions/0003-sending-finalizes.md"
DOUBLE = "infra/stripe_double/README.md"
DAY = 86_400


@as_promise(
    "send mails once",
    "Sending a draft finalizes it and mails it once.",
    SENDING_DECISION,
    "whether `send` on a draft sends one e-mail",
)
def send_mails_once(session: Session) -> Outcome:
    """Stripe makes one `invoice.finalized` and one `invoice.sent`. In test mode it mails nothing."""
    status, received = (
        session.once(billed_invoice).sent["status"],
        event_types(session.once(events_of_billed_invoice).events),
    )
    counts = {name: received.count(name) for name in ("invoice.finalized", "invoice.sent")}
    observation = (
        f"The invoice is {status}; {' and '.join(f'{count} x {name}' for name, count in counts.items())} came."
    )
    return outcome_of(status == "open" and set(counts.values()) == {1}, observation)


@as_promise(
    "sending again mails again",
    "Sending an open invoice again mails the link again, which is POM's reminder.",
    DOUBLE,
    "sending an invoice again e-mails a reminder",
)
def sending_again_mails_again(session: Session) -> Outcome:
    """A request with another key makes a second `invoice.sent`."""
    first = session.once(billed_invoice)
    before = event_types(session.once(events_of_billed_invoice).events).count("invoice.sent")
    send(session, first.invoice, f"{first.key}-again")
    after = event_types(events_about(session, [first.invoice], ["invoice.sent"] * (before + 1))).count("invoice.sent")
    return outcome_of(after == before + 1, f"{before} x invoice.sent before, {after} after it was sent again.")


@as_promise(
    "finalizing makes a default payment",
    "The response to send, with `payments` expanded, contains one default payment with its payment intent.",
    "docs/decisions/0006-payment-events-look-up-their-invoice.md",
    "payment intent",
)
def finalizing_makes_a_default_payment(session: Session) -> Outcome:
    """Events of the payment name the intent only, so POM must store the intent when it sends the invoice."""
    payments = session.once(billed_invoice).sent.get("payments", {}).get("data", [])
    kinds = [(each["is_default"], each["status"], each["payment"]["type"]) for each in payments]
    return outcome_of(
        kinds == [(True, "open", "payment_intent")], f"Default, status and type of its payments: {kinds}."
    )


@as_promise(
    "a draft is not finalized automatically",
    "Stripe neither finalizes nor mails a draft that has auto_advance false.",
    SENDING_DECISION,
    "`auto_advance` is false throughout",
)
def a_draft_is_not_finalized_automatically(session: Session) -> Outcome:
    """A draft has the time at which Stripe would finalize it."""
    draft = session.once(billed_invoice).draft
    finalizes_at = draft.get("automatically_finalizes_at")
    observation = f"auto_advance is {draft['auto_advance']}, automatically_finalizes_at is {finalizes_at}."
    return outcome_of(draft["auto_advance"] is False and finalizes_at is None, observation)


@as_promise(
    "days until due count from the draft",
    "days_until_due counts from the day on which a draft is created, and the draft shows its due date at once.",
    "docs/decisions/0022-changed-drafts-and-manual-payments.md",
    "`days_until_due` counts from the day on which a draft is created",
)
def days_until_due_count_from_the_draft(session: Session) -> Outcome:
    """The two ways of counting differ only for a draft that waits for a day, unless the draft shows its due date."""
    draft = session.once(billed_invoice).draft
    due = draft["due_date"]
    if due is None:
        return not_tried("The draft shows no due date yet. Let a draft wait for a day, finalize it, and look then.")
    days = (due - draft["created"]) / DAY
    return outcome_of(29 <= days <= 31, f"The draft of 30 days is due {days:.1f} days after it was made.")


@as_promise(
    "added lines stand at the end",
    "A line that is added to a draft comes after the draft's other lines.",
    "docs/decisions/0036-editing-drafts.md",
    "keep the order of lines",
)
def added_lines_stand_at_the_end(session: Session) -> Outcome:
    """The shared invoice's first line was removed and added again."""
    amounts = [line.amount for line in session.once(billed_invoice).lines]
    observation = f"The amounts are {amounts} after {FIRST_AMOUNT} was removed and added again."
    return outcome_of(
        amounts == [SECOND_AMOUNT, FIRST_AMOUNT],
        observation,
        Verdict.HARMLESS if len(amounts) == 2 else Verdict.HARMFUL,
    )


@as_promise(
    "one line makes one invoice item",
    "Adding a line creates a separate invoice item, and removing the line deletes the item.",
    DOUBLE,
    "`add_lines` emits an `invoiceitem.created` for each line, and `remove_lines` an `invoiceitem.deleted`",
)
def one_line_makes_one_invoice_item(session: Session) -> Outcome:
    """POM reads no events of invoice items. An item that remained would be on the customer's next invoice."""
    received = event_types(session.once(events_of_billed_invoice).events)
    counts = (received.count("invoiceitem.created"), received.count("invoiceitem.deleted"))
    observation = (
        f"{counts[0]} x invoiceitem.created and {counts[1]} x deleted for three lines added and one removed."
    )
    return outcome_of(counts == (3, 1), observation, Verdict.HARMLESS)


@as_promise(
    "foreign pending items stay out",
    "A draft that excludes pending items does not include the customer's pending invoice items.",
    SENDING_DECISION,
    "`pending_invoice_items_behavior` is `exclude`",
)
def foreign_pending_items_stay_out(session: Session) -> Outcome:
    """The item is created as a person would create it in the Dashboard, and deleted afterwards."""
    with setting_up(session, "make an invoice item that waits for an invoice"):
        pending = {"customer": session.once(payer), "amount": 900, "currency": "usd", "metadata": session.marks}
        item = session.v1.invoice_items.create(pending, session.on_account()).id
    order = session.orders.invoice()
    total = session.gateway.create_draft(
        session.account, order, session.once(payer), f"{session.run}-{order.id}-draft"
    ).total
    session.v1.invoice_items.delete(item, None, session.on_account())
    return outcome_of(total == 0, f"The total of a new draft is {total} while an item of 900 waits.")


@as_promise(
    "finalizing without lines pays",
    "An invoice without lines can be finalized, and is paid at once.",
    DOUBLE,
    "finalizing without lines",
)
def finalizing_without_lines_pays(session: Session) -> Outcome:
    """A refusal is harmless, because POM finalizes no draft that lacks its lines."""
    empty = make_draft(session)
    error = refusal(
        lambda: session.v1.invoices.finalize_invoice(empty, {"auto_advance": False}, session.on_account())
    )
    return outcome_of(error is None, f"It was {refusal_text(error)}.", Verdict.HARMLESS)


@as_promise(
    "an issued invoice cannot be deleted",
    "Stripe refuses to delete an invoice that is not a draft.",
    "docs/decisions/0036-editing-drafts.md",
    "Nobody can change an invoice that was issued",
)
def an_issued_invoice_cannot_be_deleted(session: Session) -> Outcome:
    """Otherwise an invoice that a payer has received could be deleted while POM takes it for a draft."""
    invoice = session.once(billed_invoice).invoice
    error = refusal(lambda: session.v1.invoices.delete(invoice, None, session.on_account()))
    return outcome_of(error is not None and error.http_status == 400, f"It was {refusal_text(error)}.")


@as_promise(
    "zero is paid at finalization",
    "An invoice whose total is zero is paid when it is finalized.",
    SENDING_DECISION,
    "An invoice whose total is zero is finalized and not sent",
)
def zero_is_paid_at_finalization(session: Session) -> Outcome:
    """Nobody is asked for money then."""
    return paid_at_finalization(session.once(invoice_of_zero))


def paid_at_finalization(invoice: InvoiceFact) -> Outcome:
    """Returns AS_ASSUMED if an invoice that needs no payment was paid when it was finalized."""
    observation = f"The invoice over {invoice.total} is {invoice.status}, its amount_due is {invoice.amount_due}."
    return outcome_of(invoice.status == "paid", observation)


SENDING = (
    send_mails_once,
    finalizing_makes_a_default_payment,
    a_draft_is_not_finalized_automatically,
    days_until_due_count_from_the_draft,
    added_lines_stand_at_the_end,
    one_line_makes_one_invoice_item,
    sending_again_mails_again,
    an_issued_invoice_cannot_be_deleted,
    foreign_pending_items_stay_out,
    finalizing_without_lines_pays,
    zero_is_paid_at_finalization,
)
