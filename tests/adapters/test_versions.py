"""Whose an event is can be read in any version: the table of fields against Stripe's own types, and its reading."""

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


def owner_ids(shown: Any, version: str | None = API_VERSION) -> tuple[str, ...] | None:
    return subject_of(msgspec.Raw(json.dumps(shown).encode())).owner_ids(version)


def test_our_api_version_is_the_version_of_the_sdk() -> None:
    sdk_version: str = _ApiVersion.CURRENT
    assert sdk_version == API_VERSION


@pytest.mark.parametrize(("kind", "field"), ROWS, ids=[f"{kind}.{field.name}" for kind, field in ROWS])
def test_our_version_has_the_fields_that_the_table_says_and_no_longer_the_others(
    kind: str, field: OwnerField
) -> None:
    holder = SDK[kind] if field.within is None else getattr(SDK[kind], field.within.title().replace("_", ""))
    assert (field.name in holder.__annotations__) is field.expected_in(API_VERSION)


def test_every_kind_that_belongs_to_an_invoice_is_in_the_table() -> None:
    assert {kind for kind, apply in APPLIERS.items() if apply is apply_to_invoice} == set(OWNER_FIELDS)


def test_every_event_that_we_subscribe_to_is_about_a_kind_that_can_be_applied() -> None:
    kinds = {name.rpartition(".")[0].rpartition(".")[2] for name in SUBSCRIPTION}
    assert kinds - set(APPLIERS) == {"application"}, "the end of a connection is told by the type of its event"


@pytest.mark.parametrize("version", [None, "2011-01-01", OLD, "2025-03-31.basil", API_VERSION])
@pytest.mark.parametrize("reference", ["pi_1", {"id": "pi_1", "object": "payment_intent"}], ids=["id", "expanded"])
@pytest.mark.parametrize("kind", ["refund", "dispute", "charge"])
def test_the_payment_intent_leads_there_in_any_version(kind: str, reference: Any, version: str | None) -> None:
    assert owner_ids({"id": "x_1", "object": kind, "payment_intent": reference}, version) == ("pi_1",)


def test_the_invoice_of_an_old_charge_leads_there_too() -> None:
    shown = {"id": "ch_1", "object": "charge", "payment_intent": "pi_1", "invoice": "in_1"}
    assert owner_ids(shown, OLD) == ("pi_1", "in_1")
    assert owner_ids({**shown, "payment_intent": None}, OLD) == ("in_1",)


def test_what_holds_null_is_nobodys_and_what_lacks_its_field_does_not_tell() -> None:
    refund = {"id": "re_1", "object": "refund"}
    assert owner_ids({**refund, "payment_intent": None}) == ()
    assert owner_ids(refund) is None
    assert owner_ids({**refund, "payment_intent": 7}) is None
    assert owner_ids({**refund, "payment_intent": {"object": "payment_intent"}}) is None


def test_a_charge_without_invoice_tells_since_basil_and_does_not_before() -> None:
    charge = {"id": "ch_1", "object": "charge", "payment_intent": None}
    assert owner_ids(charge, "2025-03-31.basil") == ()
    assert owner_ids(charge, OLD) is None
    assert owner_ids(charge, None) is None, "of an unknown version everything is expected"


def test_an_invoice_payment_names_its_invoice_and_its_intent() -> None:
    payment = {"id": "inpay_1", "object": "invoice_payment", "invoice": "in_1"}
    assert owner_ids({**payment, "payment": {"type": "payment_intent", "payment_intent": "pi_1"}}) == ("in_1", "pi_1")
    assert owner_ids({**payment, "payment": []}) == ("in_1",)


@pytest.mark.parametrize("shown", [None, "in_1", 7, [], [{"id": "in_1"}]])
def test_what_is_no_object_says_nothing(shown: Any) -> None:
    subject = subject_of(msgspec.Raw(json.dumps(shown).encode()))
    assert (subject.kind, subject.stripe_id, subject.owner_ids(API_VERSION)) == ("", "", ())


NO_IDS = [7, "", " ", "池" * 342, "a" * 129, "inv_1#2", "inv_" + "A" * 26, "inv_\x00", "org_1\n"]


