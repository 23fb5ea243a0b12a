"""POM's customers."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import (
    Instant,
    PageInfo,
    Text100,
    Text200,
    Text512,
    instant,
    instant_or_none,
    page_info,
)
from chalicelib.domain.customer import Address, Customer, Profile, SyncStatus, normalized_email
from chalicelib.domain.storage import Page

Phone = Annotated[str, Meta(max_length=20, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]
StripeCustomerId = Annotated[
    str,
    Meta(
        pattern=r"^cus_[A-Za-z0-9]{1,64}$(?!\n)",
        description="Which of several Stripe customers of the same e-mail address is this one.",
        examples=["cus_Na6dX7aXxi11N4"],
    ),
]


class AddressModel(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Where a customer lives."""

    street: Text200 | None = None
    street2: Text200 | None = None
    city: Text100 | None = None
    state: Text100 | None = None
    zip_code: Text100 | None = None
    country: Text100 | None = None


class SaveCustomer(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """POM's record of a customer, as a whole."""

    first_name: Text100 | None = None
    last_name: Text100 | None = None
    company_name: Text100 | None = None
    email: Text512 | None = None
    phone: Phone | None = None
    address: AddressModel = msgspec.field(default_factory=AddressModel)
    stripe_customer_id: StripeCustomerId | None = None


class CustomerView(msgspec.Struct, rename="camel", kw_only=True):
    """A customer, and whether Stripe has it as POM has it."""

    id: str
    first_name: str | None
    last_name: str | None
    company_name: str | None
    email: str | None
    phone: str | None
    address: AddressModel
    sync_status: SyncStatus
    sync_error: str | None
    synced_at: Instant | None
    stripe_customer_id: str | None
    created_at: Instant
    updated_at: Instant


class CustomerList(msgspec.Struct, rename="camel"):
    """A page of customers in the order of their ids."""

    data: list[CustomerView]
    page_info: PageInfo


def profile_from(model: SaveCustomer) -> Profile:
    """The domain's record.

    Raises:
        Refused: the e-mail address cannot be one.
    """
    address = model.address
    return Profile(
        first_name=model.first_name,
        last_name=model.last_name,
        company_name=model.company_name,
        email=normalized_email(model.email),
        phone=model.phone,
        address=Address(
            street=address.street,
            street2=address.street2,
            city=address.city,
            state=address.state,
            zip_code=address.zip_code,
            country=address.country,
        ),
    )


def customer_view(customer: Customer) -> CustomerView:
    profile = customer.profile
    address = profile.address
    return CustomerView(
        id=customer.id,
        first_name=profile.first_name,
        last_name=profile.last_name,
        company_name=profile.company_name,
        email=profile.email,
        phone=profile.phone,
        address=AddressModel(
            street=address.street,
            street2=address.street2,
            city=address.city,
            state=address.state,
            zip_code=address.zip_code,
            country=address.country,
        ),
        sync_status=customer.sync_status,
        sync_error=customer.sync_error,
        synced_at=instant_or_none(customer.synced_at),
        stripe_customer_id=customer.link.stripe_customer_id if customer.link else None,
        created_at=instant(customer.created_at),
        updated_at=instant(customer.updated_at),
    )


def customer_list(page: Page[Customer]) -> CustomerList:
    return CustomerList([customer_view(each) for each in page.items], page_info(page))
