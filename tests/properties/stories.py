"""Stories: sequences of events in the life of one invoice, played by the Stripe double, with the webhooks they
cause.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any

from chalicelib.adapters.stripe.events import read_event
from chalicelib.domain.events import API_VERSION, SUBSCRIPTION, StripeEvent
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.snapshots import Snapshots
from chalicelib.domain.status import failed_attempt
from chalicelib.usecases.events.receive_event import Receipt, receive_event
from tests.fakes import FakeDatabase, FakePorts
from tests.world import World

DAY = 86_400


@dataclass
class Payer:
    """The actions of payers, banks and owners on one invoice, in a world that delivers no webhook."""

    world: World
    invoice: Invoice
    intents: list[str] = field(default_factory=list)

    @property
    def account(self) -> str:
        return self.invoice.stripe_account_id

    @property
    def stripe_id(self) -> str:
        """The invoice that the customer pays, which is the latest revision."""
        latest = str(self.invoice.stripe_invoice_id)
        revisions = {each["id"]: each["latest_revision"] for each in self.world.in_stripe(self.account)}
        while revisions[latest]:
            latest = revisions[latest]
        return latest

    @property
    def options(self) -> Any:
        return {"stripe_account": self.account}

    def pays(self, method: str = "pm_card_visa", amount: int | None = None, authenticate: bool | None = None) -> None:
        self.world.advance(30)
        pay = self.world.double.pay
        paid = pay(self.account, self.stripe_id, method, amount=amount, authenticate=authenticate)
        self.intents.append(str(paid["payment_intent"]))

    def debit_arrives(self, *, fail: str | None = None) -> None:
        self.world.advance(3600)
        self.world.double.settle_debit(self.account, self.intents[-1], fail=fail)

    def is_refunded(self, amount: int | None = None) -> str:
        self.world.advance(3600)
        params: Any = {"payment_intent": self.intents[-1]}
        if amount is not None:
            params["amount"] = amount
        return str(self.world.client.v1.refunds.create(params, self.options).id)

    def refund_fails(self, refund: str) -> None:
        self.refund_ends(refund, "failed", days=25)

    def refund_ends(self, refund: str, outcome: str, days: int = 5) -> None:
        self.world.advance(days * DAY + 3600)
        self.world.double.settle_refund(self.account, refund, outcome=outcome)

    def disputes(self, *outcomes: str) -> None:
        self.world.advance(3600)
        charge = self.world.in_stripe(self.account, "charge")[-1]["id"]
        dispute = self.world.double.open_dispute(self.account, charge)
        for outcome in outcomes:
            self.world.advance(3600)
            self.world.double.move_dispute(self.account, dispute["id"], outcome)

    def dispute_moves(self, *outcomes: str) -> None:
        """Moves the latest dispute, which the card itself opened, through these outcomes."""
        dispute = self.world.in_stripe(self.account, "dispute")[-1]["id"]
        for outcome in outcomes:
            self.world.advance(3600)
            self.world.double.move_dispute(self.account, dispute, outcome)

    def owner_voids(self) -> None:
        self.world.advance(30)
        self.world.client.v1.invoices.void_invoice(self.stripe_id, None, self.options)

    def owner_revises(self, added_cents: int = 0) -> None:
        self.world.advance(30)
        invoices = self.world.client.v1.invoices
        params: Any = {"from_invoice": {"action": "revision", "invoice": self.stripe_id}}
        draft = invoices.create(params, self.options)
        if added_cents:
            invoices.add_lines(draft.id, {"lines": [{"amount": added_cents, "description": "Filter"}]}, self.options)
        self.world.advance(30)
        invoices.send_invoice(draft.id, None, self.options)

    def owner_writes_off(self) -> None:
        self.world.advance(30)
        self.world.client.v1.invoices.mark_uncollectible(self.stripe_id, None, self.options)

    def owner_credits(self, **amounts: int) -> str:
        self.world.advance(30)
        params: Any = {"invoice": self.stripe_id, **amounts}
        return str(self.world.client.v1.credit_notes.create(params, self.options).id)

    def owner_voids_credit(self, note: str) -> None:
        self.world.advance(30)
        self.world.client.v1.credit_notes.void_credit_note(note, None, self.options)

    def owner_mails(self) -> None:
        self.world.advance(DAY)
        self.world.client.v1.invoices.send_invoice(self.stripe_id, None, self.options)

    def owner_takes_a_check(self) -> None:
        self.world.advance(30)
        self.world.client.v1.invoices.pay(self.stripe_id, {"paid_out_of_band": True}, self.options)


def paid_at_once(payer: Payer) -> None:
    payer.pays()


def failed_once(payer: Payer) -> None:
    payer.pays("pm_card_chargeDeclinedInsufficientFunds")


def failed_failed_paid(payer: Payer) -> None:
    payer.pays("pm_card_chargeDeclinedInsufficientFunds")
    payer.pays("pm_card_chargeDeclinedExpiredCard")
    payer.pays()


def failed_twice(payer: Payer) -> None:
    payer.pays("pm_card_chargeDeclinedInsufficientFunds")
    payer.pays("pm_card_chargeDeclinedExpiredCard")


def debit_under_way(payer: Payer) -> None:
    payer.pays("pm_usBankAccount")


def debit_after_a_declined_card(payer: Payer) -> None:
    payer.pays("pm_card_chargeDeclined")
    payer.pays("pm_usBankAccount")


def debit_that_settles(payer: Payer) -> None:
    payer.pays("pm_usBankAccount")
    payer.debit_arrives()


def debit_that_fails_late(payer: Payer) -> None:
    payer.pays("pm_usBankAccount")
    payer.debit_arrives(fail="insufficient_funds")


def partial_refund(payer: Payer) -> None:
    payer.pays()
    payer.is_refunded(500)


def full_refund(payer: Payer) -> None:
    payer.pays()
    payer.is_refunded()


def refunded_in_two_parts(payer: Payer) -> None:
    payer.pays()
    payer.is_refunded(500)
    payer.is_refunded(7000)


def refund_that_fails_weeks_later(payer: Payer) -> None:
    payer.pays()
    payer.refund_fails(payer.is_refunded())


def dispute_open(payer: Payer) -> None:
    payer.pays()
    payer.disputes("under_review")


def dispute_lost(payer: Payer) -> None:
    payer.pays()
    payer.disputes("under_review", "lost")


def dispute_won(payer: Payer) -> None:
    payer.pays()
    payer.disputes("won")


def dispute_lost_after_a_partial_refund(payer: Payer) -> None:
    payer.pays()
    payer.is_refunded(500)
    payer.disputes("lost")


def dispute_won_on_appeal(payer: Payer) -> None:
    payer.pays()
    payer.disputes("lost", "appeal_under_review", "won")


def credited_then_paid_then_given_back(payer: Payer) -> None:
    payer.owner_credits(amount=1500)
    payer.pays()
    payer.owner_credits(amount=1000, out_of_band_amount=400, credit_amount=600)


def paid_from_the_balance_in_part(payer: Payer) -> None:
    """The customer has credit before the invoice is finalized."""
    payer.pays()
    payer.disputes("lost")


def asked_for_a_debt_as_well(payer: Payer) -> None:
    """The customer has a debt before the invoice is finalized."""
    payer.pays()
    payer.is_refunded(1000)


BALANCES = {paid_from_the_balance_in_part: -2500, asked_for_a_debt_as_well: 1000}
"""The customer's balance in Stripe before the invoice is finalized, by story."""


