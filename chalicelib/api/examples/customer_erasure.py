"""Examples of the erasure of a customer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from chalicelib.api.examples.common import CUSTOMER_ID, INVOICE_ID, ResponseExamples
from chalicelib.api.examples.customers import CUSTOMER
from chalicelib.api.models.customer_erasure import ErasureView, erasure_view
from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.customer_link import StripeLink
from chalicelib.domain.erasure import Erasure, ErasureBlocker, InStripe
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId, UserId

_ON_MONDAY = 1796058000
"""2026-11-30T17:00:00Z."""
_REQUESTED = Erasure(UserId("user_1"), _ON_MONDAY, InStripe.DELETE)
_WAITING = replace(_REQUESTED, waits_for=(ErasureBlocker("invoice_open", INVOICE_ID),))
_BEGUN, _LATER = _ON_MONDAY + 600, _ON_MONDAY + 87000
_FINISHED = replace(_REQUESTED, erased_at=_BEGUN, deleted_in_stripe_at=_BEGUN, finished_at=_LATER)


def _erasure_json(erasure: Erasure) -> Any:
    """Returns an erasure of the example's customer as the API returns it."""
    customer = Customer(
        OrganizationId("org_1"),
        CustomerId(CUSTOMER_ID),
        Profile(),
        edition=1,
        created_at=0,
        updated_at=0,
        link=StripeLink(StripeAccountId("acct_1PgafmB7WZ01zgkW"), CUSTOMER["stripeCustomerId"], 1),
        erasure=erasure,
    )
    return msgspec.to_builtins(erasure_view(customer))


ERASURE_EXAMPLES: Mapping[type, Any] = {ErasureView: _erasure_json(_FINISHED)}

ERASURE_RESPONSES: ResponseExamples = {
    ("erase_customer", 202): {"closed": _erasure_json(_REQUESTED)},
    ("get_erasure", 200): {"waiting": _erasure_json(_WAITING), "erased": _erasure_json(_FINISHED)},
}
