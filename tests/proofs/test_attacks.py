"""Short slices of the attacks: forged webhooks and tokens, and every known way to abuse the OAuth connection.

`python -m tests.proofs forgeries` tries a hundred thousand forgeries.
"""

from __future__ import annotations

import copy
import json
import time
from dataclasses import fields, replace
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
import stripe
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chalicelib.domain.events import API_VERSION
from chalicelib.domain.identifiers import OrganizationId, UserId
from tests.api.client import ApiClient, Response
from tests.api.conftest import SETTINGS_URL
from tests.api.test_connection import come_back, install, outcome
from tests.api.test_webhooks import PATH, signature_header
from tests.proofs.forgeries import (
    FAMILIES,
    Chance,
    Figures,
    event,
    forged_webhooks,
    is_genuine,
    ours,
    try_forgeries,
)
from tests.proofs.records import event_log
from tests.world import ADMIN, ORGANIZATION, WEBHOOK_SECRET, World

pytestmark = pytest.mark.proof

COUNT = 6_000
OTHER = OrganizationId("org_green")
MALLORY = UserId("user_mallory")

IN_PROCESS = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


REPETITION_COUNTERS: dict[str, Any] = {"repeated": None, "delivered": None}
"""The only fields that a repeated event may change on its marker: the count and the time of the last repetition."""


def everything(world: World) -> dict[str, Any]:
    """Returns all stored and queued data."""
    database = world.ports.database
    stored = {field.name: getattr(database, field.name) for field in fields(database) if field.name != "lock"}
    return copy.deepcopy({**stored, "queued": world.ports.queues.sent})


# Webhooks and tokens


def test_no_forgery_is_accepted_and_the_sdk_agrees() -> None:
    figures = try_forgeries(COUNT)
    assert figures.accepted == []
    assert figures.disputed == []
    assert figures.total == COUNT
    assert set(figures.tried) == {*FAMILIES, "token"}, "every family was tried"
    assert figures.genuine > 0


def test_the_sdk_accepts_a_genuine_webhook_and_no_forgery_is_accepted() -> None:
    """The SDK's `construct_event` and POM both accept a genuine webhook, and POM accepts no forgery."""
    chance = Chance(1)
    for _ in range(20):
        body = event(chance)
        now = int(time.time())
        header = stripe.WebhookSignature.generate_signature_header(body.decode(), WEBHOOK_SECRET, now)
        assert stripe.Webhook.construct_event(body, header, WEBHOOK_SECRET).id == json.loads(body)["id"]
        for name, forge in FAMILIES.items():
            request = forge(chance, body, now)
            if not is_genuine(request, body, now):
                assert not ours(request, now), name


def test_the_webhook_endpoint_refuses_forgeries_with_400_and_nothing_changes(api: ApiClient, world: World) -> None:
    account = world.connect()
    world.customer()
    world.invoice()
    before = everything(world)
    world.double.update_account(account, business_name="Evil Pools")
    body = json.dumps({"account": account, **world.double.events(account, version=API_VERSION)[-1]}).encode()
    chance, now = Chance(2), world.ports.clock.now()
    for name, forge in FAMILIES.items():
        for _ in range(8):
            request = forge(chance, body, now)
            if is_genuine(request, body, now):
                continue
            headers = {"Stripe-Signature": request.header, "Content-Type": "application/json"}
            answer = api.post(PATH, request.body, token=None, headers=headers)
            assert (answer.status, answer.code) == (400, "invalid_signature"), (name, request)
    assert everything(world) == before
    assert api.post(PATH, body, token=None, headers=signature_header(world, body)).status == 200


def test_a_captured_webhook_that_is_sent_again_changes_nothing(api: ApiClient, world: World) -> None:
    """Within the tolerance the signature of a captured request is valid; the event's marker stops it."""
    account = world.connect()
    world.customer()
    world.double.set_delivery(paused=True)
    invoice = world.invoice()
    [headers] = [each for each in world.double.events(account, version=API_VERSION) if each["type"] == "invoice.sent"]
    body = json.dumps({"account": account, **headers}).encode()
    caught = signature_header(world, body)
    assert api.post(PATH, body, token=None, headers=caught).status == 200
    once = everything(world)
    [logged] = event_log(invoice.organization_id, invoice.id, world.ports)
    assert (logged.type, logged.repeated) == ("invoice.sent", 0)
    for _ in range(3):
        assert api.post(PATH, body, token=None, headers=caught).status == 200
    [again] = event_log(invoice.organization_id, invoice.id, world.ports)
    assert again == replace(logged, repeated=3)
    assert {**everything(world), **REPETITION_COUNTERS} == {**once, **REPETITION_COUNTERS}


