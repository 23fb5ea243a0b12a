"""The invoice of an event is read in any API version. The table of fields is checked against Stripe's own types."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
import stripe
from stripe._api_version import _ApiVersion

from chalicelib.adapters.stripe.client import requested_at
from chalicelib.adapters.stripe.event_subjects import OWNER_FIELDS, OwnerField, Subject, subject_of
from chalicelib.domain.events import API_VERSION, SUBSCRIPTION
from chalicelib.usecases.events.apply_event import APPLIERS, apply_to_invoice

SDK: dict[str, Any] = {
    "invoice": stripe.Invoice,
    "invoice_payment": stripe.InvoicePayment,
    "payment_intent": stripe.PaymentIntent,
    "charge": stripe.Charge,
    "refund": stripe.Refund,
    "dispute": stripe.Dispute,
    "credit_note": stripe.CreditNote,
}
ROWS = [(kind, field) for kind, fields in OWNER_FIELDS.items() for field in fields]
OLD = "2020-08-27"


def owner_ids(stripe_object: Any, version: str | None = API_VERSION) -> tuple[str, ...] | None:
    return subject_of(msgspec.Raw(json.dumps(stripe_object).encode())).owner_ids(version)


def test_our_api_version_is_that_of_the_sdk() -> None:
    sdk_version: str = _ApiVersion.CURRENT
    assert sdk_version == API_VERSION


@pytest.mark.parametrize(("kind", "field"), ROWS, ids=[f"{kind}.{field.name}" for kind, field in ROWS])
def test_our_api_version_has_exactly_the_fields_that_the_table_lists_for_it(kind: str, field: OwnerField) -> None:
    holder = SDK[kind] if field.within is None else getattr(SDK[kind], field.within.title().replace("_", ""))
    assert (field.name in holder.__annotations__) is field.expected_in(API_VERSION)


def test_every_kind_that_belongs_to_an_invoice_is_in_the_table() -> None:
    assert {kind for kind, apply in APPLIERS.items() if apply is apply_to_invoice} == set(OWNER_FIELDS)


def test_every_subscribed_event_is_about_a_kind_that_can_be_applied() -> None:
    kinds = {name.rpartition(".")[0].rpartition(".")[2] for name in SUBSCRIPTION}
    assert kinds - set(APPLIERS) == {"application"}, "the end of a connection follows from the event's type"


@pytest.mark.parametrize("version", [None, "2011-01-01", OLD, "2025-03-31.basil", API_VERSION])
@pytest.mark.parametrize("reference", ["pi_1", {"id": "pi_1", "object": "payment_intent"}], ids=["id", "expanded"])
@pytest.mark.parametrize("kind", ["refund", "dispute", "charge"])
def test_the_payment_intent_is_read_in_any_version(kind: str, reference: Any, version: str | None) -> None:
    assert owner_ids({"id": "x_1", "object": kind, "payment_intent": reference}, version) == ("pi_1",)


def test_the_invoice_of_an_old_charge_is_read_too() -> None:
    charge = {"id": "ch_1", "object": "charge", "payment_intent": "pi_1", "invoice": "in_1"}
    assert owner_ids(charge, OLD) == ("pi_1", "in_1")
    assert owner_ids({**charge, "payment_intent": None}, OLD) == ("in_1",)


def test_a_null_owner_means_no_owner_and_a_missing_field_means_unknown() -> None:
    refund = {"id": "re_1", "object": "refund"}
    assert owner_ids({**refund, "payment_intent": None}) == ()
    assert owner_ids(refund) is None
    assert owner_ids({**refund, "payment_intent": 7}) is None
    assert owner_ids({**refund, "payment_intent": {"object": "payment_intent"}}) is None


def test_a_charge_without_invoice_has_no_owner_since_basil_and_an_unknown_one_before() -> None:
    charge = {"id": "ch_1", "object": "charge", "payment_intent": None}
    assert owner_ids(charge, "2025-03-31.basil") == ()
    assert owner_ids(charge, OLD) is None
    assert owner_ids(charge, None) is None, "an object of an unknown version may have any of the fields"


def test_an_invoice_payment_names_its_invoice_and_its_intent() -> None:
    payment = {"id": "inpay_1", "object": "invoice_payment", "invoice": "in_1"}
    assert owner_ids({**payment, "payment": {"type": "payment_intent", "payment_intent": "pi_1"}}) == ("in_1", "pi_1")
    assert owner_ids({**payment, "payment": []}) == ("in_1",)


@pytest.mark.parametrize("stripe_object", [None, "in_1", 7, [], [{"id": "in_1"}]])
def test_a_value_that_is_not_an_object_has_unknown_owners(stripe_object: Any) -> None:
    subject = subject_of(msgspec.Raw(json.dumps(stripe_object).encode()))
    assert (subject.kind, subject.stripe_id, subject.owner_ids(API_VERSION)) == ("", "", ())


NO_IDS = [7, "", " ", "池" * 342, "a" * 129, "inv_1#2", "inv_" + "A" * 26, "inv_\x00", "org_1\n"]


@pytest.mark.parametrize("metadata", [None, [], "pom", {}, *({"pom_invoice_id": each} for each in NO_IDS)])
def test_metadata_of_another_shape_is_no_hint(metadata: Any) -> None:
    assert hints_of(metadata).invoice_hint is None


@pytest.mark.parametrize("text", [each for each in NO_IDS if each != "inv_" + "A" * 26])
def test_a_text_that_is_not_a_pom_id_is_no_hint(text: Any) -> None:
    subject = hints_of({"pom_organization_id": text, "pom_customer_id": text})
    assert (subject.organization_hint, subject.customer_hint) == (None, None)


def test_pom_ids_in_metadata_are_read_as_hints_of_organization_invoice_and_customer() -> None:
    ours = {"pom_organization_id": "org:1", "pom_invoice_id": "inv_" + "a2" * 13, "pom_customer_id": "cust~1.x-2"}
    subject = hints_of(ours)
    assert [subject.organization_hint, subject.invoice_hint, subject.customer_hint] == list(ours.values())


def hints_of(metadata: Any) -> Subject:
    stripe_object = {"id": "in_1", "object": "invoice", "metadata": metadata}
    return subject_of(msgspec.Raw(json.dumps(stripe_object).encode()))


@pytest.mark.parametrize("stripe_id", ["", 5, "p" * 256, "p i", "pi_é", "pi_\x00"])
def test_an_invalid_stripe_id_means_an_unknown_owner(stripe_id: Any) -> None:
    assert owner_ids({"id": "re_1", "object": "refund", "payment_intent": stripe_id}) is None
    assert subject_of(msgspec.Raw(json.dumps({"id": stripe_id, "object": "refund"}).encode())).stripe_id == ""


# The time of a request


@pytest.mark.parametrize(
    ("began", "responded_at", "date", "as_of"),
    [
        pytest.param(100, 100, 100, 100, id="at once"),
        pytest.param(100, 103, 103, 100, id="after three seconds"),
        pytest.param(100, 100, 108, 100, id="dated eight seconds late"),
        pytest.param(100, 102, 104, 100, id="dated later than it came"),
        pytest.param(160, 163, 103, 100, id="our clock is a minute ahead"),
        pytest.param(40, 43, 103, 100, id="our clock is a minute behind"),
    ],
)
def test_a_response_is_as_old_as_its_request_by_stripes_clock(
    began: int, responded_at: int, date: int, as_of: int
) -> None:
    assert requested_at(began, responded_at, date) == as_of


EXPANDED = {"id": "txn_1", "object": "balance_transaction", "fee": 320, "net": 9_680}


@pytest.mark.parametrize("version_like", [{}, {"invoice": "in_1"}, {"status": "paid", "dispute": None}])
@pytest.mark.parametrize(
    ("balance_transaction", "has_transaction"),
    [("txn_1", True), (EXPANDED, True), (None, False), ("", False), (7, False), ([], False), ({"id": None}, False)],
)
def test_a_charge_of_any_version_says_whether_it_has_a_balance_transaction(
    version_like: dict[str, Any], balance_transaction: Any, has_transaction: bool
) -> None:
    charge = {"id": "ch_1", "object": "charge", "balance_transaction": balance_transaction, **version_like}
    assert subject_of(msgspec.Raw(json.dumps(charge).encode())).booked is has_transaction


@pytest.mark.parametrize("kind", ["refund", "dispute", "payout", "transfer"])
def test_only_a_charge_says_whether_a_payment_has_a_balance_transaction(kind: str) -> None:
    stripe_object = {"id": "x_1", "object": kind, "balance_transaction": "txn_1"}
    assert not subject_of(msgspec.Raw(json.dumps(stripe_object).encode())).booked


def test_a_payout_event_names_its_payout_in_any_version() -> None:
    of_2018 = {"id": "po_1", "object": "payout", "amount": 7409, "status": "failed", "description": "STRIPE TRANSFER"}
    subject = subject_of(msgspec.Raw(json.dumps(of_2018).encode()))
    assert (subject.kind, subject.stripe_id, subject.owner_ids("2018-02-28")) == ("payout", "po_1", ())
