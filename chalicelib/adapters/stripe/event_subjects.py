"""Reads which of our objects an event's object belongs to, in any version of Stripe's API.

Stripe renders an event once, in the default version of its account, and always lists it in that version, whatever
`Stripe-Version` we send (https://docs.stripe.com/webhooks/versioning). Companies' accounts have versions from 2018
on. So this module reads only the object's id, our own ids in its metadata, and the ids of other Stripe objects that
lead to the owner. The use case fetches everything else in our version.

`OWNER_FIELDS` is the table of these fields. Recordings of real accounts have `payment_intent` on every refund and
dispute, and on every charge since 2019. They have `invoice` on every credit note. Charges and intents have had no
`invoice` since 2025-03-31
(https://docs.stripe.com/changelog/basil/2025-03-31/add-support-for-multiple-partial-payments-on-invoices).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from chalicelib.domain.identifiers import INVOICE_ID, STRIPE_ID, InvoiceId, OrganizationId, correction_id_for, is_id

ORGANIZATION_KEY = "pom_organization_id"
INVOICE_KEY = "pom_invoice_id"
CUSTOMER_KEY = "pom_customer_id"
"""The names of our own ids in the metadata of Stripe's objects."""
CORRECTS_KEY = "pom_corrects"
"""The metadata key in which a copy names the invoice that it corrects. It does not lead to an object's owner."""

FIRST = "2011-01-01"
BASIL = "2025-03-31"
REVISIONS = "2022-04-19"
"""The approximate day on which Stripe introduced revisions. Every version has had the fields since then."""


@dataclass(frozen=True, slots=True)
class OwnerField:
    """A field with the id of an object that is closer to the invoice, or with that object itself.

    Versions from `since` on, and before `until`, have the field. `within` names the hash that contains it.
    """

    name: str
    since: str = FIRST
    until: str | None = None
    within: str | None = None

    def expected_in(self, version: str | None) -> bool:
        """Returns True if an object of this version has the field. Of an unknown version, every field is expected."""
        if not version:
            return True
        day = version[:10]
        return self.since <= day and (self.until is None or day < self.until)


OWNER_FIELDS: Mapping[str, tuple[OwnerField, ...]] = {
    "invoice": (OwnerField("id"), OwnerField("invoice", since=REVISIONS, within="from_invoice")),
    "invoice_payment": (
        OwnerField("invoice", since=BASIL),
        OwnerField("payment_intent", since=BASIL, within="payment"),
    ),
    "payment_intent": (OwnerField("id"), OwnerField("invoice", until=BASIL)),
    "charge": (OwnerField("payment_intent"), OwnerField("invoice", until=BASIL)),
    "refund": (OwnerField("payment_intent"),),
    "dispute": (OwnerField("payment_intent"),),
    "credit_note": (OwnerField("invoice"),),
}
"""The fields that lead to the invoice, by the kind of object. The most reliable field is first."""


LARGEST_AMOUNT = 10**15
"""Minor units. Stripe's amounts have at most twelve digits (https://docs.stripe.com/currencies)."""

LONGEST_KIND = 255
"""The most characters of a kind of object that are stored."""


class EventObject(msgspec.Struct):
    """An event's object in any shape. No field is required, and no type is relied on."""

    id: Any = msgspec.UNSET
    object: Any = msgspec.UNSET
    metadata: Any = msgspec.UNSET
    payment_intent: Any = msgspec.UNSET
    invoice: Any = msgspec.UNSET
    payment: Any = msgspec.UNSET
    from_invoice: Any = msgspec.UNSET
    amount_refunded: Any = msgspec.UNSET
    balance_transaction: Any = msgspec.UNSET


_object_decoder = msgspec.json.Decoder(EventObject)


