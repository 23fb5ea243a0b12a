"""Tests the canary: what its success proves, how it fails, and that it grants no access."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.secrets import FRESH_FOR
from chalicelib.adapters.stripe.events import WebhookOpener, signature_header
from chalicelib.domain.canary import REMEMBERED_FOR, Attempt, Canary, CanaryRun, Verdict, fingerprint, is_canary
from chalicelib.domain.errors import InvalidSignature, Retryable
from chalicelib.usecases.events.canary import receive_canary, send_and_store_canaries, send_canaries
from tests.fakes import FakePorts
from tests.world import World

NEW, OLD = "whsec_new", "whsec_old"
DOWN = Retryable("database_unavailable", "The database does not respond at the moment.")


class InProcessEndpoint:
    """The webhook endpoint without HTTP. It accepts the secrets in `accepted`, whatever the store of secrets
    holds.
    """

    def __init__(self, ports: FakePorts, stored: Sequence[str] = (NEW,), accepted: Sequence[str] = (NEW,)) -> None:
        self.ports = ports
        self.stored: Sequence[str] | Exception = stored
        self.answer: int | Exception | None = None
        self.bodies: list[bytes] = []
        self._opener = WebhookOpener(lambda: accepted, ports.clock)

    def secrets(self) -> Sequence[str]:
        if isinstance(self.stored, Exception):
            raise self.stored
        return self.stored

    def post(self, body: bytes, secret: str, at: int) -> int:
        self.bodies.append(body)
        self.ports.clock.sleep(0.25)
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is not None:
            return self.answer
        try:
            event = self._opener.open(body, signature_header(body, secret, at))
        except InvalidSignature:
            return 400
        receive_canary(event, self.ports)
        return 200


@pytest.fixture
def ports(world: World) -> FakePorts:
    return world.ports


def test_a_canary_passes_once_its_item_is_in_the_table_and_measures_the_time(ports: FakePorts) -> None:
    webhook = InProcessEndpoint(ports)
    run = send_canaries(webhook, ports)
    assert (run.verdict, run.milliseconds, run.verdict.passed) == (Verdict.PASSED, 250, True)
    assert len(webhook.bodies) == 1
    assert len(ports.database.canaries) == 1


def test_during_a_roll_every_secret_is_tried_newest_first(ports: FakePorts) -> None:
    both = InProcessEndpoint(ports, stored=(NEW, OLD), accepted=(NEW, OLD))
    run = send_canaries(both, ports)
    assert run.verdict is Verdict.PASSED
    assert run.attempts == (
        Attempt(fingerprint(NEW), Verdict.PASSED),
        Attempt(fingerprint(OLD), Verdict.PASSED),
    )
    assert (len(both.bodies), run.milliseconds) == (2, 250)


def test_a_refused_older_secret_is_reported_although_the_newest_is_accepted(ports: FakePorts) -> None:
    verdict = send_canaries(InProcessEndpoint(ports, stored=(NEW, OLD), accepted=(NEW,)), ports).verdict
    assert verdict is Verdict.OLDER_SECRET_REFUSED
    assert verdict.passed


@pytest.mark.parametrize("accepted", [(OLD,), (NEW,)])
def test_a_secret_refused_for_longer_than_functions_cache_secrets_is_a_problem(
    ports: FakePorts, accepted: Sequence[str]
) -> None:
    webhook = InProcessEndpoint(ports, stored=(NEW, OLD), accepted=accepted)
    began = ports.clock.now()
    problems = []
    for at in (0, 300, 302):
        ports.clock.set(began + at)
        problems.append(send_and_store_canaries(webhook, ports).problem)
    number = 1 if NEW not in accepted else 2
    assert problems == [None, None, problems[2]]
    assert f"secret {number} of its 2" in str(problems[2])


def test_a_secret_that_was_accepted_in_between_counts_as_newly_refused(ports: FakePorts) -> None:
    began = ports.clock.now()
    for at, accepted in ((0, (OLD,)), (300, (NEW, OLD)), (600, (OLD,)), (900, (OLD,))):
        ports.clock.set(began + at)
        run = send_and_store_canaries(InProcessEndpoint(ports, stored=(NEW, OLD), accepted=accepted), ports)
    assert run.attempts[0].refused_since == began + 600
    assert run.problem is None


def test_an_unavailable_endpoint_is_tried_with_one_secret_only(ports: FakePorts) -> None:
    webhook = InProcessEndpoint(ports, stored=(NEW, OLD), accepted=(NEW, OLD))
    webhook.answer = 503
    assert send_canaries(webhook, ports).verdict is Verdict.FAILED
    assert len(webhook.bodies) == 1


def test_every_failure_has_a_problem_in_plain_words() -> None:
    for verdict in Verdict:
        problem = CanaryRun(verdict, 0).problem
        assert (problem is None) == (verdict.passed or verdict is Verdict.THROTTLED)
        assert problem is None or problem.endswith("late.")


def test_a_scheduled_canary_is_stored_and_an_operators_canary_is_not(ports: FakePorts) -> None:
    send_canaries(InProcessEndpoint(ports), ports)
    assert ports.connections.canary_run() is None
    run = send_and_store_canaries(InProcessEndpoint(ports), ports)
    assert ports.connections.canary_run() == run
    assert run.at == ports.clock.now()


def test_a_canary_run_that_cannot_be_stored_is_still_returned(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise DOWN

    monkeypatch.setattr(ports.connections, "canary_run", down)
    monkeypatch.setattr(ports.connections, "save_canary_run", down)
    assert (
        send_and_store_canaries(InProcessEndpoint(ports, stored=(NEW, OLD), accepted=(OLD,)), ports).verdict
        is Verdict.PASSED_BY_OLDER_SECRET
    )


def test_functions_cache_secrets_for_as_long_as_the_canary_allows() -> None:
    assert REMEMBERED_FOR == FRESH_FOR


def test_a_newest_secret_that_the_handler_lacks_is_reported_although_events_are_accepted(ports: FakePorts) -> None:
    verdict = send_canaries(InProcessEndpoint(ports, stored=(NEW, OLD), accepted=(OLD,)), ports).verdict
    assert verdict is Verdict.PASSED_BY_OLDER_SECRET
    assert verdict.passed


def test_a_canary_fails_if_the_handler_has_none_of_the_secrets(ports: FakePorts) -> None:
    assert (
        send_canaries(InProcessEndpoint(ports, stored=(NEW, "whsec_other"), accepted=(OLD,)), ports).verdict
        is Verdict.REFUSED
    )
    assert ports.database.canaries == {}


@pytest.mark.parametrize("stored", [(), DOWN])
def test_without_a_secret_no_canary_is_sent(ports: FakePorts, stored: Any) -> None:
    webhook = InProcessEndpoint(ports)
    webhook.stored = stored
    assert send_canaries(webhook, ports).verdict is Verdict.NO_SECRET
    assert webhook.bodies == []


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Retryable("webhooks_unreachable", "No answer."), Verdict.NO_ANSWER),
        (503, Verdict.FAILED),
        (500, Verdict.FAILED),
        (302, Verdict.FAILED),
        (403, Verdict.REFUSED),
        (404, Verdict.REFUSED),
        (200, Verdict.NOT_KEPT),
        (204, Verdict.NOT_KEPT),
    ],
)
def test_every_response_but_a_2xx_with_a_stored_item_is_a_failure(
    ports: FakePorts, answer: Any, verdict: Verdict
) -> None:
    webhook = InProcessEndpoint(ports)
    webhook.answer = answer
    assert send_canaries(webhook, ports).verdict is verdict
    assert not verdict.passed


def test_a_stored_item_that_differs_from_the_canary_is_a_failure(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = ports.events.save_canary
    monkeypatch.setattr(ports.events, "save_canary", lambda c, at: save(replace(c, fingerprint="another"), at))
    assert send_canaries(InProcessEndpoint(ports), ports).verdict is Verdict.ALTERED


def test_a_table_that_cannot_be_read_is_a_failure(ports: FakePorts, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(_: str) -> None:
        raise DOWN

    monkeypatch.setattr(ports.events, "canary", down)
    assert send_canaries(InProcessEndpoint(ports), ports).verdict is Verdict.UNREADABLE


@pytest.mark.parametrize("changes", [{"type": "invoice.paid"}, {"account": "acct_1"}, {"id": "evt_1"}])
def test_an_event_with_a_type_an_account_or_an_id_of_stripe_is_no_canary(
    ports: FakePorts, changes: dict[str, str]
) -> None:
    _, body = Canary.create("nonce", ports.clock.now())
    event = json.dumps({**json.loads(body), **changes}).encode()
    opener = WebhookOpener(lambda: (NEW,), ports.clock)
    assert is_canary(opener.open(body, signature_header(body, NEW, ports.clock.now())))
    assert not is_canary(opener.open(event, signature_header(event, NEW, ports.clock.now())))


def test_every_canary_has_its_own_id(ports: FakePorts) -> None:
    webhook = InProcessEndpoint(ports)
    for _ in range(3):
        assert send_canaries(webhook, ports).verdict is Verdict.PASSED
    assert len({json.loads(body)["id"] for body in webhook.bodies}) == 3


def test_a_throttled_canary_is_no_problem_of_the_secrets(ports: FakePorts) -> None:
    webhook = InProcessEndpoint(ports)
    webhook.post = lambda *_: 429  # type: ignore[method-assign]
    run = send_canaries(webhook, ports)
    assert (run.verdict, run.problem) == (Verdict.THROTTLED, None)