@pytest.mark.parametrize("metadata", [None, [], "pom", {}, *({"pom_invoice_id": each} for each in NO_IDS)])
def test_metadata_of_another_shape_is_no_hint(metadata: Any) -> None:
    assert shown_with(metadata).invoice_hint is None


@pytest.mark.parametrize("text", [each for each in NO_IDS if each != "inv_" + "A" * 26])
def test_a_text_that_is_no_id_of_ours_is_no_hint(text: Any) -> None:
    subject = shown_with({"pom_organization_id": text, "pom_customer_id": text})
    assert (subject.organization_hint, subject.customer_hint) == (None, None)


def test_ids_of_ours_are_hints() -> None:
    ours = {"pom_organization_id": "org:1", "pom_invoice_id": "inv_" + "a2" * 13, "pom_customer_id": "cust~1.x-2"}
    subject = shown_with(ours)
    assert [subject.organization_hint, subject.invoice_hint, subject.customer_hint] == list(ours.values())


def shown_with(metadata: Any) -> Subject:
    shown = {"id": "in_1", "object": "invoice", "metadata": metadata}
    return subject_of(msgspec.Raw(json.dumps(shown).encode()))


@pytest.mark.parametrize("stripe_id", ["", 5, "p" * 256, "p i", "pi_é", "pi_\x00"])
def test_what_cannot_be_an_id_of_stripes_does_not_tell(stripe_id: Any) -> None:
    assert owner_ids({"id": "re_1", "object": "refund", "payment_intent": stripe_id}) is None
    assert subject_of(msgspec.Raw(json.dumps({"id": stripe_id, "object": "refund"}).encode())).stripe_id == ""


# When an answer was asked for


@pytest.mark.parametrize(
    ("began", "answered", "date", "as_of"),
    [
        pytest.param(100, 100, 100, 100, id="at once"),
        pytest.param(100, 103, 103, 100, id="after three seconds"),
        pytest.param(100, 100, 108, 100, id="dated eight seconds late"),
        pytest.param(100, 102, 104, 100, id="dated later than it came"),
        pytest.param(160, 163, 103, 100, id="our clock is a minute ahead"),
        pytest.param(40, 43, 103, 100, id="our clock is a minute behind"),
    ],
)
def test_an_answer_is_as_old_as_its_question_by_stripes_clock(
    began: int, answered: int, date: int, as_of: int
) -> None:
    assert requested_at(began, answered, date) == as_of


EXPANDED = {"id": "txn_1", "object": "balance_transaction", "fee": 320, "net": 9_680}


@pytest.mark.parametrize("version_like", [{}, {"invoice": "in_1"}, {"status": "paid", "dispute": None}])
@pytest.mark.parametrize(
    ("balance_transaction", "booked"),
    [("txn_1", True), (EXPANDED, True), (None, False), ("", False), (7, False), ([], False), ({"id": None}, False)],
)
def test_a_charge_of_any_version_says_whether_stripe_has_booked_it(
    version_like: dict[str, Any], balance_transaction: Any, booked: bool
) -> None:
    charge = {"id": "ch_1", "object": "charge", "balance_transaction": balance_transaction, **version_like}
    assert subject_of(msgspec.Raw(json.dumps(charge).encode())).booked is booked


@pytest.mark.parametrize("kind", ["refund", "dispute", "payout", "transfer"])
def test_only_a_charge_says_that_a_payment_was_booked(kind: str) -> None:
    shown = {"id": "x_1", "object": kind, "balance_transaction": "txn_1"}
    assert not subject_of(msgspec.Raw(json.dumps(shown).encode())).booked


def test_an_event_about_a_payout_leads_to_the_payout_in_any_version() -> None:
    of_2018 = {"id": "po_1", "object": "payout", "amount": 7409, "status": "failed", "description": "STRIPE TRANSFER"}
    subject = subject_of(msgspec.Raw(json.dumps(of_2018).encode()))
    assert (subject.kind, subject.stripe_id, subject.owner_ids("2018-02-28")) == ("payout", "po_1", ())
