"""The stack's event bus on EventBridge.

PutEvents responds with 200 even if some entries failed, so each entry of the response is checked
(https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.aws_sessions import aws_session
from chalicelib.adapters.deployment_faults import DEPLOYMENT_FAULTS, raise_deployment_fault
from chalicelib.domain.errors import Retryable
from chalicelib.ports import Clock
from chalicelib.ports.changes import SOURCE, BusEvent, Refusal

MAX_ENTRIES = 10
"""The most entries in one request."""

MAX_REQUEST_BYTES = 256 * 1024
"""The most bytes in all entries of one request, as EventBridge counts them: see `size_of`.

AWS has raised the limit to 1 MB in some regions. Every region accepts 256 KB.
"""

PAUSES = (0.1, 0.4, 1.6)
"""Seconds before each retry of entries that failed temporarily, varied at random by up to half."""

TRANSIENT = frozenset(
    """
    InternalFailure InternalException ServiceUnavailable ThrottlingException Throttling RequestLimitExceeded
    TooManyRequestsException SlowDown RequestTimeout RequestTimeoutException
    """.split()
)
"""Error codes of entries, and of whole requests, that may succeed later."""

NOT_CAUSED_BY_EVENT = DEPLOYMENT_FAULTS | {"NotAuthorizedForSourceException"}
"""Error codes of entries that failed because of the role or the bus. All our events have one source.

AWS documents these codes as final
(https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html). They are final for this
deployment only, because the next deployment may fix the cause.
"""

_CONFIG = Config(connect_timeout=1, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})


class EventBridgeBus:
    """Implements `EventBus`. The client is created when the first event is put."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock

    def put(self, events: Sequence[BusEvent]) -> Mapping[str, Refusal]:
        """Puts events on the bus, and returns the refusals by the ids of the events.

        Raises:
            Retryable: EventBridge did not respond.
            DeploymentFault: EventBridge refuses every event.
        """
        remaining, refusals = list(events), dict[str, Refusal]()
        for pause in (*PAUSES, None):
            new_refusals = self._put_once(remaining)
            refusals |= new_refusals
            accepted = {each.id for each in remaining} - set(new_refusals)
            refusals = {event_id: why for event_id, why in refusals.items() if event_id not in accepted}
            remaining = [each for each in remaining if each.id in new_refusals and new_refusals[each.id].transient]
            if not remaining or pause is None:
                break
            self._clock.pause(pause)
        return refusals

    def _put_once(self, events: Sequence[BusEvent]) -> dict[str, Refusal]:
        refusals: dict[str, Refusal] = {}
        for portion in portions(events):
            refusals |= self._put_request(portion)
        return refusals

    def _put_request(self, events: Sequence[BusEvent]) -> dict[str, Refusal]:
        try:
            response = self._client.put_events(Entries=[self._entry(each) for each in events])
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if code in TRANSIENT or status >= 500 or status == 429:
                raise _unavailable(code) from error
            raise_deployment_fault(error.response, error)
            if len(events) == 1:
                return {events[0].id: Refusal(code, "EventBridge refused the request.", transient=False)}
            # One bad entry fails a whole request. Each entry is sent alone to find the bad one.
            refusals: dict[str, Refusal] = {}
            for event in events:
                refusals |= self._put_request([event])
            return refusals
        except BotoCoreError as error:
            raise _unavailable(type(error).__name__) from error
        return {
            event.id: Refusal(code, entry.get("ErrorMessage", ""), transient=code in TRANSIENT | NOT_CAUSED_BY_EVENT)
            for event, entry in zip(events, response["Entries"], strict=True)
            if (code := entry.get("ErrorCode"))
        }

    def _entry(self, event: BusEvent) -> dict[str, Any]:
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": event.detail_type,
            "Time": dt.datetime.fromtimestamp(event.at, dt.UTC),
            "Detail": event.detail.decode(),
        }

    @cached_property
    def _client(self) -> Any:
        return aws_session().create_client("events", config=_CONFIG)


def size_of(event: BusEvent) -> int:
    """Returns the bytes that EventBridge counts for an event: 14 for its time, and its texts in UTF-8.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
    """
    return 14 + len(SOURCE) + len(event.detail_type.encode()) + len(event.detail)


def portions(events: Sequence[BusEvent]) -> Iterator[list[BusEvent]]:
    """Yields the events in their order, in portions within the limits of one request.

    An event that is too large for any request is alone in its portion, so that its refusal affects no other event.
    """
    portion: list[BusEvent] = []
    size = 0
    for event in events:
        if portion and (len(portion) == MAX_ENTRIES or size + size_of(event) > MAX_REQUEST_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(event)
        size += size_of(event)
    if portion:
        yield portion


def _unavailable(why: str) -> Retryable:
    return Retryable(
        "event_bus_unavailable",
        f"The event bus does not respond at the moment: {why}.",
        next_step="Wait a moment; the changes are published again automatically.",
    )
