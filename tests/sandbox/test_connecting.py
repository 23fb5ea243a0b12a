"""The choice of the account for a run, and how a person connects one."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.ports.stripe_gateway import OAuthGrant
from infra.local.processes import free_port
from infra.sandbox.connecting import NoAccount, Person, account_connected_by, choose_connected_account
from infra.stripe_double import StripeDouble
from tests.sandbox.sessions import new_session

AUTHORIZE = (
    "https://connect.stripe.com/oauth/authorize?client_id=ca_1&state=other&redirect_uri=https%3A%2F%2Fpom.test"
)


def browser(
    answers: dict[str, str], statuses: list[str], path: str = "/connected", state: str | None = None
) -> object:
    """Returns a function that opens a page. Stripe redirects its user back with these parameters."""

    def open_page(address: str) -> None:
        statuses.append(address)
        query = parse_qs(urlsplit(address).query)
        back = urlsplit(query["redirect_uri"][0])
        parameters = "&".join(f"{name}={value}" for name, value in answers.items())
        return_url = f"http://127.0.0.1:{back.port}{path}?state={state or query['state'][0]}&{parameters}"

        def visit() -> None:
            try:
                urllib.request.urlopen(return_url, timeout=5).read()
            except urllib.error.HTTPError as error:
                statuses.append(str(error.code))

        threading.Thread(target=visit).start()

    return open_page


def person(answers: dict[str, str], statuses: list[str], patience: float = 10, **other: str) -> Person:
    return Person(lambda line: None, browser(answers, statuses, **other), free_port(), patience)  # type: ignore[arg-type]


def test_a_person_who_connects_gives_the_code_once() -> None:
    statuses: list[str] = []
    somebody = person({"code": "ac_1"}, statuses)
    assert somebody(AUTHORIZE) == "ac_1"
    query = parse_qs(urlsplit(statuses[0]).query)
    assert query["state"] == [somebody.state]
    assert query["client_id"] == ["ca_1"]
    assert query["redirect_uri"] == [f"http://localhost:{somebody.port}/connected"]
    assert somebody(AUTHORIZE) is None
    assert len(statuses) == 1


def test_a_person_who_refuses_gives_no_code() -> None:
    assert person({"error": "access_denied"}, [])(AUTHORIZE) is None


@pytest.mark.parametrize("changed_parameters", [{"state": "forged"}, {"path": "/other"}])
def test_a_code_from_another_page_is_refused(changed_parameters: dict[str, str]) -> None:
    statuses: list[str] = []
    assert person({"code": "ac_forged"}, statuses, patience=0.5, **changed_parameters)(AUTHORIZE) is None
    assert statuses[1:] == ["404"]


def test_waiting_ends_when_no_person_responds() -> None:
    nobody = Person(lambda line: None, lambda address: None, free_port(), 0.05)
    assert nobody(AUTHORIZE) is None


def test_the_run_uses_the_account_that_a_person_connects() -> None:
    double = StripeDouble()
    session = new_session(double)
    somebody = person({"code": double.authorization_code(session.account)}, [])
    assert account_connected_by(somebody, session) == session.account
    with pytest.raises(NoAccount, match="STRIPE_TEST_ACCOUNT"):
        account_connected_by(somebody, session)


def test_an_account_that_was_connected_in_live_mode_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    session = new_session(StripeDouble())
    grant = OAuthGrant(StripeAccountId("acct_live"), livemode=True, scope="read_write")
    monkeypatch.setattr(session.gateway, "exchange_code", lambda code: grant)
    before = session.budget.used
    with pytest.raises(NoAccount, match="acct_live was connected in live mode"):
        account_connected_by(person({"code": "ac_1"}, []), session)
    assert session.budget.used == before


def test_a_single_connected_account_is_used_and_several_require_a_choice() -> None:
    double = StripeDouble()
    session = new_session(double)
    assert choose_connected_account(session, lambda ids: pytest.fail("nothing to choose")) == session.account
    second = double.create_account(business_name="Second")["id"]
    assert choose_connected_account(session, max) == max(session.account, second)


def test_without_an_account_the_command_prints_how_to_get_one() -> None:
    double = StripeDouble()
    session = new_session(double)
    double.world.ledgers.clear()
    with pytest.raises(NoAccount, match=r"docs/sandbox\.md#a-connected-test-account"):
        choose_connected_account(session, max)
