"""Isolation: no organization reads or changes another's data, whatever ids, cursors, keys and events it sends.

Every route of the route table is tried on the real tables. Every GET and every route with ids in its path is tried
automatically. A route that changes data needs its own probe in `PROBES`, or a test fails.
"""

from __future__ import annotations

import io
import itertools
import json
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from chalice.app import Chalice
from chalice.local import LambdaEventConverter
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from chalicelib import bootstrap, observability
from chalicelib.adapters.tokens import KeySet, TokenVerifier
from chalicelib.api import blueprints
from chalicelib.api.http.route_table import ROUTES, Role, Route
from chalicelib.domain.caller import user_in_logs
from chalicelib.domain.changes import Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.errors import NotFound
from chalicelib.domain.events import API_VERSION
from chalicelib.domain.identifiers import CustomerId, InvoiceId, OrganizationId
from chalicelib.ports.messages import CustomerSync, InvoiceJob, InvoiceTask
from chalicelib.workers.customer_sync import _sync as customer_sync
from infra.stripe_double.errors import StripeFault
from tests.api.client import ApiClient, Response
from tests.api.conftest import CONFIG
from tests.api.test_connection import come_back, install
from tests.api.test_webhooks import PATH, signature_header
from tests.api.tokens import CONFIG as TOKENS
from tests.api.tokens import Issuer, jwks, public_jwk
from tests.backends import STORES, Aws, aws, empty_tables, table_backend
from tests.world import ADMIN, ORGANIZATION, WEBHOOK_SECRET, World

pytestmark = pytest.mark.proof

__all__ = ["aws"]

assert blueprints
MARK = "leakofblue"
"""A text in all data of Blue. No response to Green may contain it."""

BLUE, RED = ORGANIZATION, OrganizationId("org_red")
NUMBERS = itertools.count()
CUSTOMER = f"cust_{MARK}"
KEY = f"key-{MARK}"
STRIPE_IDS = re.compile(r"\b(?:acct|in|cus|pi|ch|re|evt|inv|bat|dp|il|ac)_\w{6,}")
LISTED_AFTER = 3_601
"""Seconds after which Stripe can list what is in a payout."""

NEVER = "never_given_out"

ADDRESS, NETWORK = "203.0.113.77", "203.0.113.0/24"
"""The addresses of requests, and the form of an address in log lines."""

LINE = {"serviceId": f"svc_{MARK}_1", "description": f"Cleaning {MARK}", "quantity": 1, "unitPrice": "75.00"}
INVOICE = {"customerId": CUSTOMER, "lineItems": [LINE], "memo": f"memo {MARK}"}
SERVICES = [{**LINE, "serviceId": f"svc_{MARK}_{n}", "customerId": CUSTOMER} for n in (2, 3)]
BATCH = {"services": SERVICES, "memo": f"memo {MARK}"}
PROFILE: dict[str, Any] = {
    "firstName": f"Ann{MARK}",
    "lastName": f"Lee{MARK}",
    "email": f"{MARK}@example.test",
    "phone": f"+1 555 {MARK}",
    "address": {"street": f"1 {MARK} St", "city": MARK, "zipCode": "12345", "country": "US"},
}
IMPORT = {"customers": [{**PROFILE, "id": f"cust_{MARK}_3"}]}


@dataclass
class Tenants:
    """Blue, who has data of every kind, and Green, who tries to read it. `sent` is the text of Green's last
    request.
    """

    world: World
    api: ApiClient
    ids: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    blue_account: str = ""
    green_account: str = ""
    number: int = 0

    @property
    def green_id(self) -> OrganizationId:
        return OrganizationId(f"org_green_{self.number}")

    @property
    def blue(self) -> ApiClient:
        return self.api.acting("admin", organization=BLUE, user=ADMIN)

    @property
    def green(self) -> ApiClient:
        return self.api.acting("admin", organization=self.green_id, user=ADMIN)

    def as_blue_sees_it(self) -> dict[str, Any]:
        """Returns everything that Blue can read, without exports, because making an export adds a record, which Blue
        can read too.
        """
        views = {}
        for route in ROUTES:
            if route.method == "GET" and route.role is not Role.PUBLIC and not route.path.endswith("/export"):
                response = self.blue.call("GET", path_of(route, self.ids))
                assert response.status == 200, route.label
                views[route.label] = response.json
        return views

    def nothing_of_blue(self, response: Response, sent: str) -> None:
        """Requires that the response contains none of Blue's data. Green may read back what Green sent."""
        view = response.text + json.dumps(response.headers)
        leaked = {secret for secret in self.secrets if secret in view and secret not in sent}
        assert leaked == set()
        assert MARK not in view or MARK in sent

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Response:
        """Sends a request as Green."""
        answer = self.green.call(method, path, body, **options)
        self.nothing_of_blue(answer, path + json.dumps(body) + json.dumps(options))
        assert answer.status < 500
        return answer


