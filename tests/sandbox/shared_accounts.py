"""Sessions on a double in this process whose account has objects of other programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import stripe

from chalicelib.domain.identifiers import StripeAccountId
from infra.sandbox.client import Budget, Recorder
from infra.sandbox.session import Session
from infra.sandbox.targets import DoubleTarget
from infra.stripe_double import Clock, Config, InProcessClient, StripeDouble

Client = Callable[[StripeDouble], stripe.HTTPClient]


def new_double(**settings: Any) -> tuple[StripeDouble, str]:
    """A double whose clock stands still, and its one connected account."""
    double = StripeDouble(Config(**settings), clock=Clock.frozen())
    return double, double.create_account()["id"]


def new_session(
    double: StripeDouble,
    account: str,
    run: str = "00000001",
    client: Client = InProcessClient,
    budget: Budget | None = None,
) -> Session:
    """A run on an account of a double."""
    return Session(
        DoubleTarget(double, client),
        double.config.platform_key_test,
        double.config.client_id_test,
        StripeAccountId(account),
        run,
        budget or Budget(allowed=10_000),
        Recorder(lambda exchange: exchange),
    )


def foreign_objects(double: StripeDouble, account: str) -> list[str]:
    """Makes what another business has on the account, with names much like ours; returns the ids."""
    client = stripe.StripeClient(double.config.platform_key_test, http_client=InProcessClient(double))
    v1: Any = client.v1
    options = {"stripe_account": account}
    unlike = [
        {},
        {"pom_organization_id": "org_1"},
        {"pom_organization_id": "pom-sandboxes"},
        {"pom_organization_id": "x-pom-sandbox-run1"},
        {"pom_organization_id": "pom-sandbox-acme", "pom_sandbox": "true"},
        {"pom_organization_id": "pom-sandbox-00000001a"},
        {"pom_sandboxed": "run1", "POM_SANDBOX": "run1"},
    ]
    object_ids = []
    for metadata in unlike:
        person = {"email": "pom-sandbox-run1-1@example.com", "name": "pom_sandbox", "metadata": metadata}
        customer = v1.customers.create(person, options)
        draft = {"customer": customer.id, "collection_method": "send_invoice", "days_until_due": 30}
        draft |= {"metadata": metadata, "description": "pom-sandbox-run1"}
        left_draft = v1.invoices.create(draft, options)
        open_invoice = v1.invoices.create(draft, options)
        v1.invoices.add_lines(open_invoice.id, {"lines": [{"amount": 900, "description": "Pool"}]}, options)
        v1.invoices.finalize_invoice(open_invoice.id, None, options)
        endpoint = v1.webhook_endpoints.create(
            {"url": "https://pom-sandbox.example.com", "enabled_events": ["*"], "metadata": metadata}
        )
        object_ids += [customer.id, left_draft.id, open_invoice.id, endpoint.id]
    return object_ids


def stored_objects(double: StripeDouble, account: str, ids: list[str] | None = None) -> dict[str, str]:
    """All objects of the account and the platform as text by id, or those of these ids."""
    tables = [
        *double.world.ledger(account).tables.values(),
        *double.world.platform.tables.values(),
    ]
    texts = {id_: json.dumps(each, sort_keys=True, default=str) for table in tables for id_, each in table.items()}
    return texts if ids is None else {id_: texts[id_] for id_ in ids}


class RunKilled(BaseException):
    """The process ends here."""


class MortalClient(InProcessClient):
    """Its process is killed at one request, before Stripe gets it or before its answer arrives."""

    def __init__(self, double: StripeDouble, at: int, *, before: bool) -> None:
        super().__init__(double)
        self._left, self._before = at, before

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        self._left -= 1
        if self._left == 0 and self._before:
            raise RunKilled
        answer = super().request(method, url, headers, post_data)
        if self._left == 0:
            raise RunKilled
        return answer


def open_objects_of_run(double: StripeDouble, account: str, foreign: list[str]) -> list[str]:
    """Returns the run's objects that can still be paid, mailed or delivered to, without those of other businesses."""
    open_objects = []
    for id_, text in stored_objects(double, account).items():
        line_object = json.loads(text)
        kind, status = line_object["object"], line_object.get("status")
        if (
            (kind == "invoice" and status in ("draft", "open"))
            or (kind == "customer" and not line_object.get("deleted"))
            or kind == "webhook_endpoint"
            or (kind == "invoice" and status == "uncollectible" and not line_object["amount_paid"])
        ):
            open_objects.append(id_)
    return [id_ for id_ in open_objects if id_ not in foreign and foreign_owner(double, account, id_) not in foreign]


def foreign_owner(double: StripeDouble, account: str, id_: str) -> str:
    return str(json.loads(stored_objects(double, account)[id_]).get("customer", ""))


def run_until_killed(
    double: StripeDouble, account: str, act: Callable[[Session], object], at: int, before: bool, run: str
) -> None:
    session = new_session(double, account, run, lambda double: MortalClient(double, at, before=before))
    with pytest.raises(RunKilled):
        act(session)
