"""Lists the events of the last 30 days, newest first (https://docs.stripe.com/api/events/list).

Each event is in the version that its account had at the event's creation, whatever `Stripe-Version` the caller sends.
"""

from __future__ import annotations

import fnmatch

from ..errors import InvalidParams, NoSuchObject
from ..state import events
from ..state.ledger import JSON
from ..state.render import as_list
from . import lists
from .call import Call, Route


def list_(call: Call) -> JSON:
    """Handles GET /v1/events. Filters: `type` and `types` (at most 20) with wildcards, `created`,
    `delivery_success`.
    """
    params = call.params
    if "type" in params and "types" in params:
        raise InvalidParams("You may only specify one of these parameters: type, types.", param="types")
    if len(params.get("types", ())) > 20:
        raise InvalidParams("You may pass at most 20 types.", param="types")
    patterns = params.get("types") or ([params["type"]] if "type" in params else [])
    events = [
        e for e in lists.filter_by_created(call, _retained_events(call)) if _matches_patterns(e["type"], patterns)
    ]
    if "delivery_success" in params:
        events = [e for e in events if call.world.events.is_delivered(e["id"]) == params["delivery_success"]]
    page_items, has_more = lists.cut_page(params, events[::-1], "event")
    return as_list("/v1/events", [_rendered(call, e) for e in page_items], has_more)


def retrieve(call: Call) -> JSON:
    """Handles GET /v1/events/{id}."""
    event = call.ledger.events.get(call.id)
    if event is None or event["created"] < call.world.now() - events.RETENTION:
        raise NoSuchObject("event", call.id)
    return _rendered(call, event)


def _retained_events(call: Call) -> list[JSON]:
    since = call.world.now() - events.RETENTION
    return [e for e in call.ledger.events.values() if e["created"] >= since]


def _matches_patterns(type_: str, patterns: list[str]) -> bool:
    return not patterns or any(fnmatch.fnmatchcase(type_, p) for p in patterns)


def _rendered(call: Call, event: JSON) -> JSON:
    return call.world.events.render(event, account=call.through_platform)


ROUTES = [
    Route("GET", "/v1/events", "EventListParams", list_),
    Route("GET", "/v1/events/{id}", "EventRetrieveParams", retrieve),
]
