"""Days: when an invoice is overdue, and when its payer is reminded."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Always, Becomes, Check, Instead, Never, Skipped

_T_REMINDERS = "tests/usecases/invoicing/test_reminders.py"
_T_STATUS = "tests/domain/test_status.py"

DAYS = (
    guard(
        "an invoice is not overdue on its due day",
        "Invoice.changed",
        Always("day_of"),
        f"{_T_STATUS}::test_overdue_is_open_and_past_its_due_date",
    ),
    guard(
        "an older event does not take the overdue day back",
        "Invoice.changed",
        Instead("max", "at"),
        f"{_T_STATUS}::test_an_older_event_does_not_clear_the_overdue_day",
    ),
    guard(
        "what is paid is not overdue",
        "Invoice._days",
        Never("OPEN_STATUSES"),
        f"{_T_STATUS}::test_overdue_is_open_and_past_its_due_date",
    ),
    guard(
        "the list of what is overdue lacks what has been paid",
        "_matches(invoice)",
        Check("overdue"),
        "tests/adapters/test_tables_requests.py::test_a_paid_invoice_is_not_listed_as_overdue_although_the_index_lags",
    ),
    guard(
        "a company's days are those of its Stripe account",
        "time_zone_of",
        Becomes("settings.time_zone or 'UTC'"),
        "tests/usecases/invoicing/test_summary.py::test_days_are_in_the_time_zone_of_the_settings_or_of_the_stripe_account",
    ),
    guard(
        "nobody is reminded on the day of sending",
        "require_remindable",
        Never("sent_at"),
        f"{_T_REMINDERS}::test_no_reminder_is_sent_on_the_day_of_sending",
    ),
    guard(
        "reminders that are switched on without days have days",
        "Reminders.effective",
        Never("enabled"),
        f"{_T_REMINDERS}::test_reminders_without_days_are_sent_on_the_default_days",
    ),
    guard(
        "reminders wait for the company's morning",
        "due_days_to_remind_of",
        Check("FROM_HOUR"),
        f"{_T_REMINDERS}::test_no_reminder_is_sent_before_nine_in_the_organizations_time_zone",
    ),
    guard(
        "an invoice that is overdue is marked although its company is disconnected",
        "plan_day(ports)",
        Skipped("send"),
        "tests/usecases/invoicing/test_plan_day.py::test_invoices_of_a_disconnected_company_become_overdue",
    ),
    guard(
        "a reminder whose answer was lost is not mailed again",
        "_with_reminder_outcome(account_id)",
        Never("idempotency_key"),
        "tests/field/test_cases.py"
        "::test_pom_returns_what_the_case_expects[reminder_whose_answer_was_lost_before_midnight-2026-10-28.endive]",
    ),
    guard(
        "a reminder that nobody wants any more is not mailed",
        "remind_if_due",
        Always("_still_due"),
        "tests/field/test_cases.py"
        "::test_pom_returns_what_the_case_expects[reminders_switched_off_before_the_worker_came-2026-10-28.endive]",
    ),
    guard(
        "reminders do not come in the evening",
        "due_days_to_remind_of",
        Check("UNTIL_HOUR"),
        "tests/field/test_cases.py"
        "::test_pom_returns_what_the_case_expects[reminders_switched_on_in_the_evening-2026-10-28.endive]",
    ),
)
