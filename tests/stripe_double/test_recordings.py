"""A recording is played to a double: one of the double itself differs in nothing, and what is not played is told."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest

from infra.stripe_double.recordings.differences import Kind
from infra.stripe_double.recordings.recording import REDACTED, Exchange, Recording
from tests.stripe_double.recording_edits import JSON, differences, edited, lists_events, of_kind, played, told
from tests.stripe_double.scribe import Recorded
from tests.stripe_double.stories import billed, everything

VERSIONS = ("2018-02-06", "2020-08-27", "2022-08-01", "2024-04-10", "2026-10-28.endive")


# -- no difference -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("seed", range(3))
def test_a_recording_of_the_double_differs_in_nothing_from_another_double(seed: int, version: str) -> None:
    found = played(everything(Recorded(seed, version)), seed + 50)

    assert found.differences == ()
    assert [each.why_not for each in found.exchanges if each.played is None] == []


def test_a_double_that_draws_the_same_ids_differs_in_nothing(recording: Recording) -> None:
    assert played(recording, seed=1).differences == ()


def test_all_that_the_clock_runs_ahead_makes_no_difference() -> None:
    fast = Recorded(settings={"ach_days": 1 / 86_400})

    found = everything(fast)

    assert found.exchanges[-1].at - found.made_at < 200, "the debit settled at once"
    assert differences(found) == []


def test_requests_that_follow_each_other_within_a_second_make_no_difference() -> None:
    assert differences(everything(Recorded(pause=0.0))) == []


def test_further_pages_of_events_are_compared_as_one_list() -> None:
    account = Recorded()
    billed(account)
    account.double.advance(10)
    account.scribe.step = "billing: events"
    list(account.v1.events.list({"limit": 7}, account.on_account).auto_paging_iter())
    recording = account.recording()

    assert sum(map(lists_events, recording.exchanges)) > 3
    assert differences(recording) == []


def test_a_page_of_the_newest_events_does_not_miss_the_older_ones() -> None:
    account = Recorded()
    billed(account)
    account.v1.events.list({"limit": 9}, account.on_account)

    assert differences(account.recording()) == []


def test_ids_and_texts_and_moments_and_links_may_differ(recording: Recording) -> None:
    def other(invoice: JSON) -> None:
        invoice.update(created=invoice["created"] + 3, customer_name="Somebody Else")
        invoice.update(
            {name: f"https://invoice.stripe.com/{name}" for name in ("hosted_invoice_url", "number") if invoice[name]}
        )

    assert differences(of_kind("invoice", other, recording)) == []


def test_what_was_redacted_may_differ(recording: Recording) -> None:
    def redact(customer: JSON) -> None:
        customer.update(name=customer["name"] and REDACTED, email=customer["email"] and REDACTED)

    assert differences(of_kind("customer", redact, recording)) == []


def test_what_was_on_the_account_before_may_be_in_lists(recording: Recording) -> None:
    def older(exchange: Exchange) -> None:
        former = copy.deepcopy(exchange.body["data"][-1])
        former.update(id="in_1FromLastYear", customer="cus_1FromLastYear", created=int(recording.made_at) - 9)
        exchange.body["data"].append(former)
        exchange.body["has_more"] = True

    assert (
        differences(edited(recording, lambda each: each.path == "/v1/invoices" and each.method == "GET", older)) == []
    )


def test_events_of_what_the_recording_never_asked_about_are_passed_over(recording: Recording) -> None:
    def foreign(exchange: Exchange) -> None:
        event = copy.deepcopy(next(each for each in exchange.body["data"] if each["type"] == "customer.created"))
        event.update(id="evt_1OfAnother")
        event["data"]["object"].update(id="cus_1OfAnother")
        exchange.body["data"].insert(0, event)

    fits = lambda each: lists_events(each) and "customer.created" in {e["type"] for e in each.body["data"]}  # noqa: E731
    assert differences(edited(recording, fits, foreign)) == []


def test_the_fees_of_another_country_may_differ_but_none_at_all_is_told(recording: Recording) -> None:
    def dearer(transaction: JSON) -> None:
        transaction.update(fee=transaction["fee"] * 2, net=transaction["net"] - transaction["fee"])

    def free(transaction: JSON) -> None:
        transaction.update(fee=0, fee_details=[], net=transaction["amount"])

    assert differences(of_kind("balance_transaction", dearer, recording)) == []
    assert (Kind.VALUE, "balance_transaction", "fee") in told(
        differences(of_kind("balance_transaction", free, recording))
    )


# -- what is waited for, and what is not played ----------------------------------------------------------------------


def test_what_does_not_come_true_in_the_double_is_named(recording: Recording) -> None:
    exchanges = [
        replace(each, until={"status": "void"}) if each.until and "status" in each.until else each
        for each in recording.exchanges
    ]

    found = next(each for each in differences(recording.of(exchanges)) if each.step.startswith("debits"))

    assert (found.kind, found.object, found.path) == (Kind.IN_TIME, "invoice", "status")
    assert (found.recorded, found.played) == ("void", "paid")


def test_what_the_double_does_not_play_is_named_once_with_all_that_depends_on_it() -> None:
    account = Recorded()
    account.scribe.step = "subscriptions: made"
    made = account.v1.customers.create({"name": "Ann"}, account.keyed)
    began = [
        Exchange("subscriptions: made", account.double.clock.now(), "POST", "/v1/subscriptions", 200,
                 {"object": "subscription", "id": "sub_1Made", "customer": made.id}, (("customer", made.id),),
                 account.account),
        Exchange("subscriptions: made", account.double.clock.now(), "GET", "/v1/subscriptions/sub_1Made", 200,
                 {"object": "subscription", "id": "sub_1Made", "customer": made.id}, (), account.account),
    ]  # fmt: skip
    recording = account.recording()

    found = played(recording.of([*recording.exchanges, *began]))

    assert [(each.kind, each.request) for each in found.differences] == [(Kind.NOT_PLAYED, "POST /v1/subscriptions")]
    assert "sub_1Made" in found.exchanges[-1].why_not


@pytest.mark.parametrize("status", [0, 429, 500])
def test_a_request_that_got_no_answer_is_not_played(recording: Recording, status: int) -> None:
    asked = next(each for each in recording.exchanges if each.method == "POST")
    broken = replace(asked, status=status, body={"error": {"type": "api_error", "message": "No."}})

    found = played(recording.of([broken, *recording.exchanges]))

    assert found.exchanges[0].played is None
    assert found.differences == ()


def test_what_another_key_asked_is_not_played(recording: Recording) -> None:
    first = replace(recording.exchanges[0], caller="restricted", status=403, body={"error": {"type": "x"}})

    found = played(recording.of([first, *recording.exchanges]))

    assert "restricted" in found.exchanges[0].why_not
    assert found.differences == ()


def test_what_was_there_before_the_recording_is_not_asked_for(recording: Recording) -> None:
    former = next(each for each in recording.exchanges if each.method == "GET" and each.status == 200)
    former = replace(former, at=recording.made_at, path="/v1/invoices/in_1FromLastYear", body={"object": "invoice"})

    found = played(recording.of([former, *recording.exchanges]))

    assert "in_1FromLastYear" in found.exchanges[0].why_not
    assert found.differences == ()


def test_a_connection_is_made_by_a_code_of_the_doubles_own() -> None:
    account = Recorded()
    account.scribe.step = "connect: by code"
    code = account.double.authorization_code(account.account)
    account.client.oauth.token({"grant_type": "authorization_code", "code": code})
    account.v1.customers.create({"name": "Ann"}, account.keyed)

    assert differences(account.recording()) == []


def test_the_platforms_former_endpoints_are_there() -> None:
    account = Recorded()
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


def test_a_file_of_another_form_is_refused(recording: Recording, tmp_path: Path) -> None:
    file = tmp_path / "billing.jsonl"
    recording.of([]).write(file)
    file.write_text(file.read_text().replace('"form": 1', '"form": 0'))

    with pytest.raises(ValueError, match="its form is 0, and this program reads 1"):
        Recording.read(file)


def test_a_file_that_was_cut_or_edited_says_where(recording: Recording, tmp_path: Path) -> None:
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
