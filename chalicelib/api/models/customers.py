"""POM's customers."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.api.models.common import (
    Instant,
    PageInfo,
    ReadOnly,
    instant,
    instant_or_none,
    page_info,
)
from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.customer_fields import (
    EMAIL_PATTERN,
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
from chalicelib.domain.customer_history import CustomerEvent
from chalicelib.domain.customer_save import Save
from chalicelib.domain.history import Source
from chalicelib.domain.texts import ONE_LINE_PATTERN
from chalicelib.ports.storage import Page

Name = Annotated[str, Meta(max_length=MAX_NAME, pattern=ONE_LINE_PATTERN)]
Street = Annotated[str, Meta(max_length=MAX_STREET, pattern=ONE_LINE_PATTERN)]
AddressPart = Annotated[str, Meta(max_length=MAX_ADDRESS_PART, pattern=ONE_LINE_PATTERN)]
Phone = Annotated[str, Meta(max_length=MAX_PHONE, pattern=ONE_LINE_PATTERN)]
Email = Annotated[str, Meta(max_length=MAX_EMAIL, extra_json_schema={"pattern": EMAIL_PATTERN})]
STRIPE_CUSTOMER_PATTERN = r"^cus_[A-Za-z0-9]{1,64}$(?!\n)"
StripeCustomerId = Annotated[
    str,
    Meta(
        pattern=STRIPE_CUSTOMER_PATTERN,
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


STREET = "The street and the number of the house."
STREET2 = "A second line for the street, such as the number of a flat."
CITY = "The city."
STATE = "The state or the province, as it is written on a letter."
ZIP_CODE = "The ZIP code or the postal code."
COUNTRY = "The country, best as a code of two letters (ISO 3166), such as US."


class SaveAddress(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Where a customer lives. A part that is left out is treated as a field of the customer that is left out."""

    street: Annotated[Street | None, Meta(description=STREET)] | UnsetType = UNSET
    street2: Annotated[Street | None, Meta(description=STREET2)] | UnsetType = UNSET
    city: Annotated[AddressPart | None, Meta(description=CITY)] | UnsetType = UNSET
    state: Annotated[AddressPart | None, Meta(description=STATE)] | UnsetType = UNSET
    zip_code: Annotated[AddressPart | None, Meta(description=ZIP_CODE)] | UnsetType = UNSET
    country: Annotated[AddressPart | None, Meta(description=COUNTRY)] | UnsetType = UNSET


NO_ADDRESS = SaveAddress(None, None, None, None, None, None)


class AddressView(msgspec.Struct, rename="camel", kw_only=True):
    """Where a customer lives. A part that POM does not have is null."""

    street: Annotated[str | None, Meta(description=STREET)]
    street2: Annotated[str | None, Meta(description=STREET2)]
    city: Annotated[str | None, Meta(description=CITY)]
    state: Annotated[str | None, Meta(description=STATE)]
    zip_code: Annotated[str | None, Meta(description=ZIP_CODE)]
    country: Annotated[str | None, Meta(description=COUNTRY)]


FIRST_NAME = "The first name."
LAST_NAME = "The last name."
COMPANY_NAME = "The name of the company, if the customer is one."
EMAIL = "The address that Stripe e-mails invoices to."
PHONE = "The phone number, as it is dialled."