def path_of(route: Route, ids: dict[str, str]) -> str:
    if route.path.endswith("/preview") and "draftId" in ids:
        ids = {**ids, "invoiceId": ids["draftId"]}  # nothing else has a preview
    if route.path.endswith("/erasure") and "erasedId" in ids:
        ids = {**ids, "customerId": ids["erasedId"]}  # nobody else has an erasure
    return route.path.removeprefix("/v1").format(**ids)


@pytest.fixture(scope="module")
def blue(app: Chalice, aws: Aws) -> Iterator[Tenants]:
    """Creates Blue with customers, invoices, a payment that is paid out, a batch, an import and settings, on the
    tables.
    """
    empty_tables()
    stores, world = table_backend(), World()
    for name in STORES:
        setattr(world.ports, name, getattr(stores, name))
    with pytest.MonkeyPatch.context() as patch:
        serve(patch, world)
        stripe_invoice = Tenants(world, ApiClient(app, Issuer()))
        stripe_invoice.blue_account = world.connect(BLUE, world.account(settlement_days=0, async_capture=False))
        _furnish(stripe_invoice)
        yield stripe_invoice


def serve(patch: pytest.MonkeyPatch, world: World) -> None:
    """Makes the API use this world."""
    verifier = TokenVerifier(TOKENS, KeySet(TOKENS.jwks_url, fetch=lambda _: jwks(public_jwk())))
    patch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
    patch.setattr(bootstrap, "ports", lambda: world.ports)
    patch.setattr(bootstrap, "webhook_opener", lambda: world.opener)
    patch.setattr(bootstrap, "config", lambda: CONFIG)
    patch.setattr(bootstrap, "token_verifier", lambda: verifier)


def _furnish(stripe_invoice: Tenants) -> None:
    world, key = stripe_invoice.world, {"Idempotency-Key": KEY}
    assert stripe_invoice.blue.put("/settings/invoicing", {"memo": f"memo {MARK}", "footer": MARK}).status == 200
    for name in (CUSTOMER, f"{CUSTOMER}_2", f"{CUSTOMER}_erased"):
        assert stripe_invoice.blue.put(f"/customers/{name}", PROFILE).status == 200
    assert stripe_invoice.blue.delete(f"/customers/{CUSTOMER}_erased?inStripe=keep").status == 202
    invoice = stripe_invoice.blue.post("/invoices", INVOICE, headers=key)
    batch = stripe_invoice.blue.post("/invoice-batches", BATCH, headers=key)
    imported = stripe_invoice.blue.post("/customer-imports", IMPORT, headers=key)
    assert (invoice.status, batch.status, imported.status) == (201, 202, 202)
    lines = [{**each, "serviceId": f"{each['serviceId']}_draft"} for each in INVOICE["lineItems"]]
    draft = stripe_invoice.blue.post("/invoices", {**INVOICE, "lineItems": lines, "send": False})
    assert draft.status == 201
    stripe_invoice.ids = {
        "draftId": draft.json["id"],
        "customerId": CUSTOMER,
        "erasedId": f"{CUSTOMER}_erased",
        "invoiceId": invoice.json["id"],
        "batchId": batch.json["id"],
        "importId": imported.json["id"],
    }
    stored = world.ports.invoices.get(BLUE, InvoiceId(stripe_invoice.ids["invoiceId"]))
    assert stored is not None
    stripe_invoice.ids["paymentId"] = str(
        world.double.pay(stripe_invoice.blue_account, str(stored.stripe_invoice_id))["payment_intent"]
    )
    stripe_invoice.ids["payoutId"] = str(world.double.pay_out(stripe_invoice.blue_account)["id"])
    world.advance(LISTED_AFTER)
    world.deliver()
    world.work()
    world.deliver()
    paid = Difference((ChangeType.INVOICE_PAID,), "pending", "paid")
    world.ports.changes.append(
        [Change(BLUE, ObjectKind.INVOICE, stripe_invoice.ids["invoiceId"], 9, world.ports.clock.now(), paid)]
    )
    assert stripe_invoice.blue.post("/stripe/connection/test").json["ok"]
    stripe_invoice.secrets = {
        BLUE,
        *stripe_invoice.ids.values(),
        *STRIPE_IDS.findall(json.dumps(stripe_invoice.as_blue_sees_it())),
    }
    assert len(stripe_invoice.secrets) > 8


