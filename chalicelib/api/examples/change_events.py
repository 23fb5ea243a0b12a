"""An example of each event that is published on the bus, about the objects of the other examples."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from chalicelib.api.examples.common import CUSTOMER_ID, INVOICE_ID, STRIPE_INVOICE_ID
from chalicelib.api.examples.connection import DISCONNECTED
from chalicelib.api.examples.customers import CUSTOMER
from chalicelib.api.examples.deposits import PAYOUT, PAYOUT_ID
from chalicelib.api.examples.invoices import DRAFT, FAILED, PAID, PENDING, REFUNDED_IN_PART, VOID
from chalicelib.domain.changes import Change, ChangeType, Difference
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.payout_wording import FAILURES

ORGANIZATION_ID = OrganizationId("org_1")

EDITED = {
    **DRAFT,
    "deductions": [],
    "total": "131.50",
    "balance": "131.50",
    "memo": "Thank you. See you next week.",
    "updatedAt": "2026-11-23T15:30:07Z",
}
PARTLY_PAID = {
    **PENDING,
    "paidAmount": "50.00",
    "receivedAmount": "50.00",
    "balance": "71.50",
    "updatedAt": "2026-11-24T10:00:02Z",
}
DISPUTED = {**PAID, "disputed": True, "updatedAt": "2026-12-10T11:00:02Z"}
DISPUTE_LOST = {**PAID, "lostAmount": "121.50", "receivedAmount": "0.00", "updatedAt": "2026-12-28T11:00:02Z"}
REVISED = {
    **PENDING,
    "stripeInvoiceId": "in_1PhbRvB7WZ01zgkWq3Xs9LdC",
    "number": "A1B2C3D4-0001-R1",
    "replacedNumbers": [PENDING["number"]],
    "updatedAt": "2026-11-24T12:00:02Z",
    "dashboardUrl": str(PENDING["dashboardUrl"]).replace(STRIPE_INVOICE_ID, "in_1PhbRvB7WZ01zgkWq3Xs9LdC"),
}
UNCOLLECTIBLE = {**PENDING, "status": "uncollectible", "updatedAt": "2027-02-01T09:00:02Z"}
OVERDUE = {**PENDING, "overdue": True, "overdueSince": "2026-12-24", "updatedAt": "2026-12-24T07:05:00Z"}

SYNC_FAILED = {
    **CUSTOMER,
    "syncStatus": "failed",
    "syncError": "Stripe does not accept the e-mail address. Correct it and save the customer.",
    "syncedAt": None,
    "stripeCustomerId": None,
}
UPDATED_IN_STRIPE = {**CUSTOMER, "phone": "+1 602 555 0199", "updatedAt": "2026-11-24T08:30:00Z"}
DELETED_IN_STRIPE = {
    **CUSTOMER,
    "syncStatus": "deleted_in_stripe",
    "stripeCustomerId": None,
    "updatedAt": "2026-11-25T08:30:00Z",
}

_CLOSED = FAILURES["account_closed"]
_UNPAID_MONEY = {"bankAmount": "0.00", "traceId": None}
PAYOUT_FAILED = {
    **PAYOUT,
    **_UNPAID_MONEY,
    "status": "failed",
    "message": f"The bank sent it back after it had been paid. {_CLOSED.why} "
    "Its money came back to the Stripe balance.",
    "nextStep": f"{_CLOSED.next_step} Stripe then tries again.",
}
PAYOUT_CANCELED = {
    **PAYOUT,
    **_UNPAID_MONEY,
    "status": "canceled",
    "message": "It was canceled. Its money came back to the Stripe balance.",
}


def _event(
    change_type: ChangeType,
    version: int,
    previous_status: str | None,
    api_object: Mapping[str, Any] | None,
    at: str,
    object_id: str = INVOICE_ID,
) -> dict[str, Any]:
    """Returns an event. `api_object` is the object after the change, or None if it was deleted."""
    status = None if api_object is None else api_object["syncStatus" if "syncStatus" in api_object else "status"]
    stored_at = int(dt.datetime.fromisoformat(at).timestamp())
    difference = Difference((change_type,), previous_status, status)
    change = Change(ORGANIZATION_ID, change_type.object_kind, object_id, version, stored_at, difference)
    return {
        "id": change.id_of(change_type),
        "type": change_type.value,
        "organizationId": change.organization_id,
        "objectKind": change.object_kind.value,
        "objectId": object_id,
        "version": version,
        "at": at,
        "previousStatus": previous_status,
        "status": status,
        "deleted": change.deleted,
        "objectOmitted": False,
        "object": api_object,
    }


def _invoice_event(
    change_type: ChangeType, version: int, previous_status: str | None, api_object: Mapping[str, Any]
) -> dict[str, Any]:
    return _event(change_type, version, previous_status, api_object, api_object["updatedAt"], api_object["id"])


def _customer_event(
    change_type: ChangeType, version: int, previous_status: str, api_object: Mapping[str, Any]
) -> dict[str, Any]:
    return _event(change_type, version, previous_status, api_object, api_object["updatedAt"], CUSTOMER_ID)


_EXAMPLES = (
    _invoice_event(ChangeType.INVOICE_CREATED, 3, None, DRAFT),
    _invoice_event(ChangeType.INVOICE_EDITED, 6, "draft", EDITED),
    _invoice_event(ChangeType.INVOICE_PENDING, 7, "failed", {**PENDING, "updatedAt": "2026-11-25T17:10:02Z"}),
    _invoice_event(ChangeType.INVOICE_SENT, 4, "draft", PENDING),
    _invoice_event(ChangeType.INVOICE_PAYMENT_FAILED, 5, "pending", FAILED),
    _invoice_event(ChangeType.INVOICE_PARTLY_PAID, 5, "pending", PARTLY_PAID),
    _invoice_event(ChangeType.INVOICE_PAID, 6, "pending", PAID),
    _invoice_event(ChangeType.INVOICE_REFUNDED, 8, "paid", REFUNDED_IN_PART),
    _invoice_event(ChangeType.INVOICE_DISPUTE_OPENED, 9, "paid", DISPUTED),
    _invoice_event(ChangeType.INVOICE_DISPUTE_CLOSED, 11, "paid", DISPUTE_LOST),
    _invoice_event(ChangeType.INVOICE_VOIDED, 5, "pending", VOID),
    _invoice_event(ChangeType.INVOICE_REVISED, 6, "pending", REVISED),
    _invoice_event(ChangeType.INVOICE_UNCOLLECTIBLE, 6, "pending", UNCOLLECTIBLE),
    _invoice_event(ChangeType.INVOICE_OVERDUE, 5, "pending", OVERDUE),
    _event(ChangeType.INVOICE_DELETED, 12, "draft", None, "2026-11-24T16:00:02Z"),
    _customer_event(ChangeType.CUSTOMER_SYNC_FAILED, 2, "pending", SYNC_FAILED),
    _customer_event(ChangeType.CUSTOMER_SYNCED, 3, "pending", CUSTOMER),
    _customer_event(ChangeType.CUSTOMER_UPDATED_IN_STRIPE, 4, "synced", UPDATED_IN_STRIPE),
    _customer_event(ChangeType.CUSTOMER_DELETED_IN_STRIPE, 5, "synced", DELETED_IN_STRIPE),
    _event(ChangeType.CUSTOMER_ERASED, 6, "synced", None, "2026-11-25T17:30:00Z", CUSTOMER_ID),
    _event(ChangeType.CUSTOMER_DELETED, 6, "synced", None, "2026-11-26T08:30:00Z", CUSTOMER_ID),
    _event(ChangeType.CONNECTION_CHANGED, 9, "connected", DISCONNECTED, "2026-11-23T15:10:00Z", ORGANIZATION_ID),
    _event(ChangeType.CONNECTION_DELETED, 10, "disconnected", None, "2026-11-23T15:12:00Z", ORGANIZATION_ID),
    _event(ChangeType.PAYOUT_PAID, 3, "in_transit", PAYOUT, "2026-12-01T08:00:10Z", PAYOUT_ID),
    _event(ChangeType.PAYOUT_FAILED, 4, "paid", PAYOUT_FAILED, "2026-12-02T08:00:10Z", PAYOUT_ID),
    _event(ChangeType.PAYOUT_CANCELED, 2, "pending", PAYOUT_CANCELED, "2026-11-27T09:00:10Z", PAYOUT_ID),
    _event(ChangeType.PAYOUT_DELETED, 5, "failed", None, "2026-12-03T08:00:10Z", PAYOUT_ID),
)

CHANGE_EXAMPLES: Mapping[ChangeType, dict[str, Any]] = {ChangeType(each["type"]): each for each in _EXAMPLES}
"""The example of each type of event."""
