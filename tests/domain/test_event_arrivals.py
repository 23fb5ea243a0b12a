"""Whether webhooks reach us, as the latest events show."""

from __future__ import annotations

from chalicelib.domain.event_arrivals import Arrival, WebhookReach

NOW = 1_800_000_000


def brought(at: int) -> Arrival:
    return Arrival(at, at, False)


def fetched(at: int, delivered_at: int | None = None) -> Arrival:
    return Arrival(at, delivered_at, True)


def test_without_events_nothing_was_heard_and_nothing_fetched() -> None:
    assert WebhookReach.of([]) == WebhookReach(None, 0)
    assert not WebhookReach.of([]).reached_after(0)


def test_what_was_fetched_counts_from_the_latest_webhook_on() -> None:
    hearing = WebhookReach.of([fetched(NOW + 9), fetched(NOW + 8), brought(NOW + 5), fetched(NOW + 3), brought(NOW)])
    assert hearing == WebhookReach(NOW + 5, 2)
    assert hearing.reached_after(NOW + 4)
    assert not hearing.reached_after(NOW + 5)


def test_a_webhook_that_comes_after_the_sweep_counts_as_heard() -> None:
    assert WebhookReach.of([fetched(NOW + 9), fetched(NOW + 8, NOW + 60)]) == WebhookReach(NOW + 60, 0)


def test_a_parked_event_is_neither() -> None:
    assert WebhookReach.of([Arrival(NOW, None, False)]) == WebhookReach(None, 0)