@pytest.fixture
def tenants(blue: Tenants) -> Tenants:
    """Yields Blue and a new Green, with a connection and two customers of its own."""
    fresh = replace(blue, number=next(NUMBERS))
    fresh.green_account = fresh.world.connect(fresh.green_id)
    for number in (1, 2):
        assert fresh.green.put(f"/customers/cust_{number}", {"email": "g@example.test"}).status == 200
    fresh.world.work()
    fresh.world.deliver()
    return fresh


BY_ID = [route for route in ROUTES if "{" in route.path]
READING = [
    route for route in ROUTES if route.method == "GET" and "{" not in route.path and route.role is not Role.PUBLIC
]
PAGED = [route for route in READING if "after" in {each.name for each in msgspec.structs.fields(route.takes)}]
MAKES_ITS_OWN = {"PUT /v1/customers/{customerId}"}
"""Routes on which Green may use any id, because a customer under that id belongs to Green."""

BODIES: dict[str, Any] = {
    "PUT /v1/customers/{customerId}": {"email": "g@example.test"},
    "PUT /v1/invoices/{invoiceId}": {
        "lineItems": [{"serviceId": "svc_g", "description": "Cleaning", "quantity": 1, "unitPrice": "75.00"}]
    },
    "POST /v1/invoices/{invoiceId}/mark-paid": {"method": "cash"},
}


def labels(routes: Sequence[Route]) -> list[str]:
    return [route.label for route in routes]


QUERIES = {"DELETE /v1/customers/{customerId}": "?inStripe=keep"}
"""The required query of a request."""


@pytest.mark.parametrize("route", BY_ID, ids=labels(BY_ID))
def test_an_id_of_another_organization_gets_the_response_of_an_id_that_does_not_exist(
    tenants: Tenants, route: Route
) -> None:
    id_names = set(re.findall(r"{(\w+)}", route.path))
    assert id_names <= set(tenants.ids), "say in the fixture which of Blue's ids to put into this path"
    before = tenants.as_blue_sees_it()
    body = BODIES.get(route.label, {} if route.has_body else None)
    key = {"Idempotency-Key": KEY} if route.requires_idempotency_key else {}
    query = QUERIES.get(route.label, "")
    foreign = tenants.ask(route.method, path_of(route, tenants.ids) + query, body, headers=key)
    never = tenants.ask(route.method, path_of(route, dict.fromkeys(id_names, NEVER)) + query, body, headers=key)
    if route.label in MAKES_ITS_OWN:
        assert foreign.status == never.status == 200
    else:
        assert foreign.status == 404, foreign.text
        errors = [{**answer.error, "requestId": None} for answer in (foreign, never)]
        assert errors[0] == errors[1], "nobody can tell that somebody else has it"
    tenants.world.work()
    tenants.world.deliver()
    assert tenants.as_blue_sees_it() == before


@pytest.mark.parametrize("route", READING, ids=labels(READING))
def test_every_get_returns_only_the_callers_own_data(tenants: Tenants, app: Chalice, route: Route) -> None:
    """Green reads its own data. An organization without data gets the same response as in an empty world."""
    assert tenants.ask("GET", path_of(route, tenants.ids)).status == 200
    here = tenants.api.acting("admin", organization=RED).get(path_of(route, {}))
    tenants.nothing_of_blue(here, "")
    alone = World()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "ports", lambda: alone.ports)
        there = ApiClient(app, Issuer(), RED, roles=("admin",)).get(path_of(route, {}))
    assert (here.status, _masked(here.json)) == (there.status, _masked(there.json))


