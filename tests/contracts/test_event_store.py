"""What every store of events does."""

from __future__ import annotations

import pytest
from pynamodb.exceptions import PynamoDBException

from chalicelib.domain.arrivals import LOOKED_AT, Arrival
from chalicelib.domain.canary import Canary
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.parking import ParkedEvent
from tests.backends import Backend
from tests.contracts.examples import ACCOUNT, NOW, ORG, OTHER_ACCOUNT, customer, event, marker


def test_events_dealt_with_are_known_on_their_account(backend: Backend) -> None:
    stored = backend.customers.apply(customer(), marker("evt_1"))
    backend.customers.apply(stored, marker("evt_2"))
    assert backend.events.known(ACCOUNT, ["evt_1", "evt_2", "evt_3", "evt_1"]) == {"evt_1", "evt_2"}
    assert backend.events.known(OTHER_ACCOUNT, ["evt_1"]) == frozenset()
    assert backend.events.known(ACCOUNT, []) == frozenset()


def test_a_hundred_events_can_be_asked_for_and_no_more(backend: Backend) -> None:
    backend.customers.apply(customer(), marker("evt_99"))
    assert backend.events.known(ACCOUNT, [f"evt_{n}" for n in range(100)]) == {"evt_99"}
    with pytest.raises(ValueError, match="101"):
        backend.events.known(ACCOUNT, [f"evt_{n}" for n in range(101)])


def test_a_parked_event_is_kept_whole_and_not_known(backend: Backend) -> None:
    backend.events.park(event(body='{"name": "Zoë"}'), NOW, "KeyError: 'total'")
    assert [each.body for each in backend.events.parked(ACCOUNT, 10)] == ['{"name": "Zoë"}']
    assert list(backend.events.parked(OTHER_ACCOUNT, 10)) == []
    assert backend.events.known(ACCOUNT, ["evt_1"]) == frozenset()


def test_parked_events_come_oldest_first(backend: Backend) -> None:
    for n in (3, 1, 2):
        backend.events.park(event(f"evt_{n}", created=NOW + n, body=str(n)), NOW, "error")
    assert [each.body for each in backend.events.parked(ACCOUNT, 10)] == ["1", "2", "3"]
    assert [each.body for each in backend.events.parked(ACCOUNT, 2)] == ["1", "2"]


def test_an_event_that_fails_again_lets_the_others_pass(backend: Backend) -> None:
    for n in (1, 2, 3):
        backend.events.park(event(f"evt_{n}", created=NOW + n, body=str(n)), NOW, "error")
    backend.events.park(event("evt_1", created=NOW + 1, body="1"), NOW + 60, "error")
    assert [each.body for each in backend.events.parked(ACCOUNT, 2)] == ["2", "3"]
    assert [each.body for each in backend.events.parked(ACCOUNT, 3)] == ["2", "3", "1"]


def test_an_event_parked_again_is_parked_once_and_came_when_it_first_came(backend: Backend) -> None:
    long, short = '{"long": "' + "x" * 50_000 + '"}', "{}"
    for n, body in enumerate((short, long, short)):
        backend.events.park(event(body=body), NOW + n, f"error {n}")
        assert [each.body for each in backend.events.parked(ACCOUNT, 10)] == [body]
    assert backend.events.last_received_at(ACCOUNT) == NOW


def test_an_event_that_was_dealt_with_is_not_parked(backend: Backend) -> None:
    backend.customers.apply(customer(), marker())
    backend.events.park(event(), NOW, "error")
    assert list(backend.events.parked(ACCOUNT, 10)) == []
    assert backend.events.known(ACCOUNT, ["evt_1"]) == {"evt_1"}


def test_an_event_set_aside_is_not_tried_again_and_can_still_be_dealt_with(backend: Backend) -> None:
    backend.events.park(event(), NOW, "error")
    backend.events.set_aside(ACCOUNT, "evt_1", NOW + 5)
    assert list(backend.events.parked(ACCOUNT, 10)) == []
    assert backend.events.known(ACCOUNT, ["evt_1"]) == frozenset()
    backend.events.park(event(), NOW + 9, "another error")
    assert len(backend.events.parked(ACCOUNT, 10)) == 1
    backend.events.set_aside(ACCOUNT, "evt_1", NOW + 10)
    backend.customers.apply(customer(), marker())
    assert backend.events.known(ACCOUNT, ["evt_1"]) == {"evt_1"}


def test_setting_aside_leaves_what_was_dealt_with_or_never_parked(backend: Backend) -> None:
    backend.customers.apply(customer(), marker())
    backend.events.set_aside(ACCOUNT, "evt_1", NOW)
    backend.events.set_aside(ACCOUNT, "evt_2", NOW)
    assert backend.events.known(ACCOUNT, ["evt_1", "evt_2"]) == {"evt_1"}


def test_the_largest_event_can_be_parked(backend: Backend) -> None:
    body = "".join(chr(0x4E00 + n * n % 20000) for n in range(90_000))
    assert len(body.encode()) > 256 * 1024
    backend.events.park(event(body=body), NOW, "error")
    assert [each.body for each in backend.events.parked(ACCOUNT, 10)] == [body]


