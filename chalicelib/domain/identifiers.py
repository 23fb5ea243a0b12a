"""Identifiers, typed so that one kind cannot be passed for another."""

from __future__ import annotations

import hashlib
import re
from base64 import b32encode
from typing import NewType, TypeGuard

from chalicelib.domain.errors import Refused

OrganizationId = NewType("OrganizationId", str)
UserId = NewType("UserId", str)
CustomerId = NewType("CustomerId", str)
InvoiceId = NewType("InvoiceId", str)
ServiceId = NewType("ServiceId", str)
StripeAccountId = NewType("StripeAccountId", str)
BatchId = NewType("BatchId", str)

INVOICE_PREFIX = "inv_"
BATCH_PREFIX = "bat_"


ID_PATTERN = r"^[A-Za-z0-9._:~-]{1,128}$(?!\n)"
"""Ids of organizations, customers and services come from POM and become parts of keys: letters, digits and
`._:~-`.
"""

STRIPE_ID_PATTERN = r"^[!-~]{1,255}$(?!\n)"
"""Stripe's ids have at most 255 characters (https://docs.stripe.com/upgrades). POM admits ASCII without blanks.

As a part of a key, such an id takes at most 765 bytes of the 1,024 that DynamoDB allows for a sort key.
"""

ACCOUNT_ID_PATTERN = r"^acct_[A-Za-z0-9_]{1,123}$(?!\n)"
"""An account decides which organization an event belongs to, so its id must have the form of Stripe's account ids."""

ID_OF_POM = re.compile(ID_PATTERN)
"""The form of ids of organizations, customers and services."""

INVOICE_ID = re.compile(f"{INVOICE_PREFIX}[a-z2-7]{{26}}")
"""The form of the ids that `invoice_id_for` makes."""

STRIPE_ID = re.compile(STRIPE_ID_PATTERN)
"""The form of ids of Stripe's objects and events."""

ACCOUNT_ID = re.compile(ACCOUNT_ID_PATTERN)
"""The form of ids of Stripe accounts."""


def is_id(value: object, form: re.Pattern[str] = ID_OF_POM) -> TypeGuard[str]:
    """Returns True if the whole value is a text of this form."""
    return isinstance(value, str) and form.fullmatch(value) is not None


OWN_KEY = "pom-"
"""The beginning of the idempotency keys that POM sends to Stripe.

Stripe names the key in the event that the request caused (https://docs.stripe.com/api/events/object).
"""


def digest(*parts: str) -> str:
    """Returns a stable name of 26 letters for `parts`. No two different lists of parts have the same name."""
    sha256 = hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode())
    return b32encode(sha256.digest()).decode().lower()[:26]


def invoice_id_for(organization_id: OrganizationId, idempotency_key: str) -> InvoiceId:
    """Returns the id of the invoice that a request with this idempotency key creates. A key creates one invoice."""
    return InvoiceId(INVOICE_PREFIX + digest("invoice", organization_id, idempotency_key))


def correction_id_for(organization_id: OrganizationId, invoice_id: InvoiceId) -> InvoiceId:
    """Returns the id of the draft copy that corrects an invoice. An invoice has one correction at most."""
    return InvoiceId(INVOICE_PREFIX + digest("correction", organization_id, invoice_id))


def batch_id_for(organization_id: OrganizationId, kind: str, idempotency_key: str) -> BatchId:
    """Returns the id of the batch that a request with this idempotency key creates."""
    return BatchId(BATCH_PREFIX + digest("batch", organization_id, kind, idempotency_key))


DOT_SEGMENTS = frozenset({".", ".."})
"""Segments that clients resolve in a path before they send it (RFC 3986, section 5.2.4)."""


def require_customer_id(customer_id: CustomerId) -> CustomerId:
    """Returns the id if a customer may have it.

    Raises:
        Refused: the id has a special meaning in the API's paths.
    """
    if customer_id in DOT_SEGMENTS:
        raise Refused(
            "customer_id_reserved",
            f"A customer cannot have the id {customer_id}: this has a meaning of its own in the paths of the API.",
            field="customerId",
            next_step="Give the customer another id.",
        )
    return customer_id
