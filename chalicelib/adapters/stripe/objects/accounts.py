"""A connected account in Stripe's form."""

from __future__ import annotations

import msgspec

from chalicelib.adapters.stripe.objects.fields import StripeId
from chalicelib.adapters.stripe.objects.requirements import Requirements
from chalicelib.domain.facts import AccountFact
from chalicelib.domain.terms import is_time_zone


class BusinessProfile(msgspec.Struct):
    name: str | None = None
    support_email: str | None = None
    support_phone: str | None = None


class Dashboard(msgspec.Struct):
    display_name: str | None = None
    timezone: str | None = None


class AccountSettings(msgspec.Struct):
    dashboard: Dashboard | None = None


class Account(msgspec.Struct):
    """https://docs.stripe.com/api/accounts/object"""

    id: StripeId
    business_profile: BusinessProfile | None = None
    settings: AccountSettings | None = None
    charges_enabled: bool = False
    payouts_enabled: bool = True
    details_submitted: bool = False
    default_currency: str | None = None
    country: str | None = None
    requirements: Requirements | None = None
    capabilities: dict[str, str] | None = None

    @property
    def business_name(self) -> str | None:
        """Returns the name in the business profile, or else the Dashboard's name.

        Many accounts leave the name in the business profile empty.
        """
        dashboard = self.settings.dashboard if self.settings else None
        names = (
            self.business_profile.name if self.business_profile else None,
            dashboard.display_name if dashboard else None,
        )
        return next((name for name in names if name and name.strip()), None)

    @property
    def time_zone(self) -> str | None:
        """Returns the Dashboard's time zone, or None if there is no valid one."""
        named = self.settings.dashboard.timezone if self.settings and self.settings.dashboard else None
        return named if named and is_time_zone(named) else None

    def fact(self, as_of: int) -> AccountFact:
        return AccountFact(
            id=self.id,
            as_of=as_of,
            business_name=self.business_name,
            charges_enabled=self.charges_enabled,
            details_submitted=self.details_submitted,
            default_currency=self.default_currency or "usd",
            country=self.country,
            requirements=(self.requirements or Requirements()).in_words(),
            payment_capabilities=self.capabilities or {},
            time_zone=self.time_zone,
            payouts_enabled=self.payouts_enabled,
            support_email=self.business_profile.support_email if self.business_profile else None,
            support_phone=self.business_profile.support_phone if self.business_profile else None,
        )
