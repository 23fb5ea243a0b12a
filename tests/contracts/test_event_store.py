"""Contract of every store of events."""

from __future__ import annotations

import pytest
from pynamodb.exceptions import PynamoDBException

from chalicelib.domain.canary import Canary
from chalicelib.domain.errors import DuplicateEvent, Refused
from chalicelib.domain.event_arrivals import LATEST_EVENTS, Arrival
from chalicelib.domain.events import NOTHING_NEW, LoggedEvent
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import InvoiceId, StripeAccountId
from chalicelib.domain.parking import ParkedEvent
from chalicelib.domain.summary import invoice_write
from tests.backends import Backend
from tests.contracts.examples import (
    ACCOUNT,
    NOW,
    ORG,
    OTHER_ACCOUNT,
    OTHER_ORG,
    about_invoice,
    customer,
    event,
    invoice,
    marker,
)

DAY = 86400


def test_processed_events_are_recognized_on_their_account_only(backend: Backend) -> None:
    stored = backend.customers.apply(customer(), marker("evt_1"))
    backend.customers.apply(stored, marker("evt_2"))
    assert backend.events.known(ACCOUNT, ["evt_1", "evt_2", "evt_3", "evt_1"]) == {"evt_1", "evt_2"}
    assert backend.events.known(OTHER_ACCOUNT, ["evt_1"]) == frozenset()
    assert backend.events.known(ACCOUNT, []) == frozenset()


def test_at_most_a_hundred_events_can_be_looked_up_at_once(backend: Backend) -> None:
    backend.customers.apply(customer(), marker("evt_99"))
    assert backend.events.known(ACCOUNT, [f"evt_{n}" for n in range(100)]) == {"evt_99"}
    with pytest.raises(ValueError, match="101"):
        backend.events.known(ACCOUNT, [f"evt_{n}" for n in range(101)])


def test_a_parked_event_is_stored_whole_and_does_not_count_as_processed(backend: Backend) -> None:
    backend.events.park(event(body='{"name": "Zoë"}'), NOW, "KeyError: 'total'")
    assert [each.body for each in backend.events.parked(ACCOUNT, 10)] == ['{"name": "Zoë"}']
    assert list(backend.events.parked(OTHER_ACCOUNT, 10)) == []
    assert backend.events.known(ACCOUNT, ["evt_1"]) == frozenset()


def test_parked_events_come_oldest_first(backend: Backend) -> None:
    for n in (3, 1, 2):
        backend.events.park(event(f"evt_{n}", created=NOW + n, body=str(n)), NOW, "error")
    assert [each.body for each in backend.events.parked(ACCOUNT, 10)] == ["1", "2", "3"]
    assert [each.body for each in backend.events.parked(ACCOUNT, 2)] == ["1", "2"]


def test_an_event_that_fails_again_moves_behind_the_others(backend: Backend) -> None:
    for n in (1, 2, 3):
        backend.events.park(event(f"evt_{n}", created=NOW + n, body=str(n)), NOW, "error")
    backend.events.park(event("evt_1", created=NOW + 1, body="1"), NOW + 60, "error")
    assert [each.body for each in backend.events.parked(ACCOUNT, 2)] == ["2", "3"]
    assert [each.body for each in backend.events.parked(ACCOUNT, 3)] == ["2", "3", "1"]


def test_an_event_parked_again_is_stored_once_with_its_first_arrival_time(backend: Backend) -> None:
    long, short = '{"long": "' + "x" * 50_000 + '"}', "{}"
    for n, body in enumerate((short, long, short)):
        backend.events.park(event(body=body), NOW + n, f"error {n}")
        assert [each.body for each in backend.events.parked(ACCOUNT, 10)] == [body]
    assert backend.events.last_received_at(ACCOUNT) == NOW


def test_a_processed_event_is_not_parked(backend: Backend) -> None:
    backend.customers.apply(customer(), marker())
    backend.events.park(event(), NOW, "error")
    assert list(backend.events.parked(ACCOUNT, 10)) == []
    assert backend.events.known(ACCOUNT, ["evt_1"]) == {"evt_1"}


