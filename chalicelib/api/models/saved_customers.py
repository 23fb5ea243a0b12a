"""The request to save a customer."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.api.models.common import ReadOnly
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
from chalicelib.domain.customer import SyncStatus
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
from chalicelib.domain.customer_save import Save
from chalicelib.domain.texts import ONE_LINE_PATTERN

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


class SaveAddress(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A postal address. Leaving a part out has the same effect as leaving a field of the customer out."""

    street: Annotated[Street | None, Meta(description=STREET)] | UnsetType = UNSET
    street2: Annotated[Street | None, Meta(description=STREET2)] | UnsetType = UNSET
    city: Annotated[AddressPart | None, Meta(description=CITY)] | UnsetType = UNSET
    state: Annotated[AddressPart | None, Meta(description=STATE)] | UnsetType = UNSET
    zip_code: Annotated[AddressPart | None, Meta(description=ZIP_CODE)] | UnsetType = UNSET
    country: Annotated[AddressPart | None, Meta(description=COUNTRY)] | UnsetType = UNSET


NO_ADDRESS = SaveAddress(None, None, None, None, None, None)


class SaveCustomer(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """POM's whole record of a customer. Read-only fields can be sent back as `GET` returned them.

    `null` removes a value. If a field is left out, POM removes a value that POM gave it, and keeps a value that came
    from Stripe. The three names count as one field: if one of them is sent, the others are removed.
    """

    first_name: Annotated[Name | None, Meta(description=FIRST_NAME)] | UnsetType = UNSET
    last_name: Annotated[Name | None, Meta(description=LAST_NAME)] | UnsetType = UNSET
    company_name: Annotated[Name | None, Meta(description=COMPANY_NAME)] | UnsetType = UNSET
    email: Annotated[Email | None, Meta(description=EMAIL)] | UnsetType = UNSET
    phone: Annotated[Phone | None, Meta(description=PHONE)] | UnsetType = UNSET
    address: Annotated[SaveAddress | None, Meta(description="The customer's postal address.")] | UnsetType = UNSET
    stripe_customer_id: Annotated[
        StripeCustomerId | None,
        Meta(
            description="Stripe's id of the Stripe customer to link, if several have the customer's e-mail address."
        ),
    ] = None
    choose: Annotated[
        bool,
        Meta(
            description="True to choose `stripeCustomerId` in any case. If false, a body with read-only fields "
            "counts as a customer that was loaded from POM, and its `stripeCustomerId` is not a choice."
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


def save_from(model: SaveCustomer) -> Save:
    """Returns the domain's request to save the customer.

    Raises:
        Refused: the e-mail address is not valid.
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
    """Returns the time before which the sent record was loaded, in epoch seconds UTC, or None if it does not say."""
    try:
        updated_at = msgspec.convert(model.updated_at, dt.datetime)
    except msgspec.ValidationError:
        return None  # A read-only field may have any value.
    if updated_at.tzinfo is None:
        return None
    # Stripe's values may come within the second in which a pending customer was loaded.
    return int(updated_at.timestamp()) + int(model.sync_status != SyncStatus.PENDING)


def _text(text: str | UnsetType | None) -> str | None:
    """Returns the text unchanged, or None if it has only white space."""
    return text if text and text.strip() else None


def _left_out(model: SaveCustomer, address: SaveAddress) -> tuple[Field, ...]:
    """Returns the fields that the request leaves out."""
    values_by_field = {
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
    return tuple(field for field, values in values_by_field.items() if all(value is UNSET for value in values))