@dataclass(frozen=True, slots=True)
class Subject:
    """The kind and ids of an event's object, and the hints that lead to our objects. A missing hint is None."""

    kind: str = ""
    """Stripe's name for the kind of object, cut to `LONGEST_KIND`, or ""."""
    stripe_id: str = ""
    """The object's id, or ""."""
    organization_hint: OrganizationId | None = None
    invoice_hint: InvoiceId | None = None
    customer_hint: str | None = None
    revised_id: str | None = None
    """The id of the invoice that this invoice revises. A copy of another kind replaces no invoice."""
    refunded_amount: int | None = None
    """The refunded amount of a charge, in minor units, in any version. None for other kinds of objects."""
    booked: bool = False
    """True if the object is a charge with a balance transaction. Every version has that field."""
    references: tuple[tuple[OwnerField, Any], ...] = ()
    """The values of the kind's `OWNER_FIELDS`."""

    def owner_ids(self, version: str | None) -> tuple[str, ...] | None:
        """Returns the ids that lead to the invoice, the most reliable first, or None if they are unknown.

        An object whose fields are null belongs to no invoice, and the result is an empty tuple. The result is None if
        the object lacks a field that its version has, or if a field holds something that is not an id.
        """
        ids = dict.fromkeys(_id_in(value) for _, value in self.references)
        found = tuple(stripe_id for stripe_id in ids if stripe_id is not None)
        if not found and any(field.expected_in(version) and value is not None for field, value in self.references):
            return None
        return found


def subject_of(raw: msgspec.Raw) -> Subject:
    """Returns the subject of an event's object. The subject is empty if the object is not a JSON object."""
    try:
        event_object = _object_decoder.decode(raw)
    except msgspec.ValidationError:
        return Subject()
    kind = event_object.object[:LONGEST_KIND] if isinstance(event_object.object, str) else ""
    origin = event_object.from_invoice if isinstance(event_object.from_invoice, dict) else {}
    references = []
    for field in OWNER_FIELDS.get(kind, ()):
        value = getattr(event_object, field.within or field.name)
        if field.within is not None:
            value = value.get(field.name, msgspec.UNSET) if isinstance(value, dict) else msgspec.UNSET
        references.append((field, value))
    ours = our_ids(event_object.metadata)
    return Subject(
        kind=kind,
        stripe_id=_id_in(event_object.id) or "",
        organization_hint=ours.organization_id,
        invoice_hint=ours.invoice_id,
        customer_hint=ours.customer_id,
        revised_id=_id_in(origin.get("invoice")) if origin.get("action") == "revision" else None,
        refunded_amount=_amount_in(event_object.amount_refunded) if kind == "charge" else None,
        booked=kind == "charge" and _id_in(event_object.balance_transaction) is not None,
        references=tuple(references),
    )


class OurIds(NamedTuple):
    """Our ids in the metadata of a Stripe object. An id that the metadata lacks is None."""

    organization_id: OrganizationId | None
    invoice_id: InvoiceId | None
    customer_id: str | None


def our_ids(metadata: object) -> OurIds:
    """Returns our ids in an object's metadata.

    Anyone with access to a company's Stripe account can write anything there. A text that cannot be one of our ids is
    ignored, because DynamoDB would refuse it as a key at each attempt.
    """
    entries = metadata if isinstance(metadata, dict) else {}
    organization_id, invoice_id, customer_id = map(entries.get, (ORGANIZATION_KEY, INVOICE_KEY, CUSTOMER_KEY))
    return OurIds(
        OrganizationId(organization_id) if is_id(organization_id) else None,
        InvoiceId(invoice_id) if is_id(invoice_id, INVOICE_ID) else None,
        customer_id if is_id(customer_id) else None,
    )


def corrected_id(metadata: object) -> InvoiceId | None:
    """Returns the id of the invoice that a copy corrects, or None if the metadata names no invoice or a wrong one.

    The id of a copy is a digest of the id of its original. So an id that somebody else wrote into the metadata is
    ignored.
    """
    organization_id, invoice_id, _ = our_ids(metadata)
    original = metadata.get(CORRECTS_KEY) if isinstance(metadata, dict) else None
    if organization_id is None or not is_id(original, INVOICE_ID):
        return None
    original_id = InvoiceId(original)
    if correction_id_for(organization_id, original_id) != invoice_id:
        return None
    return original_id


def _amount_in(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= LARGEST_AMOUNT else None


def _id_in(reference: Any) -> str | None:
    """Returns the id in a reference, expanded or not, or None if the value cannot be an id of Stripe."""
    value = reference.get("id") if isinstance(reference, dict) else reference
    return value if is_id(value, STRIPE_ID) else None
