"""The test invoice, the refresh of all invoices, the checklist, and the results of a reconnect, over HTTP."""

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


def test_the_test_invoice_reports_each_step(api: ApiClient, world: World, account: str) -> None:
    response = api.admin.post("/stripe/connection/test")
    assert (response.status, response.json["ok"]) == (200, True)
    steps = response.json["steps"]
    assert [each["step"] for each in steps] == "account customer draft finalize read void clean_up".split()
    assert {(each["ok"], each["nextStep"]) for each in steps} == {(True, None)}
    assert api.get("/stripe/connection").json["lastTestedAt"] == "2027-01-15T08:00:00Z"
    assert api.get("/invoices").json["data"] == []
    assert api.get("/customers").json["data"] == []


def test_another_request_returns_the_progress_of_the_test(api: ApiClient, world: World, account: str) -> None:
    member, path = api.acting("member"), "/stripe/connection/test"
    assert member.get(path).json == {"startedAt": None, "finishedAt": None, "ok": None, "steps": []}
    plain = world.ports.stripe
    states: list[Any] = []

    class Watched:
        def __getattr__(self, name: str) -> Any:
            world.advance(1)
            states.append(member.get(path).json)
            return getattr(plain, name)

    world.ports.stripe = Watched()  # type: ignore[assignment]
    response = api.admin.post(path)
    at = "2027-01-15T08:00:00Z"
    assert states[0] == {"startedAt": at, "finishedAt": None, "ok": None, "steps": []}
    assert [len(each["steps"]) for each in states] == [0, 1, 2, 3, 4, 5, 6, 6, 6]
    assert states[-1] == {"startedAt": at, "finishedAt": None, "ok": None, "steps": response.json["steps"][:-1]}
    last = member.get(path)
    assert last.json == {"startedAt": at, "finishedAt": "2027-01-15T08:00:09Z", **response.json}
    assert member.get(path, headers={"If-None-Match": last.headers["etag"]}).status == 304


def test_a_test_that_was_cut_off_ends(
    api: ApiClient, world: World, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise ProcessKilled("create_trial_draft")

    monkeypatch.setattr(world.ports.stripe, "create_trial_draft", dies)
    with pytest.raises(ProcessKilled):
        try_connection(ORGANIZATION, world.ports)
    assert api.get("/stripe/connection/test").json["ok"] is None
    world.advance(31)
    test_json = api.get("/stripe/connection/test").json
    assert (test_json["ok"], test_json["finishedAt"]) == (False, None)
    assert [(each["step"], each["ok"]) for each in test_json["steps"]] == [
        ("account", True),
        ("customer", True),
        ("draft", False),
    ]
    assert "cut off" in test_json["steps"][-1]["message"]


def test_a_failed_test_is_a_response_with_a_next_step(api: ApiClient, world: World) -> None:
    refusal = api.admin.post("/stripe/connection/test")
    assert (refusal.status, refusal.code) == (409, "stripe_not_connected")
    world.connect(account=world.account(charges_enabled=False))
    response = api.admin.post("/stripe/connection/test")
    assert (response.status, response.json["ok"]) == (200, False)
    [only] = response.json["steps"]
    assert (only["step"], only["ok"], bool(only["nextStep"])) == ("account", False, True)
    assert api.get("/stripe/connection").json["lastTestedAt"] is None


def test_the_webhook_setup_is_returned(api: ApiClient, world: World, account: str) -> None:
    not_yet = api.get("/stripe/connection").json["webhook"]
    assert (not_yet["healthy"], "not been looked at yet" in not_yet["problem"]) == (None, True)
    world.look()
    assert api.get("/stripe/connection").json["webhook"] == {
        "healthy": True,
        "problem": None,
        "checkedAt": "2027-01-15T08:00:00Z",
    }
    [webhook_endpoint] = world.client.v1.webhook_endpoints.list().data
    world.client.v1.webhook_endpoints.update(webhook_endpoint.id, {"enabled_events": ["invoice.paid"]})
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


def test_a_refresh_is_accepted_and_returns_the_time_of_the_last_comparison(
    api: ApiClient, world: World, account: str
) -> None:
    response = api.post("/stripe/connection/refresh")
    assert response.status == 202
    at = "2027-01-15T08:00:00Z"
    assert response.json == {"askedAt": at, "sweptUntil": at, "lastSync": None}
    world.advance(30)
    world.work()
    connection = api.get("/stripe/connection").json
    assert connection["lastSync"]["at"] == "2027-01-15T08:00:30Z"
    assert set(connection["lastSync"]) == {"at", "eventsSeen", "recovered", "corrected", "parked"}
    assert connection["lagSeconds"] == 0
    world.advance(30)
    world.ports.queues.failure = Retryable("queue_unavailable", "The work could not be queued at the moment.")
    refusal = api.post("/stripe/connection/refresh")
    assert (refusal.status, refusal.code) == (503, "queue_unavailable")


def test_a_refresh_without_a_connection_is_refused(api: ApiClient, world: World) -> None:
    response = api.post("/stripe/connection/refresh")
    assert (response.status, response.code) == (409, "stripe_not_connected")


def test_a_reconnect_reports_what_it_recovered(api: ApiClient, world: World, account: str) -> None:
    world.customer()
    invoice = world.invoice()
    world.deliver()
    world.sweep()
    world.double.revoke(account)
    world.deliver()
    connection = api.get("/stripe/connection").json
    assert (connection["status"], connection["lagSeconds"], connection["catchUp"]) == ("disconnected", None, None)
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


def test_the_checklist_goes_from_empty_to_complete(api: ApiClient, world: World) -> None:
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


def test_the_checklist_says_when_work_is_paused(api: ApiClient, world: World, account: str) -> None:
    freeze(ORGANIZATION, "kim", "We look into a double bill.", world.ports)
    [paused_items] = [each for each in api.get("/stripe/connection/checklist").json["data"] if "paused" in each["id"]]
    assert paused_items["done"] is False
    assert "We look into a double bill." in paused_items["detail"]


def test_the_checklist_sends_no_request_to_stripe(api: ApiClient, world: World, account: str) -> None:
    world.double.api.log.reset()
    api.get("/stripe/connection/checklist")
    assert world.stripe_calls() == {}


def test_with_poms_reminders_on_the_settings_warn_of_stripes_reminders(api: ApiClient, world: World) -> None:
    assert api.get("/settings/invoicing").json["note"] is None
    on = api.admin.put("/settings/invoicing", {"reminders": {"enabled": True, "onDueDate": True}})
    note = on.json["note"]
    assert "twice" in note["message"]
    assert note["nextStep"]
    assert note["link"] == "https://dashboard.stripe.com/settings/billing/invoice"
    settings = api.get("/settings/invoicing").json
    assert settings == on.json
    again = api.admin.put("/settings/invoicing", settings)
    assert again.status == 200, "what was read can be sent back"
    off = api.admin.put("/settings/invoicing", {**settings, "reminders": {"enabled": False}})
    assert off.json["note"] is None
