"""A change of a draft: the order that replaces the former one, and what that takes in Stripe.

Stripe's draft is compared with the order, line by line. So after a crash, what an earlier attempt has done counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from chalicelib.domain.draft_details import DraftDetails, folded
from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.identifiers import ServiceId, UserId
from chalicelib.domain.order import DeductionKind, Order
from chalicelib.domain.terms import start_of_day

TAX = "Tax"
"""What the payer reads on the line of POM's own tax. A service or a deduction may be called the same."""


@dataclass(frozen=True, slots=True)
class DraftEdit:
    """A change of a draft that is under way. `asked_at` is epoch seconds UTC.

    `held` are the services that the invoice has claimed, or is about to claim, beside those of its order. If an edit
    is stored although nothing is under way, Stripe refused to take it back, and its draft still has these services.
    """

    order: Order
    asked_by: UserId
    asked_at: int
    held: tuple[ServiceId, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line of a draft as POM asks for it. `amount` is minor units, below zero for a deduction.

    `day_began_at` is the first second of the service date in the organization's time zone (epoch seconds UTC).
    """

    amount: int
    text: str
    service_id: ServiceId | None = None
    day_began_at: int | None = None
    deduction: DeductionKind | None = None
    tax: bool = False


@dataclass(frozen=True, slots=True)
class LineInStripe:
    """A line that a draft has in Stripe. `adjusted` is True if Stripe adds a tax to it or takes a discount off.

    `service_id`, `deduction` and `tax` are what the metadata of the line says, from which a lost record is rebuilt.
    """

    id: str
    amount: int
    text: str
    service_id: str | None
    period_start: int | None
    adjusted: bool = False
    deduction: str | None = None
    tax: bool = False

    def is_as(self, line: DraftLine) -> bool:
        """Returns True if the payer and POM read the same in it as in `line`."""
        same_day = line.day_began_at is None or line.day_began_at == self.period_start
        same_text = (self.amount, self.text) == (line.amount, line.text)
        same_kind = (self.service_id, self.deduction, self.tax) == (line.service_id, line.deduction, line.tax)
        return same_text and same_kind and same_day and not self.adjusted


@dataclass(frozen=True, slots=True)
class DraftChanges:
    """Fields of a draft that Stripe is to change. None leaves a field as it is, and an empty value clears it.

    `due_at` is epoch seconds UTC. With `mails`, Stripe e-mails the invoice instead of charging for it by itself. With
    `drops_additions`, Stripe forgets the discounts and the tax rates of the draft, which POM never orders there.
    """

    description: str | None = None
    footer: str | None = None
    payment_method_types: tuple[str, ...] | None = None
    custom_fields: tuple[tuple[str, str], ...] | None = None
    due_at: int | None = None
    mails: bool = False
    drops_additions: bool = False


NOTHING = DraftChanges()


def lines_of(order: Order) -> list[DraftLine]:
    """Returns the lines in the order in which the payer reads them: services, deductions, tax."""
    services = [
        DraftLine(
            line.amount,
            line.text(order.currency),
            line.service_id,
            start_of_day(line.service_date, order.time_zone) if line.service_date is not None else None,
        )
        for line in order.line_items
    ]
    deductions = [DraftLine(-each.amount, each.description, deduction=each.kind) for each in order.deductions]
    return [*services, *deductions, *([DraftLine(order.tax, TAX, tax=True)] if order.tax else [])]


def lines_to_keep(present: Sequence[LineInStripe], ordered: Sequence[DraftLine]) -> int:
    """Returns how many lines at the beginning are as ordered.

    Those after them are removed and added anew, because Stripe puts each added line at the end. So the payer reads
    the lines in the order in which the office wrote them.
    """
    pairs = zip(present, ordered, strict=False)
    return len(list(takewhile(lambda pair: pair[0].is_as(pair[1]), pairs)))


def changed_details(order: Order, former: Order, as_made: DraftDetails | None, present: DraftDetails) -> DraftChanges:
    """Returns the changes that let a draft say beside its lines what `order` says.

    A text that is ordered is carried out exactly, with its line breaks. What an order leaves out was filled in by
    Stripe when the draft was made, and `as_made` tells how. It is put back if somebody changed more of it than its
    white space. What the former order said and this one leaves out is cleared.
    """

    def text(ordered: str | None, before: str | None, made: str | None, now: str | None) -> str | None:
        if ordered:
            return ordered if ordered != now else None
        wanted = "" if before else (made or "" if as_made else now or "")
        return None if folded(wanted) == folded(now) else wanted

    made = as_made or present
    methods = order.payment_methods or (() if former.payment_methods else made.payment_method_types)
    return DraftChanges(
        description=text(order.memo, former.memo, made.description, present.description),
        footer=text(order.footer, former.footer, made.footer, present.footer),
        payment_method_types=methods if sorted(methods) != list(present.payment_method_types) else None,
        custom_fields=made.custom_fields if made.custom_fields != present.custom_fields else None,
    )


def without_additions(fact: InvoiceFact, present: Sequence[LineInStripe]) -> bool:
    """Returns True if the draft's total is the sum of its lines, so that Stripe adds and deducts nothing itself."""
    return fact.total == sum(line.amount for line in present)
