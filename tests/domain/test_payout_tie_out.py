"""Stripe's payouts and POM's are compared one by one, and each difference is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId
from chalicelib.domain.payout import Payout, PayoutFact
from chalicelib.domain.payout_lines import PayoutLine, sum_lines
from chalicelib.domain.payout_tie_out import PayoutKind, difference_of, differences_of_lines
from tests.domain.test_payout_lines import PAYOUT, POOL_OWNER, fee_of_the_account, transaction

RECONCILED = replace(PAYOUT, reconciliation_status="completed")
LINES = [PayoutLine(transaction(), POOL_OWNER), PayoutLine(fee_of_the_account())]


def stored_payout(fact: PayoutFact = RECONCILED, lines: list[PayoutLine] = LINES) -> Payout:
    return Payout(OrganizationId("org_1"), StripeAccountId("acct_1"), fact, itemized=sum_lines(fact, lines, at=1))


def test_a_payout_stored_as_in_stripe_has_no_difference() -> None:
    assert difference_of(RECONCILED, stored_payout()) is None
    assert list(differences_of_lines(stored_payout(), LINES, LINES)) == []


@pytest.mark.parametrize(
    ("stored", "kind"),
    [
        (None, PayoutKind.UNKNOWN),
        (stored_payout(replace(RECONCILED, status="in_transit")), PayoutKind.DIFFERS),
        (stored_payout(replace(RECONCILED, amount=9_391)), PayoutKind.DIFFERS),
        (replace(stored_payout(), itemized=None), PayoutKind.NOT_ITEMIZED),
    ],
)
def test_a_missing_or_different_payout_is_named(stored: Payout | None, kind: PayoutKind) -> None:
    difference = difference_of(RECONCILED, stored)

    assert difference is not None
    assert (difference.kind, difference.payout_id) == (kind, "po_1")


def test_a_payout_that_stripe_cannot_list_yet_has_no_missing_lines() -> None:
    waiting = replace(RECONCILED, reconciliation_status="in_progress")

    assert difference_of(waiting, replace(stored_payout(waiting), itemized=None)) is None


@pytest.mark.parametrize(
    ("stored", "subject"),
    [
        (LINES[:1], "txn_fee"),
        ([PayoutLine(transaction(amount=9_999)), LINES[1]], "txn_1"),
        ([replace(LINES[0], owner=replace(POOL_OWNER, invoice_id=InvoiceId("inv_b"))), LINES[1]], "txn_1"),
        ([replace(LINES[0], owner=None), LINES[1]], "txn_1"),
        ([*LINES, PayoutLine(transaction("txn_9", 0, 0))], "txn_9"),
    ],
)
def test_a_missing_different_or_surplus_line_is_named(stored: list[PayoutLine], subject: str) -> None:
    differences = list(differences_of_lines(stored_payout(), LINES, stored))

    assert [(each.kind, each.subject) for each in differences] == [(PayoutKind.LINE_DIFFERS, subject)]


def test_totals_that_do_not_match_their_lines_are_a_difference() -> None:
    of_nobody = [replace(LINES[0], owner=None), LINES[1]]

    differences = list(differences_of_lines(stored_payout(lines=of_nobody), LINES, LINES))

    assert [(each.kind, each.subject) for each in differences] == [(PayoutKind.TOTALS_DIFFER, "po_1")]


def test_a_remainder_is_a_difference_although_the_lines_are_equal() -> None:
    differences = list(differences_of_lines(stored_payout(lines=LINES[:1]), LINES[:1], LINES[:1]))

    assert [each.kind for each in differences] == [PayoutKind.UNEXPLAINED]
    assert (differences[0].stripe_says, differences[0].we_say) == ("paid 93.90 USD", "lines over 96.80 USD")
