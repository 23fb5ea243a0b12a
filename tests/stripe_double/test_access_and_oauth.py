"""Keys, accounts and Connect OAuth."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import stripe

CALLBACK = "http://pom.test/v1/stripe/oauth/callback"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def browse(url: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Returns status, body and Location, without following the redirect."""
    data = urlencode(form).encode() if form is not None else None
    try:
        with urllib.request.build_opener(_NoRedirect).open(url, data) as answer:
            return answer.status, answer.read().decode(), ""
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode(), answer.headers.get("Location", "")


def authorize_url(company: Any, **params: str) -> str:
    oauth_params = {"scope": "read_write", "redirect_uri": CALLBACK, "state": "s1", **params}
    return company.client.oauth.authorize_url(oauth_params)


def callback_params(company: Any, form: dict[str, str], **params: str) -> dict[str, str]:
    status, _, location = browse(authorize_url(company, **params), form)
    assert status == 303
    assert location.startswith(CALLBACK)
    return {k: v[0] for k, v in parse_qs(urlsplit(location).query).items()}


def token(company: Any, code: str) -> Any:
    return company.client.oauth.token({"grant_type": "authorization_code", "code": code})


@pytest.mark.parametrize("key", ["sk_test_wrong", "sk_test_acct_1Nobody", "pk_test_x"])
def test_a_wrong_key_is_401(company: Any, server: Any, key: str) -> None:
    client = stripe.StripeClient(key, base_addresses={"api": server.url})

    with pytest.raises(stripe.AuthenticationError):
        client.v1.customers.list(None, company.opts)


def test_no_key_is_401(server: Any) -> None:
    assert browse(f"{server.url}/v1/customers")[0] == 401


def test_an_unknown_or_revoked_account_and_the_wrong_mode_are_403(company: Any, server: Any) -> None:
    live = stripe.StripeClient(company.double.config.platform_key_live, base_addresses={"api": server.url})
    calls = [
        (company.v1, {"stripe_account": "acct_1Nobody"}),
        (live.v1, company.opts),
    ]
    company.double.revoke(company.account)
    calls.append((company.v1, company.opts))

    for v1, opts in calls:
        with pytest.raises(stripe.PermissionError) as error:
            v1.customers.list(None, opts)
        assert error.value.error.code == "account_invalid"


def test_an_account_cannot_reach_another_with_its_own_key(company: Any, server: Any) -> None:
    own = stripe.StripeClient(f"sk_test_{company.account}", base_addresses={"api": server.url})
    other = company.double.create_account()["id"]

    with pytest.raises(stripe.PermissionError):
        own.v1.customers.list(None, {"stripe_account": other})


def test_the_page_offers_existing_accounts_and_a_new_one(company: Any) -> None:
    status, html, _ = browse(authorize_url(company, **{"stripe_user[business_name]": "<Splash & Co>"}))

    assert status == 200
    assert company.account in html
    assert "&lt;Splash &amp; Co&gt;" in html


def test_granting_connects_the_chosen_account(company: Any) -> None:
    account = company.double.create_account(connected=False)["id"]

    answer = callback_params(company, {"account": account, "decision": "grant"})
    connected = token(company, answer["code"])

    assert (answer["state"], answer["scope"]) == ("s1", "read_write")
    assert (connected.stripe_user_id, connected.livemode, connected.scope) == (account, False, "read_write")
    assert company.v1.customers.list(None, {"stripe_account": account}).data == []


def test_a_new_account_can_be_opened_on_the_way(company: Any) -> None:
    answer = callback_params(company, {"account": "new", "business_name": "Fresh Pools", "decision": "grant"})

    account = token(company, answer["code"]).stripe_user_id
    assert company.v1.accounts.retrieve(account).settings.dashboard.display_name == "Fresh Pools"


def test_denying_says_access_denied_and_gives_no_code(company: Any) -> None:
    answer = callback_params(company, {"account": company.account, "decision": "deny"})

    assert (answer["error"], answer["state"], "code" in answer) == ("access_denied", "s1", False)


def test_bad_requests_to_authorize(company: Any) -> None:
    assert callback_params(company, {}, response_type="token")["error"] == "unsupported_response_type"
    assert callback_params(company, {}, scope="everything")["error"] == "invalid_scope"
    assert browse(authorize_url(company, client_id="ca_other"))[0] == 400
    company.double.config.redirect_uris = ("https://pom.test/only",)
    try:
        assert "invalid_redirect_uri" in browse(authorize_url(company))[1]
    finally:
        company.double.config.redirect_uris = ()