def test_an_event_set_aside_is_not_retried_and_can_still_be_processed(backend: Backend) -> None:
    backend.events.park(event(), NOW, "error")
    backend.events.set_aside(ACCOUNT, "evt_1", NOW + 5)
    assert list(backend.events.parked(ACCOUNT, 10)) == []
    assert backend.events.known(ACCOUNT, ["evt_1"]) == frozenset()
    backend.events.park(event(), NOW + 9, "another error")
    assert len(backend.events.parked(ACCOUNT, 10)) == 1
    backend.events.set_aside(ACCOUNT, "evt_1", NOW + 10)
    backend.customers.apply(customer(), marker())
    assert backend.events.known(ACCOUNT, ["evt_1"]) == {"evt_1"}


def test_setting_aside_changes_no_event_that_was_processed_or_never_parked(backend: Backend) -> None:
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


def test_the_latest_event_of_an_account_counts_whether_it_was_parked_or_not(backend: Backend) -> None:
    assert backend.events.last_received_at(ACCOUNT) is None
    stored = backend.customers.apply(customer(), marker("evt_1", received_at=NOW + 5))
    backend.customers.apply(stored, marker("evt_2", received_at=NOW + 3))
    assert backend.events.last_received_at(ACCOUNT) == NOW + 5
    backend.events.park(event("evt_3"), NOW + 9, "error")
    assert backend.events.last_received_at(ACCOUNT) == NOW + 9
    assert backend.events.last_received_at(OTHER_ACCOUNT) is None


def test_the_arrivals_of_the_latest_events_are_listed_latest_first(backend: Backend) -> None:
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


def test_at_most_a_hundred_arrivals_are_listed(backend: Backend) -> None:
    stored = customer()
    for number in range(LATEST_EVENTS + 5):
        stored = backend.customers.apply(stored, marker(f"evt_{number}", received_at=NOW + number))
    assert [each.received_at for each in backend.events.arrivals(ACCOUNT)] == [NOW + n for n in range(104, 4, -1)]


def test_an_event_without_effect_is_marked_as_processed_once(backend: Backend) -> None:
    backend.events.mark(marker(outcome=NOTHING_NEW))
    assert backend.events.known(ACCOUNT, ["evt_1"]) == {"evt_1"}
    with pytest.raises(DuplicateEvent):
        backend.events.mark(marker(outcome="applied"))
    with pytest.raises(DuplicateEvent):
        backend.customers.apply(customer(), marker())


def test_an_event_that_changed_an_invoice_cannot_be_marked_again(backend: Backend) -> None:
    backend.customers.apply(customer(), marker())
    with pytest.raises(DuplicateEvent):
        backend.events.mark(marker(outcome=NOTHING_NEW))


def test_a_parked_event_without_effect_is_marked_as_processed_and_no_longer_parked(backend: Backend) -> None:
    backend.events.park(event(), NOW, "error")
    backend.events.mark(marker(outcome=NOTHING_NEW))
    assert list(backend.events.parked(ACCOUNT, 10)) == []
    assert backend.events.known(ACCOUNT, ["evt_1"]) == {"evt_1"}


def test_events_without_news_do_not_count_as_arrivals(backend: Backend) -> None:
    backend.events.mark(marker("evt_1", received_at=NOW, outcome=NOTHING_NEW))
    assert list(backend.events.arrivals(ACCOUNT)) == []
    assert backend.events.last_received_at(ACCOUNT) is None
    backend.events.mark(marker("evt_2", received_at=NOW + 1, outcome=NOTHING_NEW, type="invoice.finalized"))
    backend.events.mark(marker("evt_3", received_at=NOW + 2, outcome=NOTHING_NEW, source=Source.SWEEP))
    assert list(backend.events.arrivals(ACCOUNT)) == [
        Arrival(NOW + 2, None, True),
        Arrival(NOW + 1, NOW + 1, False),
    ]
    assert backend.events.last_received_at(ACCOUNT) == NOW + 2


