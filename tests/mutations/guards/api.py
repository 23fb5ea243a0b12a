"""The API: the roles of its routes, and the input that it accepts."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Always, Becomes, Check, Instead, Never, Skipped

_ISOLATION = "tests/proofs/test_isolation.py"
_FIELD = "tests/field/test_cases.py::test_pom_returns_what_the_case_expects"
_T_TOGETHER = "tests/domain/test_every_error.py::test_the_first_error_is_raised_and_holds_the_other_errors_in_order"
_T_BOUNDED = (
    "tests/domain/test_every_error.py::test_a_refusal_beyond_the_limit_of_errors_states_only_that_there_are_more"
)
_T_REFUSALS = "tests/api/test_refusals.py"
_T_CONDITIONS = "tests/domain/test_preconditions.py"
_T_VALIDATORS = "tests/api/test_validators.py"

API = (
    guard(
        "roles",
        "_require_role",
        Check("Forbidden"),
        "tests/api/test_roles.py::test_a_role_grants_its_routes_and_no_others",
    ),
    guard(
        "an address is logged as its network",
        "network_of",
        Becomes("address"),
        "tests/api/test_access_lines.py::test_each_request_is_logged_with_its_user_and_network_even_if_it_is_refused",
    ),
    guard(
        "a user is logged by a name of our own",
        "user_in_logs",
        Becomes("user_id"),
        "tests/api/test_access_lines.py::test_each_request_is_logged_with_its_user_and_network_even_if_it_is_refused",
    ),
    guard(
        "the authorizer stands before private routes",
        "Router.route",
        Instead("authorizer=", "None"),
        "tests/api/test_roles.py::test_exactly_the_private_routes_require_the_authorizer",
    ),
    guard(
        "no identity, no entry",
        "identity_of",
        Becomes("Identity(organization_id, user_id, frozenset(roles))"),
        "tests/api/test_roles.py::test_a_request_without_an_authorizers_context_is_refused_by_the_code_too",
    ),
    guard(
        "size of a body",
        "_call_from(route)",
        Check("TooLarge"),
        f"{_T_REFUSALS}::test_a_body_over_256_kib_is_too_large",
    ),
    guard(
        "media type", "check_json_type", Check("Unsupported"), f"{_T_REFUSALS}::test_another_media_type_is_refused"
    ),
    guard(
        "what somebody else has changed is not overwritten",
        "Precondition.require",
        Check("edit_tag"),
        f"{_T_CONDITIONS}::test_a_record_changed_since_it_was_read_is_returned_instead",
    ),
    guard(
        "what a worker writes is no conflict",
        "Customer.edit_tag",
        Becomes("edit_tag_of({'edition': self.edition, 'version': self.version})"),
        f"{_T_CONDITIONS}::test_fields_written_only_by_workers_are_no_change",
    ),
    guard(
        "a tag is compared with the version that the save replaces",
        "_require_precondition",
        Becomes("None"),
        f"{_T_VALIDATORS}::test_a_save_loses_to_a_colleague_who_saves_between_read_and_write",
    ),
    guard(
        "a condition that would not be looked at is refused",
        "refuse_condition",
        Check("Malformed"),
        f"{_T_VALIDATORS}::test_a_condition_that_would_be_ignored_is_refused",
    ),
    guard(
        "a production stage takes no further origins",
        "_development_origins",
        Check("PRODUCTION"),
        "tests/api/test_cross_origin.py::test_production_does_not_start_with_additional_origins",
    ),
    guard(
        "a list of a period that ends before it begins is not empty but refused",
        "period",
        Check("Refused"),
        f"{_FIELD}[invoices_of_a_period_that_ends_before_it_begins-2026-10-28.endive]",
    ),
    guard(
        "a list of payments of a period that ends before it begins is not empty but refused",
        "period",
        Check("Refused"),
        "tests/api/test_payments.py::test_a_wrong_query_names_its_parameter_in_either_format",
    ),
    guard(
        "no text of a table is a formula",
        "as_text",
        Becomes("value"),
        "tests/api/test_payments_table.py::test_no_text_in_a_csv_is_read_as_a_formula",
    ),
    guard(
        "no lines of a payout are shown that do not add up yet",
        "show_payout(payout_id)",
        Never("itemized"),
        "tests/api/test_payouts.py::test_a_payout_without_lines_says_why",
    ),
    guard(
        "what no line explains is a row of the table",
        "_lines_and_remainder",
        Never("unexplained"),
        "tests/api/test_payouts_table.py::test_a_remainder_is_one_row_so_that_the_csv_adds_up",
    ),
    guard(
        "money that did not arrive is not counted at the bank",
        "payout_view",
        Always("status"),
        "tests/api/test_payouts_table.py::test_the_bank_amounts_of_all_payouts_equal_the_amounts_on_the_bank_account",
    ),
    guard(
        "what POM has no lines of is not called unexplained",
        "_kind_without_line",
        Never("itemized"),
        "tests/api/test_payouts_table.py::test_a_payout_without_lines_is_one_row_with_the_reason",
    ),
    guard(
        "a question of a bank is not answered like a dispute",
        "_dispute(trouble)",
        Instead("startswith", "False"),
        "tests/domain/test_attention.py::test_a_refund_is_suggested_for_an_inquiry_and_not_for_a_dispute",
    ),
    guard(
        "a remainder is a row of one page only",
        "_lines_and_remainder",
        Check("has_next"),
        "tests/api/test_payouts_table.py::test_a_remainder_is_one_row_so_that_the_csv_adds_up",
    ),
    guard(
        "what settled in two currencies is not summed up",
        "settled_view",
        Always("len"),
        "tests/api/test_deposits.py::test_amounts_settled_in_two_currencies_are_not_summed",
    ),
    guard(
        "money that a deposit gave back is not told as arrived",
        "_deposit_of",
        Never("gave_back"),
        "tests/domain/test_deposits.py::test_a_canceled_or_reversed_deposit_returned_its_money",
    ),
    guard(
        "a table is for those who prefer it",
        "_prefers",
        Becomes("'text/csv' in (accept or '')"),
        "tests/api/test_payments_table.py::test_only_a_client_that_prefers_csv_gets_csv",
    ),
    guard(
        "no link leads to a draft that was deleted",
        "object_url",
        Never("deleted"),
        "tests/api/test_invoices.py::test_a_deleted_draft_has_no_dashboard_link",
    ),
    guard(
        "the event log tells no names of exceptions",
        "code_of",
        Becomes("error"),
        "tests/api/test_event_log.py::test_a_parked_event_has_the_code_of_its_error_and_no_details",
    ),
    guard(
        "a part is shown as paid before its charge is known",
        "charges_of",
        Becomes("list(facts.charges.values())"),
        "tests/api/test_timeline.py::test_a_partial_payment_is_listed_as_paid_before_the_sweep_adds_its_card",
    ),
    guard("ids in paths", "path_ids", Check("_ID"), f"{_T_REFUSALS}::test_a_path_accepts_only_ids"),
    guard(
        "parameters once", "faults_of_query", Always("len"), f"{_T_REFUSALS}::test_a_wrong_query_names_the_parameter"
    ),
    guard(
        "no parameters where none are taken",
        "_call_from(route)",
        Never("query"),
        f"{_FIELD}[draft_asked_for_in_the_query-2026-10-28.endive]",
    ),
    guard(
        "no body where none is taken",
        "_call_from(route)",
        Never("strip"),
        f"{_FIELD}[body_where_none_is_taken-2026-10-28.endive]",
    ),
    guard("each field once", "repeated_fields", Never("any"), f"{_FIELD}[field_twice_in_json-2026-10-28.endive]"),
    guard("all errors in one answer", "raise_all", Skipped("attach"), _T_TOGETHER),
    guard("not more errors than anybody reads", "attach", Never("MAX_ERRORS"), _T_BOUNDED),
    guard(
        "an idempotency key is sent once",
        "idempotency_key",
        Check("repeated"),
        f"{_T_REFUSALS}::test_an_idempotency_key_header_sent_twice_is_refused",
    ),
    guard(
        "idempotency keys are printable",
        "idempotency_key",
        Check("Malformed"),
        f"{_T_REFUSALS}::test_an_idempotency_key_is_printable_ascii_and_not_blank",
    ),
    guard(
        "a header is one in every spelling",
        "incoming_request",
        Instead("repeated_headers=", "frozenset()"),
        "tests/proofs/test_nonsense.py::test_a_header_repeated_in_another_case_is_refused_as_repeated",
    ),
    guard(
        "a description shows something",
        "VISIBLE_LINE_PATTERN",
        Becomes("ONE_LINE_PATTERN"),
        "tests/api/test_patterns.py::test_a_text_of_spaces_and_invisible_characters_is_refused",
    ),
    guard(
        "plain decimals",
        "Exact.parse",
        Check("_PLAIN_DECIMAL"),
        f"{_T_REFUSALS}::test_the_refusal_of_an_invalid_body_names_the_field",
    ),
    guard(
        "messages of exceptions stay out of logs",
        "_without_messages",
        Skipped("exc_info"),
        "tests/api/test_observability.py::test_an_exception_that_chalice_logs_is_written_without_its_message",
    ),
    guard(
        "the SDK logs no URLs",
        "SDK_LOG_LEVEL",
        Becomes("logging.INFO"),
        f"{_ISOLATION}::test_no_log_line_and_no_metric_holds_a_secret_or_personal_data",
    ),
    guard(
        "CORS for the configured origins",
        "Cors.headers",
        Check("request_origin"),
        "tests/local/test_api_server.py::test_only_the_configured_origins_may_call",
    ),
)
