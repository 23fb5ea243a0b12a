"""The latest events of an account show whether webhooks reach POM."""

from __future__ import annotations

from chalicelib.domain.event_arrivals import Arrival, WebhookReach

NOW = 1_800_000_000


def brought(at: int) -> Arrival:
    return Arrival(at, at, False)


def fetched(at: int, delivered_at: int | None = None) -> Arrival:
    return Arrival(at, delivered_at, True)


def test_without_events_there_are_no_arrivals() -> None:
    assert WebhookReach.of([]) == WebhookReach(None, 0)
    assert not WebhookReach.of([]).reached_after(0)


def test_fetched_events_count_since_the_latest_webhook() -> None:
    hearing = WebhookReach.of([fetched(NOW + 9), fetched(NOW + 8), brought(NOW + 5), fetched(NOW + 3), brought(NOW)])
    assert hearing == WebhookReach(NOW + 5, 2)
    assert hearing.reached_after(NOW + 4)
    assert not hearing.reached_after(NOW + 5)


def test_a_webhook_that_arrives_after_the_sweep_counts_as_received() -> None:
    assert WebhookReach.of([fetched(NOW + 9), fetched(NOW + 8, NOW + 60)]) == WebhookReach(NOW + 60, 0)


def test_a_parked_event_counts_as_neither_received_nor_fetched() -> None:
    assert WebhookReach.of([Arrival(NOW, None, False)]) == WebhookReach(None, 0)