def test_an_event_signed_for_another_account_or_mode_changes_nothing(api: ApiClient, world: World) -> None:
    """A company can make Stripe sign events, but only for its own account and mode."""
    ours_account = world.connect()
    world.customer()
    world.double.set_delivery(paused=True)
    invoice = world.invoice()
    theirs = world.connect(OTHER)
    world.double.pay(ours_account, str(invoice.stripe_invoice_id))
    events = [
        each
        for each in world.double.events(ours_account, version=API_VERSION)
        if not each["type"].startswith("account.")
    ]
    assert len({each["type"] for each in events}) > 5
    before = everything(world)
    for each in events:
        for changes in ({"account": theirs}, {"account": "acct_nobody"}, {"account": None}, {"livemode": True}):
            body = json.dumps({"account": ours_account, **each, **changes}).encode()
            assert api.post(PATH, body, token=None, headers=signature_header(world, body)).status == 200, changes
    assert everything(world) == before, "acknowledged, and nothing done"
    for each in events:
        body = json.dumps({"account": ours_account, **each}).encode()
        assert api.post(PATH, body, token=None, headers=signature_header(world, body)).status == 200
    assert everything(world) != before


def test_the_figures_count_the_forgeries() -> None:
    figures = Figures()
    forged_webhooks(60, Chance(3), figures)
    assert str(figures).startswith("60 forgeries in ")


# OAuth: what somebody could try with our callback, our state and Stripe's code


def back(api: ApiClient, world: World, state: str, account: str) -> Response:
    """Returns from Stripe in the browser, after a person granted access to this account."""
    return come_back(api, state=state, code=world.double.authorization_code(account))


def finish(api: ApiClient, state: str) -> Response:
    return api.post("/stripe/connection/complete", {"state": state})


def exchanges(world: World) -> int:
    return world.stripe_calls().get("POST /oauth/token", 0)


@pytest.fixture
def victim(api: ApiClient) -> ApiClient:
    return api.acting("admin", user=ADMIN)


@pytest.fixture
def mallory(api: ApiClient) -> ApiClient:
    """Returns an admin of another organization."""
    return api.acting("admin", organization=OTHER, user=MALLORY)


def no_account_is_connected(world: World) -> bool:
    connections = world.ports.database.connections.values()
    return not world.ports.database.bindings and not any(each.active for each in connections)


def test_an_account_that_a_victim_grants_through_an_attackers_link_is_not_connected(
    api: ApiClient, world: World, victim: ApiClient, mallory: ApiClient
) -> None:
    """Mallory begins, and the victim grants access. The victim's account must not become Mallory's."""
    state = state_of(mallory)
    account = world.account()
    location = outcome(back(api, world, state, account))
    assert location["stripe"] == ["pending"], "the victim's browser is the one that comes back"
    assert finish(mallory, state).code == "state_not_returned"
    for guess in (f"{state}.", f"{state}.{state}", f"{state}.guess", f"{state}..", f".{state}"):
        assert finish(mallory, guess).status in {400, 409, 422}
    assert finish(victim, location["state"][0]).code == "state_foreign"
    assert no_account_is_connected(world)


def test_an_authorization_code_without_the_victims_state_is_not_exchanged(
    api: ApiClient, world: World, victim: ApiClient
) -> None:
    """Mallory has a valid code for their own account and tries to connect that account to the victim's
    organization.
    """
    state = install(api)
    code = world.double.authorization_code(world.account())
    for guess in ("", "guess", state[:-1], state + "x", state.upper(), f"{state} ", f" {state}", f"{state}\x00"):
        assert come_back(api, state=guess, code=code).status in {400, 422}, guess
    assert exchanges(world) == 0, "no code is exchanged for a state that nobody was given"
    assert finish(victim, state).code == "state_not_returned"


def test_a_state_of_one_organization_cannot_connect_another(
    api: ApiClient, world: World, victim: ApiClient, mallory: ApiClient
) -> None:
    """A state belongs to the admin who received it. A later request cannot change that."""
    fixed = state_of(mallory)
    own = victim.post("/stripe/connection", headers={"Cookie": f"state={fixed}"}).json["authorizeUrl"]
    assert parse_qs(urlsplit(own).query)["state"] != [fixed]
    returned_state = outcome(back(api, world, fixed, world.account()))["state"][0]
    assert finish(victim, returned_state).code == "state_foreign"
    assert no_account_is_connected(world)