def voided(payer: Payer) -> None:
    payer.owner_voids()


def failed_then_voided(payer: Payer) -> None:
    payer.pays("pm_card_chargeDeclined")
    payer.owner_voids()


def revised(payer: Payer) -> None:
    payer.owner_revises(added_cents=2500)


def failed_then_revised(payer: Payer) -> None:
    payer.pays("pm_card_chargeDeclined")
    payer.owner_revises()


def revised_then_paid_and_refunded(payer: Payer) -> None:
    payer.owner_revises()
    payer.pays()
    payer.is_refunded(500)


def revised_twice_then_declined(payer: Payer) -> None:
    payer.owner_revises(added_cents=500)
    payer.owner_revises(added_cents=500)
    payer.pays("pm_card_chargeDeclined")


def revised_then_voided(payer: Payer) -> None:
    payer.owner_revises()
    payer.owner_voids()


def written_off_then_paid(payer: Payer) -> None:
    payer.owner_writes_off()
    payer.pays()


def written_off(payer: Payer) -> None:
    payer.owner_writes_off()


def paid_by_check(payer: Payer) -> None:
    payer.owner_takes_a_check()


def declined_by_several_cards(payer: Payer) -> None:
    payer.pays("pm_card_chargeDeclinedInsufficientFunds")
    payer.pays("pm_card_chargeDeclinedExpiredCard")
    payer.pays("pm_card_chargeDeclinedIncorrectCvc")
    payer.pays("pm_card_mastercard")


