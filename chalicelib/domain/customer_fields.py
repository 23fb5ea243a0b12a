"""The fields of a customer that POM and Stripe both have, and the values that POM accepts.

Stripe has one name, and an address of six parts. POM has a first name, a last name and a company name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import NamedTuple, TypeAlias, TypeVar

from chalicelib.domain.errors import Refused
from chalicelib.domain.facts import CustomerFact
from chalicelib.domain.texts import INVISIBLE, anything_visible, in_one_line

MAX_EMAIL = 512
MAX_NAME = 256
"""Stripe's own limit of `name`; POM's first, last and company names may be as long."""
MAX_PHONE = 20
MAX_STREET = 200
MAX_ADDRESS_PART = 100

_EMAIL = re.compile(
    rf'[^@{INVISIBLE},;<>()\[\]\\"]{{1,64}}@'
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
    r"[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)
EMAIL_PATTERN = rf"^\s*((?!.*\.\.){_EMAIL.pattern})?\s*$"
"""The pattern of what `normalized_email` accepts, for the API contract: an address or nothing, with white space
around.
"""
WHOLE_EMAIL_PATTERN = rf"^(?!.*\.\.){_EMAIL.pattern}$(?!\n)"
"""The pattern of an address without white space around it."""


class Field(StrEnum):
    """A field of a customer. `name` is the first name, the last name and the company name together."""

    EMAIL = "email"
    NAME = "name"
    PHONE = "phone"
    STREET = "street"
    STREET2 = "street2"
    CITY = "city"
    STATE = "state"
    ZIP_CODE = "zipCode"
    COUNTRY = "country"


ADDRESS = (Field.STREET, Field.STREET2, Field.CITY, Field.STATE, Field.ZIP_CODE, Field.COUNTRY)
"""The parts of an address. Stripe stores them together, so they are always sent together."""

_LIMITS = {
    Field.NAME: MAX_NAME,
    Field.PHONE: MAX_PHONE,
    Field.STREET: MAX_STREET,
    Field.STREET2: MAX_STREET,
    Field.CITY: MAX_ADDRESS_PART,
    Field.STATE: MAX_ADDRESS_PART,
    Field.ZIP_CODE: MAX_ADDRESS_PART,
    Field.COUNTRY: MAX_ADDRESS_PART,
}

Values: TypeAlias = Mapping[Field, str | None]
"""A value for each field; None if there is none."""


class ValueNotAccepted(Exception):
    """POM does not accept a value that Stripe has."""


class InStep(NamedTuple):
    """A field's values in POM and in Stripe when both were last in step, that is, had the same content.

    They differ if Stripe truncated POM's value.
    """

    pom: str | None = None
    stripe: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """Where a customer lives, in POM's words."""

    street: str | None = None
    street2: str | None = None
    city: str | None = None
    state: str | None = None
    zip_code: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """POM's data about a customer. `email` is as it was typed, without white space around it, or None."""

    first_name: str | None = None
    last_name: str | None = None
    company_name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: Address = Address()

    @property
    def display_name(self) -> str | None:
        person = " ".join(part for part in (self.first_name, self.last_name) if part and _one_line(part))
        return (self.company_name if _one_line(self.company_name) else person) or None

    @property
    def values(self) -> Values:
        """Returns the value of each field. A text of white space alone counts as None."""
        address = self.address
        return {
            Field.EMAIL: self.email or None,
            Field.NAME: self.display_name,
            Field.PHONE: _not_blank(self.phone),
            Field.STREET: _not_blank(address.street),
            Field.STREET2: _not_blank(address.street2),
            Field.CITY: _not_blank(address.city),
            Field.STATE: _not_blank(address.state),
            Field.ZIP_CODE: _not_blank(address.zip_code),
            Field.COUNTRY: _not_blank(address.country),
        }

    def with_fields_of(self, other: Profile, fields_to_copy: Collection[Field]) -> Profile:
        """Returns this profile with `other`'s values in these fields. The three names are one field."""
        names = ("first_name", "last_name", "company_name") if Field.NAME in fields_to_copy else ()
        own = (*names, *(field.value for field in fields_to_copy if field in (Field.EMAIL, Field.PHONE)))
        parts = [_ATTRIBUTES.get(field, field.value) for field in fields_to_copy if field in ADDRESS]
        address = replace(self.address, **{name: getattr(other.address, name) for name in parts})
        return replace(self, address=address, **{name: getattr(other, name) for name in own})

    def fields_unlike(self, other: Profile) -> tuple[Field, ...]:
        """Returns the fields whose values differ."""
        return tuple(field for field in Field if self.with_fields_of(other, (field,)) != self)

    def rebased(self, read: Profile, stored: Profile) -> Profile:
        """Returns `stored` with the changes that this profile makes to `read`.

        `stored` is the profile that a worker has stored after `read` was read.
        """
        return replace(_rebase(self, read, stored), address=_rebase(self.address, read.address, stored.address))

    def with_stripe_value(self, field: Field, value: str | None) -> Profile:
        """Returns the profile with Stripe's value in this field.

        Raises:
            NotTaken: POM does not accept such a value.
        """
        if field is Field.EMAIL:
            try:
                return replace(self, email=normalized_email(value))
            except Refused as refusal:
                raise ValueNotAccepted from refusal
        line = _one_line(value)
        if line is not None and len(line) > _LIMITS[field]:
            raise ValueNotAccepted
        if field is Field.NAME:
            return self._named(line)
        if field is Field.PHONE:
            return replace(self, phone=line)
        return replace(self, address=replace(self.address, **{_ATTRIBUTES.get(field, field.value): line}))

    def _named(self, new_name: str | None) -> Profile:
        if new_name is None:
            raise ValueNotAccepted  # POM keeps its own name.
        if new_name == _one_line(self.display_name):
            return self
        if _one_line(self.company_name):
            return replace(self, company_name=new_name)
        first, last = split_name(new_name, _one_line(self.first_name), _one_line(self.last_name))
        return replace(self, first_name=first, last_name=last)


