"""The AsyncAPI 3.0 document: the events on the bus, generated from the models that encode them.

A message is what a rule of EventBridge delivers: EventBridge's envelope, with the change as its `detail`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.api.examples.change_events import CHANGE_EXAMPLES
from chalicelib.api.models.change_events import CHANGE_EVENTS
from chalicelib.api.models.exact import schema_hook
from chalicelib.api.models.system import VERSION
from chalicelib.api.openapi_schemas import Json, readable
from chalicelib.domain.changes import ChangeType, ObjectKind
from chalicelib.ports.changes import SOURCE

CHANNEL = "changes"
DESCRIPTION = """\
The changes in POM-Stripe, as events on an EventBridge bus. An event says what changed from one stored version of an \
object to the next, and contains the object as the API returns it.

Events arrive at least once, and in any order. So a consumer stores the highest `version` of each object, and drops \
an event with an older or the same version. Two different events can have the same version. They differ by their \
`id`, which stays the same however often the event is published. The `id` of EventBridge's envelope differs each time.

Fields, events and values of enums are added at any time, except values of `InvoiceStatus`.
"""
_ENVELOPE: Json = {
    "version": {"type": "string", "description": "The version of EventBridge's envelope: `0`."},
    "id": {
        "type": "string",
        "description": "EventBridge's id of this delivery. An event that is published again has another id.",
    },
    "detail-type": {
        "type": "string",
        "description": "The type of the change, as in `detail.type`. Rules select by it.",
    },
    "source": {"const": SOURCE, "type": "string", "description": "The system that published the event."},
    "account": {"type": "string", "description": "The AWS account of the bus."},
    "time": {
        "type": "string",
        "format": "date-time",
        "description": "The time at which the version was stored, as in `detail.at`. RFC 3339, UTC.",
    },
    "region": {"type": "string", "description": "The AWS region of the bus."},
    "resources": {"type": "array", "items": {"type": "string"}, "description": "Empty."},
}
_EXAMPLE: Json = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "account": "123456789012",
    "region": "us-east-1",
    "resources": [],
}


def document() -> Json:
    """Returns the whole document."""
    messages = {change_type.value: _message(change_type) for change_type in ChangeType}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "POM-Stripe changes",
            "version": VERSION,
            "description": DESCRIPTION,
            "contact": {"name": "The POM-Stripe authors"},
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "channels": {
            CHANNEL: {
                "address": "{busName}",
                "title": "The bus",
                "description": "A custom event bus of Amazon EventBridge. A consumer's rule on it selects events by "
                "`source`, `detail-type` and fields of `detail`, and puts them into the consumer's queue.",
                "parameters": {
                    "busName": {
                        "description": "The name of the bus: the name of POM-Stripe's stack, followed by `-changes`.",
                        "examples": ["pom-stripe-prod-changes"],
                    }
                },
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            "publishChanges": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{CHANNEL}"},
                "title": "Publish changes",
                "summary": "POM-Stripe puts an event on the bus for each change of each stored version.",
                "messages": [{"$ref": f"#/channels/{CHANNEL}/messages/{name}"} for name in messages],
            }
        },
        "components": {"messages": messages, "schemas": _schemas()},
    }


def _schemas() -> Json:
    """Returns the models of the changes and an envelope for each kind of object."""
    template = "#/components/schemas/{name}"
    _, models = msgspec.json.schema_components(CHANGE_EVENTS.values(), ref_template=template, schema_hook=schema_hook)
    envelopes = {_envelope_name(kind): _envelope(kind) for kind in ObjectKind}
    return {name: _without_ref_siblings(schema) for name, schema in sorted((readable(models) | envelopes).items())}


def _envelope_name(kind: ObjectKind) -> str:
    return f"{kind.title()}Envelope"


def _envelope(kind: ObjectKind) -> Json:
    detail = {"$ref": f"#/components/schemas/{CHANGE_EVENTS[kind].__name__}", "description": "The change."}
    return {
        "title": _envelope_name(kind),
        "type": "object",
        "description": f"EventBridge's envelope of a change: {kind}.",
        "properties": {**_ENVELOPE, "detail": detail},
        "required": [*_ENVELOPE, "detail"],
    }


def _without_ref_siblings(schema: Any) -> Any:
    """Returns a schema whose `$ref`s stand alone, because AsyncAPI ignores the members next to a `$ref`."""
    if isinstance(schema, list):
        return [_without_ref_siblings(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    members = {name: _without_ref_siblings(each) for name, each in schema.items()}
    if isinstance(schema.get("$ref"), str) and len(schema) > 1:
        members["allOf"] = [{"$ref": members.pop("$ref")}]
    return members


def _message(change_type: ChangeType) -> Json:
    type_name = {"const": change_type.value, "type": "string"}
    envelope = {"$ref": f"#/components/schemas/{_envelope_name(change_type.object_kind)}"}
    type_schema = {"properties": {"detail-type": type_name, "detail": {"properties": {"type": type_name}}}}
    return {
        "name": change_type.value,
        "title": change_type.value,
        "summary": change_type.meaning,
        "contentType": "application/json",
        "tags": [{"name": change_type.object_kind.value}],
        "payload": {"allOf": [envelope, type_schema]},
        "examples": [{"name": change_type.name.lower(), "payload": _example(change_type)}],
    }


def _example(change_type: ChangeType) -> Json:
    detail = CHANGE_EXAMPLES[change_type]
    return {**_EXAMPLE, "detail-type": change_type.value, "source": SOURCE, "time": detail["at"], "detail": detail}