INVOICE = InvoiceId("inv_a")


def test_an_invoices_events_are_listed_latest_arrival_first_page_by_page(backend: Backend) -> None:
    """Several events arrive within one second and keep an order."""
    for name, at in (("b", NOW + 1), ("a", NOW), ("d", NOW + 1), ("c", NOW + 1), ("e", NOW + 2)):
        backend.events.mark(about_invoice(f"evt_{name}", received_at=at))
    listed, after = [], None
    while True:
        page = backend.events.of_invoice(ORG, INVOICE, 2, after)
        listed += [each.id for each in page.items]
        if not page.has_next:
            break
        after = page.end_cursor
    assert listed == ["evt_e", "evt_d", "evt_c", "evt_b", "evt_a"]


def test_an_event_log_shows_the_outcome_of_each_event(backend: Backend) -> None:
    stored = backend.invoices.insert(invoice_write(invoice()), {})
    backend.invoices.apply(invoice_write(stored), about_invoice("evt_1", created=NOW - 7))
    backend.events.mark(about_invoice("evt_2", received_at=NOW + 1, outcome=NOTHING_NEW))
    backend.events.mark(
        about_invoice("evt_3", received_at=NOW + 2, source=Source.SWEEP, outcome="recovered", object_id="pi_1")
    )
    backend.events.park(event("evt_4", created=NOW + 1), NOW + 3, "KeyError", (ORG, INVOICE))
    for again in ("evt_2", "evt_2", "evt_3"):
        backend.events.repeated(ACCOUNT, again, NOW + 60)
    paid = "invoice.paid"
    assert list(backend.events.of_invoice(ORG, INVOICE, 10, None).items) == [
        LoggedEvent("evt_4", paid, NOW + 1, NOW + 3, "parked", None, "in_1", 0, "KeyError"),
        LoggedEvent("evt_3", paid, NOW - 5, NOW + 2, "recovered", Source.SWEEP, "pi_1", 1),
        LoggedEvent("evt_2", paid, NOW - 5, NOW + 1, NOTHING_NEW, Source.WEBHOOK, "in_1", 2),
        LoggedEvent("evt_1", paid, NOW - 7, NOW, "applied", Source.WEBHOOK, "in_1", 0),
    ]


def test_an_event_log_holds_nothing_of_other_invoices_or_organizations(backend: Backend) -> None:
    backend.events.mark(about_invoice("evt_1"))
    backend.events.mark(marker("evt_2"))
    backend.events.park(event("evt_3"), NOW, "error")
    assert backend.events.of_invoice(ORG, InvoiceId("inv_b"), 10, None).items == ()
    assert backend.events.of_invoice(OTHER_ORG, INVOICE, 10, None).items == ()
    assert [each.id for each in backend.events.of_invoice(ORG, INVOICE, 10, None).items] == ["evt_1"]


def test_a_cursor_of_another_invoices_log_is_refused(backend: Backend) -> None:
    backend.events.mark(about_invoice("evt_1"))
    cursor = backend.events.of_invoice(ORG, INVOICE, 1, None).end_cursor
    with pytest.raises(Refused, match="cursor_invalid"):
        backend.events.of_invoice(ORG, InvoiceId("inv_b"), 1, cursor)
    with pytest.raises(Refused, match="cursor_invalid"):
        backend.events.of_invoice(OTHER_ORG, INVOICE, 1, cursor)


def test_an_event_parked_again_stays_with_its_invoice(backend: Backend) -> None:
    backend.events.park(event(), NOW, "error", (ORG, INVOICE))
    backend.events.park(event(), NOW + 60, "another error")
    [logged] = backend.events.of_invoice(ORG, INVOICE, 10, None).items
    assert (logged.received_at, logged.error) == (NOW, "another error")


