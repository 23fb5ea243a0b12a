"""Who did what to the settings, the connection and the customers, as the API returns it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Instant, PageInfo, instant, page_info
from chalicelib.api.models.invoicing_settings import (
    Creation,
    DefaultCurrency,
    InvoiceType,
    Methods,
    RemindersView,
    Terms,
    Window,
    Zone,
    reminders_view,
)
from chalicelib.domain.acts import Act, By, ConnectionAct, CustomerAct
from chalicelib.domain.customer_fields import Field
from chalicelib.domain.settings import InvoicingSettings, SettingsField
from chalicelib.ports.storage import Page

_BY = (
    "`user`: a user of the organization, see `actor`. `operations`: POM's operations. `stripe`: somebody in Stripe. "
    "`pom`: POM by itself."
)
_ACTOR = "The id of the user, which is the `sub` of the token. Null if no user of the organization did it."
_CONNECTION_KIND = (
    "`connect_begun`: somebody was sent to Stripe to grant access. `access_granted`: somebody granted it in Stripe. "
    "`connect_failed`: access was denied, or Stripe did not complete it; `reason` says why. "
    "`connected`, `disconnected`: by a user. `revoked`: somebody took the access back in Stripe. "
    "`access_given_up`: POM returned an access that nobody completed in time. "
    "`refresh_requested`: everything was to be compared with Stripe. `test_requested`: a test of the connection. "
    "`invoicing_paused`, `invoicing_resumed`: by POM's operations. "
    "`exported`, `erased`: POM's operations exported, or erased, what POM holds of the organization. "
    "`other`: something that this release of POM does not know."
)
_CUSTOMER_KIND = (
    "`saved`: somebody saved it. `choice_made`: somebody chose or confirmed its Stripe customer. "
    "`sync_requested`: it was to be given to Stripe again. `imported`: an import saved it. "
    "`exported`: somebody exported what POM holds of it. `erasure_requested`: somebody asked POM to erase it. "
    "`erased`: POM took the person out of the record. `other`: something that this release of POM does not know."
)


class SettingsValues(msgspec.Struct, rename="camel", kw_only=True):
    """The invoicing settings of a moment, without their texts: memo and footer are not kept."""

    invoice_type: InvoiceType
    payment_terms: Terms
    payment_window: Window
    payment_methods: Methods
    reminders: Annotated[RemindersView, Meta(description="When Stripe e-mails a payment reminder.")]
    currency: DefaultCurrency
    time_zone: Zone | None
    customer_creation: Creation


class SettingsChangeView(msgspec.Struct, rename="camel", kw_only=True):
    """One change of the invoicing settings."""

    at: Annotated[Instant, Meta(description="When they were saved. RFC 3339, UTC.")]
    actor: Annotated[str | None, Meta(description=_ACTOR)]
    fields: Annotated[
        list[SettingsField],
        Meta(description="The settings that changed. Of `memo` and `footer` it is only kept that they changed."),
    ]
    from_: Annotated[SettingsValues, Meta(description="All settings before it, but texts.")] = msgspec.field(
        name="from"
    )
    to: Annotated[SettingsValues, Meta(description="All settings after it, but texts.")]


class ConnectionActView(msgspec.Struct, rename="camel", kw_only=True):
    """One thing that was done to the connection. Fields that do not apply are null."""

    at: Annotated[Instant, Meta(description="When it was done. RFC 3339, UTC.")]
    kind: Annotated[ConnectionAct, Meta(description=_CONNECTION_KIND)]
    by: Annotated[By, Meta(description=_BY)]
    actor: Annotated[str | None, Meta(description=_ACTOR)]
    stripe_account_id: Annotated[str | None, Meta(description="The Stripe account that it was about.")]
    reason: Annotated[
        str | None, Meta(description="Why it failed: an error code, which is stable and meant for programs.")
    ]


class CustomerActView(msgspec.Struct, rename="camel", kw_only=True):
    """One thing that was done to a customer in POM. Fields that do not apply are null."""

    at: Annotated[Instant, Meta(description="When it was done. RFC 3339, UTC.")]
    kind: Annotated[CustomerAct, Meta(description=_CUSTOMER_KIND)]
    by: Annotated[By, Meta(description=_BY)]
    actor: Annotated[str | None, Meta(description=_ACTOR)]
    fields: Annotated[
        list[Field],
        Meta(description="The fields that changed, never their values. `name` stands for the three names."),
    ]
    stripe_customer_id: Annotated[str | None, Meta(description="The Stripe customer that was chosen with it.")]
    import_id: Annotated[str | None, Meta(description="The import that did it.")]


class SettingsHistory(msgspec.Struct, rename="camel"):
    """A page of the changes of the invoicing settings."""

    data: Annotated[list[SettingsChangeView], Meta(description="The changes, newest first.")]
    page_info: PageInfo


class ConnectionHistory(msgspec.Struct, rename="camel"):
    """A page of what was done to the connection."""

    data: Annotated[list[ConnectionActView], Meta(description="What was done, newest first.")]
    page_info: PageInfo


class CustomerHistory(msgspec.Struct, rename="camel"):
    """A page of what was done to a customer in POM."""

    data: Annotated[list[CustomerActView], Meta(description="What was done, newest first.")]
    page_info: PageInfo


def settings_history(page: Page[Act]) -> SettingsHistory:
    return SettingsHistory([view for act in page.items if (view := _change_view(act))], page_info(page))


def connection_history(page: Page[Act]) -> ConnectionHistory:
    return ConnectionHistory([_connection_view(act) for act in page.items], page_info(page))


def customer_history(page: Page[Act]) -> CustomerHistory:
    return CustomerHistory([_customer_view(act) for act in page.items], page_info(page))


def _change_view(act: Act) -> SettingsChangeView | None:
    change = act.settings
    if change is None:
        return None
    return SettingsChangeView(
        at=instant(act.at),
        actor=act.actor,
        fields=[SettingsField(each) for each in change.fields],
        from_=_values(change.before),
        to=_values(change.after),
    )


def _values(settings: InvoicingSettings) -> SettingsValues:
    return SettingsValues(
        invoice_type=settings.invoice_type,
        payment_terms=settings.payment_terms,
        payment_window=settings.payment_window,
        payment_methods=list(settings.payment_methods),
        reminders=reminders_view(settings.reminders),
        currency=settings.currency,
        time_zone=settings.time_zone,
        customer_creation=settings.customer_creation,
    )


def _connection_view(act: Act) -> ConnectionActView:
    return ConnectionActView(
        kind=ConnectionAct(act.kind), stripe_account_id=act.stripe_id, reason=act.reason, **_common_fields(act)
    )


def _customer_view(act: Act) -> CustomerActView:
    return CustomerActView(
        kind=CustomerAct(act.kind),
        fields=[Field(each) for each in act.fields],
        stripe_customer_id=act.stripe_id,
        import_id=act.batch_id,
        **_common_fields(act),
    )


def _common_fields(act: Act) -> dict[str, Any]:
    return {"at": instant(act.at), "by": act.by, "actor": act.actor}
