"""Reads the owner of an event's object, in any version of Stripe's API.

Stripe renders an event once, in the default version of its account, and lists it in that version for ever, whatever
`Stripe-Version` we send (https://docs.stripe.com/webhooks/versioning). Companies' accounts are on versions from 2018
on. Therefore this module reads only what leads to the owner: the object's id, our own ids in its metadata, and the
ids of other Stripe objects. The use case fetches everything else in our version.

`OWNER_FIELDS` is the one table of these shapes. In recordings of real accounts, `payment_intent` stands on every
refund and dispute, and on every charge since 2019; `invoice` on every credit note; `invoice` is gone from charges and
intents since 2025-03-31 (https://docs.stripe.com/changelog/basil/2025-03-31/add-support-for-multiple-partial-payments-on-invoices).
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
"""Names of our own ids in the metadata of Stripe's objects."""
CORRECTS_KEY = "pom_corrects"
"""Where a copy names the invoice that it corrects. It says nothing about the owner of an object."""

FIRST = "2011-01-01"
BASIL = "2025-03-31"
REVISIONS = "2022-04-19"
"""About when Stripe introduced revisions. Accounts of every version have had the fields since then."""


@dataclass(frozen=True, slots=True)
class OwnerField:
    """A field whose value is the id of an object nearer to the invoice, or that object itself.

    Versions from `since` on have it, up to and without `until`. `within` names the hash that holds the field.
    """

    name: str
    since: str = FIRST
    until: str | None = None
    within: str | None = None

    def expected_in(self, version: str | None) -> bool:
        """Returns True if an object of this version has the field; of an unknown version every field is expected."""
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
"""Kinds of objects that belong to an invoice, to the fields that lead there, the surest first."""


LARGEST_AMOUNT = 10**15
"""Minor units. Stripe's amounts have at most twelve digits (https://docs.stripe.com/currencies)."""

LONGEST_KIND = 255
"""Letters of a kind of object that are kept."""


class EventObject(msgspec.Struct):
    """An event's object in whatever shape: nothing is required, and no type is relied on."""

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
    """What an event's object is, and what leads from it to something of ours. Hints are None if there is none."""

    kind: str = ""
    """Stripe's name of the kind of object, cut if it is longer than any; the empty string if there is none."""
    stripe_id: str = ""
    """The object's id, or the empty string."""
    organization_hint: OrganizationId | None = None
    invoice_hint: InvoiceId | None = None
    customer_hint: str | None = None
    revised_id: str | None = None
    """The id of the invoice that this one revises. A copy of another kind replaces nothing."""
    refunded_amount: int | None = None
    """What has been refunded of a charge, which every version says; None for any other kind of object."""
    booked: bool = False
    """Whether a charge names its balance transaction. Every version has that field."""
    references: tuple[tuple[OwnerField, Any], ...] = ()
    """The values of the kind's `OWNER_FIELDS`."""

    def owner_ids(self, version: str | None) -> tuple[str, ...] | None:
        """Returns the ids that lead to the invoice, the surest first, or None if the object does not tell.

        An object that has its fields, with null in them, belongs to no invoice: that is an empty tuple. It does not
        tell if a field is missing that its version has, or holds what is no id.
        """
        ids = dict.fromkeys(_id_in(value) for _, value in self.references)
        found = tuple(stripe_id for stripe_id in ids if stripe_id is not None)
        if not found and any(field.expected_in(version) and value is not None for field, value in self.references):
            return None
        return found


def subject_of(raw: msgspec.Raw) -> Subject:
    """Returns what the event's object is; an empty subject if it is no JSON object at all."""
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
    """The ids of ours in the metadata of an object of Stripe's; None for each that it does not hold."""

    organization_id: OrganizationId | None
    invoice_id: InvoiceId | None
    customer_id: str | None


def our_ids(metadata: object) -> OurIds:
    """Returns the ids of ours that an object's metadata names.

    Anybody with access to a company's Stripe account can write anything there. A text that cannot be an id of ours is
    no hint at all, because as a key it would be refused by DynamoDB each time it is read.
    """
    entries = metadata if isinstance(metadata, dict) else {}
    organization_id, invoice_id, customer_id = map(entries.get, (ORGANIZATION_KEY, INVOICE_KEY, CUSTOMER_KEY))
    return OurIds(
        OrganizationId(organization_id) if is_id(organization_id) else None,
        InvoiceId(invoice_id) if is_id(invoice_id, INVOICE_ID) else None,
        customer_id if is_id(customer_id) else None,
    )


def corrected_id(metadata: object) -> InvoiceId | None:
    """Returns the id of the invoice that a copy corrects, or None if the metadata names none that is true.

    The id of a copy is a digest of the id of its original. So what somebody else writes there is not believed.
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
    """Returns the id behind a reference, expanded or not, or None for what cannot be an id of Stripe's."""
    value = reference.get("id") if isinstance(reference, dict) else reference
    return value if is_id(value, STRIPE_ID) else None
