"""Which differences are harmful: those in what the product reads."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import msgspec
import pytest

import chalicelib.adapters.stripe as adapter
from chalicelib.adapters.stripe.event_subjects import EventObject
from chalicelib.adapters.stripe.objects.fields import ExpandedReference, Stub
from chalicelib.domain.events import API_VERSION, SUBSCRIPTION
from infra.sandbox import relevance
from infra.sandbox.findings import Verdict
from infra.sandbox.relevance import MODELS, READ_PARTS, WITHOUT_MODEL, verdict_of
from infra.stripe_double.recordings.differences import Difference, Kind

OLD = "2018-02-28"


def difference(kind: Kind, thing: str, path: str, recorded: Any = "x", played: Any = "y") -> Difference:
    return Difference(kind, "story: step", "GET /v1/things/{id}", thing, path, recorded, played)


HARMFUL = [
    difference(Kind.MISSING, "invoice", "status_transitions.paid_at"),
    difference(Kind.MISSING, "invoice", "status_transitions"),
    difference(Kind.TYPE, "charge", "amount", "1", 1),
    difference(Kind.NULL, "invoice", "hosted_invoice_url", None, "https://…"),
    difference(Kind.VALUE, "dispute", "status", "lost", "won"),
    difference(Kind.VALUE, "credit_note", "refunds.0.amount_refunded", 1, 2),
    difference(Kind.VALUE, "payment_intent", "last_payment_error.decline_code", "a", "b"),
    difference(Kind.EXTRA, "invoice", "latest_revision", "in_2"),
    difference(Kind.NULL, "charge", "balance_transaction", None, "txn_1"),
    difference(Kind.VALUE, "charge", "payment_method_details.card.brand", "visa", "amex"),
    difference(Kind.VALUE, "charge", "payment_method_details.type", "card", "link"),
    difference(Kind.VALUE, "balance_transaction", "fee_details.0.type", "tax", "stripe_fee"),
    difference(Kind.VALUE, "invoice", "metadata.pom_invoice_id", "inv_1", "inv_2"),
    difference(Kind.VALUE, "account", "requirements.disabled_reason", "listed", "other"),
    difference(Kind.VALUE, "list", "has_more", True, False),
    difference(Kind.MISSING, "payout", "arrival_date"),
    difference(Kind.MISSING, "balance", "pending"),
    difference(Kind.MISSING, "line_item", "period.start"),
    difference(Kind.MISSING, "answer", "stripe_user_id"),
    difference(Kind.STATUS, "answer", "status", 400, 200),
    difference(Kind.IN_TIME, "charge", "balance_transaction"),
    difference(Kind.ERROR, "error", "code", None, "charge_disputed"),
    difference(Kind.ERROR, "error", "decline_code", "generic_decline", "insufficient_funds"),
    difference(Kind.ERROR, "error", "param", None, "amount"),
    difference(Kind.ERROR, "error", "type", "api_error", "card_error"),
    difference(Kind.HEADER, "answer", "idempotent-replayed", None, "true"),
    difference(Kind.EVENT_MISSING, "invoice.paid", "type"),
    difference(Kind.EVENT_EXTRA, "charge.updated", "type"),
    difference(Kind.MISSING, "charge.refunded", "payment_intent"),
    difference(Kind.MISSING, "event", "request.idempotency_key"),
]

HARMLESS = [
    difference(Kind.MISSING, "invoice", "rendering"),
    difference(Kind.EXTRA, "invoice", "a_new_field"),
    difference(Kind.EXTRA, "invoice", "latest_revision", None),
    difference(Kind.TYPE, "charge", "radar_options", [], {}),
    difference(Kind.NULL, "invoice", "receipt_number", None, "1"),
    difference(Kind.VALUE, "charge", "payment_method_details.card.checks.cvc_check", "pass", None),
    difference(Kind.VALUE, "line_item", "taxes.0.amount", 1, 2),
    difference(Kind.VALUE, "list", "url", "a", "b"),
    difference(Kind.MISSING, "price", "unit_amount"),
    difference(Kind.ERROR, "error", "code", "one_that_nobody_reads", "another_one"),
    difference(Kind.ERROR, "error", "param", "customer", None),
    difference(Kind.HEADER, "answer", "stripe-version", "a", "b"),
    difference(Kind.EVENT_MISSING, "invoice.created", "type"),
    difference(Kind.EVENT_EXTRA, "invoice.created", "type"),
    difference(Kind.EVENT_ORDER, "invoice.paid", "type"),
    difference(Kind.NOT_PLAYED, "", ""),
    difference(Kind.MISSING, "event", "request.id"),
    difference(Kind.MISSING, "charge.refunded", "status"),
]


@pytest.mark.parametrize("each", HARMFUL, ids=lambda each: f"{each.kind} {each.object} {each.path}")
def test_a_difference_in_a_field_that_pom_reads_is_harmful(each: Difference) -> None:
    assert verdict_of(each, OLD) is Verdict.HARMFUL


@pytest.mark.parametrize("each", HARMLESS, ids=lambda each: f"{each.kind} {each.object} {each.path}")
def test_a_difference_elsewhere_is_harmless(each: Difference) -> None:
    assert verdict_of(each, OLD) is Verdict.HARMLESS


def test_every_kind_of_difference_is_judged_in_both_ways_or_always_alike() -> None:
    always = {Kind.STATUS, Kind.IN_TIME, Kind.NOT_PLAYED, Kind.EVENT_ORDER}
    seen = [{each.kind for each in cases} for cases in (HARMFUL, HARMLESS)]
    assert seen[0] | seen[1] == set(Kind)
    assert set(Kind) - (seen[0] & seen[1]) == always


def test_an_event_in_poms_version_is_read_whole_and_in_another_only_for_its_owner() -> None:
    status = difference(Kind.VALUE, "charge.refunded", "status", "a", "b")
    assert verdict_of(status, API_VERSION) is Verdict.HARMFUL
    assert verdict_of(status, OLD) is verdict_of(status, None) is Verdict.HARMLESS


@pytest.mark.parametrize("event_type", SUBSCRIPTION)
def test_the_id_in_the_object_of_every_event_that_is_applied_is_read(event_type: str) -> None:
    assert verdict_of(difference(Kind.MISSING, event_type, "id"), OLD) is Verdict.HARMFUL


def test_a_field_that_is_added_to_a_model_is_read_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    nested = msgspec.defstruct("Nested", [("deep", str | None, None)])
    larger = msgspec.defstruct("Larger", [("added", nested | None, None)], bases=(MODELS["refund"][0],))
    added = difference(Kind.MISSING, "refund", "added.deep")
    assert verdict_of(added) is Verdict.HARMLESS
    monkeypatch.setitem(relevance.MODELS, "refund", (larger,))  # type: ignore[arg-type]
    assert verdict_of(added) is Verdict.HARMFUL


def structs() -> Iterator[type[msgspec.Struct]]:
    for module in pkgutil.walk_packages(adapter.__path__, f"{adapter.__name__}."):
        for each in vars(import_module(module.name)).values():
            if isinstance(each, type) and issubclass(each, msgspec.Struct) and each is not msgspec.Struct:
                yield each


def inside(kind: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, msgspec.inspect.StructType):
        yield from kind.cls.__mro__
        for field in kind.fields:
            yield from inside(field.type)
    for part in (*getattr(kind, "types", ()), *([kind.item_type] if hasattr(kind, "item_type") else [])):
        yield from inside(part)


def test_every_model_of_the_adapter_is_used_for_judging() -> None:
    known = {
        each for models in MODELS.values() for model in models for each in inside(msgspec.inspect.type_info(model))
    }
    by_other_means = {ExpandedReference, Stub, EventObject}
    assert set(structs()) - known - by_other_means == set()


def test_each_partly_read_field_accepts_any_form() -> None:
    for kind, path in READ_PARTS:
        forms = [
            any_form
            for model in MODELS[kind]
            for names, any_form in relevance._fields(model)
            if ".".join(names) == path
        ]
        assert any(forms), (kind, path)
    assert not set(WITHOUT_MODEL) & set(MODELS)