def _masked(answer: Any) -> Any:
    """Returns a response without the request id of an error, and without a cursor.

    An empty page of changes has a cursor. The tables and the memory have different ones.
    """
    if "pageInfo" in answer:
        return {**answer, "pageInfo": {**answer["pageInfo"], "endCursor": None}}
    return {**answer, "error": {**answer["error"], "requestId": None}} if "error" in answer else answer


@pytest.mark.parametrize("route", PAGED, ids=labels(PAGED))
def test_a_cursor_of_another_organization_is_refused_by_every_list(tenants: Tenants, route: Route) -> None:
    path = path_of(route, tenants.ids)
    pages = {tenant: getattr(tenants, tenant).get(f"{path}?first=1").json for tenant in ("blue", "green")}
    cursor = pages["blue"]["pageInfo"]["endCursor"]
    assert cursor, "Blue has something here, so that there is a cursor to steal"
    stolen = tenants.ask("GET", f"{path}?first=1&after={quote(cursor)}")
    assert (stolen.status, stolen.code) == (422, "cursor_invalid")
    assert tenants.blue.get(f"{path}?first=1&after={quote(cursor)}").status == 200
    for filters in ("status=paid", f"customerId={CUSTOMER}", "overdue=true"):
        if route.path == "/v1/invoices":
            assert tenants.ask("GET", f"{path}?{filters}").json["data"] == []


# What changes something


Probe = Callable[[Tenants], object]
PROBES: dict[str, Probe] = {}


def probe(label: str) -> Callable[[Probe], Probe]:
    """Tries to read or change Blue's data by this route. An accepted request must concern Green's data only."""

    def enter(function: Probe) -> Probe:
        PROBES[label] = function
        return function

    return enter


@probe("POST /v1/invoices")
def _invoices(tenants: Tenants) -> None:
    foreign = tenants.ask("POST", "/invoices", INVOICE)
    assert (foreign.status, foreign.code) == (404, "customer_not_found")
    tenants.ask("PUT", f"/customers/{CUSTOMER}", {"email": "g@example.test"})
    own = tenants.ask("POST", "/invoices", INVOICE, headers={"Idempotency-Key": KEY})
    assert own.status == 201, "Blue's key and Blue's services are in nobody's way"
    assert own.json["id"] != tenants.ids["invoiceId"]


@probe("POST /v1/invoice-batches")
def _batches(tenants: Tenants) -> None:
    """Uses Blue's key, customers and services in a batch. The batch is Green's own, and its invoices fail because the
    customer is missing.
    """
    own = tenants.ask("POST", "/invoice-batches", BATCH, headers={"Idempotency-Key": KEY})
    assert own.status == 202
    assert own.json["id"] != tenants.ids["batchId"]
    tenants.world.work()
    own_view = tenants.green.get(f"/invoice-batches/{own.json['id']}")
    tenants.nothing_of_blue(own_view, json.dumps(BATCH))
    assert own_view.json["counts"]["failed"] == own_view.json["total"]


@probe("POST /v1/customer-imports")
def _import(tenants: Tenants) -> None:
    own = tenants.ask("POST", "/customer-imports", IMPORT, headers={"Idempotency-Key": KEY})
    assert own.status == 202
    assert own.json["id"] != tenants.ids["importId"]


@probe("POST /v1/stripe/connection")
def _begin(tenants: Tenants) -> None:
    assert tenants.ask("POST", "/stripe/connection").status == 200


@probe("POST /v1/stripe/connection/complete")
def _complete(tenants: Tenants) -> None:
    world = tenants.world
    state = install(tenants.blue)
    back = come_back(tenants.api, state=state, code=world.double.authorization_code(tenants.blue_account))
    returned_state = back.headers["location"].split("state=")[1]
    for each in (state, returned_state):
        assert tenants.ask("POST", "/stripe/connection/complete", {"state": each}).code == "state_foreign"


@probe("DELETE /v1/stripe/connection")
def _disconnect(tenants: Tenants) -> None:
    assert tenants.ask("DELETE", "/stripe/connection").json["status"] == "disconnected"


@probe("PUT /v1/settings/invoicing")
def _settings(tenants: Tenants) -> None:
    assert tenants.ask("PUT", "/settings/invoicing", {"memo": "green"}).status == 200


@probe("POST /v1/stripe/connection/test")
def _test(tenants: Tenants) -> None:
    assert tenants.ask("POST", "/stripe/connection/test").status in {200, 409}