def not_confirmed_then_paid(payer: Payer) -> None:
    """An attempt fails before Stripe charges anything."""
    payer.pays("pm_card_threeDSecure2Required", authenticate=False)
    payer.pays("pm_card_visa")


def debit_then_dispute(payer: Payer) -> None:
    payer.pays("pm_usBankAccount")
    payer.debit_arrives()
    payer.disputes("lost")


def slow_refund_that_fails(payer: Payer) -> None:
    payer.pays("pm_card_pendingRefund")
    refund = payer.is_refunded(2500)
    payer.refund_ends(refund, "succeeded", days=0)
    payer.refund_fails(refund)


def slow_refund_that_is_canceled(payer: Payer) -> None:
    payer.pays("pm_card_pendingRefund")
    payer.refund_ends(payer.is_refunded(2500), "canceled", days=0)


def inquiry_that_the_bank_closed(payer: Payer) -> None:
    payer.pays("pm_card_createDisputeInquiry")
    payer.dispute_moves("warning_under_review", "warning_closed")


def dispute_that_changed_back_twice(payer: Payer) -> None:
    payer.pays()
    payer.disputes("under_review", "needs_response", "under_review", "needs_response")


def not_confirmed_twice(payer: Payer) -> None:
    """The intent fails, is tried again, and fails in the same way."""
    payer.pays("pm_card_threeDSecure2Required", authenticate=False)
    payer.pays("pm_card_threeDSecure2Required")
    payer.pays("pm_card_threeDSecure2Required", authenticate=False)


def credited_by_mistake(payer: Payer) -> None:
    payer.owner_voids_credit(payer.owner_credits(amount=1500))
    payer.pays()


def mailed_again_in_stripe(payer: Payer) -> None:
    payer.owner_mails()
    payer.owner_mails()
    payer.pays()


def given_up_and_paid_in_two_parts(payer: Payer) -> None:
    payer.pays(amount=2500)
    payer.owner_writes_off()
    payer.pays()


STORIES: tuple[Callable[[Payer], None], ...] = (
    paid_at_once,
    failed_once,
    failed_twice,
    failed_failed_paid,
    debit_under_way,
    debit_after_a_declined_card,
    debit_that_settles,
    debit_that_fails_late,
    partial_refund,
    full_refund,
    refunded_in_two_parts,
    refund_that_fails_weeks_later,
    dispute_open,
    dispute_lost,
    dispute_won,
    dispute_lost_after_a_partial_refund,
    dispute_won_on_appeal,
    credited_then_paid_then_given_back,
    paid_from_the_balance_in_part,
    asked_for_a_debt_as_well,
    voided,
    failed_then_voided,
    revised,
    failed_then_revised,
    revised_then_paid_and_refunded,
    revised_twice_then_declined,
    revised_then_voided,
    written_off,
    written_off_then_paid,
    paid_by_check,
)
"""Stories that end the same even if all events are of one second and none is swept."""

STORIES_OF_MONEY: tuple[Callable[[Payer], None], ...] = (
    *STORIES,
    declined_by_several_cards,
    not_confirmed_then_paid,
    debit_then_dispute,
    slow_refund_that_fails,
    slow_refund_that_is_canceled,
    inquiry_that_the_bank_closed,
    dispute_that_changed_back_twice,
    not_confirmed_twice,
    credited_by_mistake,
    mailed_again_in_stripe,
    given_up_and_paid_in_two_parts,
)


def sent_invoice(seed: int = 0, balance: int = 0) -> Payer:
    """Returns a sent invoice that POM has stored completely. No webhook is delivered from now on.

    The seed decides the version of the account, and the order in which Stripe creates events. `balance` is the
    customer's balance in Stripe before the invoice.
    """
    world = World(seed)
    account = world.connect()
    world.customer()
    world.work()
    if balance:
        params: Any = {"balance": balance}
        [customer] = world.in_stripe(account, "customer")
        world.client.v1.customers.update(customer["id"], params, {"stripe_account": account})
    invoice = world.invoice()
    world.deliver()
    world.double.set_delivery(paused=True)
    return Payer(world, world.now(invoice))


def events_since(world: World, account: str, since: int, version: str | None = None) -> list[StripeEvent]:
    """Returns the subscribed events after `since`, oldest first: as Stripe lists them, or as webhooks of a
    version.
    """
    return [
        read_event(json.dumps(event).encode(), StripeAccountId(account))
        for event in world.double.events(account, version=version)
        if event["created"] > since and event["type"] in SUBSCRIPTION
    ]


