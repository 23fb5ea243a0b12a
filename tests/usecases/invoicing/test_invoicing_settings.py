"""Tests the invoicing settings of an organization: they are replaced as a whole, and checked before they are
stored.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.errors import Refused, StaleWrite
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.settings import MAX_REMINDERS, InvoicingSettings, Reminders
from chalicelib.usecases.invoicing import invoicing_settings
from tests.world import ORGANIZATION, World

OTHER = OrganizationId("org_green")
ALL = InvoicingSettings(
    ORGANIZATION,
    payment_terms="days_45",
    payment_window=14,
    payment_methods=("card", "us_bank_account"),
    memo="Thanks",
    footer="Blue Pools",
    reminders=Reminders(enabled=True, days_before_due=(7, 1), on_due_date=True, days_after_due=(3,)),
    currency="cad",
    time_zone="America/Toronto",
)


def test_a_new_organization_has_default_settings(world: World) -> None:
    settings = invoicing_settings.read(ORGANIZATION, world.ports)
    assert (settings.invoice_type, settings.payment_terms) == ("stripe", "net_30")
    assert not settings.reminders.enabled


def test_settings_are_stored_with_reminder_days_in_order(world: World) -> None:
    stored = invoicing_settings.change(ORGANIZATION, ALL, world.ports)
    assert invoicing_settings.read(ORGANIZATION, world.ports) == stored
    assert stored.reminders.days_before_due == (1, 7)
    assert replace(stored, version=0, reminders=ALL.reminders) == ALL


def test_settings_are_stored_for_the_organization_of_the_request(world: World) -> None:
    invoicing_settings.change(ORGANIZATION, replace(ALL, organization_id=OTHER), world.ports)
    assert invoicing_settings.read(ORGANIZATION, world.ports).memo == "Thanks"
    assert invoicing_settings.read(OTHER, world.ports).memo is None


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"invoice_type": "paper"}, "invoice_type_unknown", "invoiceType"),
        ({"payment_terms": "soon"}, "payment_terms_unknown", "paymentTerms"),
        ({"payment_window": 0}, "payment_window_invalid", "paymentWindow"),
        ({"payment_window": 366}, "payment_window_invalid", "paymentWindow"),
        ({"payment_methods": ("gold",)}, "payment_method_unknown", "paymentMethods[0]"),
        ({"currency": "xxx"}, "currency_unsupported", "currency"),
        ({"time_zone": "Mars/Olympus"}, "time_zone_unknown", "timeZone"),
        ({"reminders": Reminders(days_before_due=(0,))}, "reminder_days_invalid", "reminders.daysBeforeDue"),
        ({"reminders": Reminders(days_after_due=(366,))}, "reminder_days_invalid", "reminders.daysAfterDue"),
        (
            {"reminders": Reminders(days_after_due=tuple(range(1, MAX_REMINDERS + 2)))},
            "reminder_days_invalid",
            "reminders.daysAfterDue",
        ),
    ],
)
def test_an_invalid_value_is_refused_and_nothing_is_stored(
    changes: dict[str, Any], code: str, field: str, world: World
) -> None:
    with pytest.raises(Refused) as refusal:
        invoicing_settings.change(ORGANIZATION, replace(ALL, **changes), world.ports)
    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert refusal.value.next_step
    assert world.ports.database.settings == {}


def test_the_second_of_two_simultaneous_saves_is_refused(world: World) -> None:
    real = world.ports.settings

    class RacingStore:
        raced = False

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def save(self, settings: InvoicingSettings, *acts: Any) -> InvoicingSettings:
            if not RacingStore.raced:
                RacingStore.raced = True
                invoicing_settings.change(ORGANIZATION, replace(ALL, memo="First"), world.ports)
            return real.save(settings, *acts)

    world.ports.settings = RacingStore()  # type: ignore[assignment]
    with pytest.raises(StaleWrite):
        invoicing_settings.change(ORGANIZATION, replace(ALL, memo="Second"), world.ports)
    world.ports.settings = real
    assert invoicing_settings.read(ORGANIZATION, world.ports).memo == "First"