@probe("POST /v1/stripe/connection/refresh")
def _refresh(tenants: Tenants) -> None:
    assert tenants.ask("POST", "/stripe/connection/refresh").status in {202, 409}


@probe("POST /v1/stripe/webhooks")
def _webhooks(tenants: Tenants) -> None:
    """Sends webhooks that Stripe signed, with metadata that Green wrote."""
    world = tenants.world
    for each in world.double.events(tenants.blue_account, version=API_VERSION):
        body = json.dumps({**each, "id": f"{each['id']}x", "account": tenants.green_account}).encode()
        answer = tenants.api.post(PATH, body, token=None, headers=signature_header(world, body))
        assert (answer.status, answer.text) == (200, '{"received":true}')


CHANGING = [route for route in ROUTES if route.method != "GET" and "{" not in route.path and route.label in PROBES]


def test_every_route_has_an_isolation_test() -> None:
    """Routes with ids and GET routes are tried automatically. Any other new route needs a probe in this module."""
    tried_labels = {*labels(BY_ID), *PROBES, *(route.label for route in ROUTES if route.method == "GET")}
    assert {route.label for route in ROUTES} - tried_labels == set()


@pytest.mark.parametrize("route", CHANGING, ids=labels(CHANGING))
def test_no_request_of_one_organization_changes_what_another_one_reads(tenants: Tenants, route: Route) -> None:
    before = tenants.as_blue_sees_it()
    PROBES[route.label](tenants)
    tenants.world.work()
    tenants.world.deliver()
    after = tenants.as_blue_sees_it()
    if route.label == "POST /v1/stripe/connection/complete":
        for own_view in (before, after):  # Blue itself began to reconnect in between, and its history has this.
            del own_view["GET /v1/stripe/connection/history"]
    assert after == before


def test_stripe_objects_whose_metadata_names_ids_of_another_organization_change_nothing_there(
    tenants: Tenants,
) -> None:
    """Green owns a Stripe account and writes another organization's ids into its metadata. Webhooks and sweeps read
    them.
    """
    world, before = tenants.world, tenants.as_blue_sees_it()
    [blues] = [each for each in world.in_stripe(tenants.blue_account) if each["status"] == "paid"]
    theirs = [each for each in world.in_stripe(tenants.blue_account, "customer") if each.get("metadata")]
    on_green: Any = {"stripe_account": tenants.green_account}
    customer: Any = world.client.v1.customers.create(
        {"email": "x@example.test", "metadata": dict(theirs[0]["metadata"])}, on_green
    )
    world.client.v1.customers.update(customer.id, {"name": "Mallory", "phone": "1"}, on_green)
    for send in (True, False):
        stripe_invoice: Any = world.client.v1.invoices.create(
            {
                "customer": customer.id,
                "collection_method": "send_invoice",
                "days_until_due": 3,
                "metadata": dict(blues["metadata"]),
            },
            on_green,
        )
        line: Any = {"lines": [{"amount": 1, "description": "mine"}]}
        world.client.v1.invoices.add_lines(stripe_invoice.id, line, on_green)
        if send:
            world.client.v1.invoices.send_invoice(stripe_invoice.id, None, on_green)
    world.client.v1.customers.delete(customer.id, None, on_green)
    world.deliver()
    world.sweep(tenants.green_id)
    world.sweep(BLUE)
    world.work()
    after = tenants.as_blue_sees_it()
    for view in (before, after):
        del view["GET /v1/stripe/connection"]  # when Blue was swept
    assert after == before


def test_a_queue_message_with_an_id_of_another_organization_changes_nothing(tenants: Tenants) -> None:
    world, before = tenants.world, tenants.as_blue_sees_it()
    world.ports.queues.send(CustomerSync(tenants.green_id, CustomerId(CUSTOMER), 1))
    for task in InvoiceTask:
        world.ports.queues.send(InvoiceJob(tenants.green_id, InvoiceId(tenants.ids["invoiceId"]), task))
        with suppress(NotFound):
            world.work()
    assert tenants.as_blue_sees_it() == before