class SaveCustomer(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """POM's whole record of a customer. Read-only fields may be sent back as `GET` returned them.

    `null` removes a value. A field that is left out loses the value that POM gave it, and keeps a value that POM took
    over from Stripe. The three names count as one field: if one of them is sent, the others are not kept.
    """

    first_name: Annotated[Name | None, Meta(description=FIRST_NAME)] | UnsetType = UNSET
    last_name: Annotated[Name | None, Meta(description=LAST_NAME)] | UnsetType = UNSET
    company_name: Annotated[Name | None, Meta(description=COMPANY_NAME)] | UnsetType = UNSET
    email: Annotated[Email | None, Meta(description=EMAIL)] | UnsetType = UNSET
    phone: Annotated[Phone | None, Meta(description=PHONE)] | UnsetType = UNSET
    address: Annotated[SaveAddress | None, Meta(description="Where the customer lives.")] | UnsetType = UNSET
    stripe_customer_id: Annotated[
        StripeCustomerId | None,
        Meta(description="The Stripe customer that this customer is, if several have the same e-mail address."),
    ] = None
    choose: Annotated[
        bool,
        Meta(
            description="`true` chooses `stripeCustomerId` whatever else is sent. Without it, a body with read-only "
            "fields counts as a loaded customer: the Stripe customer that it was shown with is no choice."
        ),
    ] = False
    id: ReadOnly = None
    sync_status: ReadOnly = UNSET
    sync_error: ReadOnly = UNSET
    synced_at: ReadOnly = UNSET
    candidates: ReadOnly = UNSET
    created_at: ReadOnly = UNSET
    updated_at: ReadOnly = UNSET
    history: ReadOnly = UNSET


class CustomerView(msgspec.Struct, rename="camel", kw_only=True):
    """A customer, and whether Stripe has it as POM has it."""

    id: Annotated[str, Meta(description="POM's id of the customer.")]
    first_name: Annotated[str | None, Meta(description=FIRST_NAME)]
    last_name: Annotated[str | None, Meta(description=LAST_NAME)]
    company_name: Annotated[str | None, Meta(description=COMPANY_NAME)]
    email: Annotated[str | None, Meta(description=EMAIL)]
    phone: Annotated[str | None, Meta(description=PHONE)]
    address: Annotated[AddressView, Meta(description="Where the customer lives.")]
    sync_status: Annotated[SyncStatus, Meta(description=_SYNC_STATUS)]
    sync_error: Annotated[
        str | None, Meta(description="Why Stripe does not have the customer, in sentences. Null if nothing is wrong.")
    ]
    synced_at: Annotated[
        Instant | None, Meta(description="When Stripe last had it as POM has it. RFC 3339, UTC. Null if never.")
    ]
    stripe_customer_id: Annotated[
        str | None,
        Meta(
            description="The linked Stripe customer. While `pending`, `not_connected` or `failed`: the one that the "
            "office chose, if it chose one; a link that was there stays in force until then."
        ),
    ]
    candidates: Annotated[
        list[str],
        Meta(description="With `needs_choice`: the Stripe customers with this address, including the linked one."),
    ]
    created_at: Annotated[Instant, Meta(description="When POM first stored the customer. RFC 3339, UTC.")]
    updated_at: Annotated[Instant, Meta(description="When POM stored its latest change. RFC 3339, UTC.")]


class CustomerEntryView(msgspec.Struct, rename="camel", kw_only=True):
    """One thing that happened to a customer."""

    at: Annotated[Instant, Meta(description="When it happened. RFC 3339, UTC.")]
    kind: Annotated[CustomerEvent, Meta(description=_KIND)]
    source: Annotated[
        Source,
        Meta(description="How POM knows of it: from itself, from a webhook of Stripe's, or from the sweep."),
    ]
    fields: Annotated[
        list[Field],
        Meta(description="The fields that changed, or that the entry is about. `name` stands for the three names."),
    ]
    stripe_id: Annotated[
        str | None, Meta(description="Stripe's id of the Stripe customer that it is about. Null if it is about none.")
    ]


class CustomerDetail(CustomerView, rename="camel", kw_only=True):
    """A customer with its history: the newest 50 entries, oldest first."""

    history: Annotated[
        list[CustomerEntryView], Meta(description="What happened to it: the newest 50 entries, oldest first.")
    ]


class CustomerList(msgspec.Struct, rename="camel"):
    """A page of customers."""

    data: Annotated[list[CustomerView], Meta(description="The customers, in the order of the list.")]
    page_info: PageInfo


def save_from(model: SaveCustomer) -> Save:
    """Returns the domain's request.

    Raises:
        Refused: the e-mail address cannot be one.
    """
    address = SaveAddress() if model.address is UNSET else model.address or NO_ADDRESS
    profile = Profile(
        first_name=_text(model.first_name),
        last_name=_text(model.last_name),
        company_name=_text(model.company_name),
        email=normalized_email(model.email or None),
        phone=_text(model.phone),
        address=Address(
            street=_text(address.street),
            street2=_text(address.street2),
            city=_text(address.city),
            state=_text(address.state),
            zip_code=_text(address.zip_code),
            country=_text(address.country),
        ),
    )
    # Only a record that was loaded from POM has these fields.
    was_loaded = any(
        value is not UNSET
        for value in (
            model.sync_status,
            model.sync_error,
            model.synced_at,
            model.candidates,
            model.created_at,
            model.updated_at,
            model.history,
        )
    )
    deliberate = model.choose or not was_loaded
    return Save(profile, model.stripe_customer_id, _left_out(model, address), _loaded_before(model), deliberate)


def _loaded_before(model: SaveCustomer) -> int | None:
    try:
        shown = msgspec.convert(model.updated_at, dt.datetime)
    except msgspec.ValidationError:
        return None  # read-only fields may hold anything
    if shown.tzinfo is None:
        return None
    # Stripe's values may come within the second in which a pending customer was loaded.
    return int(shown.timestamp()) + int(model.sync_status != SyncStatus.PENDING)


def _text(text: str | UnsetType | None) -> str | None:
    """Returns the text as it was typed; None if it is only white space."""
    return text if text and text.strip() else None


def _left_out(model: SaveCustomer, address: SaveAddress) -> tuple[Field, ...]:
    """Returns the fields that the request does not mention."""
    sent = {
        Field.EMAIL: (model.email,),
        Field.NAME: (model.first_name, model.last_name, model.company_name),
        Field.PHONE: (model.phone,),
        Field.STREET: (address.street,),
        Field.STREET2: (address.street2,),
        Field.CITY: (address.city,),
        Field.STATE: (address.state,),
        Field.ZIP_CODE: (address.zip_code,),
        Field.COUNTRY: (address.country,),
    }
    return tuple(field for field, values in sent.items() if all(value is UNSET for value in values))


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
        stripe_customer_id=customer.shown_stripe_id,
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
