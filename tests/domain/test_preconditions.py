"""The version that a client has read decides whether the client may replace the stored record."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.errors import PreconditionFailed
from chalicelib.domain.identifiers import CustomerId, OrganizationId, ServiceId, UserId
from chalicelib.domain.order import Deduction, DeductionKind, LineItem, Order
from chalicelib.domain.preconditions import Precondition
from chalicelib.domain.settings import DEFAULT_DAYS, CustomerCreation, InvoicingSettings, Reminders
from tests.contracts.examples import invoice

ANN = Customer(OrganizationId("org_1"), CustomerId("cust_1"), Profile(first_name="Ann"), 1, 0, 0)
SETTINGS = InvoicingSettings(OrganizationId("org_1"))
LINE = LineItem(ServiceId("svc_1"), "Cleaning", Decimal("1.5"), 5000, 7500)
ORDER = Order(CustomerId("cust_1"), "usd", (LINE,), "net_30", 30, None, "UTC", "fingerprint")


def read_tags(*tags: str) -> Precondition:
    return Precondition(frozenset(tags))


def test_an_unchanged_record_may_be_replaced() -> None:
    read_tags("another", ANN.edit_tag).require(ANN)
    Precondition(None).require(ANN)


def test_a_record_changed_since_it_was_read_is_returned_instead() -> None:
    changed = replace(ANN, profile=Profile(first_name="Anna"))
    with pytest.raises(PreconditionFailed) as failed:
        read_tags(ANN.edit_tag).require(changed)
    assert failed.value.stored is changed


@pytest.mark.parametrize("condition", [Precondition(None), Precondition(frozenset({"tag"}))])
def test_a_missing_record_is_not_replaced(condition: Precondition) -> None:
    with pytest.raises(PreconditionFailed) as failed:
        condition.require(None)
    assert failed.value.stored is None


def test_a_record_that_already_has_the_requested_content_may_be_replaced() -> None:
    requested = replace(ANN, profile=Profile(first_name="Anna"))
    read_tags(ANN.edit_tag).require(requested, requested.edit_tag)


def test_fields_written_only_by_workers_are_no_change() -> None:
    assert replace(ANN, edition=2, version=3, synced_at=4, updated_at=5).edit_tag == ANN.edit_tag
    assert replace(SETTINGS, version=3).edit_tag == SETTINGS.edit_tag
    assert replace(ORDER, fingerprint="another").edit_tag == ORDER.edit_tag
    draft = invoice()
    assert replace(draft, sent_at=1, version=9, created_by=UserId("another")).edit_tag == draft.edit_tag


def test_a_users_choice_counts_until_the_next_choice_whether_linked_or_not() -> None:
    chosen = ANN.edited(ANN.profile, "cus_1", 1)
    linked = chosen.linking("acct_1", "cus_1")  # type: ignore[arg-type]
    assert ANN.edit_tag != chosen.edit_tag == linked.edit_tag
    assert linked.edited(linked.profile, None, 2).edit_tag == linked.edit_tag
    assert linked.edited(linked.profile, "cus_2", 2).edit_tag != linked.edit_tag


def test_a_link_made_automatically_is_no_change() -> None:
    assert ANN.linking("acct_1", "cus_1").edit_tag == ANN.edit_tag  # type: ignore[arg-type]


def test_reminders_without_days_have_the_same_tag_as_reminders_with_the_default_days() -> None:
    assert (
        replace(SETTINGS, reminders=Reminders(enabled=True)).edit_tag
        == replace(SETTINGS, reminders=DEFAULT_DAYS).edit_tag
    )


@pytest.mark.parametrize(
    "changed",
    [
        replace(SETTINGS, payment_terms="net_7"),
        replace(SETTINGS, payment_window=5),
        replace(SETTINGS, payment_methods=("card",)),
        replace(SETTINGS, memo="Thanks"),
        replace(SETTINGS, footer="Thanks"),
        replace(SETTINGS, reminders=DEFAULT_DAYS),
        replace(SETTINGS, currency="cad"),
        replace(SETTINGS, time_zone="UTC"),
        replace(SETTINGS, customer_creation=CustomerCreation.WHEN_INVOICED),
    ],
)
def test_every_setting_that_clients_write_counts_as_a_change(changed: InvoicingSettings) -> None:
    assert changed.edit_tag != SETTINGS.edit_tag


@pytest.mark.parametrize(
    "changed",
    [
        replace(ORDER, line_items=()),
        replace(ORDER, line_items=(replace(LINE, service_date=dt.date(2026, 11, 1)),)),
        replace(ORDER, line_items=(replace(LINE, quantity=Decimal(2)),)),
        replace(ORDER, tax=1),
        replace(ORDER, memo="Thanks"),
        replace(ORDER, due_date=dt.date(2026, 12, 1)),
        replace(ORDER, deductions=(Deduction(DeductionKind.CREDIT, "Missed visit", 100),)),
    ],
)
def test_every_field_of_a_draft_that_clients_write_counts_as_a_change(changed: Order) -> None:
    assert changed.edit_tag != ORDER.edit_tag
