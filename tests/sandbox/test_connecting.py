"""Which account a run is on, and how a person connects one."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.ports.stripe_gateway import OAuthGrant
from infra.local.processes import free_port
from infra.sandbox.connecting import NoAccount, Person, connected_already, connected_by
from infra.stripe_double import StripeDouble
from tests.sandbox.laboratories import laboratory

AUTHORIZE = (
    "https://connect.stripe.com/oauth/authorize?client_id=ca_1&state=other&redirect_uri=https%3A%2F%2Fpom.test"
)


def browser(answers: dict[str, str], seen: list[str], path: str = "/connected", state: str | None = None) -> object:
    """Returns how a page is opened: by somebody whom Stripe sends back with these answers."""

    def open_page(address: str) -> None:
        seen.append(address)
        query = parse_qs(urlsplit(address).query)
        back = urlsplit(query["redirect_uri"][0])
        given = "&".join(f"{name}={value}" for name, value in answers.items())
        returned = f"http://127.0.0.1:{back.port}{path}?state={state or query['state'][0]}&{given}"

        def visit() -> None:
            try:
                urllib.request.urlopen(returned, timeout=5).read()
            except urllib.error.HTTPError as error:
                seen.append(str(error.code))

        threading.Thread(target=visit).start()

    return open_page


def person(answers: dict[str, str], seen: list[str], patience: float = 10, **other: str) -> Person:
    return Person(lambda line: None, browser(answers, seen, **other), free_port(), patience)  # type: ignore[arg-type]


def test_a_person_who_connects_gives_the_code_once() -> None:
    seen: list[str] = []
    somebody = person({"code": "ac_1"}, seen)
    assert somebody(AUTHORIZE) == "ac_1"
    query = parse_qs(urlsplit(seen[0]).query)
    assert query["state"] == [somebody.state]
    assert query["client_id"] == ["ca_1"]
    assert query["redirect_uri"] == [f"http://localhost:{somebody.port}/connected"]
    assert somebody(AUTHORIZE) is None
    assert len(seen) == 1


def test_a_person_who_refuses_gives_no_code() -> None:
    assert person({"error": "access_denied"}, [])(AUTHORIZE) is None


@pytest.mark.parametrize("other", [{"state": "forged"}, {"path": "/other"}])
def test_a_code_from_elsewhere_is_not_taken(other: dict[str, str]) -> None:
    seen: list[str] = []
    assert person({"code": "ac_forged"}, seen, patience=0.5, **other)(AUTHORIZE) is None
    assert seen[1:] == ["404"]


def test_nobody_there_ends_the_waiting() -> None:
    nobody = Person(lambda line: None, lambda address: None, free_port(), 0.05)
    assert nobody(AUTHORIZE) is None


def test_the_account_that_somebody_connects_is_the_one_of_the_run() -> None:
    double = StripeDouble()
    lab = laboratory(double)
    somebody = person({"code": double.authorization_code(lab.account)}, [])
    assert connected_by(somebody, lab) == lab.account
    with pytest.raises(NoAccount, match="STRIPE_TEST_ACCOUNT"):
        connected_by(somebody, lab)


def test_an_account_that_was_connected_in_live_mode_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = laboratory(StripeDouble())
    grant = OAuthGrant(StripeAccountId("acct_live"), livemode=True, scope="read_write")
    monkeypatch.setattr(lab.gateway, "exchange_code", lambda code: grant)
    before = lab.budget.used
    with pytest.raises(NoAccount, match="acct_live was connected in live mode"):
        connected_by(person({"code": "ac_1"}, []), lab)
    assert lab.budget.used == before


def test_one_connected_account_is_taken_and_of_several_somebody_chooses() -> None:
    double = StripeDouble()
    lab = laboratory(double)
    assert connected_already(lab, lambda ids: pytest.fail("nothing to choose")) == lab.account
    second = double.create_account(business_name="Second")["id"]
    assert connected_already(lab, max) == max(lab.account, second)


def test_without_any_account_it_says_how_to_get_one() -> None:
    double = StripeDouble()
    lab = laboratory(double)
    double.world.ledgers.clear()
    with pytest.raises(NoAccount, match=r"docs/sandbox\.md#a-connected-test-account"):
        connected_already(lab, max)