def test_a_code_works_once_and_using_it_again_revokes_the_connection(company: Any) -> None:
    code = company.double.authorization_code(company.account)
    token(company, code)

    with pytest.raises(stripe.oauth_error.InvalidGrantError) as error:
        token(company, code)

    assert "already been used" in str(error.value)
    with pytest.raises(stripe.PermissionError):
        company.v1.customers.list(None, company.opts)


def test_a_code_expires_after_five_minutes(company: Any) -> None:
    code = company.double.authorization_code(company.account)
    company.double.advance(301)

    with pytest.raises(stripe.oauth_error.InvalidGrantError):
        token(company, code)


def test_an_unknown_code_or_a_code_of_the_other_mode_is_invalid(company: Any) -> None:
    live = company.double.create_account(livemode=True)["id"]

    for code in ("ac_nothing", company.double.authorization_code(live)):
        with pytest.raises(stripe.oauth_error.InvalidGrantError):
            token(company, code)


def test_deauthorizing_ends_access_and_emits_an_event(company: Any) -> None:
    answer = company.client.oauth.deauthorize({"stripe_user_id": company.account})

    assert answer.stripe_user_id == company.account
    last = company.double.events(company.account)[-1]
    assert (last["type"], last["data"]["object"]["object"]) == ("account.application.deauthorized", "application")
    with pytest.raises(stripe.oauth_error.InvalidClientError):
        company.client.oauth.deauthorize({"stripe_user_id": company.account})


def test_an_unknown_route_is_a_404_with_stripes_message(company: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        company.v1.subscriptions.list(None, company.opts)

    assert error.value.http_status == 404
    assert "Unrecognized request URL" in error.value.user_message


def test_a_lost_response_to_the_token_call_uses_up_the_code(company: Any) -> None:
    account = company.double.create_account(connected=False)["id"]
    code = company.double.authorization_code(account)
    company.double.order_fault("close_after", path="/oauth/token")

    with pytest.raises(stripe.APIConnectionError):
        token(company, code)
    assert company.v1.customers.list(None, {"stripe_account": account}).data == []
    with pytest.raises(stripe.oauth_error.InvalidGrantError):
        token(company, code)
    assert company.double.api.log.counts()["POST /oauth/token"] >= 2


def test_another_api_version_is_refused(company: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        company.v1.customers.list(None, {**company.opts, "stripe_version": "2019-05-16"})

    assert "2026-10-28.endive" in error.value.user_message


def names(company: Any, account: str) -> tuple[str | None, str]:
    account_object = company.v1.accounts.retrieve(account)
    return account_object.business_profile.name, account_object.settings.dashboard.display_name


def test_an_accounts_profile_has_a_name_only_if_one_is_given(company: Any) -> None:
    plain = company.double.create_account(business_name="Deep End")["id"]
    named = company.double.create_account(business_name="Deep End", profile_name="Deep End Pools LLC")["id"]
    assert names(company, plain) == (None, "Deep End")
    assert names(company, named) == ("Deep End Pools LLC", "Deep End")

    company.double.update_account(plain, business_name="Shallow End")
    company.double.update_account(named, business_name="Shallow End")
    assert names(company, plain) == (None, "Shallow End")
    assert names(company, named) == ("Shallow End", "Shallow End")

    company.double.update_account(plain, profile_name="Shallow End Pools LLC")
    assert names(company, plain) == ("Shallow End Pools LLC", "Shallow End")
    types = [e["type"] for e in company.double.events(plain)]
    assert types == ["account.updated", "account.updated"]


def test_invoices_and_their_mails_show_the_profiles_name_or_else_the_dashboards(company: Any) -> None:
    for settings, shown in (
        ({"business_name": "Deep End"}, "Deep End"),
        ({"business_name": "Deep End", "profile_name": "Deep End Pools LLC"}, "Deep End Pools LLC"),
    ):
        company.account = company.double.create_account(**settings)["id"]
        company.opts = {"stripe_account": company.account}
        sent = company.v1.invoices.send_invoice(company.draft(500).id, None, company.opts)

        assert sent.account_name == shown
        assert shown in company.double.mails(company.account)[0]["subject"]
        assert shown in browse(sent.hosted_invoice_url)[1]