def test_an_event_of_the_platform_itself_can_be_parked_too(backend: Backend) -> None:
    backend.events.park(event(account_id=None), NOW, "error")
    assert list(backend.events.parked(ACCOUNT, 10)) == []


def test_the_latest_event_counts_parked_or_not(backend: Backend) -> None:
    assert backend.events.last_received_at(ACCOUNT) is None
    stored = backend.customers.apply(customer(), marker("evt_1", received_at=NOW + 5))
    backend.customers.apply(stored, marker("evt_2", received_at=NOW + 3))
    assert backend.events.last_received_at(ACCOUNT) == NOW + 5
    backend.events.park(event("evt_3"), NOW + 9, "error")
    assert backend.events.last_received_at(ACCOUNT) == NOW + 9
    assert backend.events.last_received_at(OTHER_ACCOUNT) is None


def test_how_the_latest_events_came_is_told_the_latest_first(backend: Backend) -> None:
    assert list(backend.events.arrivals(ACCOUNT)) == []
    stored = backend.customers.apply(customer(), marker("evt_1", received_at=NOW + 1))
    swept = {"source": Source.SWEEP, "outcome": "recovered"}
    stored = backend.customers.apply(stored, marker("evt_2", received_at=NOW + 2, **swept))
    stored = backend.customers.apply(stored, marker("evt_3", received_at=NOW + 3, **swept))
    stored = backend.customers.apply(
        stored, marker("evt_4", received_at=NOW + 4, **{**swept, "outcome": "no_change"})
    )
    backend.events.park(event("evt_5"), NOW + 5, "error")
    for again in ("evt_1", "evt_3"):
        backend.events.repeated(ACCOUNT, again, NOW + 9)
    for unknown in ("evt_5", "evt_9"):
        backend.events.repeated(ACCOUNT, unknown, NOW + 99)
    assert list(backend.events.arrivals(ACCOUNT)) == [
        Arrival(NOW + 5, None, False),
        Arrival(NOW + 4, None, True),
        Arrival(NOW + 3, NOW + 9, True),
        Arrival(NOW + 2, None, True),
        Arrival(NOW + 1, NOW + 1, False),
    ]
    assert list(backend.events.arrivals(OTHER_ACCOUNT)) == []
    assert backend.events.last_received_at(ACCOUNT) == NOW + 5


def test_a_hundred_arrivals_are_looked_at(backend: Backend) -> None:
    stored = customer()
    for number in range(LOOKED_AT + 5):
        stored = backend.customers.apply(stored, marker(f"evt_{number}", received_at=NOW + number))
    assert [each.received_at for each in backend.events.arrivals(ACCOUNT)] == [NOW + n for n in range(104, 4, -1)]


def test_a_canary_is_kept_apart_from_everybodys_events(backend: Backend) -> None:
    made = Canary("canary_1", NOW, "fingerprint")
    assert backend.events.canary("canary_1") is None
    backend.events.keep_canary(made, NOW + 1)
    assert backend.events.canary("canary_1") == made
    assert backend.events.last_received_at(ACCOUNT) is None
    assert backend.events.known(ACCOUNT, ["canary_1"]) == frozenset()
    assert list(backend.events.parked(ACCOUNT, 10)) == []


@pytest.mark.parametrize("event_id", ["", "e" * 1025, "池" * 342], ids=["empty", "1,025 bytes", "1,026 bytes"])
def test_a_key_that_dynamodb_does_not_take_is_refused_in_tests_too(backend: Backend, event_id: str) -> None:
    with pytest.raises((ValueError, PynamoDBException)):
        backend.events.park(event(event_id), NOW, "error")
    with pytest.raises((ValueError, PynamoDBException)):
        backend.customers.apply(customer(), marker(event_id))
    with pytest.raises((ValueError, PynamoDBException)):
        backend.invoices.find_by_reference(ACCOUNT, [event_id])
    with pytest.raises((ValueError, PynamoDBException)):
        backend.events.known(ACCOUNT, [event_id])


def test_the_longest_ids_of_stripes_make_keys_that_dynamodb_takes(backend: Backend) -> None:
    longest = StripeAccountId("acct_" + "1" * 123)
    backend.events.park(event("%" * 255, account_id=longest), NOW, "error")
    assert [each.event_id for each in backend.events.parked(longest, 10)] == ["%" * 255]
    assert backend.customers.find_by_stripe_id(longest, "%" * 255) is None
    assert backend.customers.holder_of(ORG, longest, "%" * 255) is None
    assert backend.invoices.find_by_reference(longest, ["#" * 255]) == {}
    assert backend.connections.organization_of(longest) is None


def test_a_parked_event_says_when_it_first_came_and_why_it_was_parked(backend: Backend) -> None:
    backend.events.park(event(), NOW, "error 1")
    backend.events.park(event(), NOW + 60, "error 2")
    assert list(backend.events.parked(ACCOUNT, 10)) == [ParkedEvent("evt_1", event().body, NOW, "error 2")]
