"""Over HTTP: the test invoice, refreshing everything, the check list, and what a reconnect found."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.errors import Retryable
from chalicelib.usecases.connecting.freeze import freeze
from chalicelib.usecases.connecting.try_connection import try_connection
from chalicelib.usecases.connecting.webhook_health import check_webhooks
from tests.api.client import ApiClient
from tests.boundaries import ProcessKilled
from tests.world import ORGANIZATION, World

URL = "https://api.example.test/v1/stripe/webhooks"


@pytest.fixture
def account(world: World) -> str:
    return world.connect()


def test_the_test_invoice_is_reported_step_by_step(api: ApiClient, world: World, account: str) -> None:
    answer = api.admin.post("/stripe/connection/test")
    assert (answer.status, answer.json["ok"]) == (200, True)
    steps = answer.json["steps"]
    assert [each["step"] for each in steps] == "account customer draft finalize read void clean_up".split()
    assert {(each["ok"], each["nextStep"]) for each in steps} == {(True, None)}
    assert api.get("/stripe/connection").json["lastTestedAt"] == "2027-01-15T08:00:00Z"
    assert api.get("/invoices").json["data"] == []
    assert api.get("/customers").json["data"] == []


def test_another_request_shows_how_far_the_test_is(api: ApiClient, world: World, account: str) -> None:
    member, path = api.acting("member"), "/stripe/connection/test"
    assert member.get(path).json == {"startedAt": None, "finishedAt": None, "ok": None, "steps": []}
    plain = world.ports.stripe
    seen: list[Any] = []

    class Watched:
        def __getattr__(self, name: str) -> Any:
            world.advance(1)
            seen.append(member.get(path).json)
            return getattr(plain, name)

    world.ports.stripe = Watched()  # type: ignore[assignment]
    answer = api.admin.post(path)
    at = "2027-01-15T08:00:00Z"
    assert seen[0] == {"startedAt": at, "finishedAt": None, "ok": None, "steps": []}
    assert [len(each["steps"]) for each in seen] == [0, 1, 2, 3, 4, 5, 6, 6, 6]
    assert seen[-1] == {"startedAt": at, "finishedAt": None, "ok": None, "steps": answer.json["steps"][:-1]}
    last = member.get(path)
    assert last.json == {"startedAt": at, "finishedAt": "2027-01-15T08:00:09Z", **answer.json}
    assert member.get(path, headers={"If-None-Match": last.headers["etag"]}).status == 304


def test_a_test_that_was_cut_off_does_not_run_for_ever(
    api: ApiClient, world: World, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise ProcessKilled("create_trial_draft")

    monkeypatch.setattr(world.ports.stripe, "create_trial_draft", dies)
    with pytest.raises(ProcessKilled):
        try_connection(ORGANIZATION, world.ports)
    assert api.get("/stripe/connection/test").json["ok"] is None
    world.advance(31)
    shown = api.get("/stripe/connection/test").json
    assert (shown["ok"], shown["finishedAt"]) == (False, None)
    assert [(each["step"], each["ok"]) for each in shown["steps"]] == [
        ("account", True),
        ("customer", True),
        ("draft", False),
    ]
    assert "cut off" in shown["steps"][-1]["message"]


def test_a_test_that_fails_is_an_answer_with_a_next_step(api: ApiClient, world: World) -> None:
    refused = api.admin.post("/stripe/connection/test")
    assert (refused.status, refused.code) == (409, "stripe_not_connected")
    world.connect(account=world.account(charges_enabled=False))
    answer = api.admin.post("/stripe/connection/test")
    assert (answer.status, answer.json["ok"]) == (200, False)
    [only] = answer.json["steps"]
    assert (only["step"], only["ok"], bool(only["nextStep"])) == ("account", False, True)
    assert api.get("/stripe/connection").json["lastTestedAt"] is None


def test_the_webhook_setup_is_shown(api: ApiClient, world: World, account: str) -> None:
    not_yet = api.get("/stripe/connection").json["webhook"]
    assert (not_yet["healthy"], "not been looked at yet" in not_yet["problem"]) == (None, True)
    world.look()
    assert api.get("/stripe/connection").json["webhook"] == {
        "healthy": True,
        "problem": None,
        "checkedAt": "2027-01-15T08:00:00Z",
    }
    [made] = world.client.v1.webhook_endpoints.list().data
    world.client.v1.webhook_endpoints.update(made.id, {"enabled_events": ["invoice.paid"]})
    check_webhooks(URL, world.ports)
    broken = api.get("/stripe/connection").json["webhook"]
    assert broken["healthy"] is False
    assert "does not receive" in broken["problem"]
    assert broken["problem"] in [each["message"] for each in api.get("/apps").json["data"][0]["attention"]]
    world.double.order_fault("close_before", method="GET", path="/v1/webhook_endpoints")
    check_webhooks(URL, world.ports)
    unknown = api.get("/stripe/connection")
    assert (unknown.status, unknown.json["webhook"]["healthy"]) == (200, None)
    assert "could not be checked" in unknown.json["webhook"]["problem"]
    assert api.get("/apps").json["data"][0]["attention"] == []


def test_a_refresh_is_taken_and_tells_when_stripe_was_last_compared(
    api: ApiClient, world: World, account: str
) -> None:
    answer = api.post("/stripe/connection/refresh")
    assert answer.status == 202
    at = "2027-01-15T08:00:00Z"
    assert answer.json == {"askedAt": at, "sweptUntil": at, "lastSync": None}
    world.advance(30)
    world.work()
    shown = api.get("/stripe/connection").json
    assert shown["lastSync"]["at"] == "2027-01-15T08:00:30Z"
    assert set(shown["lastSync"]) == {"at", "eventsSeen", "recovered", "corrected", "parked"}
    assert shown["lagSeconds"] == 0
    world.advance(30)
    world.ports.queues.failure = Retryable("queue_unavailable", "The work could not be queued at the moment.")
    refused = api.post("/stripe/connection/refresh")
    assert (refused.status, refused.code) == (503, "queue_unavailable")


def test_a_refresh_without_a_connection_is_refused(api: ApiClient, world: World) -> None:
    answer = api.post("/stripe/connection/refresh")
    assert (answer.status, answer.code) == (409, "stripe_not_connected")


def test_a_reconnect_reports_what_it_recovered(api: ApiClient, world: World, account: str) -> None:
    world.customer()
    invoice = world.invoice()
    world.deliver()
    world.sweep()
    world.double.revoke(account)
    world.deliver()
    lost = api.get("/stripe/connection").json
    assert (lost["status"], lost["lagSeconds"], lost["catchUp"]) == ("disconnected", None, None)
    world.advance(7200)
    world.double.pay(account, str(invoice.stripe_invoice_id))
    world.advance(1)
    world.connect(account=account)
    assert api.get("/stripe/connection").json["lagSeconds"] == 7201
    world.work()
    back = api.get("/stripe/connection").json
    assert back["catchUp"]["at"] == back["sweptUntil"] == "2027-01-15T10:00:01Z"
    assert back["catchUp"]["recovered"] > 0
    world.look()
    assert api.get("/stripe/connection").json["webhook"]["healthy"] is True
    assert api.get(f"/invoices/{invoice.id}").json["status"] == "paid"


def test_the_check_list_goes_from_nothing_to_done(api: ApiClient, world: World) -> None:
    def done(of: Any) -> dict[str, bool | None]:
        return {each["id"]: each["done"] for each in of.json["data"]}

    member = api.acting("member")
    before = member.get("/stripe/connection/checklist")
    assert before.status == 200
    assert [item for item, is_done in done(before).items() if is_done] == []
    world.connect()
    world.look()
    world.customer(email=None)
    assert done(member.get("/stripe/connection/checklist"))["customer_emails"] is False
    world.customer()
    api.admin.post("/stripe/connection/test")
    api.admin.put("/settings/invoicing", {"footer": "Questions? Call 602 555 0143."})
    after = member.get("/stripe/connection/checklist")
    assert set(done(after).values()) == {True, None}
    reminders = [each for each in after.json["data"] if each["done"] is None]
    assert all(each["nextStep"] for each in reminders)
    links = {each["link"] for each in after.json["data"] if each["link"]}
    assert "https://dashboard.stripe.com/settings/user" in links
    assert all(link.startswith("https://") for link in links)


def test_the_check_list_tells_of_a_pause(api: ApiClient, world: World, account: str) -> None:
    freeze(ORGANIZATION, "kim", "We look into a double bill.", world.ports)
    [paused] = [each for each in api.get("/stripe/connection/checklist").json["data"] if "paused" in each["id"]]
    assert paused["done"] is False
    assert "We look into a double bill." in paused["detail"]


def test_the_check_list_asks_stripe_nothing(api: ApiClient, world: World, account: str) -> None:
    world.double.api.log.reset()
    api.get("/stripe/connection/checklist")
    assert world.stripe_calls() == {}


def test_with_our_reminders_on_the_settings_speak_of_stripes_own(api: ApiClient, world: World) -> None:
    assert api.get("/settings/invoicing").json["note"] is None
    on = api.admin.put("/settings/invoicing", {"reminders": {"enabled": True, "onDueDate": True}})
    note = on.json["note"]
    assert "twice" in note["message"]
    assert note["nextStep"]
    assert note["link"] == "https://dashboard.stripe.com/settings/billing/invoice"
    shown = api.get("/settings/invoicing").json
    assert shown == on.json
    again = api.admin.put("/settings/invoicing", shown)
    assert again.status == 200, "what was read can be sent back"
    off = api.admin.put("/settings/invoicing", {**shown, "reminders": {"enabled": False}})
    assert off.json["note"] is None
