"""Recordings are replayed: a recording of a double has no differences, and skipped requests are reported."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest

from infra.stripe_double.recordings.differences import Kind
from infra.stripe_double.recordings.recording import REDACTED, Exchange, Recording
from tests.stripe_double.recording_edits import (
    JSON,
    differences,
    lists_events,
    replayed,
    signatures,
    with_edited_objects,
    with_edits,
)
from tests.stripe_double.scribe import RecordedCompany
from tests.stripe_double.stories import billed, everything

VERSIONS = ("2018-02-06", "2020-08-27", "2022-08-01", "2024-04-10", "2026-10-28.endive")


# -- no difference -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("seed", range(3))
def test_a_recording_of_a_double_has_no_differences_from_another_double(seed: int, version: str) -> None:
    result = replayed(everything(RecordedCompany(seed, version)), seed + 50)

    assert result.differences == ()
    assert [each.why_not for each in result.exchanges if each.played is None] == []


def test_a_double_that_draws_the_same_ids_has_no_differences(recording: Recording) -> None:
    assert replayed(recording, seed=1).differences == ()


def test_a_double_whose_clock_is_ahead_has_no_differences() -> None:
    fast = RecordedCompany(settings={"ach_days": 1 / 86_400})

    result = everything(fast)

    assert result.exchanges[-1].at - result.made_at < 200, "the debit settled at once"
    assert differences(result) == []


def test_several_requests_within_a_second_have_no_differences() -> None:
    assert differences(everything(RecordedCompany(pause=0.0))) == []


def test_further_pages_of_events_are_compared_as_one_list() -> None:
    account = RecordedCompany()
    billed(account)
    account.double.advance(10)
    account.scribe.step = "billing: events"
    list(account.v1.events.list({"limit": 7}, account.on_account).auto_paging_iter())
    recording = account.recording()

    assert sum(map(lists_events, recording.exchanges)) > 3
    assert differences(recording) == []


def test_a_page_of_the_newest_events_does_not_miss_the_older_ones() -> None:
    account = RecordedCompany()
    billed(account)
    account.v1.events.list({"limit": 9}, account.on_account)

    assert differences(account.recording()) == []


def test_ids_texts_timestamps_and_links_may_differ(recording: Recording) -> None:
    def other(invoice: JSON) -> None:
        invoice.update(created=invoice["created"] + 3, customer_name="Somebody Else")
        invoice.update(
            {name: f"https://invoice.stripe.com/{name}" for name in ("hosted_invoice_url", "number") if invoice[name]}
        )

    assert differences(with_edited_objects("invoice", other, recording)) == []


def test_redacted_texts_may_differ(recording: Recording) -> None:
    def redact(customer: JSON) -> None:
        customer.update(name=customer["name"] and REDACTED, email=customer["email"] and REDACTED)

    assert differences(with_edited_objects("customer", redact, recording)) == []


def test_lists_may_contain_objects_from_before_the_recording(recording: Recording) -> None:
    def older(exchange: Exchange) -> None:
        former = copy.deepcopy(exchange.body["data"][-1])
        former.update(id="in_1FromLastYear", customer="cus_1FromLastYear", created=int(recording.made_at) - 9)
        exchange.body["data"].append(former)
        exchange.body["has_more"] = True

    assert (
        differences(with_edits(recording, lambda each: each.path == "/v1/invoices" and each.method == "GET", older))
        == []
    )


def test_events_of_objects_that_the_recording_never_requested_are_skipped(recording: Recording) -> None:
    def foreign(exchange: Exchange) -> None:
        event = copy.deepcopy(next(each for each in exchange.body["data"] if each["type"] == "customer.created"))
        event.update(id="evt_1OfAnother")
        event["data"]["object"].update(id="cus_1OfAnother")
        exchange.body["data"].insert(0, event)

    fits = lambda each: lists_events(each) and "customer.created" in {e["type"] for e in each.body["data"]}  # noqa: E731
    assert differences(with_edits(recording, fits, foreign)) == []


def test_fees_may_differ_but_a_missing_fee_is_a_difference(recording: Recording) -> None:
    def dearer(transaction: JSON) -> None:
        transaction.update(fee=transaction["fee"] * 2, net=transaction["net"] - transaction["fee"])

    def free(transaction: JSON) -> None:
        transaction.update(fee=0, fee_details=[], net=transaction["amount"])

    assert differences(with_edited_objects("balance_transaction", dearer, recording)) == []
    assert (Kind.VALUE, "balance_transaction", "fee") in signatures(
        differences(with_edited_objects("balance_transaction", free, recording))
    )


# -- what is waited for, and what is not played ----------------------------------------------------------------------


def test_a_value_that_never_appears_in_the_double_is_a_difference(recording: Recording) -> None:
    exchanges = [
        replace(each, until={"status": "void"}) if each.until and "status" in each.until else each
        for each in recording.exchanges
    ]

    result = next(each for each in differences(recording.of(exchanges)) if each.step.startswith("debits"))

    assert (result.kind, result.object, result.path) == (Kind.IN_TIME, "invoice", "status")
    assert (result.recorded, result.played) == ("void", "paid")


def test_an_unimplemented_request_is_one_difference_and_later_requests_for_its_objects_are_skipped() -> None:
    account = RecordedCompany()
    account.scribe.step = "subscriptions: made"
    customer = account.v1.customers.create({"name": "Ann"}, account.keyed)
    began = [
        Exchange("subscriptions: made", account.double.clock.now(), "POST", "/v1/subscriptions", 200,
                 {"object": "subscription", "id": "sub_1Made", "customer": customer.id}, (("customer", customer.id),),
                 account.account),
        Exchange("subscriptions: made", account.double.clock.now(), "GET", "/v1/subscriptions/sub_1Made", 200,
                 {"object": "subscription", "id": "sub_1Made", "customer": customer.id}, (), account.account),
    ]  # fmt: skip
    recording = account.recording()

    result = replayed(recording.of([*recording.exchanges, *began]))

    assert [(each.kind, each.request) for each in result.differences] == [(Kind.NOT_PLAYED, "POST /v1/subscriptions")]
    assert "sub_1Made" in result.exchanges[-1].why_not


@pytest.mark.parametrize("status", [0, 429, 500])
def test_a_request_without_a_response_is_not_sent_to_the_double(recording: Recording, status: int) -> None:
    unanswered = next(each for each in recording.exchanges if each.method == "POST")
    broken = replace(unanswered, status=status, body={"error": {"type": "api_error", "message": "No."}})

    result = replayed(recording.of([broken, *recording.exchanges]))

    assert result.exchanges[0].played is None
    assert result.differences == ()


def test_a_request_with_another_key_is_not_sent_to_the_double(recording: Recording) -> None:
    first = replace(recording.exchanges[0], caller="restricted", status=403, body={"error": {"type": "x"}})

    result = replayed(recording.of([first, *recording.exchanges]))

    assert "restricted" in result.exchanges[0].why_not
    assert result.differences == ()


def test_objects_from_before_the_recording_are_not_requested(recording: Recording) -> None:
    former = next(each for each in recording.exchanges if each.method == "GET" and each.status == 200)
    former = replace(former, at=recording.made_at, path="/v1/invoices/in_1FromLastYear", body={"object": "invoice"})

    result = replayed(recording.of([former, *recording.exchanges]))

    assert "in_1FromLastYear" in result.exchanges[0].why_not
    assert result.differences == ()


def test_a_replayed_connection_uses_the_doubles_own_code() -> None:
    account = RecordedCompany()
    account.scribe.step = "connect: by code"
    code = account.double.authorization_code(account.account)
    account.client.oauth.token({"grant_type": "authorization_code", "code": code})
    account.v1.customers.create({"name": "Ann"}, account.keyed)

    assert differences(account.recording()) == []


def test_the_double_has_the_platforms_earlier_endpoints() -> None:
    account = RecordedCompany()
    account.double.add_webhook_endpoint("https://example.com/webhooks", enabled_events=["invoice.paid"])
    account.double.advance(60)
    account.began = account.double.clock.now()
    account.client.v1.webhook_endpoints.list()

    assert differences(account.recording()) == []


# -- the file --------------------------------------------------------------------------------------------------------


def test_a_recording_is_the_same_after_it_was_written_and_read(recording: Recording, tmp_path: Path) -> None:
    file = tmp_path / "a" / "billing.jsonl"

    recording.write(file)

    assert Recording.read(file) == recording
    assert differences(Recording.read(file)) == []


def test_a_file_of_another_format_is_refused(recording: Recording, tmp_path: Path) -> None:
    file = tmp_path / "billing.jsonl"
    recording.of([]).write(file)
    file.write_text(file.read_text().replace('"form": 1', '"form": 0'))

    with pytest.raises(ValueError, match="its form is 0, and this program reads 1"):
        Recording.read(file)


def test_the_error_for_a_truncated_or_edited_file_names_the_line(recording: Recording, tmp_path: Path) -> None:
    file = tmp_path / "billing.jsonl"
    recording.write(file)
    lines = file.read_text().splitlines()
    for text, message in (
        ("\n".join([*lines[:2], lines[2][:9]]), "Line 3 of"),
        ("\n".join(lines[:3]), f"has 2 exchanges of {len(lines) - 1}"),
        ("\n".join(lines[1:]), "Line 1 of"),
    ):
        file.write_text(text)
        with pytest.raises(ValueError, match=message):
            Recording.read(file)