def test_a_customer_cannot_be_linked_to_a_stripe_customer_of_another_account(tenants: Tenants) -> None:
    blues = tenants.world.in_stripe(tenants.blue_account, "customer")[0]["id"]
    before = tenants.green.get("/customers/cust_1").json
    saved = tenants.ask("PUT", "/customers/cust_1", {"email": "g@example.test", "stripeCustomerId": blues})
    assert (saved.status, saved.code) == (422, "stripe_customer_unknown")
    tenants.world.work()
    own_view = tenants.green.get("/customers/cust_1")
    tenants.nothing_of_blue(own_view, blues)
    assert own_view.json == before


# Logs and metrics


@dataclass
class Written:
    """The whole log as one text."""

    stream: io.StringIO

    def __contains__(self, text: str) -> bool:
        return text in self.stream.getvalue()

    def around(self, text: str) -> str:
        whole = self.stream.getvalue()
        at = whole.find(text)
        return whole[max(0, at - 200) : at + 80]


PERSONAL = st.builds(
    "{}{:010x}".format, st.text("abcdefghijABCDEFGHIJéßüñ", min_size=1, max_size=8), st.integers(16**9, 16**10 - 1)
)


@settings(max_examples=3, deadline=None, derandomize=True, phases=[Phase.generate])
@given(texts=st.lists(PERSONAL, min_size=16, max_size=16, unique_by=lambda text: text[-10:]))
def test_no_log_line_and_no_metric_holds_a_secret_or_personal_data(texts: list[str]) -> None:
    """Plays a long life with every kind of fault, and searches every line that it writes."""
    from app import app as application

    stream = io.StringIO()
    root = logging.getLogger()
    listening = logging.StreamHandler(stream)
    listening.setFormatter(logging.Formatter("%(name)s %(message)s"))
    level = root.level
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LambdaEventConverter, "LOCAL_SOURCE_IP", ADDRESS)
        patch.setattr("builtins.print", lambda *said, **_: stream.write(" ".join(map(str, said)) + "\n"))
        for handler in observability.logger.handlers:
            patch.setattr(handler, "stream", stream)
        root.addHandler(listening)
        root.setLevel(logging.INFO)
        try:
            private = _long_life(application, patch, texts)
        finally:
            root.removeHandler(listening)
            root.setLevel(level)
    written = Written(stream)
    assert "RequestLatency" in written, "metrics are among what was captured"
    assert '"message":"request"' in written, "log lines are"
    assert f'"network":"{NETWORK}"' in written, "and of requests they tell the network"
    assert f'"user":"{user_in_logs(BLUE, ADMIN)}"' in written, "and the user, by a name of their own"
    for what, text in private.items():
        assert text not in written, f"{what}: {written.around(text)}"


