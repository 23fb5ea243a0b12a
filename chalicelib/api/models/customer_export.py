"""The export of a customer: every stored record, each with its kind, its table and its retention."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Instant, PageInfo, instant_or_none
from chalicelib.api.models.queries import Cursor
from chalicelib.domain.events import RecordedEvent
from chalicelib.domain.export_records import INTERNAL, Record, RecordKind
from chalicelib.domain.retention_types import Expires

_KINDS = " ".join(f"`{kind}`: {kind.meaning}" for kind in RecordKind)


class ExportQuery(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The part of an export to return."""

    after: Cursor | None = None


class ExportedRecord(msgspec.Struct, rename="camel", kw_only=True):
    """A record that POM stores of a customer."""

    kind: Annotated[RecordKind, Meta(description=_KINDS)]
    id: Annotated[str, Meta(description="The id of the record, unique within its kind: POM's own id, or Stripe's.")]
    stored_in: Annotated[
        str, Meta(description="The table of POM's database that stores the record.", examples=["invoices"])
    ]
    why: Annotated[str, Meta(description="Why POM retains the record for this long, in a sentence.")]
    kept_until: Annotated[
        Instant | None,
        Meta(
            description="Time at which POM deletes the record. RFC 3339, UTC. Null if no date is set; `why` then "
            "says what ends the retention. The database deletes a record within a few days after this time."
        ),
    ]
    content: Annotated[
        dict[str, Any],
        Meta(
            description="The record as it is stored. Names of fields are in snake case, amounts are integers in "
            "the currency's minor unit, times are epoch seconds in UTC, and decimals are strings. New fields may "
            "be added at any time. People who work for the company appear only by their ids in POM."
        ),
    ]


class CustomerExport(msgspec.Struct, rename="camel", kw_only=True):
    """A part of all data that POM stores of a customer."""

    customer_id: Annotated[str, Meta(description="POM's id of the customer.")]
    exported_at: Annotated[Instant, Meta(description="Time at which this part was read. RFC 3339, UTC.")]
    data: Annotated[
        list[ExportedRecord],
        Meta(description="The records of this part. A part can be empty although the next one is not."),
    ]
    page_info: PageInfo


def exported_record(record: Record) -> ExportedRecord:
    """Returns a record with its kind, its table and its retention."""
    retention = record.retention
    return ExportedRecord(
        kind=record.kind,
        id=record.id,
        stored_in=record.kind.table,
        why=retention.why if isinstance(retention, Expires) else f"Kept until {retention.until}. {retention.why}",
        kept_until=instant_or_none(record.expires_at),
        content=content_of(record),
    )


def content_of(record: Record) -> dict[str, Any]:
    """Returns the stored record as JSON types, without POM's internal fields."""
    fields = msgspec.to_builtins(record.value, str_keys=True)
    if isinstance(record.value, RecordedEvent):
        fields["body"] = _parse_body(record.value.body)
    content: dict[str, Any] = _without_internal(fields)
    return content


def _parse_body(body: str | None) -> Any:
    """Returns the body of an event as JSON, or unchanged if it is not JSON."""
    with suppress(ValueError):
        return json.loads(body or "null")
    return body


def _without_internal(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_internal(each) for name, each in value.items() if name not in INTERNAL}
    return [_without_internal(each) for each in value] if isinstance(value, list | tuple) else value
