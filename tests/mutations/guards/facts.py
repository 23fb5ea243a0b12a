"""Facts and sweeps: newer data stays, and a sweep finds missed data."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Always, Becomes, Check, Instead, Never, Skipped, Without

_T_FACTS = "tests/domain/test_facts.py"
_T_INVOICES = "tests/usecases/invoicing/test_invoices.py"
_T_REVISIONS = "tests/usecases/invoicing/test_revisions.py"
_T_OBJECTS = "tests/usecases/reconciling/test_sweep_objects.py"
_T_OUTSIDE = "tests/adapters/test_paid_outside.py"

FACTS = (
    guard(
        "merging keeps the higher precedence",
        "newer",
        Without("precedence", "max"),
        f"{_T_FACTS}::test_an_invoices_lifecycle_never_goes_back_whatever_its_timestamps",
    ),
    guard(
        "what cannot be ordered is asked",
        "newer",
        Check("CannotOrder"),
        f"{_T_FACTS}::test_two_snapshots_of_one_second_that_differ_cannot_be_ordered",
    ),
    guard(
        "settling never runs a lifecycle back",
        "prefer_fetched",
        Never("precedence <"),
        f"{_T_FACTS}::test_a_later_read_never_sets_a_lifecycle_back",
    ),
    guard(
        "settle only what nobody overtook",
        "knowing_also",
        Always("version =="),
        f"{_T_INVOICES}::test_a_refresh_with_news_overtaken_by_an_event_keeps_the_newer_facts",
    ),
    guard(
        "the sweep looks back a little",
        "window_begins",
        Instead("OVERLAP", "0"),
        "tests/usecases/reconciling/test_reconcile.py::test_an_event_that_stripe_lists_late_is_read_within_the_overlap",
    ),
    guard(
        "the sweep passes over what is known",
        "EventSweep.apply_listed",
        Check("id in"),
        "tests/usecases/reconciling/test_reconcile.py::test_a_run_costs_a_list_and_a_batch_read_for_each_hundred_events",
        "tests/usecases/reconciling/test_reconcile.py::test_a_sweep_without_lost_events_recovers_nothing",
        "tests/usecases/reconciling/test_reconcile.py::test_a_run_writes_only_the_missed_events",
    ),
    guard(
        "a payment that came in proves that its intent succeeded",
        "Snapshots.known_intents",
        Becomes("self.payment_intents"),
        "tests/domain/test_status.py::test_a_received_part_is_finished_whatever_its_intent_shows",
    ),
    guard(
        "a payment that came in is a charge that succeeded, whatever was known of its intent",
        "Snapshots.uncharged_payments",
        Becomes("[]"),
        "tests/domain/test_payments.py::test_a_received_payment_has_succeeded_whatever_its_intent_shows",
    ),
    guard(
        "a debit on its way is the charge by which its payment came in",
        "_charge_behind(payment)",
        Check("seen"),
        "tests/domain/test_payments.py::test_a_pending_debit_has_succeeded_once_its_payment_is_received",
    ),
    guard(
        "a payment that came in does not show the charge that failed before",
        "_shown_charge_id",
        Instead("known_intents", "facts.payment_intents"),
        "tests/domain/test_movements.py::test_a_returned_debit_has_its_own_row_once_its_payment_shows_another_attempt",
    ),
    guard(
        "declined cards do not take the place of a debit that came back",
        "_without_old_failures",
        Instead("BANK_DEBITS", "()"),
        "tests/domain/test_movements.py::test_a_returned_debit_keeps_its_row_however_many_cards_are_declined_after_it",
    ),
    guard(
        "the charge of a payment is looked for in invoices that are settled",
        "_lacking_payments",
        Never("uncharged_payments"),
        f"{_T_OBJECTS}::test_a_charge_without_an_event_is_found_although_its_payment_is_known",
    ),
    guard(
        "the charge of a payment is looked for in invoices that are open",
        "_StripeLists.differs_from",
        Instead("uncharged_payments", "()"),
        f"{_T_OBJECTS}::test_a_charge_without_an_event_is_found_although_its_payment_is_known",
    ),
    guard(
        "a payment that is lacking is looked for in refunded invoices, too",
        "_lacking_payments",
        Instead("STATUSES_OF", "(InvoiceStatus.PAID,)"),
        f"{_T_OBJECTS}::test_a_refunded_payment_without_events_is_found",
    ),
    guard(
        "the attempt that failed last counts, whichever intent was read last",
        "_attempted_at",
        Becomes("intent.as_of"),
        "tests/domain/test_status.py::test_of_several_failed_parts_the_latest_failure_counts_whichever_intent_was_read_last",
    ),
    guard(
        "payments that an expansion does not hold are listed",
        "Lists._with_all_payments",
        Never("has_more"),
        f"{_T_OUTSIDE}::test_payments_missing_from_an_expansion_are_listed_separately",
    ),
    guard(
        "what no payment brought was paid outside Stripe",
        "Invoice.paid_outside",
        Instead("max", "0"),
        f"{_T_OUTSIDE}::test_the_amount_not_covered_by_stripe_payments_was_paid_outside",
    ),
    guard(
        "a surplus is no money outside Stripe",
        "Invoice.paid_outside",
        Never("amount_overpaid"),
        f"{_T_OUTSIDE}::test_an_overpayment_is_not_paid_outside_whether_payments_include_it_or_not",
    ),
    guard(
        "an answer that does not tell what was paid outside is not believed",
        "Invoices._with_payments",
        Never("paid_outside"),
        f"{_T_OUTSIDE}::test_payments_missing_from_an_expansion_are_listed_separately",
    ),
    guard(
        "an invoice in an event is not believed if POM cannot know what was paid outside",
        "Snapshots.with_paid_outside",
        Becomes("fact"),
        "tests/field/test_cases.py::test_pom_returns_what_the_case_expects[invoice_that_does_not_say_that_it_was_paid_in_cash-2026-10-28.endive]",
    ),
    guard(
        "a failed attempt is looked for though the invoice is as it was",
        "_StripeLists.differs_from",
        Instead("sorted", "()"),
        "tests/usecases/reconciling/test_sweep_objects.py::test_a_payment_attempt_without_an_event_is_found_although_the_invoice_is_unchanged",
    ),
    guard(
        "a long comparison goes on where it was left",
        "Sweep.done",
        Instead("objects_before=", "None"),
        "tests/usecases/reconciling/test_sweep_objects.py::test_a_long_comparison_continues_in_later_runs",
    ),
    guard(
        "a comparison is not done before the last invoice",
        "Sweep.done",
        Always("before is"),
        "tests/domain/test_sweep.py::test_a_comparison_of_several_runs_resumes_immediately_and_ends_once",
    ),
    guard(
        "who was missed is looked at every ten minutes",
        "Sweep._every",
        Always("clean"),
        "tests/domain/test_sweep.py::test_an_account_with_missed_events_is_swept_every_ten_minutes",
    ),
    guard(
        "whoever begins something is woken",
        "create_invoice(command)",
        Skipped("wake"),
        "tests/usecases/reconciling/test_sweep_objects.py::test_an_organization_that_bills_again_is_swept_every_ten_minutes",
    ),
    guard(
        "while nobody hears, everybody is looked at",
        "_nobody_hears",
        Always("problem is"),
        "tests/usecases/reconciling/test_sweep_objects.py::test_every_connected_organization_is_swept_at_every_plan_while_the_webhook_endpoint_is_broken",
    ),
    guard(
        "services of a void invoice that was revised stay billed",
        "_live_holder",
        Instead("fetch", "None"),
        "tests/usecases/invoicing/test_revisions.py::test_services_stay_billed_if_only_the_void_of_the_original_is_stored",
    ),
    guard(
        "a revision is read with its payments",
        "Snapshots.invoice_to_read",
        Always("own_payments"),
        f"{_T_REVISIONS}::test_an_event_about_a_declined_payment_reaches_the_revised_invoice[metadata_copied]",
    ),
    guard(
        "attempts at a replaced invoice say nothing",
        "failed_attempt",
        Instead("intents_elsewhere", "set()"),
        "tests/domain/test_revisions.py::test_a_failed_attempt_at_a_replaced_invoice_is_no_failure_of_its_revision",
    ),
    guard(
        "acting on a replaced invoice is refused",
        "pulled_to_act_on",
        Check("revised"),
        f"{_T_REVISIONS}::test_voiding_an_invoice_with_an_unknown_revision_is_refused",
    ),
)