def _long_life(application: Chalice, patch: pytest.MonkeyPatch, texts: list[str]) -> dict[str, str]:
    """Plays the life. Returns the texts that must not be written."""
    world = World()
    serve(patch, world)
    patch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    issuer = Issuer()
    names = "first last company email phone street city memo footer description service body query oauth header error"
    data = dict(zip(names.split(), texts, strict=True))
    private = {name: text[-10:] for name, text in data.items()}
    mail = f"p{private['email']}@example.test"
    office = ApiClient(application, issuer, user=f"u{private['header']}@example.test")
    admin = office.admin

    state = install(office)
    account = str(world.double.create_account(connected=False, business_name=data["company"])["id"])
    code = world.double.authorization_code(account)
    back = come_back(office, state=state, code=code, error_description=data["oauth"])
    returned_state = back.headers["location"].split("state=")[1]
    come_back(office, state=state, code=code)
    come_back(office, state=data["oauth"], code=data["oauth"], error=data["oauth"])
    admin.post("/stripe/connection/complete", {"state": data["oauth"]})
    assert admin.post("/stripe/connection/complete", {"state": returned_state}).status == 200
    admin.put("/settings/invoicing", {"memo": data["memo"], "footer": data["footer"]})
    admin.put("/settings/invoicing", {data["body"]: data["body"]})
    profile = {
        "firstName": data["first"],
        "lastName": data["last"],
        "companyName": data["company"],
        "email": mail,
        "phone": data["phone"][-10:],
        "address": {"street": data["street"], "city": data["city"], "country": "US"},
    }
    assert office.put("/customers/cust_1", profile).status == 200
    office.put("/customers/cust_2", {**profile, "email": f"not an address {private['email']}"})
    office.put("/customers/cust_2", {**profile, "firstName": data["first"] * 100})
    office.post("/invoices", f"{{ {data['body']}".encode())
    office.post("/invoices", {data["body"]: 1})
    office.get(f"/invoices?{quote(data['query'])}={quote(data['query'])}&after={quote(data['query'])}")
    office.get(f"/invoices/{data['query'][-10:]}x")
    office.get("/apps", headers={"User-Agent": data["header"].encode("ascii", "replace").decode()})
    world.work()
    lines = [
        {"serviceId": f"svc-{n}", "description": data["description"], "quantity": 1, "unitPrice": "75.00"}
        for n in (1, 2)
    ]
    order = {"customerId": "cust_1", "lineItems": lines[:1], "memo": data["memo"], "footer": data["footer"]}
    stripe_invoice = office.post("/invoices", order, headers={"Idempotency-Key": data["service"][-10:]})
    assert stripe_invoice.status == 201
    office.post("/invoices", order)
    invoice = office.get(f"/invoices/{stripe_invoice.json['id']}").json
    stored = world.ports.invoices.get(BLUE, InvoiceId(invoice["id"]))
    assert stored is not None
    stripe_id = str(stored.stripe_invoice_id)
    for method in ("pm_card_visa_chargeDeclinedInsufficientFunds", "pm_card_chargeDeclined", "pm_card_visa"):
        with suppress(StripeFault):
            world.double.pay(account, stripe_id, method)
    for fault in ("close_before", "close_after", "error_before"):
        world.double.order_fault(fault, method="POST", path="/v1/invoices")
        office.post("/invoices", {**order, "lineItems": [{**lines[1], "serviceId": f"svc-{fault}"}]})
        world.advance(300)
        world.resume()
    for each in world.double.events(account, version=API_VERSION):
        body = json.dumps({"account": account, **each}).encode()
        office.post(PATH, body, token=None, headers=signature_header(world, body))
        office.post(PATH, body + b" ", token=None, headers=signature_header(world, body))
    parked = json.dumps(
        {"account": account, **world.double.events(account, version=API_VERSION)[-1], "id": "evt_parked"}
    ).encode()
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(world.ports.invoices, "get", _breaking(mail))
        broken.setattr(world.ports.invoices, "find_by_reference", _breaking(mail))
        broken.setattr(world.ports.customers, "get", _breaking(mail))
        office.post(PATH, parked, token=None, headers=signature_header(world, parked))
        assert office.get(f"/invoices/{invoice['id']}").status == 500
        assert office.get("/customers/cust_1").status == 500
        with pytest.raises(RuntimeError):
            customer_sync(CustomerSync(BLUE, "cust_1", 1))
    wrong = office.post("/invoices", {**order, "lineItems": [{**lines[1], "serviceId": "svc-wrong"}]}).json["id"]
    office.post(f"/invoices/{wrong}/correct", {})
    copy = office.post(f"/invoices/{wrong}/correct", {"confirmed": True}).json["id"]
    for accept in ("application/json", "text/html"):
        assert office.get(f"/invoices/{copy}/preview", headers={"Accept": accept}).status == 200
    for action in ("refresh", "remind", "void"):
        office.post(f"/invoices/{invoice['id']}/{action}")
    office.post(f"/invoices/{invoice['id']}/mark-paid", {"method": "cash", "reference": data["memo"]})
    world.sweep()
    world.double.revoke(account)
    office.post("/invoices", {**order, "lineItems": lines[1:]})
    admin.delete("/stripe/connection")
    token = issuer.token(BLUE, "user_office", ["billing"])
    office.get("/apps", token=token)
    office.get("/apps", token=token + "x")
    office.get("/apps", token=issuer.sign(iss="https://evil.test", name=data["error"]))
    return private | {
        "state": state,
        "proof": returned_state.partition(".")[2],
        "code": code,
        "platform key": world.double.config.platform_key_test,
        "webhook secret": WEBHOOK_SECRET,
        "token": token,
        "token's claims": token.split(".")[1],
        "token's signature": token.split(".")[2],
        "payment page": str(invoice["paymentUrl"]),
        "mail": mail,
        "address": ADDRESS,
        "user": ADMIN,
    }


def _breaking(text: str) -> Callable[..., Any]:
    def broken(*_: object, **__: object) -> None:
        try:
            raise KeyError(text)
        except KeyError as cause:
            raise RuntimeError(f"of {text}") from cause

    return broken
