"""A recording is played to a double, and what differs is named: nothing else, and each thing once."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.stripe_double import Config
from infra.stripe_double.recordings.differences import Difference, Kind
from infra.stripe_double.recordings.preparing import double_for
from infra.stripe_double.recordings.recording import REDACTED, Exchange, Recording
from infra.stripe_double.recordings.replay import Replay, replay
from tests.stripe_double.scribe import Recorded
from tests.stripe_double.stories import billed, everything

JSON = Any
VERSIONS = ("2018-02-06", "2020-08-27", "2022-08-01", "2024-04-10", "2026-10-28.endive")


@pytest.fixture(scope="module")
def recording() -> Recording:
    """A recording of all stories, made once; tests change copies."""
    return everything(Recorded())


def played(recording: Recording, seed: int = 100) -> Replay:
    return replay(recording, double_for(recording, Config(seed=seed)))


def differences(recording: Recording) -> list[Difference]:
    return list(played(recording).differences)


def told(found: list[Difference]) -> set[tuple[Kind, str, str]]:
    return {(each.kind, each.object, each.path) for each in found}


def edited(recording: Recording, fits: Callable[[Exchange], bool], edit: Callable[[Exchange], Any]) -> Recording:
    """The recording with edited copies of the exchanges that fit, of which there is one at least."""
    exchanges = copy.deepcopy(recording.exchanges)
    fitting = [each for each in exchanges if fits(each)]
    assert fitting
    for each in fitting:
        edit(each)
    return recording.of(exchanges)


def of_kind(kind: str, edit: Callable[[JSON], Any], recording: Recording) -> Recording:
    """The recording with an edit of all objects of a kind, but for those in events."""

    def walk(body: JSON) -> None:
        if isinstance(body, dict) and body.get("object") != "event":
            if body.get("object") == kind:
                edit(body)
            for each in body.values():
                walk(each)
        elif isinstance(body, list):
            for each in body:
                walk(each)

    return edited(recording, lambda each: True, lambda each: walk(each.body))


def lists_events(exchange: Exchange) -> bool:
    return exchange.path == "/v1/events"


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
    found = differences(of_kind(kind, edit, recording))

    assert told(found) == {(expected[0], kind, expected[1])}


def test_a_field_of_a_list_is_named_with_the_object_that_holds_the_list(recording: Recording) -> None:
    found = differences(of_kind("list", lambda each: each.pop("has_more"), recording))

    assert told(found) == {
        (Kind.MISSING, kind, path)
        for kind, path in (
            ("list", "has_more"), ("invoice", "lines.has_more"), ("invoice", "payments.has_more"),
            ("credit_note", "lines.has_more"),
        )
    }  # fmt: skip


def test_a_reference_to_another_object_is_named(recording: Recording) -> None:
    def other(intent: JSON) -> None:
        intent.update(latest_charge="ch_1Other" if intent["latest_charge"] else None)

    found = differences(of_kind("payment_intent", other, recording))

    assert (Kind.VALUE, "payment_intent", "latest_charge") in told(found)


def test_a_difference_says_where_it_was_seen(recording: Recording) -> None:
    found = differences(of_kind("refund", lambda each: each.update(status="pending"), recording))

    assert (
        Difference(
            Kind.VALUE, "billing: paid and refunded", "POST /v1/refunds", "refund", "status", "pending", "succeeded"
        )
        in found
    )
    assert len(found) == len({(each.step, each.request, each.path) for each in found}), "each is named once in a step"


def test_an_entry_that_only_one_list_has_is_named(recording: Recording) -> None:
    lists_invoices = lambda each: (each.method, each.path) == ("GET", "/v1/invoices")  # noqa: E731

    lost = differences(edited(recording, lists_invoices, lambda each: each.body["data"].pop()))
    more = differences(
        edited(
            recording,
            lists_invoices,
            lambda each: each.body["data"].append({**each.body["data"][0], "id": "in_1More"}),
        )
    )

    assert told(lost) == {(Kind.MISSING, "list", "data.*")}
    assert told(more) == {(Kind.EXTRA, "list", "data.*")}


def test_another_status_is_named_and_nothing_that_follows_from_it(recording: Recording) -> None:
    exchanges = [
        replace(each, status=400, body={"error": {"type": "invalid_request_error", "message": "No."}})
        if each.path.endswith("/void")
        else each
        for each in recording.exchanges
    ]

    assert told(differences(recording.of(exchanges))) == {(Kind.STATUS, "answer", "status")}


@pytest.mark.parametrize("name", ["type", "code", "decline_code"])
def test_another_error_is_named(recording: Recording, name: str) -> None:
    changed = edited(
        recording, lambda each: each.status == 402, lambda each: each.body["error"].update({name: "another"})
    )

    assert told(differences(changed)) == {(Kind.ERROR, "error", name)}


@pytest.mark.parametrize(
    ("name", "value"), [("idempotent-replayed", None), ("stripe-should-retry", "true"), ("date", None)]
)
def test_another_header_is_named(recording: Recording, name: str, value: str | None) -> None:
    def change(exchange: Exchange) -> Exchange:
        headers = {each: text for each, text in exchange.headers.items() if each != name}
        changed = {**headers, name: value} if value else headers
        return replace(exchange, headers=changed) if name in exchange.headers else exchange

    found = differences(recording.of(map(change, recording.exchanges)))

    assert told(found) == {(Kind.HEADER, "answer", name)}


# -- what differs in events ------------------------------------------------------------------------------------------


def test_an_event_that_the_account_does_not_make_is_named(recording: Recording) -> None:
    def without(exchange: Exchange) -> None:
        exchange.body["data"] = [each for each in exchange.body["data"] if each["type"] != "invoice_payment.paid"]

    assert told(differences(edited(recording, lists_events, without))) == {
        (Kind.EVENT_MISSING, "invoice_payment.paid", "")
    }


def test_an_event_that_the_double_does_not_make_is_named(recording: Recording) -> None:
    def twice(exchange: Exchange) -> None:
        paid = [each for each in exchange.body["data"] if each["type"] == "invoice.paid"]
        exchange.body["data"] = [*({**each, "id": f"{each['id']}2"} for each in paid), *exchange.body["data"]]

    assert told(differences(edited(recording, lists_events, twice))) == {(Kind.EVENT_EXTRA, "invoice.paid", "")}


def test_an_event_of_another_type_is_named_on_both_sides(recording: Recording) -> None:
    def renamed(exchange: Exchange) -> None:
        for event in exchange.body["data"]:
            event["type"] = event["type"].replace("invoice.voided", "invoice.void")

    assert told(differences(edited(recording, lists_events, renamed))) == {
        (Kind.EVENT_EXTRA, "invoice.void", ""), (Kind.EVENT_MISSING, "invoice.voided", ""),
    }  # fmt: skip


def test_events_in_another_order_are_named_but_not_within_a_second(recording: Recording) -> None:
    def late(seconds: int) -> Callable[[Exchange], None]:
        def edit(exchange: Exchange) -> None:
            for event in exchange.body["data"]:
                event["created"] += seconds if event["type"] == "refund.created" else 0

        return edit

    assert differences(edited(recording, lists_events, late(0))) == []
    assert (Kind.EVENT_ORDER, "refund.created", "") in told(differences(edited(recording, lists_events, late(-9))))


def test_a_field_of_an_events_object_is_named_with_the_type_and_the_whole_path(recording: Recording) -> None:
    def change(exchange: Exchange) -> None:
        for event in exchange.body["data"]:
            if event["type"] == "invoice.finalized":
                event["data"]["object"]["status"] = "draft"
                event["data"]["object"]["lines"]["data"][0].pop("amount")
            elif event["type"] == "refund.created":
                event["request"]["id"] = None

    assert told(differences(edited(recording, lists_events, change))) == {
        (Kind.VALUE, "invoice.finalized", "status"),
        (Kind.MISSING, "invoice.finalized", "lines.data.*.amount"),
        (Kind.NULL, "event", "request.id"),
    }


def test_an_account_on_another_version_is_played_in_that_version() -> None:
    recording = everything(Recorded(version="2018-02-06"))

    shown = double_for(recording).world.ledger(recording.accounts[0].id).api_version

    assert shown == "2018-02-06"


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

    with pytest.raises(ValueError, match="has the form 0, and this program reads 1"):
        Recording.read(file)
