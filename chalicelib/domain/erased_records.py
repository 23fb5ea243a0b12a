"""The records of a customer without the person. Amounts, dates, numbers and ids stay for the company's books."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from chalicelib.domain.actions import Action
from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.batch import BatchItem
from chalicelib.domain.batch_errors import ItemError
from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.deposits import SettledMovement
from chalicelib.domain.erased_facts import facts_without_person
from chalicelib.domain.erasure import ERASED_TEXT
from chalicelib.domain.intended_act import MARKED_PAID
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.movements import Movement
from chalicelib.domain.order import Order
from chalicelib.domain.outside_payment import METHODS, OutsidePayment, way_of
from chalicelib.domain.payout_lines import PayoutLine

T = TypeVar("T", Settlement, PayoutLine)


def customer_without_person(customer: Customer, now: int) -> Customer:
    """Returns the tombstone of a customer: its ids, its link and its history, without names and addresses.

    The link and its claim stay. So events about the Stripe customer are still recognized, and no other customer is
    linked to it. History entries name fields and never hold values. `now` is epoch seconds UTC.
    """
    return replace(
        customer,
        profile=Profile(),
        updated_at=now,
        sync_error=None,
        link=replace(customer.link, in_step={}) if customer.link is not None else None,
        chosen_stripe_customer_id=None,
        choice_refused=False,
        last_choice=None,
        unlinked_emails=(),
        candidates=(),
        offered_by=None,
        from_stripe=(),
        search_spellings=False,
        erasure=replace(customer.erasure, erased_at=now) if customer.erasure is not None else None,
    )


def invoice_without_person(invoice: Invoice, now: int) -> Invoice:
    """Returns a settled invoice without the person. `now` (epoch seconds UTC) is stored as the time of the first
    erasure.

    Its fingerprint is removed too, because it is derived from the texts. A repeated request to create the invoice is
    refused from then on.
    """
    saga = invoice.saga
    refusal = replace(saga.refusal, message=ERASED_TEXT, field=None, next_step=None) if saga.refusal else None
    return replace(
        invoice,
        order=_order_without_texts(invoice.order),
        edit=replace(invoice.edit, order=_order_without_texts(invoice.edit.order)) if invoice.edit else None,
        saga=replace(saga, refusal=refusal, drafted=None),
        facts=facts_without_person(invoice.facts),
        details_as_made=None,
        outside_payment=_without_reference(invoice.outside_payment),
        intended=tuple(
            replace(act, reason=_reason(act.kind, act.reason), payment=_without_reference(act.payment))
            for act in invoice.intended
        ),
        actions=tuple(_action_without_reference(act) for act in invoice.actions),
        erased_at=invoice.erased_at if invoice.erased_at is not None else now,
    )


def movement_without_person(movement: Movement) -> Movement:
    """Returns a row of `GET /payments` without the card, the bank and the reference of a payment recorded by hand.

    The reasons of other rows are Stripe's words, so they stay.
    """
    reason = None if movement.method in METHODS else movement.reason
    return replace(movement, brand=None, last4=None, reason=reason)


def settled_movement_without_person(settled: SettledMovement) -> SettledMovement:
    """Returns a row with its settlements, without the person."""
    settlements = tuple(settlement_without_person(each) for each in settled.settlements)
    return replace(settled, movement=movement_without_person(settled.movement), settlements=settlements)


def settlement_without_person(settlement: Settlement) -> Settlement:
    """Returns a settlement without its description, which may contain a payer's name."""
    return _without_description(settlement)


def payout_line_without_person(line: PayoutLine) -> PayoutLine:
    """Returns a payout line without its description. Call it only for a line that belongs to the person."""
    return _without_description(line)


def batch_item_without_person(item: BatchItem) -> BatchItem:
    """Returns an item of a batch without its input. The reason why it failed stays as a code.

    Texts of errors are removed too, because Stripe's texts repeat the values that they refuse.
    """
    return replace(
        item,
        services=(),
        profile=None,
        chosen_stripe_customer_id=None,
        left_out=(),
        loaded_before=None,
        error=_error_without_texts(item.error) if item.error is not None else None,
    )


def _without_description(record: T) -> T:
    return replace(record, transaction=replace(record.transaction, description=None))


def _order_without_texts(order: Order) -> Order:
    return replace(
        order,
        line_items=tuple(replace(line, description=ERASED_TEXT) for line in order.line_items),
        deductions=tuple(replace(each, description=ERASED_TEXT) for each in order.deductions),
        memo=None,
        footer=None,
        fingerprint="",
    )


def _without_reference(payment: OutsidePayment | None) -> OutsidePayment | None:
    return replace(payment, reference=None) if payment is not None else None


def _action_without_reference(act: Action) -> Action:
    return replace(act, reason=_reason(act.kind, act.reason))


def _reason(kind: str, reason: str | None) -> str | None:
    """Returns the reason of an action without personal data.

    For a payment by hand, the reason is its method and a reference that a user typed. All other reasons are codes.
    """
    if kind != MARKED_PAID or reason is None:
        return reason
    ways = (way_of(method) for method in METHODS)
    return next((way for way in ways if reason == way or reason.startswith(f"{way} ")), None)


def _error_without_texts(error: ItemError) -> ItemError:
    others = tuple(_error_without_texts(each) for each in error.others)
    return replace(error, message=ERASED_TEXT, next_step=None, others=others)