class RememberingStripe:
    """Stripe after the end of a story. Its responses no longer change, so each is requested once and remembered."""

    def __init__(self, stripe: Any) -> None:
        self._stripe = stripe
        self._answers: dict[tuple[Any, ...], Any] = {}

    def __getattr__(self, name: str) -> Any:
        def ask(*args: Any) -> Any:
            if (name, *args) not in self._answers:
                self._answers[name, *args] = getattr(self._stripe, name)(*args)
            return self._answers[name, *args]

        return ask


@dataclass
class FinishedStory:
    """A finished story: POM's state before it, its events, and the ledger at its end."""

    ports: FakePorts
    invoice: Invoice
    events: Sequence[StripeEvent]
    """The events in POM's API version, as webhooks deliver them."""
    listed: Sequence[StripeEvent]
    """The same events in the account's API version, as Stripe lists them."""
    ledger: Mapping[str, Any]

    def replay(self, events: Iterable[StripeEvent]) -> tuple[Invoice, list[Receipt]]:
        """Returns the invoice after these events arrived in this order, and the result of each."""
        ports = FakePorts(
            stripe=self.ports.stripe, database=copy_database(self.ports.database), clock=self.ports.clock
        )
        receipts = [receive_event(event, Source.WEBHOOK, ports) for event in events]
        stored = ports.invoices.get(self.invoice.organization_id, self.invoice.id)
        assert stored is not None
        return stored, receipts

    def partly_listed(self, chance: random.Random) -> list[StripeEvent]:
        """Returns the same events, each randomly as a webhook or as listed, as if many webhooks had been lost."""
        return [chance.choice(both) for both in zip(self.events, self.listed, strict=True)]

    @property
    def within_one_second(self) -> list[StripeEvent]:
        """The same events, all at the time of the last one."""
        second = max(event.created for event in self.events)
        return [_at(event, second) for event in self.events]


def _at(event: StripeEvent, second: int) -> StripeEvent:
    fact: Any = event.fact
    return replace(event, created=second, fact=replace(fact, as_of=second) if fact else None)


def copy_database(database: FakeDatabase) -> FakeDatabase:
    """Returns a separate database with the same content. Records are immutable, so copying the dictionaries is
    enough.
    """
    tables = {f.name: getattr(database, f.name) for f in fields(database) if f.name != "lock"}
    return FakeDatabase(**{name: copy(table) for name, table in tables.items()})


@cache
def tell(story: Callable[[Payer], None], seed: int = 0) -> FinishedStory:
    """Plays a story with this seed, and caches its result."""
    payer = sent_invoice(seed, BALANCES.get(story, 0))
    world, began = payer.world, payer.world.ports.clock.now()
    story(payer)
    ports = FakePorts(
        stripe=RememberingStripe(world.ports.stripe),  # type: ignore[arg-type]
        database=world.ports.database,
        clock=world.ports.clock,
    )
    events = events_since(world, payer.account, began, API_VERSION)
    listed = events_since(world, payer.account, began)
    return FinishedStory(ports, payer.invoice, events, listed, world.double.ledger(payer.account))


def comparable_facts(facts: Snapshots) -> Snapshots:
    """Returns the facts about the invoice that counts, without times, for comparison.

    Payments of a replaced invoice are removed, because POM may or may not have them. An event that arrived before its
    revision was known is unmatched, and the revision is read later. The times of e-mails sent in Stripe are left out,
    because they are times of events; `test_timeline_orders` checks them.
    """
    current = facts.invoice.id if facts.invoice else None
    before = facts.intents_elsewhere
    failed = failed_attempt(facts) is not None if facts.revisions else facts.attempt_failed_at > 0
    replaced = {
        stripe_id: replace(each, as_of=0, latest_revision_id=None) for stripe_id, each in facts.revisions.items()
    }
    return replace(
        facts.without_times,
        attempt_failed_at=int(failed),
        mails=(),
        revisions=replaced,
        payments={k: replace(v, as_of=0) for k, v in facts.payments.items() if v.stripe_invoice_id == current},
        payment_intents={k: replace(v, as_of=0) for k, v in facts.payment_intents.items() if k not in before},
        charges={k: replace(v, as_of=0) for k, v in facts.charges.items() if v.payment_intent_id not in before},
    )
