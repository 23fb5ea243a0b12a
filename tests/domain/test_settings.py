"""Settings accept real time zones and payment methods only."""

from __future__ import annotations

import pytest

from chalicelib.domain.errors import Refused
from chalicelib.domain.settings import PAYMENT_METHODS, known_payment_methods, known_time_zone


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu"])
def test_a_real_time_zone_is_accepted(zone: str) -> None:
    assert known_time_zone(zone) == zone


@pytest.mark.parametrize(
    "zone", ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "America", "a" * 5000, "\0"]
)
def test_an_invented_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(Refused) as refusal:
        known_time_zone(zone)
    assert (refusal.value.code, refusal.value.field) == ("time_zone_unknown", "timeZone")
    assert refusal.value.next_step


def test_payment_methods_are_stored_once_in_their_order() -> None:
    assert known_payment_methods(("us_bank_account", "card", "us_bank_account")) == ("us_bank_account", "card")
    assert known_payment_methods(PAYMENT_METHODS) == PAYMENT_METHODS
    assert known_payment_methods(()) == ()


def test_an_unknown_payment_method_is_named_by_its_place() -> None:
    with pytest.raises(Refused) as refusal:
        known_payment_methods(("card", "cash"))
    assert (refusal.value.code, refusal.value.field) == ("payment_method_unknown", "paymentMethods[1]")
    assert "card" in str(refusal.value.next_step)