def test_a_replayed_callback_exchanges_no_code_and_redirects_nowhere(
    api: ApiClient, world: World, victim: ApiClient
) -> None:
    state, account = install(api), world.account()
    first = outcome(back(api, world, state, account))
    for _ in range(2):
        again = back(api, world, state, account)
        assert (again.status, again.code) == (409, "state_used")
        assert "location" not in again.headers
    assert exchanges(world) == 1
    assert finish(victim, first["state"][0]).json["status"] == "connected"
    assert (back(api, world, state, account).status, exchanges(world)) == (409, 1)


def test_a_denied_state_cannot_be_granted_afterwards(api: ApiClient, world: World, victim: ApiClient) -> None:
    state = install(api)
    code = world.double.authorization_code(world.account())
    come_back(api, state=state, error="access_denied", code=code)
    assert come_back(api, state=state, code=code).code == "state_used"
    assert finish(victim, state).code == "oauth_denied"
    assert exchanges(world) == 0


def test_an_account_that_another_organization_connected_cannot_be_connected(
    api: ApiClient, world: World, victim: ApiClient, mallory: ApiClient
) -> None:
    """A user who may grant access to a connected account cannot connect it to another organization."""
    account = world.connect()
    location = outcome(back(api, world, state_of(mallory), account))
    assert finish(mallory, location["state"][0]).code == "account_bound_elsewhere"
    assert world.ports.database.bindings == {account: ORGANIZATION}
    assert victim.get("/stripe/connection").json["status"] == "connected"
    assert mallory.get("/stripe/connection").json["stripeAccountId"] is None


def test_other_admins_cannot_complete(api: ApiClient, world: World, mallory: ApiClient) -> None:
    returned_state = outcome(back(api, world, install(api), world.account()))["state"][0]
    colleague = api.acting("admin", user="user_colleague")
    same_name = api.acting("admin", organization=OTHER, user=ADMIN)
    for somebody in (colleague, same_name, mallory):
        assert (finish(somebody, returned_state).status, finish(somebody, returned_state).code) == (
            403,
            "state_foreign",
        )
    assert finish(api.acting("billing", user=ADMIN), returned_state).code == "role_missing"
    assert no_account_is_connected(world)


def test_a_state_has_32_characters_or_more_and_never_repeats() -> None:
    from chalicelib.adapters.clock import SystemClock

    states = {SystemClock().nonce() for _ in range(1000)}
    assert len(states) == 1000
    assert min(map(len, states)) >= 32
    assert not any("." in state for state in states), "the proof of the return begins at the first one"


@IN_PROCESS
@given(
    name=st.sampled_from(["redirect_uri", "return", "return_to", "next", "url", "state", "error", "scope", "code"]),
    value=st.text(max_size=60) | st.sampled_from(["//evil.test", "https://evil.test", "javascript:alert(1)"]),
)
@example(name="state", value="x\r\nLocation: https://evil.test")
@example(name="error", value="access_denied\r\nSet-Cookie: a=b")
def test_the_callback_redirects_only_to_the_configured_page(
    api: ApiClient, world: World, name: str, value: str
) -> None:
    state = install(api)
    query = {"state": state, "error": "access_denied", name: value}
    headers = {"Host": "evil.test", "X-Forwarded-Host": "evil.test", "Origin": "https://evil.test", "Referer": value}
    path = f"/stripe/oauth/callback?{urlencode(query, quote_via=quote, errors='replace')}"
    sent = {key: text.encode("ascii", "replace").decode() for key, text in headers.items()}
    answer = api.get(path, token=None, headers=sent)
    assert answer.status in {302, 400, 409, 422}
    assert "set-cookie" not in answer.headers
    location = answer.headers.get("location")
    assert (location is not None) is (answer.status == 302)
    if location is not None:
        assert location.startswith(f"{SETTINGS_URL}?")
        assert location.isascii()
        assert location.isprintable()
        assert set(parse_qs(urlsplit(location).query)) <= {"stripe", "state", "code"}
    assert "evil.test" not in (location or "")


def test_no_header_of_a_request_changes_the_callback_url_sent_to_stripe(api: ApiClient) -> None:
    headers = {"Host": "evil.test", "X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "http"}
    refused = api.admin.post("/stripe/connection?redirect_uri=https://evil.test", headers=headers)
    assert (refused.status, refused.code, refused.error["field"]) == (400, "invalid_query", "redirect_uri")
    returned_state = api.admin.post("/stripe/connection", headers=headers)
    query = parse_qs(urlsplit(returned_state.json["authorizeUrl"]).query)
    assert query["redirect_uri"] == ["https://api.example.test/v1/stripe/oauth/callback"]


def state_of(admin: ApiClient) -> str:
    """Starts connecting, and returns the state."""
    return parse_qs(urlsplit(admin.post("/stripe/connection").json["authorizeUrl"]).query)["state"][0]
