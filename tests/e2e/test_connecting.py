"""Connecting Stripe when something goes wrong: each redirect leads to POM's page, and each refusal has a code."""

from __future__ import annotations

from infra.demo.http import Response, request
from infra.demo.people import query_of
from infra.local.stack import LocalStack
from tests.e2e.company import Company, connected_in_stripe, header, refused
from tests.e2e.passing_time import expire_state


def back_from_stripe(company: Company, url: str, decision: str) -> Response:
    """Press a button at Stripe and let the browser come back."""
    return request("GET", company.owner.decides(url, decision).headers["Location"])


def complete(company: Company, state: str, user: str = "user_admin") -> Response:
    return company.user(user, "admin").call("POST", "/stripe/connection/complete", {"state": state})


def status(company: Company) -> str:
    return str(company.member.get("/stripe/connection")["status"])


def test_an_owner_who_denied_access_at_stripe_can_try_again(newcomer: Company) -> None:
    url, state = newcomer.begin()

    returned = back_from_stripe(newcomer, url, "deny")

    to = header(returned, "Location") or ""
    assert to.startswith(newcomer.stack.urls.settings_page)
    assert query_of(to) == {"stripe": "denied", "state": state, "code": "oauth_denied"}
    refused(complete(newcomer, state), 422, "oauth_denied", "state")
    assert not connected_in_stripe(newcomer)
    newcomer.connect()
    assert status(newcomer) == "connected", "trying again works"


def test_a_state_can_be_used_once(newcomer: Company) -> None:
    url, state = newcomer.begin()
    to_callback = newcomer.owner.decides(url, "grant").headers["Location"]
    returned = query_of(header(request("GET", to_callback), "Location") or "")
    assert returned["stripe"] == "pending"
    assert returned["state"].startswith(f"{state}.")
    state = returned["state"]

    refused(request("GET", to_callback), 409, "state_used", "state")

    assert complete(newcomer, state).json["status"] == "connected"
    assert complete(newcomer, state).json["status"] == "connected", "completing twice is fine"
    assert connected_in_stripe(newcomer), "the repeated callback did not revoke the access"


def test_a_browser_gets_a_page_and_a_script_gets_json(newcomer: Company) -> None:
    callback = f"{newcomer.stack.urls.oauth_callback}?state=never-given-out&code=ac_1"

    page = request("GET", callback, headers={"Accept": "text/html,*/*;q=0.8"})

    assert page.status == 422
    assert (header(page, "Content-Type") or "").startswith("text/html")
    assert newcomer.stack.urls.settings_page in page.text
    refused(request("GET", callback), 422, "state_unknown", "state")
    refused(request("GET", newcomer.stack.urls.oauth_callback), 400, "state_missing", "state")


def test_an_expired_state_connects_nothing(newcomer: Company) -> None:
    url, state = newcomer.begin()
    expire_state(newcomer.stack, state)

    refused(back_from_stripe(newcomer, url, "grant"), 422, "state_expired", "state")
    refused(complete(newcomer, state), 422, "state_expired", "state")

    assert not connected_in_stripe(newcomer)


def test_completing_after_the_state_expired_is_refused(newcomer: Company) -> None:
    url, state = newcomer.begin()
    back_from_stripe(newcomer, url, "grant")
    expire_state(newcomer.stack, state)

    refused(complete(newcomer, state), 422, "state_expired", "state")

    assert status(newcomer) != "connected"


def test_completing_before_the_browser_returned_from_stripe_is_refused(newcomer: Company) -> None:
    _, state = newcomer.begin()

    refused(complete(newcomer, state), 409, "state_not_returned", "state")
    refused(complete(newcomer, "made-up"), 422, "state_unknown", "state")

    assert status(newcomer) == "pending"


def test_only_the_admin_who_began_to_connect_can_complete(newcomer: Company, stack: LocalStack) -> None:
    other_company = Company(stack)
    url, first_state = newcomer.begin()
    state = newcomer.returned(url)

    refused(complete(newcomer, first_state), 409, "state_not_returned", "state")
    refused(complete(newcomer, state, user="user_another_admin"), 403, "state_foreign", "state")
    refused(complete(other_company, state), 403, "state_foreign", "state")

    assert (status(newcomer), status(other_company)) == ("pending", "not_connected")
    assert complete(newcomer, state).json["status"] == "connected"


def test_an_account_of_another_organization_is_refused(newcomer: Company, company: Company) -> None:
    url, _ = newcomer.begin()
    state = company.returned(url)

    refused(complete(newcomer, state), 409, "account_bound_elsewhere")

    assert (status(newcomer), status(company)) == ("pending", "connected")
    assert connected_in_stripe(company)


def test_an_unknown_authorization_code_connects_nothing(newcomer: Company) -> None:
    _, state = newcomer.begin()

    returned = request("GET", f"{newcomer.stack.urls.oauth_callback}?state={state}&code=ac_forged")

    assert query_of(header(returned, "Location") or "")["code"] == "oauth_code_invalid"
    refused(complete(newcomer, state), 422, "oauth_code_invalid", "state")


def test_disconnecting_keeps_everything_and_reconnecting_catches_up(newcomer: Company) -> None:
    newcomer.connect().customer()
    invoice_id = newcomer.bill("one").json["id"]

    response = newcomer.admin.call("DELETE", "/stripe/connection")
    again = newcomer.admin.call("DELETE", "/stripe/connection")

    assert response.json["status"] == again.json["status"] == "disconnected"
    assert not connected_in_stripe(newcomer)
    assert newcomer.invoice(invoice_id)["status"] == "pending"
    refused(newcomer.bill("two"), 409, "stripe_not_connected")
    newcomer.double(
        "POST", f"invoices/{newcomer.account_id}/{newcomer.in_stripe()[0]['id']}/pay", method="pm_card_visa"
    )
    newcomer.connect()
    newcomer.becomes(invoice_id, status="paid", balance="0.00")
    assert newcomer.bill("two").status == 201
