"""Install, come back from Stripe, complete, disconnect; and every way in which that can go wrong."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.api.client import Answer, ApiClient
from tests.api.conftest import SETTINGS_URL
from tests.world import World

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def install(api: ApiClient) -> str:
    """Click Install; answers the state."""
    begun = api.admin.post("/stripe/connection")
    assert begun.status == 200
    query = parse_qs(urlsplit(begun.json["authorizeUrl"]).query)
    assert query["redirect_uri"] == ["https://api.example.test/v1/stripe/oauth/callback"]
    return query["state"][0]


def come_back(api: ApiClient, headers: dict[str, str] | None = None, **query: str) -> Answer:
    return api.get(f"/stripe/oauth/callback?{urlencode(query)}", token=None, headers=headers)


def outcome(answer: Answer) -> dict[str, list[str]]:
    assert answer.status == 302
    assert answer.text == ""
    location = urlsplit(answer.headers["location"])
    assert location._replace(query="").geturl() == SETTINGS_URL
    return parse_qs(location.query)


def test_installing_leads_from_not_connected_to_connected(api: ApiClient, world: World) -> None:
    assert api.get("/stripe/connection").json["status"] == "not_connected"
    account = world.account()
    state = install(api)
    assert api.get("/stripe/connection").json["status"] == "pending"
    back = come_back(api, state=state, code=world.double.authorization_code(account), scope="read_write")
    told = outcome(back)
    assert (set(told), told["stripe"]) == ({"stripe", "state"}, ["pending"])
    assert told["state"][0].startswith(f"{state}.")
    done = api.admin.post("/stripe/connection/complete", {"state": told["state"][0]})
    assert (done.status, done.json["status"], done.json["stripeAccountId"]) == (200, "connected", account)
    assert done.json == api.get("/stripe/connection").json
    assert set(done.json) == {
        "status",
        "stripeAccountId",
        "businessName",
        "livemode",
        "requirements",
        "connectedAt",
        "disconnectedAt",
        "lastEventAt",
        "sweptUntil",
        "lagSeconds",
        "lastSync",
        "catchUp",
        "lastTestedAt",
        "webhook",
        "invoicingPaused",
    }
    assert done.json["connectedAt"].endswith("Z")


def test_denying_access_leads_back_with_the_reason(api: ApiClient) -> None:
    state = install(api)
    back = come_back(api, state=state, error="access_denied", error_description="The user denied your request")
    assert outcome(back) == {"stripe": ["denied"], "state": [state], "code": ["oauth_denied"]}
    refused = api.admin.post("/stripe/connection/complete", {"state": state})
    assert (refused.status, refused.code) == (422, "oauth_denied")


def test_a_state_is_used_once(api: ApiClient, world: World) -> None:
    state = install(api)
    code = world.double.authorization_code(world.account())
    come_back(api, state=state, code=code)
    again = come_back(api, state=state, code=code)
    assert (again.status, again.code, again.error["field"]) == (409, "state_used", "state")
    assert again.error["nextStep"]


def test_an_expired_state_connects_nothing(api: ApiClient, world: World) -> None:
    state = install(api)
    world.advance(601)
    expired = come_back(api, state=state, code="ac_1")
    assert (expired.status, expired.code) == (422, "state_expired")
    assert api.admin.post("/stripe/connection/complete", {"state": state}).code == "state_expired"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [({"state": "made-up", "code": "ac_1"}, 422, "state_unknown"), ({"code": "ac_1"}, 400, "state_missing")],
)
def test_a_state_that_was_never_given_out_is_refused(
    api: ApiClient, query: dict[str, str], status: int, code: str
) -> None:
    answer = come_back(api, **query)
    assert (answer.status, answer.code) == (status, code)


def test_a_browser_gets_a_page_it_can_read(api: ApiClient) -> None:
    answer = come_back(api, BROWSER, state='"><script>alert(1)</script>', code="ac_1")
    assert answer.status == 422
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert f'href="{SETTINGS_URL}"' in answer.text
    assert "state_unknown" in answer.text
    assert "This state was not issued by POM." in answer.text
    assert "<script" not in answer.text


def test_a_program_gets_json_from_the_callback(api: ApiClient) -> None:
    assert come_back(api, {"Accept": "application/json"}, state="x").code == "state_unknown"


def test_another_admin_cannot_complete_it(api: ApiClient, world: World) -> None:
    state = install(api)
    come_back(api, state=state, code=world.double.authorization_code(world.account()))
    other = api.acting("admin", user="user_other").post("/stripe/connection/complete", {"state": state})
    foreign = api.acting("admin", organization="org_green").post("/stripe/connection/complete", {"state": state})
    for answer in (other, foreign):
        assert (answer.status, answer.code, answer.error["field"]) == (403, "state_foreign", "state")


def test_completing_before_stripe_sent_the_browser_back_is_a_conflict(api: ApiClient) -> None:
    answer = api.admin.post("/stripe/connection/complete", {"state": install(api)})
    assert (answer.status, answer.code) == (409, "state_not_returned")


def test_disconnecting_keeps_the_records_and_shows_in_apps(api: ApiClient, world: World) -> None:
    account = world.connect()
    installed = api.get("/apps").json["data"][0]
    assert (installed["id"], installed["installed"], installed["action"]) == ("stripe", True, None)
    assert api.admin.delete("/stripe/connection").json["status"] == "disconnected"
    again = api.admin.delete("/stripe/connection")
    assert (again.status, again.json["stripeAccountId"]) == (200, account)
    listed = api.get("/apps").json["data"][0]
    assert (listed["installed"], listed["action"], listed["needsAttention"]) == (False, "reconnect", True)
    assert listed["attention"][0]["nextStep"]


def test_a_rejected_account_is_told_to_ask_stripe_and_for_no_document(api: ApiClient, world: World) -> None:
    account = world.connect(account=world.account(charges_enabled=False, currently_due=["individual.id_number"]))
    world.double.update_account(account, disabled_reason="rejected.fraud")
    world.deliver()
    said = "Stripe has rejected this account and it can no longer take payments. Ask Stripe support about it."
    shown = api.get("/stripe/connection").json
    assert (shown["status"], shown["requirements"]) == ("action_required", [{"field": "account", "message": said}])
    listed = api.get("/apps").json["data"][0]
    assert listed["attention"] == [{"message": said, "nextStep": "Ask Stripe support about the account."}]


def test_an_account_that_is_not_verified_needs_attention(api: ApiClient, world: World) -> None:
    world.connect(account=world.account(charges_enabled=False))
    listed = api.get("/apps").json["data"][0]
    assert (listed["status"], listed["installed"], listed["needsAttention"]) == ("action_required", True, True)
    assert api.get("/apps").json["pageInfo"] == {"endCursor": None, "hasNextPage": False}
