"""Guards on publishing changes: each change is published once, in the order of the feed, and none is lost."""

from __future__ import annotations

from tests.mutations.guard import guard
from tests.mutations.removals import Always, Becomes, Check, Instead, Never, Skipped, Without

_INVOICES = "tests/domain/test_invoice_changes.py"
_EDITS = "tests/domain/test_published_edits.py"
_DRAFTS = "tests/usecases/publishing/test_published_drafts.py"
_SAGA = "tests/domain/test_saga.py"
_OTHERS = "tests/domain/test_other_changes.py"
_TELL = "tests/usecases/publishing/test_publish_changes.py"
_BUS = "tests/adapters/test_event_bus.py"
_REFUSED = "tests/adapters/test_publishing_when_aws_refuses.py"
_STREAM = "tests/adapters/test_stream.py"
_FEED = "tests/contracts/test_change_feed.py"
_EXPIRE = "tests/adapters/test_rows_that_expire.py"

_REPLACED = (
    r"INSERT\tOR\tREPLACE\tINTO\tobjects\tVALUES(:organizationId,:objectKind,:objectId,:version,:status,:object)"
)
"""The example's statement without its condition. Tabs, because a text with spaces counts as a message."""

PUBLISHING = (
    # A way back
    guard(
        "the feed goes on behind a type or a kind that this release does not know",
        "_of_another_release",
        Becomes("None"),
        f"{_FEED}::test_a_change_published_by_a_later_release_is_returned_and_this_release_appends_after_it",
    ),
    # Published changes
    guard(
        "an invoice that POM is creating is not told",
        "published_status",
        Never("CREATING"),
        f"{_INVOICES}::test_an_invoice_in_creation_is_not_published",
    ),
    guard(
        "a draft that is being sent stays a draft",
        "published_status",
        Never("SEND"),
        f"{_INVOICES}::test_a_sent_draft_is_published_as_sent_and_not_as_created_again",
    ),
    guard(
        "a draft that is being edited stays a draft",
        "published_status",
        Never("editing"),
        f"{_EDITS}::test_a_draft_that_is_edited_stays_a_draft",
    ),
    guard(
        "an edit is not told before the draft rests",
        "_bills_differently",
        Never("after CREATING"),
        f"{_EDITS}::test_an_edit_is_published_once_when_its_saga_has_finished",
    ),
    guard(
        "an edited draft is compared with what it billed before the edit",
        "_bills_differently",
        Never("before CREATING"),
        f"{_DRAFTS}::test_an_edited_draft_is_published_once",
    ),
    guard(
        "an issued invoice is compared by its order only",
        "_bills_differently",
        Always("DRAFT"),
        f"{_EDITS}::test_a_draft_issued_during_an_edit_is_published_as_edited_only_if_its_order_changed",
    ),
    guard(
        "a change of the memo in Stripe is a change of the draft",
        "draft_tags",
        Without("changed_details"),
        f"{_DRAFTS}::test_a_change_in_stripe_and_the_edit_that_undoes_it_are_published",
    ),
    guard(
        "a change of the due date in Stripe is a change of the draft",
        "draft_tags",
        Without("due_day"),
        f"{_DRAFTS}::test_a_change_in_stripe_and_the_edit_that_undoes_it_are_published",
    ),
    guard(
        "what a draft billed is stored when it is edited",
        "Saga.ordered_to_edit",
        Instead("drafted=", "None"),
        f"{_DRAFTS}::test_an_edit_without_changes_is_not_published",
    ),
    guard(
        "what a draft billed is stored when it is sent",
        "Saga.ordered_to_send",
        Instead("drafted=", "None"),
        f"{_DRAFTS}::test_an_unsent_draft_with_the_same_order_is_not_published",
    ),
    guard(
        "what a draft billed is kept until the edit is over",
        "Saga.advanced",
        Instead("drafted=", "None"),
        f"{_DRAFTS}::test_an_edit_that_stripe_refuses_is_not_published",
    ),
    guard(
        "a customer that Stripe has is told",
        "_customer_types",
        Never("SYNCED"),
        f"{_OTHERS}::test_a_successful_sync_is_published_whatever_the_status_before",
    ),
    guard(
        "a customer that stays in Stripe is not told",
        "_customer_types",
        Never("_link_of"),
        f"{_OTHERS}::test_a_successful_sync_is_published_whatever_the_status_before",
    ),
    guard(
        "a customer that is made on another account is told",
        "_customer_types",
        Always("_link_of"),
        f"{_OTHERS}::test_a_link_to_another_stripe_customer_is_published",
    ),
    guard(
        "the second of a failed attempt is no further attempt",
        "_failed_again",
        Always("_failed_attempts"),
        f"{_INVOICES}::test_a_decline_is_published_once_however_many_events_report_it",
    ),
    guard(
        "a charge that fails after another is a further attempt",
        "_failed_attempts",
        Becomes("frozenset()"),
        f"{_INVOICES}::test_the_next_failed_attempt_is_published_too",
    ),
    guard(
        "what a sweep learns of an account as it was is not told",
        "_visible_part",
        Without("as_of="),
        f"{_OTHERS}::test_requirements_of_an_account_are_published_and_a_sweep_is_not",
    ),
    # Ids and versions
    guard(
        "an id names the version",
        "Change.id_of",
        Without("version"),
        f"{_OTHERS}::test_no_two_changes_have_one_id",
    ),
    guard(
        "an id names the type",
        "Change.id_of",
        Without("change_type"),
        f"{_OTHERS}::test_no_two_changes_have_one_id",
    ),
    guard(
        "an id is the same whenever it is told",
        "Change.id_of",
        Instead("version", "self.at"),
        f"{_OTHERS}::test_the_id_of_a_change_does_not_depend_on_when_it_is_published",
    ),
    guard(
        "a deletion has the version behind the last one",
        "_stored_change(id_of)",
        Instead(
            "Change",
            "type(_)(_.organization_id, _.object_kind, _.object_id, _.version - _.deleted, _.at, _.difference)",
        ),
        f"{_STREAM}::test_a_deleted_invoice_is_a_change_with_the_version_after_its_last",
    ),
    # The bus
    guard(
        "only entries that were not taken are put again",
        "EventBridgeBus.put",
        Check("transient"),
        f"{_BUS}::test_an_entry_that_is_rejected_permanently_is_not_put_again",
    ),
    guard(
        "each entry of an answer is looked at",
        "EventBridgeBus._put_once",
        Instead("_put_request", "(_, {})[1]"),
        f"{_BUS}::test_only_entries_that_failed_are_put_again",
    ),
    guard(
        "a request has ten events at most",
        "MAX_ENTRIES",
        Becomes("1000"),
        f"{_BUS}::test_no_request_has_more_than_ten_events",
    ),
    guard(
        "a request has no more bytes than EventBridge takes",
        "portions(events)",
        Check("size_of"),
        f"{_BUS}::test_no_request_has_more_bytes_than_eventbridge_accepts",
    ),
    # Records that cannot be published
    guard(
        "a record that cannot be told is queued",
        "publish_records(records)",
        Skipped("keep"),
        f"{_TELL}::test_an_unreadable_record_is_queued_without_a_change_and_stops_no_other_change",
    ),
    guard(
        "the first record that waits is named",
        "publish_records(records)",
        Skipped("repeat_from"),
        f"{_TELL}::test_a_transient_refusal_repeats_the_change_and_all_later_changes",
    ),
    guard(
        "a record is queued before the stream forgets it",
        "_given_up(failure)",
        Always("PATIENCE"),
        f"{_TELL}::test_changes_unpublished_for_half_a_day_are_queued",
    ),
    guard(
        "the outcome says with which code EventBridge did not take an event",
        "_not_taken",
        Instead("code", "'event_bus_unavailable'"),
        f"{_TELL}::test_a_transient_refusal_repeats_the_change_and_all_later_changes",
    ),
    guard(
        "a fault of the deployment is logged with its code",
        "_one_described",
        Never("DeploymentFault"),
        "tests/workers/test_publish_changes.py::test_a_missing_permission_is_logged_with_the_code_of_aws_and_without_its_message",
    ),
    guard(
        "a right that the database refuses waits for the next deployment",
        "translating_errors",
        Skipped("raise_deployment_fault"),
        f"{_REFUSED}::test_a_dynamodb_refusal_that_concerns_every_change_repeats_the_batch",
    ),
    guard(
        "a right that the bus refuses waits for the next deployment",
        "EventBridgeBus._put_request",
        Skipped("raise_deployment_fault"),
        f"{_REFUSED}::test_a_bus_that_refuses_every_event_repeats_the_batch",
    ),
    guard(
        "an entry that is refused because of a right waits for the next deployment",
        "NOT_CAUSED_BY_EVENT",
        Becomes("frozenset()"),
        f"{_BUS}::test_an_entry_refused_for_a_missing_permission_is_retryable",
    ),
    guard(
        "a fault of the deployment is no record's",
        "CAN_WAIT",
        Without("DeploymentFault"),
        f"{_TELL}::test_a_missing_permission_repeats_the_batch_and_queues_it_after_half_a_day",
    ),
    # The feed
    guard(
        "a place in the feed is taken once",
        "_ABSENT",
        Becomes("PreparedCondition(ChangeItem.place.exists() | ChangeItem.place.does_not_exist())"),
        f"{_FEED}::test_changes_appended_at_the_same_time_are_all_stored",
    ),
    guard(
        "a row is put behind no epoch that has ended meanwhile",
        "TableChanges._put_after",
        Always("MARGIN"),
        f"{_EXPIRE}::test_a_slow_writer_continues_in_an_epoch_that_was_begun_in_the_meantime",
    ),
    guard(
        "the place of a deleted row is not given again",
        "TableChanges._continues_after",
        Always("MARGIN"),
        f"{_EXPIRE}::test_the_position_of_a_deleted_row_is_not_given_again",
    ),
    guard(
        "a cursor that may have missed changes is refused",
        "TableChanges.after",
        Never("CURSOR_GOOD_FOR"),
        f"{_FEED}::test_the_cursor_of_a_page_that_begins_at_the_oldest_change_works_for_a_day",
    ),
    # Those who listen
    guard(
        "a consumer drops what is older",
        "STORE_IF_NEWER",
        Becomes(f"'{_REPLACED}'"),
        "tests/infrastructure/test_consumer.py::test_a_repeated_event_and_an_older_one_are_dropped",
    ),
)
