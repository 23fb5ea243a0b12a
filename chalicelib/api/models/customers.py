"""POM's customers."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.api.models.common import (
    ONE_LINE_PATTERN,
    Instant,
    PageInfo,
    instant,
    instant_or_none,
    page_info,
)
from chalicelib.domain.customer import Customer, CustomerEvent, SyncStatus
from chalicelib.domain.customer_fields import (
    MAX_ADDRESS_PART,
    MAX_EMAIL,
    MAX_NAME,
    MAX_PHONE,
    MAX_STREET,
    Address,
    Field,
    Profile,
    normalized_email,
)
from chalicelib.domain.history import Source
from chalicelib.domain.storage import Page

Name = Annotated[str, Meta(max_length=MAX_NAME, pattern=ONE_LINE_PATTERN)]
Street = Annotated[str, Meta(max_length=MAX_STREET, pattern=ONE_LINE_PATTERN)]
AddressPart = Annotated[str, Meta(max_length=MAX_ADDRESS_PART, pattern=ONE_LINE_PATTERN)]
Phone = Annotated[str, Meta(max_length=MAX_PHONE, pattern=ONE_LINE_PATTERN)]
Email = Annotated[str, Meta(max_length=MAX_EMAIL, pattern=ONE_LINE_PATTERN)]
ReadOnly = Annotated[
    Any,
    Meta(
        description="Ignored, so that a record from `GET` can be sent back whole.",
        extra_json_schema={"readOnly": True},
    ),
]
StripeCustomerId = Annotated[
    str,
    Meta(
        pattern=r"^cus_[A-Za-z0-9]{1,64}$(?!\n)",
        description="The Stripe customer that this customer is, if several have the same e-mail address.",
        examples=["cus_Na6dX7aXxi11N4"],
    ),
]

_SYNC_STATUS = (
    "`pending`: POM has yet to give the customer to Stripe. `synced`: Stripe has the customer as POM has it. "
    "`needs_choice`: several Stripe customers have this e-mail address; save the customer with `stripeCustomerId`. "
    "`failed`: the customer could not be given to Stripe; `syncError` says why. "
    "`not_connected`: the organization was not connected to Stripe at the last sync. "
    "`waiting_for_invoice`: the connected Stripe account does not have the customer until its next invoice. "
    "`deleted_in_stripe`: somebody deleted the Stripe customer; it is linked or made again when it is next needed."
)
_KIND = (
    "`created_in_stripe`: POM made the Stripe customer with these fields. "
    "`linked`: POM linked an existing Stripe customer and gave it these fields. "
    "`taken_over_from_stripe`: POM took over Stripe's values. "
    "`not_taken_over_from_stripe`: Stripe has values that POM does not accept, so POM's values stay. "
    "`kept_over_stripe`: both sides changed these fields, and POM's values replaced Stripe's. "
    "`choice_offered`: other Stripe customers have the same e-mail address, and the office has to choose one. "
    "`choice_made`: the office confirmed the linked Stripe customer. "
    "`unlinked`: somebody deleted the Stripe customer."
)


class AddressModel(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Where a customer lives."""

    street: Street | None = None
    street2: Street | None = None
    city: AddressPart | None = None
    state: AddressPart | None = None
    zip_code: AddressPart | None = None
    country: AddressPart | None = None


class SaveCustomer(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """POM's whole record of a customer. Read-only fields may be sent back as `GET` returned them."""

    first_name: Name | None = None
    last_name: Name | None = None
    company_name: Name | None = None
    email: Email | None = None
    phone: Phone | None = None
    address: AddressModel = msgspec.field(default_factory=AddressModel)
    stripe_customer_id: StripeCustomerId | None = None
    id: ReadOnly = None
    sync_status: ReadOnly = None
    sync_error: ReadOnly = None
    synced_at: ReadOnly = None
    candidates: ReadOnly = None
    created_at: ReadOnly = None
    updated_at: ReadOnly = None
    history: ReadOnly = None


class CustomerView(msgspec.Struct, rename="camel", kw_only=True):
    """A customer, and whether Stripe has it as POM has it."""

    id: str
    first_name: str | None
    last_name: str | None
    company_name: str | None
    email: str | None
    phone: str | None
    address: AddressModel
    sync_status: Annotated[SyncStatus, Meta(description=_SYNC_STATUS)]
    sync_error: str | None
    synced_at: Instant | None
    stripe_customer_id: str | None
    candidates: Annotated[
        list[str],
        Meta(description="With `needs_choice`: the Stripe customers with this address, including the linked one."),
    ]
    created_at: Instant
    updated_at: Instant


class CustomerEntryView(msgspec.Struct, rename="camel", kw_only=True):
    """One thing that happened to a customer.

    `source` says where POM has it from: POM itself, Stripe's webhook, or the sweep.
    """

    at: Instant
    kind: Annotated[CustomerEvent, Meta(description=_KIND)]
    source: Source
    fields: Annotated[list[Field], Meta(description="The fields that are meant. `name` stands for all names.")]
    stripe_id: str | UnsetType = UNSET


class CustomerDetail(CustomerView, rename="camel", kw_only=True):
    """A customer with its history: the newest 50 entries, oldest first."""

    history: list[CustomerEntryView]


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
        candidates=list(customer.candidates),
        created_at=instant(customer.created_at),
        updated_at=instant(customer.updated_at),
    )


def customer_detail(customer: Customer) -> CustomerDetail:
    history = [
        CustomerEntryView(
            at=instant(entry.at),
            kind=entry.kind,
            source=entry.source,
            fields=list(entry.fields),
            stripe_id=entry.stripe_id or UNSET,
        )
        for entry in customer.history
    ]
    return CustomerDetail(**msgspec.structs.asdict(customer_view(customer)), history=history)


def customer_list(page: Page[Customer]) -> CustomerList:
    return CustomerList([customer_view(each) for each in page.items], page_info(page))
