"""The timeline and the rows of money: one entry for one thing, and nothing that is not so."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Becomes, Check, Instead, Never

_T_TIMELINE = "tests/domain/test_timeline.py"
_T_MOVEMENTS = "tests/domain/test_movements.py"
_FIELD = "tests/field/test_cases.py::test_pom_returns_what_the_case_expects"

TIMELINE = (
    guard(
        "the payment that reaches the amount is no part",
        "_covers_amount",
        Becomes("False"),
        f"{_T_TIMELINE}::test_a_payment_beyond_the_total_does_not_turn_the_earlier_payment_into_a_partial_one",
    ),
    guard(
        "what did not reach the amount is a part",
        "_covers_amount",
        Becomes("True"),
        f"{_T_TIMELINE}::test_a_partial_payment_is_listed_as_partly_paid_and_the_last_one_as_paid",
    ),
    guard(
        "an e-mail that POM ordered is told once",
        "_mails",
        Never("near"),
        f"{_T_TIMELINE}::test_the_event_of_an_e_mail_ordered_by_pom_adds_no_second_entry",
    ),
    guard(
        "a failure that its charge explains is told once",
        "_unexplained_failure",
        Never("near"),
        f"{_T_TIMELINE}::test_a_decline_reported_by_charge_intent_and_invoice_is_one_entry",
    ),
    guard(
        "an order to send is told only while nothing has come of it",
        "_nothing_came_of",
        Becomes("True"),
        f"{_T_TIMELINE}::test_an_order_to_send_is_listed_until_it_has_an_outcome",
    ),
    guard(
        "acts that are near one another are one",
        "near",
        Becomes("False"),
        f"{_T_TIMELINE}::test_the_event_of_an_e_mail_ordered_by_pom_adds_no_second_entry",
    ),
    guard(
        "things of one second stand in their order",
        "Entry.place",
        Becomes("(self.at, 0, self.stripe_id or '')"),
        f"{_T_TIMELINE}::test_entries_of_one_second_are_in_their_natural_order",
    ),
    guard(
        "a deleted draft that POM only found deleted is nobody's act of POM's",
        "_voided_at",
        Instead("as_of", "next(iter(fact.seen.values()), 0)"),
        f"{_FIELD}[draft_deleted_in_stripe_before_it_was_voided_in_pom-2026-10-28.endive]",
    ),
    guard(
        "money that never moved has no row",
        "movements",
        Check("_had_money_on_its_way"),
        f"{_T_MOVEMENTS}::test_a_declined_card_moved_no_money_and_has_no_row",
        f"{_T_MOVEMENTS}::test_an_unconfirmed_payment_has_no_row",
    ),
    guard(
        "a bank debit that came back keeps its row",
        "_had_money_on_its_way",
        Never("BANK_DEBITS"),
        f"{_T_MOVEMENTS}::test_a_bank_debit_has_one_row_from_pending_to_its_outcome",
    ),
)
