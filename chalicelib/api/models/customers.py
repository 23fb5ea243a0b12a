"""A customer, and pages of customers."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Instant, PageInfo, instant, instant_or_none, page_info
from chalicelib.api.models.customer_field_texts import (
    CITY,
    COMPANY_NAME,
    COUNTRY,
    EMAIL,
    FIRST_NAME,
    LAST_NAME,
    PHONE,
    STATE,
    STREET,
    STREET2,
    ZIP_CODE,
)
from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.customer_fields import Field
from chalicelib.domain.customer_history import CustomerEvent
from chalicelib.domain.history import Source
from chalicelib.ports.storage import Page

_SYNC_STATUS = (
    "The status of the sync with Stripe. `pending`: POM has not synced the customer with Stripe yet. `synced`: "
    "Stripe's and POM's records match. `needs_choice`: several Stripe customers have this e-mail address; save the "
    "customer with `stripeCustomerId`. `failed`: the customer could not be synced; `syncError` says why. "
    "`not_connected`: the organization was not connected to Stripe at the last sync. `waiting_for_invoice`: the "
    "connected Stripe account gets the customer with its next invoice. `deleted_in_stripe`: a person deleted the "
    "Stripe customer. POM links or creates another one when it is next needed. POM's record stays; to erase the "
    "person, use `DELETE`."
)
_KIND = (
    "The kind of entry. `created_in_stripe`: POM created the Stripe customer with these fields. `linked`: POM "
    "linked an existing Stripe customer and updated these fields in Stripe. `taken_over_from_stripe`: POM took over "
    "Stripe's values. `not_taken_over_from_stripe`: POM does not accept Stripe's values and keeps its own. "
    "`kept_over_stripe`: both sides changed these fields, and POM's values replaced Stripe's. `choice_offered`: "
    "other Stripe customers have the same e-mail address, and the office has to choose one. `choice_made`: the "
    "office confirmed the linked Stripe customer. `unlinked`: a person deleted the Stripe customer."
)


class AddressView(msgspec.Struct, rename="camel", kw_only=True):
    """A postal address. A part that POM does not have is null."""

    street: Annotated[str | None, Meta(description=STREET)]
    street2: Annotated[str | None, Meta(description=STREET2)]
    city: Annotated[str | None, Meta(description=CITY)]
    state: Annotated[str | None, Meta(description=STATE)]
    zip_code: Annotated[str | None, Meta(description=ZIP_CODE)]
    country: Annotated[str | None, Meta(description=COUNTRY)]


class CustomerView(msgspec.Struct, rename="camel", kw_only=True):
    """A customer, and the status of its sync with Stripe."""

    id: Annotated[str, Meta(description="POM's id of the customer.")]
    first_name: Annotated[str | None, Meta(description=FIRST_NAME)]
    last_name: Annotated[str | None, Meta(description=LAST_NAME)]
    company_name: Annotated[str | None, Meta(description=COMPANY_NAME)]
    email: Annotated[str | None, Meta(description=EMAIL)]
    phone: Annotated[str | None, Meta(description=PHONE)]
    address: Annotated[AddressView, Meta(description="The customer's postal address.")]
    sync_status: Annotated[SyncStatus, Meta(description=_SYNC_STATUS)]
    sync_error: Annotated[
        str | None,
        Meta(
            description="Why the customer could not be synced with Stripe, in sentences. Null if there is no problem."
        ),
    ]
    synced_at: Annotated[
        Instant | None,
        Meta(description="Time at which the customer was last synced with Stripe. RFC 3339, UTC. Null if never."),
    ]
    stripe_customer_id: Annotated[
        str | None,
        Meta(
            description="Stripe's id of the linked Stripe customer. While `syncStatus` is `pending`, "
            "`not_connected` or `failed`, the one that the office chose, if any; until that choice is synced, an "
            "existing link stays in force."
        ),
    ]
    candidates: Annotated[
        list[str],
        Meta(
            description="With `needs_choice`, Stripe's ids of the Stripe customers with this e-mail address, "
            "including the linked one."
        ),
    ]
    created_at: Annotated[Instant, Meta(description="Time at which POM first stored the customer. RFC 3339, UTC.")]
    updated_at: Annotated[
        Instant, Meta(description="Time at which POM stored the latest change of the customer. RFC 3339, UTC.")
    ]


class CustomerEntryView(msgspec.Struct, rename="camel", kw_only=True):
    """An entry of a customer's history."""

    at: Annotated[Instant, Meta(description="Time of the event. RFC 3339, UTC.")]
    kind: Annotated[CustomerEvent, Meta(description=_KIND)]
    source: Annotated[
        Source,
        Meta(
            description="How POM learned of the event: `pom` if POM did it itself, `webhook` if a webhook reported "
            "it, `sweep` if the sweep, POM's periodic comparison with Stripe, found it."
        ),
    ]
    fields: Annotated[
        list[Field],
        Meta(
            description="The fields that the entry is about. `name` stands for `firstName`, `lastName` and "
            "`companyName`."
        ),
    ]
    stripe_id: Annotated[
        str | None,
        Meta(
            description="Stripe's id of the Stripe customer that the entry is about. Null if the entry is about none."
        ),
    ]


class CustomerDetail(CustomerView, rename="camel", kw_only=True):
    """A customer with its history: the newest 50 entries, oldest first."""

    history: Annotated[
        list[CustomerEntryView], Meta(description="The history of the customer: the newest 50 entries, oldest first.")
    ]


class CustomerList(msgspec.Struct, rename="camel"):
    """A page of customers."""

    data: Annotated[list[CustomerView], Meta(description="The customers, in the order of the list.")]
    page_info: PageInfo


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
        address=AddressView(
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
        stripe_customer_id=customer.displayed_stripe_id,
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
            stripe_id=entry.stripe_id or None,
        )
        for entry in customer.history
    ]
    return CustomerDetail(**msgspec.structs.asdict(customer_view(customer)), history=history)


def customer_list(page: Page[Customer]) -> CustomerList:
    return CustomerList([customer_view(each) for each in page.items], page_info(page))
