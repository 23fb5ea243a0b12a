"""Webhooks: who signed an event, whose it is, and that it is applied once."""

from __future__ import annotations

from chalicelib.domain.events import API_VERSION
from tests.mutations.guard import guard
from tests.mutations.removals import Always, AnyValue, Becomes, Check, Never, Skipped

_FORGERIES = "tests/proofs/test_attacks.py::test_no_forgery_is_accepted_and_the_sdk_agrees"
_FIELD = "tests/field/test_cases.py::test_pom_returns_what_the_case_expects"
_T_APPLY = "tests/usecases/events/test_apply_event.py"
_T_CONNECT = "tests/usecases/connecting/test_connect.py"
_T_STORE = "tests/contracts/test_invoice_store.py"
_T_READING = "tests/adapters/test_stripe_events.py::test_an_event_with_an_invalid"
_T_VERSIONS = "tests/adapters/test_versions.py"
_UNSIGNED = "tests/api/test_webhooks.py::test_an_event_without_a_valid_signature_of_stripe_changes_and_logs_nothing"

WEBHOOKS = (
    guard("signature must match", "verify", Check("any"), _UNSIGNED),
    guard("signature not too old and not ahead", "verify", Check("TOLERANCE"), _UNSIGNED),
    guard("one time in the header", "verify", Check("len"), _FORGERIES),
    guard("time written one way", "WRITTEN_SECONDS", Becomes("'[0-9]{1,12}'"), _FORGERIES),
    guard("no empty secret", "verify", Check("secrets"), _FORGERIES),
    guard("bad signature leaves no trace", "serve(route)", Never("InvalidSignature"), _UNSIGNED),
    guard(
        "a signed body that breaks parsers",
        "read_event(body)",
        Becomes("_event_in(body, account_id)"),
        "tests/proofs/test_nonsense.py::test_any_body_that_stripe_signed_is_acknowledged",
    ),
    guard(
        "a type is a name",
        "_event_in",
        Check("type LONGEST_NAME"),
        "tests/adapters/test_stripe_events.py::test_an_event_with_a_huge_type_is_refused",
    ),
    guard(
        "a version is a name",
        "_event_in",
        Check("api_version LONGEST_NAME"),
        "tests/adapters/test_stripe_events.py::test_no_envelope_makes_a_stored_event_too_large",
    ),
    guard("an event's own id is an id", "_event_in", Check("STRIPE_ID"), f"{_T_READING}_id_is_refused"),
    guard("an event's account is an account", "_event_in", Check("ACCOUNT_ID"), f"{_T_READING}_account_is_refused"),
    guard(
        "a hint is an id of ours",
        "our_ids",
        Always("INVOICE_ID"),
        f"{_T_VERSIONS}::test_metadata_of_another_shape_is_no_hint",
    ),
    guard(
        "a reference is an id of Stripe's",
        "_id_in",
        Becomes("reference if isinstance(reference, str) else None"),
        f"{_T_VERSIONS}::test_an_invalid_stripe_id_means_an_unknown_owner",
    ),
    guard(
        "the seconds at which a status was seen are the same in any order and version",
        "Snapshots.with_seen_times_of",
        Becomes("self"),
        "tests/properties/test_permutations.py::"
        "test_any_order_of_events_in_any_api_version_ends_with_the_same_state[debit_that_settles]",
    ),
    guard(
        "refunds that only their charge tells are asked for",
        "with_refunds_of_charge",
        Becomes("invoice"),
        f"{_FIELD}[refund_without_an_event_of_its_own-2020-08-27]",
    ),
    guard(
        "a date that is none orders nothing",
        "StripeEvent.received",
        Becomes("self"),
        f"{_FIELD}[account_dated_many_years_ahead-{API_VERSION}]",
    ),
    guard(
        "an unknown kind of object is not parked",
        "apply_event",
        Check("UNKNOWN_OBJECT"),
        "tests/usecases/events/test_parked_events.py::test_an_event_of_an_unknown_kind_of_object_is_counted_and_not_parked",
    ),
    guard(
        "parked events have an end",
        "ParkedEvent.is_given_up",
        Becomes("False"),
        "tests/usecases/events/test_parked_events.py::test_a_parked_event_is_retried_for_a_week_and_then_given_up",
    ),
    guard(
        "an old parked event keeps no alarm on",
        "ParkedEvent.is_new",
        Becomes("True"),
        "tests/usecases/events/test_parked_events.py::test_the_alarm_counts_events_parked_within_the_last_day",
    ),
    guard(
        "paused organizations keep no alarm on",
        "_free_to_go_on",
        Becomes("len(invoices)"),
        "tests/usecases/reconciling/test_tie_out.py::test_unfinished_invoices_are_not_resumed_during_a_pause",
    ),
    guard(
        "tenant of an event is its account",
        "_is_of(event)",
        Check("stripe_account_id"),
        f"{_T_APPLY}::test_an_event_of_another_account_with_ids_of_ours_changes_nothing",
    ),
    guard(
        "tenant of a customer event is its account",
        "_if_linked",
        Check("linked_to"),
        f"{_T_APPLY}::test_another_accounts_customer_event_changes_nothing",
    ),
    guard(
        "mode of an invoice",
        "apply_to_invoice",
        Check("WRONG_MODE"),
        f"{_T_APPLY}::test_an_event_of_the_wrong_mode_changes_nothing",
    ),
    guard(
        "mode of an account",
        "apply_to_account",
        Check("WRONG_MODE"),
        f"{_T_APPLY}::test_an_event_of_the_wrong_mode_changes_nothing",
    ),
    guard(
        "mode of a deauthorization",
        "apply_deauthorization",
        Check("WRONG_MODE"),
        f"{_T_APPLY}::test_an_event_of_the_wrong_mode_changes_nothing",
    ),
    guard(
        "mode of a customer",
        "apply_to_customer",
        Check("WRONG_MODE"),
        f"{_T_APPLY}::test_an_event_of_the_wrong_mode_changes_nothing",
    ),
    guard(
        "a copy of an invoice is not the invoice",
        "Invoice.is_or_was",
        Becomes("True"),
        f"{_T_APPLY}::test_events_of_a_copy_made_in_stripe_do_not_change_the_original",
        "tests/usecases/invoicing/test_revisions.py::test_the_revision_of_a_copy_does_not_change_the_original",
    ),
    guard(
        "a revision of an unknown revision is found by what that one revised",
        "_origins",
        Becomes("iter(())"),
        "tests/usecases/invoicing/test_revisions.py"
        "::test_a_second_revision_is_followed_although_the_first_had_no_events",
    ),
    guard(
        "subscribed types only",
        "apply_event",
        Check("SUBSCRIPTION"),
        f"{_T_APPLY}::test_an_event_of_an_unknown_type_is_ignored",
    ),
    guard(
        "an event that tells nothing new is marked and its invoice is not written",
        "apply_to_invoice",
        Never("adds_nothing_to"),
        f"{_T_APPLY}::test_an_event_without_news_costs_one_read_and_one_marker",
    ),
    guard(
        "what changes the invoice is written although its facts bring nothing",
        "apply_to_invoice",
        Always("adds_nothing_to"),
        f"{_T_APPLY}::test_an_invoice_event_costs_one_read_and_one_transaction",
    ),
    guard(
        "that an object has changed back is stored",
        "adds_nothing",
        Always("final"),
        "tests/domain/test_facts.py::test_an_object_that_changed_and_changed_back_ends_as_stripe_has_it",
    ),
    guard(
        "an event is marked once",
        "is_unprocessed",
        AnyValue("event_id", "does_not_exist"),
        f"{_T_STORE}::test_an_event_is_applied_once",
    ),
    guard(
        "an earlier end ends nothing",
        "_is_about_earlier_connection",
        Becomes("False"),
        f"{_T_CONNECT}::test_a_late_event_about_an_earlier_disconnection_does_not_end_the_new_connection",
    ),
    guard(
        "what cannot be applied is parked",
        "receive_event",
        Skipped("park"),
        "tests/api/test_webhooks.py::test_an_event_that_cannot_be_applied_is_parked_and_acknowledged",
    ),
    guard(
        "an object in another version is not believed",
        "_complete_fact",
        Always("current"),
        f"{_FIELD}[other_version_costs_one_call-2020-08-27]",
    ),
    guard(
        "an object that does not tell whose it is is asked for",
        "Subject.owner_ids",
        Never("expected_in"),
        f"{_T_VERSIONS}::test_a_null_owner_means_no_owner_and_a_missing_field_means_unknown",
        f"{_FIELD}[refund_that_names_only_its_charge-2020-08-27]",
    ),
    guard(
        "an answer is as old as its question",
        "requested_at",
        Never("DATED_LATE_BY"),
        f"{_T_VERSIONS}::test_a_response_is_as_old_as_its_request_by_stripes_clock",
    ),
    guard(
        "what was stored after a read began stays",
        "_FetchedAccount.merged_into",
        Always("stored"),
        f"{_FIELD}[enabled_while_the_comparison_read_the_account-2020-08-27]",
    ),
    guard(
        "what was missed is remembered until a webhook comes",
        "webhooks_are_silent",
        Becomes("False"),
        f"{_FIELD}[secret_rotated_in_stripe_only-2020-08-27]",
    ),
)
