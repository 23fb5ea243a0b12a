"""Stories against a Stripe that refuses, breaks or answers otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest
import stripe

from chalicelib.domain.errors import StripeUnavailable
from infra.sandbox.stories.payouts import DoesNotTieOut
from infra.sandbox.stories.refusals import allow_decline, allow_refusal
from infra.stripe_double import DAY, InProcessClient
from tests.sandbox.playing import new_session, played, statuses


class LosesALine(InProcessClient):
    """A double that lists only the first line of a payout."""

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **more: Any) -> Any:
        body, status, answered = super().request(method, url, headers, post_data, **more)
        if "balance_transactions?" in url:
            page = json.loads(body)
            body = json.dumps({**page, "data": page["data"][:1]})
        return body, status, answered


class Refusing(InProcessClient):
    """A double that refuses requests of which `part` is in the address or the parameters, without doing them."""

    part = ""
    status = 400

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **more: Any) -> Any:
        if method.upper() == "POST" and self.part in f"{url} {post_data}":
            error = {"error": {"type": "invalid_request_error", "message": "You may not do that."}}
            return json.dumps(error), self.status, {"date": "Sun, 29 Nov 2026 12:00:00 GMT"}
        return super().request(method, url, headers, post_data, **more)


class NoConfirmation(Refusing):
    part = "/confirm"


class NoDebits(Refusing):
    part = "us_bank_account"


class Broken(Refusing):
    part = "/v1/refunds"
    status = 500


def test_a_payer_pays_in_the_other_way_where_stripe_refuses_to_confirm() -> None:
    session = played("billing", "refunds", session=new_session(NoConfirmation))
    assert statuses(session, "invoice") == ["paid", "paid"]
    refusals = [each for each in session.recorder.exchanges if each.path.endswith("/confirm")]
    assert len(refusals) == 1, "Stripe is asked once whether it confirms."
    assert len([each for each in session.recorder.exchanges if each.path.endswith("/pay")]) == 2


def test_a_payer_is_declined_in_the_other_way_too() -> None:
    session = played("cards", session=new_session(NoConfirmation))
    assert statuses(session, "invoice") == ["paid"]


def test_an_account_without_bank_debits_is_noted_and_not_compared() -> None:
    session = played("debits", session=new_session(NoDebits))
    assert [refusal.step for refusal in session.refusals] == ["debits: an invoice for bank debits"]
    assert "You may not do that." in session.refusals[0].reason
    assert {each.path for each in session.recorder.exchanges} == {"/v1/customers"}


def test_a_server_error_of_stripe_is_no_refusal() -> None:
    with pytest.raises(StripeUnavailable):
        played("refunds", session=new_session(Broken))
    with pytest.raises(stripe.RateLimitError), allow_decline(), allow_refusal():
        raise stripe.RateLimitError("Too many requests")


def test_a_payout_whose_lines_do_not_add_up_is_named() -> None:
    session = new_session(LosesALine, payout_schedule="daily")
    played("cards", session=session)
    session.target.pass_time(4 * DAY)
    with pytest.raises(DoesNotTieOut, match="add up to"):
        played("payouts later", session=session)
