"""Connecting a Stripe account over HTTP (install, callback, complete, disconnect), and each way in which that
fails.
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.api.client import ApiClient, Response
from tests.api.conftest import SETTINGS_URL
from tests.world import World

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def install(api: ApiClient) -> str:
    """Starts an installation and returns its OAuth state."""
    installation = api.admin.post("/stripe/connection")
    assert installation.status == 200
    query = parse_qs(urlsplit(installation.json["authorizeUrl"]).query)
    assert query["redirect_uri"] == ["https://api.example.test/v1/stripe/oauth/callback"]
    return query["state"][0]


def come_back(api: ApiClient, headers: dict[str, str] | None = None, **query: str) -> Response:
    return api.get(f"/stripe/oauth/callback?{urlencode(query)}", token=None, headers=headers)


def outcome(response: Response) -> dict[str, list[str]]:
    assert response.status == 302
    assert response.text == ""
    location = urlsplit(response.headers["location"])
    assert location._replace(query="").geturl() == SETTINGS_URL
    return parse_qs(location.query)


def test_installing_takes_an_organization_from_not_connected_to_connected(api: ApiClient, world: World) -> None:
    assert api.get("/stripe/connection").json["status"] == "not_connected"
    account = world.account()
    state = install(api)
    assert api.get("/stripe/connection").json["status"] == "pending"
    back = come_back(api, state=state, code=world.double.authorization_code(account), scope="read_write")
    callback_params = outcome(back)
    assert (set(callback_params), callback_params["stripe"]) == ({"stripe", "state"}, ["pending"])
    assert callback_params["state"][0].startswith(f"{state}.")
    completion = api.admin.post("/stripe/connection/complete", {"state": callback_params["state"][0]})
    assert (completion.status, completion.json["status"], completion.json["stripeAccountId"]) == (
        200,
        "connected",
        account,
    )
    assert completion.json == api.get("/stripe/connection").json
    assert set(completion.json) == {
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
    assert completion.json["connectedAt"].endswith("Z")


def test_denying_access_redirects_back_with_the_reason(api: ApiClient) -> None:
    state = install(api)
    back = come_back(api, state=state, error="access_denied", error_description="The user denied your request")
    assert outcome(back) == {"stripe": ["denied"], "state": [state], "code": ["oauth_denied"]}
    refusal = api.admin.post("/stripe/connection/complete", {"state": state})
    assert (refusal.status, refusal.code) == (422, "oauth_denied")


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
    late_callback = come_back(api, state=state, code="ac_1")
    assert (late_callback.status, late_callback.code) == (422, "state_expired")
    assert api.admin.post("/stripe/connection/complete", {"state": state}).code == "state_expired"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [({"state": "made-up", "code": "ac_1"}, 422, "state_unknown"), ({"code": "ac_1"}, 400, "state_missing")],
)
def test_a_state_that_pom_never_issued_is_refused(
    api: ApiClient, query: dict[str, str], status: int, code: str
) -> None:
    response = come_back(api, **query)
    assert (response.status, response.code) == (status, code)


def test_a_browser_gets_a_readable_page(api: ApiClient) -> None:
    response = come_back(api, BROWSER, state='"><script>alert(1)</script>', code="ac_1")
    assert response.status == 422
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["referrer-policy"] == "no-referrer"
    assert f'href="{SETTINGS_URL}"' in response.text
    assert "state_unknown" in response.text
    assert "This state was not issued by POM." in response.text
    assert "<script" not in response.text


def test_a_program_gets_json_from_the_callback(api: ApiClient) -> None:
    assert come_back(api, {"Accept": "application/json"}, state="x").code == "state_unknown"


def test_another_admin_cannot_complete_an_installation(api: ApiClient, world: World) -> None:
    state = install(api)
    come_back(api, state=state, code=world.double.authorization_code(world.account()))
    other_admin = api.acting("admin", user="user_other").post("/stripe/connection/complete", {"state": state})
    foreign = api.acting("admin", organization="org_green").post("/stripe/connection/complete", {"state": state})
    for response in (other_admin, foreign):
        assert (response.status, response.code, response.error["field"]) == (403, "state_foreign", "state")


def test_completing_before_stripe_redirected_the_browser_is_a_conflict(api: ApiClient) -> None:
    response = api.admin.post("/stripe/connection/complete", {"state": install(api)})
    assert (response.status, response.code) == (409, "state_not_returned")


def test_disconnecting_keeps_the_records_and_is_visible_in_apps(api: ApiClient, world: World) -> None:
    account = world.connect()
    app_before = api.get("/apps").json["data"][0]
    assert (app_before["id"], app_before["installed"], app_before["action"]) == ("stripe", True, None)
    assert api.admin.delete("/stripe/connection").json["status"] == "disconnected"
    again = api.admin.delete("/stripe/connection")
    assert (again.status, again.json["stripeAccountId"]) == (200, account)
    app_after = api.get("/apps").json["data"][0]
    assert (app_after["installed"], app_after["action"], app_after["needsAttention"]) == (False, "reconnect", True)
    assert app_after["attention"][0]["nextStep"]


def test_a_rejected_account_is_sent_to_stripe_support_and_asked_for_no_document(api: ApiClient, world: World) -> None:
    account = world.connect(account=world.account(charges_enabled=False, currently_due=["individual.id_number"]))
    world.double.update_account(account, disabled_reason="rejected.fraud")
    world.deliver()
    expected_message = (
        "Stripe has rejected this account and it can no longer take payments. Ask Stripe support about it."
    )
    connection = api.get("/stripe/connection").json
    assert (connection["status"], connection["requirements"]) == (
        "action_required",
        [{"field": "account", "message": expected_message}],
    )
    app = api.get("/apps").json["data"][0]
    assert app["attention"] == [{"message": expected_message, "nextStep": "Ask Stripe support about the account."}]


def test_an_account_that_is_not_verified_needs_attention(api: ApiClient, world: World) -> None:
    world.connect(account=world.account(charges_enabled=False))
    app = api.get("/apps").json["data"][0]
    assert (app["status"], app["installed"], app["needsAttention"]) == ("action_required", True, True)
    assert api.get("/apps").json["pageInfo"] == {"endCursor": None, "hasNextPage": False}
