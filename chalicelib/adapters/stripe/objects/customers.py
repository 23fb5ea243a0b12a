"""A customer in Stripe's form."""

from __future__ import annotations

import msgspec

from chalicelib.adapters.stripe.event_subjects import our_ids
from chalicelib.adapters.stripe.objects.fields import Metadata, StripeId, Timestamp
from chalicelib.domain.facts import CustomerFact


class Address(msgspec.Struct):
    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


class Customer(msgspec.Struct):
    """https://docs.stripe.com/api/customers/object"""

    id: StripeId
    email: str | None = None
    name: str | None = None
    phone: str | None = None
    address: Address | None = None
    created: Timestamp = 0
    metadata: Metadata = None
    deleted: bool = False

    def fact(self, as_of: int) -> CustomerFact:
        address, ours = self.address or Address(), our_ids(self.metadata)
        return CustomerFact(
            id=self.id,
            as_of=as_of,
            email=self.email,
            name=self.name,
            phone=self.phone,
            street=address.line1,
            street2=address.line2,
            city=address.city,
            state=address.state,
            zip_code=address.postal_code,
            country=address.country,
            pom_customer_id=ours.customer_id,
            pom_organization_id=ours.organization_id,
            deleted=self.deleted,
        )