R = TypeVar("R", Profile, Address)


def _rebase(edited: R, read: R, stored: R) -> R:
    unchanged = [each.name for each in fields(edited) if getattr(edited, each.name) == getattr(read, each.name)]
    return replace(edited, **{name: getattr(stored, name) for name in unchanged})


_ATTRIBUTES = {Field.ZIP_CODE: "zip_code"}


def split_name(name: str, first: str | None, last: str | None) -> tuple[str | None, str | None]:
    """Returns the first and the last name in a new whole name. `first` and `last` are the former names.

    A former last name at the end of the new name stays, and so does a former first name at its beginning. Otherwise
    the first name keeps its number of words, or gets one word if there was no first name.
    """
    if last and (name == last or name.endswith(f" {last}")):
        return name[: -len(last)].strip() or None, last
    if first and (name == first or name.startswith(f"{first} ")):
        return first, name[len(first) :].strip() or None
    words = name.split()
    count = len(first.split()) if first else 1
    return " ".join(words[:count]), " ".join(words[count:]) or None


def stripe_values(fact: CustomerFact) -> Values:
    """Returns Stripe's value of each field. An empty text counts as None."""
    return {
        Field.EMAIL: fact.email or None,
        Field.NAME: fact.name or None,
        Field.PHONE: fact.phone or None,
        Field.STREET: fact.street or None,
        Field.STREET2: fact.street2 or None,
        Field.CITY: fact.city or None,
        Field.STATE: fact.state or None,
        Field.ZIP_CODE: fact.zip_code or None,
        Field.COUNTRY: fact.country or None,
    }


def as_sent_to_stripe(field: Field, value: str | None) -> str | None:
    """Returns POM's value as POM sends it to Stripe. A whole name is truncated to Stripe's limit."""
    return value[:MAX_NAME] if value and field is Field.NAME else value


def same_value(field: Field, one: str | None, other: str | None) -> bool:
    """Returns True if two values differ at most in white space. E-mail addresses may also differ in case."""
    if field is Field.EMAIL:
        return same_address(one, other)
    return _one_line(one) == _one_line(other)


def same_address(one: str | None, other: str | None) -> bool:
    """Returns True if two e-mail addresses differ at most in case, or if both are missing."""
    return comparable_address(one) == comparable_address(other)


def comparable_address(email: str | None) -> str:
    """Returns an e-mail address in the form for comparing: lower case, without white space around it, empty if
    missing.
    """
    return (email or "").strip().lower()


def _not_blank(text: str | None) -> str | None:
    return text if _one_line(text) else None


def _one_line(text: str | None) -> str | None:
    """Returns the text in one line, with one blank between words. None if nothing in it is visible."""
    line = in_one_line(text or "")
    return line if anything_visible(line) else None


def normalized_email(email: str | None, *, field: str = "email") -> str | None:
    """Returns the address as it was typed, without white space around it, or None if nothing remains.

    Raises:
        Refused: the text cannot be an e-mail address.
    """
    address = (email or "").strip()
    if not address:
        return None
    if len(address) > MAX_EMAIL or not _EMAIL.fullmatch(address) or ".." in address:
        raise Refused(
            "email_invalid",
            "This is not a valid e-mail address.",
            field=field,
            next_step="Correct the address; Stripe sends the invoice there.",
        )
    return address
