"""Each difference between a recording and the double is reported with its kind, its object and its path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from infra.stripe_double.recordings.differences import Difference, Kind
from infra.stripe_double.recordings.preparing import double_for
from infra.stripe_double.recordings.recording import Exchange, Recording
from tests.stripe_double.recording_edits import (
    JSON,
    differences,
    lists_events,
    signatures,
    with_edited_objects,
    with_edits,
)
from tests.stripe_double.scribe import RecordedCompany
from tests.stripe_double.stories import everything

# -- what differs in an answer ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "edit", "expected"),
    [
        ("invoice", lambda it: it.pop("hosted_invoice_url"), (Kind.MISSING, "hosted_invoice_url")),
        ("invoice", lambda it: it.update(new_thing=1), (Kind.EXTRA, "new_thing")),
        ("invoice", lambda it: it.update(total=str(it["total"])), (Kind.TYPE, "total")),
        ("invoice", lambda it: it.update(total=it["total"] / 100), (Kind.TYPE, "total")),
        ("invoice", lambda it: it.update(total=it["total"] + 1), (Kind.VALUE, "total")),
        ("invoice", lambda it: it.update(due_date=None), (Kind.NULL, "due_date")),
        ("invoice", lambda it: it.update(collection_method="charge"), (Kind.VALUE, "collection_method")),
        ("invoice", lambda it: it.update(livemode=True), (Kind.VALUE, "livemode")),
        ("invoice", lambda it: it["status_transitions"].pop("paid_at"), (Kind.MISSING, "status_transitions.paid_at")),
        ("invoice", lambda it: it["metadata"] and it["metadata"].update(bill="inv_2"), (Kind.VALUE, "metadata.bill")),
        ("invoice", lambda it: it["metadata"].clear(), (Kind.MISSING, "metadata.bill")),
        ("line_item", lambda it: it.update(amount=it["amount"] + 1), (Kind.VALUE, "amount")),
        ("customer", lambda it: it.pop("email"), (Kind.MISSING, "email")),
        ("refund", lambda it: it.update(status="pending"), (Kind.VALUE, "status")),
        ("refund", lambda it: it.update(charge=None), (Kind.NULL, "charge")),
        ("charge", lambda it: it.update(payment_intent="card"), (Kind.VALUE, "payment_intent")),
        ("charge", lambda it: it.update(id=it["id"].replace("ch_", "py_")), (Kind.VALUE, "id")),
        ("account", lambda it: it["requirements"].pop("currently_due"), (Kind.MISSING, "requirements.currently_due")),
        ("account", lambda it: it.update(charges_enabled=False), (Kind.VALUE, "charges_enabled")),
    ],
)  # fmt: skip
def test_a_field_that_differs_is_named_with_its_object(
    recording: Recording, kind: str, edit: Callable[[JSON], Any], expected: tuple[Kind, str]
) -> None:
    actual = differences(with_edited_objects(kind, edit, recording))

    assert signatures(actual) == {(expected[0], kind, expected[1])}


def test_a_field_of_a_list_is_named_with_the_object_that_holds_the_list(recording: Recording) -> None:
    actual = differences(with_edited_objects("list", lambda each: each.pop("has_more"), recording))

    assert signatures(actual) == {
        (Kind.MISSING, kind, path)
        for kind, path in (
            ("list", "has_more"), ("invoice", "lines.has_more"), ("invoice", "payments.has_more"),
            ("credit_note", "lines.has_more"),
        )
    }  # fmt: skip


def test_a_reference_to_another_object_is_a_difference(recording: Recording) -> None:
    def other(intent: JSON) -> None:
        intent.update(latest_charge="ch_1Other" if intent["latest_charge"] else None)

    actual = differences(with_edited_objects("payment_intent", other, recording))

    assert (Kind.VALUE, "payment_intent", "latest_charge") in signatures(actual)


def test_a_difference_names_its_step_and_request(recording: Recording) -> None:
    actual = differences(with_edited_objects("refund", lambda each: each.update(status="pending"), recording))

    assert (
        Difference(
            Kind.VALUE, "billing: paid and refunded", "POST /v1/refunds", "refund", "status", "pending", "succeeded"
        )
        in actual
    )
    assert len(actual) == len({(each.step, each.request, each.path) for each in actual}), (
        "each is named once in a step"
    )


def test_an_entry_in_only_one_list_is_a_difference(recording: Recording) -> None:
    lists_invoices = lambda each: (each.method, each.path) == ("GET", "/v1/invoices")  # noqa: E731

    only_recorded = differences(with_edits(recording, lists_invoices, lambda each: each.body["data"].pop()))
    only_played = differences(
        with_edits(
            recording,
            lists_invoices,
            lambda each: each.body["data"].append({**each.body["data"][0], "id": "in_1More"}),
        )
    )

    assert signatures(only_recorded) == {(Kind.MISSING, "list", "data.*")}
    assert signatures(only_played) == {(Kind.EXTRA, "list", "data.*")}


def test_another_status_is_one_difference_without_its_consequences(recording: Recording) -> None:
    exchanges = [
        replace(each, status=400, body={"error": {"type": "invalid_request_error", "message": "No."}})
        if each.path.endswith("/void")
        else each
        for each in recording.exchanges
    ]

    assert signatures(differences(recording.of(exchanges))) == {(Kind.STATUS, "answer", "status")}


@pytest.mark.parametrize("name", ["type", "code", "decline_code"])
def test_another_error_is_a_difference(recording: Recording, name: str) -> None:
    changed = with_edits(
        recording, lambda each: each.status == 402, lambda each: each.body["error"].update({name: "another"})
    )

    assert signatures(differences(changed)) == {(Kind.ERROR, "error", name)}


@pytest.mark.parametrize(
    ("name", "value"), [("idempotent-replayed", None), ("stripe-should-retry", "true"), ("date", None)]
)
def test_another_header_is_a_difference(recording: Recording, name: str, value: str | None) -> None:
    def change(exchange: Exchange) -> Exchange:
        headers = {each: text for each, text in exchange.headers.items() if each != name}
        changed = {**headers, name: value} if value else headers
        return replace(exchange, headers=changed) if name in exchange.headers else exchange

    actual = differences(recording.of(map(change, recording.exchanges)))

    assert signatures(actual) == {(Kind.HEADER, "answer", name)}


# -- what differs in events ------------------------------------------------------------------------------------------


def test_an_event_that_the_account_does_not_emit_is_a_difference(recording: Recording) -> None:
    def without(exchange: Exchange) -> None:
        exchange.body["data"] = [each for each in exchange.body["data"] if each["type"] != "invoice_payment.paid"]

    assert signatures(differences(with_edits(recording, lists_events, without))) == {
        (Kind.EVENT_MISSING, "invoice_payment.paid", "")
    }


def test_an_event_that_the_double_does_not_emit_is_a_difference(recording: Recording) -> None:
    def twice(exchange: Exchange) -> None:
        paid = [each for each in exchange.body["data"] if each["type"] == "invoice.paid"]
        exchange.body["data"] = [*({**each, "id": f"{each['id']}2"} for each in paid), *exchange.body["data"]]

    assert signatures(differences(with_edits(recording, lists_events, twice))) == {
        (Kind.EVENT_EXTRA, "invoice.paid", "")
    }


def test_an_event_of_another_type_is_a_difference_on_both_sides(recording: Recording) -> None:
    def renamed(exchange: Exchange) -> None:
        for event in exchange.body["data"]:
            event["type"] = event["type"].replace("invoice.voided", "invoice.void")

    assert signatures(differences(with_edits(recording, lists_events, renamed))) == {
        (Kind.EVENT_EXTRA, "invoice.void", ""), (Kind.EVENT_MISSING, "invoice.voided", ""),
    }  # fmt: skip


def test_events_in_another_order_are_a_difference_but_not_within_a_second(recording: Recording) -> None:
    def late(seconds: int) -> Callable[[Exchange], None]:
        def edit(exchange: Exchange) -> None:
            for event in exchange.body["data"]:
                event["created"] += seconds if event["type"] == "refund.created" else 0

        return edit

    assert differences(with_edits(recording, lists_events, late(0))) == []
    assert (Kind.EVENT_ORDER, "refund.created", "") in signatures(
        differences(with_edits(recording, lists_events, late(-9)))
    )


def test_a_field_of_an_events_object_is_named_with_the_type_and_the_whole_path(recording: Recording) -> None:
    def change(exchange: Exchange) -> None:
        for event in exchange.body["data"]:
            if event["type"] == "invoice.finalized":
                event["data"]["object"]["status"] = "draft"
                event["data"]["object"]["lines"]["data"][0].pop("amount")
            elif event["type"] == "refund.created":
                event["request"]["id"] = None

    assert signatures(differences(with_edits(recording, lists_events, change))) == {
        (Kind.VALUE, "invoice.finalized", "status"),
        (Kind.MISSING, "invoice.finalized", "lines.data.*.amount"),
        (Kind.NULL, "event", "request.id"),
    }


def test_a_recorded_account_on_another_version_is_replayed_in_that_version() -> None:
    recording = everything(RecordedCompany(version="2018-02-06"))

    shown = double_for(recording).world.ledger(recording.accounts[0].id).api_version

    assert shown == "2018-02-06"
