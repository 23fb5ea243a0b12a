"""A change of a draft: the order that replaces the former one, and the changes in Stripe that it needs.

Stripe's draft is compared with the order line by line. So after a crash, the changes of an earlier attempt count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from chalicelib.domain.draft_details import DraftDetails, normalize_white_space
from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.identifiers import ServiceId, UserId
from chalicelib.domain.order import DeductionKind, Order
from chalicelib.domain.terms import start_of_day

TAX = "Tax"
"""The text of the line for POM's own tax. A service or a deduction may have the same text."""


@dataclass(frozen=True, slots=True)
class DraftEdit:
    """A change of a draft that is in progress. `asked_at` is epoch seconds UTC.

    `held` are the services that the invoice has claimed, or is about to claim, besides those of its order. If an edit
    is stored although no work is in progress, Stripe refused to undo it, and its draft still has these services.
    """

    order: Order
    asked_by: UserId
    asked_at: int
    held: tuple[ServiceId, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line of a draft as POM orders it. `amount` is minor units, below zero for a deduction.

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
    """A line of a draft in Stripe. `adjusted` is True if Stripe adds a tax to it or deducts a discount.

    `service_id`, `deduction` and `tax` come from the metadata of the line. POM rebuilds a lost record from them.
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
        """Returns True if the payer and POM see the same in this line as in `line`."""
        same_day = line.day_began_at is None or line.day_began_at == self.period_start
        same_text = (self.amount, self.text) == (line.amount, line.text)
        same_kind = (self.service_id, self.deduction, self.tax) == (line.service_id, line.deduction, line.tax)
        return same_text and same_kind and same_day and not self.adjusted


@dataclass(frozen=True, slots=True)
class DraftChanges:
    """The fields of a draft that Stripe is to change. None leaves a field unchanged, and an empty value clears it.

    `due_at` is epoch seconds UTC. With `mails`, Stripe e-mails the invoice instead of charging for it automatically.
    With `drops_additions`, Stripe removes the discounts and tax rates of the draft, which POM never orders there.
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


def lines_to_keep(present: Sequence[LineInStripe], expected_lines: Sequence[DraftLine]) -> int:
    """Returns how many lines at the beginning of the draft match the order.

    The lines after them are removed and added again, because Stripe appends each added line at the end. So the payer
    reads the lines in the order in which the office wrote them.
    """
    pairs = zip(present, expected_lines, strict=False)
    return len(list(takewhile(lambda pair: pair[0].is_as(pair[1]), pairs)))


def changed_details(order: Order, former: Order, as_made: DraftDetails | None, present: DraftDetails) -> DraftChanges:
    """Returns the changes that give a draft the details of `order`.

    A text in the order is written exactly, with its line breaks. `as_made` has the details that Stripe filled in when
    the draft was created; they are restored if a user changed more than their white space. A text that the former
    order had and this order leaves out is cleared.
    """

    def text(ordered: str | None, before: str | None, original: str | None, now: str | None) -> str | None:
        if ordered:
            return ordered if ordered != now else None
        new_text = "" if before else (original or "" if as_made else now or "")
        return None if normalize_white_space(new_text) == normalize_white_space(now) else new_text

    original = as_made or present
    methods = order.payment_methods or (() if former.payment_methods else original.payment_method_types)
    return DraftChanges(
        description=text(order.memo, former.memo, original.description, present.description),
        footer=text(order.footer, former.footer, original.footer, present.footer),
        payment_method_types=methods if sorted(methods) != list(present.payment_method_types) else None,
        custom_fields=original.custom_fields if original.custom_fields != present.custom_fields else None,
    )


def without_additions(fact: InvoiceFact, present: Sequence[LineInStripe]) -> bool:
    """Returns True if the draft's total is the sum of its lines, so that Stripe adds no tax and deducts no
    discount.
    """
    return fact.total == sum(line.amount for line in present)