def test_canary_events_are_stored_separately_from_the_events_of_organizations(backend: Backend) -> None:
    canary = Canary("canary_1", NOW, "fingerprint")
    assert backend.events.canary("canary_1") is None
    backend.events.save_canary(canary, NOW + 1)
    assert backend.events.canary("canary_1") == canary
    assert backend.events.last_received_at(ACCOUNT) is None
    assert backend.events.known(ACCOUNT, ["canary_1"]) == frozenset()
    assert list(backend.events.parked(ACCOUNT, 10)) == []


@pytest.mark.parametrize("event_id", ["", "e" * 1025, "池" * 342], ids=["empty", "1,025 bytes", "1,026 bytes"])
def test_the_fake_refuses_a_key_that_dynamodb_would_refuse(backend: Backend, event_id: str) -> None:
    with pytest.raises((ValueError, PynamoDBException)):
        backend.events.park(event(event_id), NOW, "error")
    with pytest.raises((ValueError, PynamoDBException)):
        backend.customers.apply(customer(), marker(event_id))
    with pytest.raises((ValueError, PynamoDBException)):
        backend.invoices.find_by_reference(ACCOUNT, [event_id])
    with pytest.raises((ValueError, PynamoDBException)):
        backend.events.known(ACCOUNT, [event_id])


def test_the_longest_ids_of_stripe_fit_into_dynamodb_keys(backend: Backend) -> None:
    longest = StripeAccountId("acct_" + "1" * 123)
    backend.events.park(event("%" * 255, account_id=longest), NOW, "error")
    assert [each.event_id for each in backend.events.parked(longest, 10)] == ["%" * 255]
    assert backend.customers.find_by_stripe_id(longest, "%" * 255) is None
    assert backend.customers.holder_of(ORG, longest, "%" * 255) is None
    assert backend.invoices.find_by_reference(longest, ["#" * 255]) == {}
    assert backend.connections.organization_of(longest) is None


def test_a_parked_event_stores_its_first_arrival_and_the_reason_for_parking(backend: Backend) -> None:
    backend.events.park(event(), NOW, "error 1")
    backend.events.park(event(), NOW + 60, "error 2")
    assert list(backend.events.parked(ACCOUNT, 10)) == [ParkedEvent("evt_1", event().body, NOW, "error 2")]


def test_every_event_of_an_account_is_recorded_with_its_invoice_and_its_outcome(backend: Backend) -> None:
    backend.events.mark(about_invoice("evt_2"))
    backend.events.park(event("evt_1", body='{"parked": 1}'), NOW, "error", (ORG, InvoiceId("inv_#1")))
    backend.events.mark(marker("evt_3", account_id=OTHER_ACCOUNT))

    (_, parked), (_, dealt_with) = backend.events.recorded(ACCOUNT, None)

    assert (parked.logged.id, parked.logged.outcome, parked.body) == ("evt_1", "parked", '{"parked": 1}')
    assert parked.invoice == (ORG, "inv_#1")
    assert parked.expires_at == NOW + 42 * DAY
    assert dealt_with.logged == LoggedEvent("evt_2", "invoice.paid", NOW - 5, NOW, "applied", Source.WEBHOOK, "in_1")
    assert (dealt_with.invoice, dealt_with.body) == ((ORG, "inv_a"), None)
    assert dealt_with.expires_at == NOW + 35 * DAY


def test_recorded_events_can_be_listed_after_any_of_them(backend: Backend) -> None:
    for n in (3, 1, 2):
        backend.events.mark(marker(f"evt_{n}"))
    cursors = {each.logged.id: behind for behind, each in backend.events.recorded(ACCOUNT, None)}
    assert list(cursors) == ["evt_1", "evt_2", "evt_3"]
    assert [each.logged.id for _, each in backend.events.recorded(ACCOUNT, cursors["evt_1"])] == ["evt_2", "evt_3"]
    assert list(backend.events.recorded(ACCOUNT, cursors["evt_3"])) == []
    with pytest.raises(Refused, match="does not belong to this list"):
        list(backend.events.recorded(OTHER_ACCOUNT, cursors["evt_1"]))
