"""The history of acts on the settings, the connection and the customers: who did what, and when."""

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
    "The party that did it. `user`: a user of the organization, named by `actor`. `operations`: POM's operations "
    "team. `stripe`: a person in Stripe. `pom`: POM, without a request from anybody."
)
_ACTOR = "The id of the user, which is the `sub` of the access token. Null if no user of the organization did it."
_CONNECTION_KIND = (
    "The kind of act. `connect_begun`: a user was sent to Stripe to grant access. `access_granted`: a person "
    "granted access in Stripe. `connect_failed`: a person denied access, or Stripe did not complete the connection; "
    "`reason` says why. `connected`, `disconnected`: a user connected or disconnected Stripe. `revoked`: a person "
    "revoked the access in Stripe. `access_given_up`: POM returned an access because nobody completed the "
    "connection in time. `refresh_requested`: a user requested a comparison of everything with Stripe. "
    "`test_requested`: a user requested a test of the connection. `invoicing_paused`, `invoicing_resumed`: POM's "
    "operations team paused or resumed invoicing. `exported`, `erased`: POM's operations team exported or erased "
    "the organization's data. `other`: an act of a kind that this release of POM does not support."
)
_CUSTOMER_KIND = (
    "The kind of act. `saved`: a user saved the customer. `choice_made`: a user chose or confirmed its Stripe "
    "customer. `sync_requested`: a user requested another sync with Stripe. `imported`: an import saved the "
    "customer. `exported`: a user exported the customer's data. `erasure_requested`: a user requested the "
    "customer's erasure. `erased`: POM removed the person's data from the customer's record. `other`: an act of a "
    "kind that this release of POM does not support."
)


class SettingsValues(msgspec.Struct, rename="camel", kw_only=True):
    """The invoicing settings at one point in time, without memo and footer, which the history does not store."""

    invoice_type: InvoiceType
    payment_terms: Terms
    payment_window: Window
    payment_methods: Methods
    reminders: Annotated[RemindersView, Meta(description="When Stripe e-mails a payment reminder.")]
    currency: DefaultCurrency
    time_zone: Zone | None
    customer_creation: Creation


class SettingsChangeView(msgspec.Struct, rename="camel", kw_only=True):
    """A change of the invoicing settings."""

    at: Annotated[Instant, Meta(description="Time at which the settings were saved. RFC 3339, UTC.")]
    actor: Annotated[str | None, Meta(description=_ACTOR)]
    fields: Annotated[
        list[SettingsField],
        Meta(
            description="The settings that changed. For `memo` and `footer`, POM stores that they changed, but not "
            "their texts."
        ),
    ]
    from_: Annotated[SettingsValues, Meta(description="The settings before the change, without memo and footer.")] = (
        msgspec.field(name="from")
    )
    to: Annotated[SettingsValues, Meta(description="The settings after the change, without memo and footer.")]


class ConnectionActView(msgspec.Struct, rename="camel", kw_only=True):
    """An act on the connection, such as connecting or disconnecting Stripe. Fields that do not apply are null."""

    at: Annotated[Instant, Meta(description="Time of the act. RFC 3339, UTC.")]
    kind: Annotated[ConnectionAct, Meta(description=_CONNECTION_KIND)]
    by: Annotated[By, Meta(description=_BY)]
    actor: Annotated[str | None, Meta(description=_ACTOR)]
    stripe_account_id: Annotated[
        str | None,
        Meta(description="Stripe's id of the account that was connected, disconnected or otherwise affected."),
    ]
    reason: Annotated[
        str | None,
        Meta(description="The error code that says why the act failed. It is stable and meant for programs."),
    ]


class CustomerActView(msgspec.Struct, rename="camel", kw_only=True):
    """An act on a customer in POM, such as saving or importing it. Fields that do not apply are null."""

    at: Annotated[Instant, Meta(description="Time of the act. RFC 3339, UTC.")]
    kind: Annotated[CustomerAct, Meta(description=_CUSTOMER_KIND)]
    by: Annotated[By, Meta(description=_BY)]
    actor: Annotated[str | None, Meta(description=_ACTOR)]
    fields: Annotated[
        list[Field],
        Meta(
            description="The fields that changed, without their values. `name` stands for `firstName`, `lastName` "
            "and `companyName`."
        ),
    ]
    stripe_customer_id: Annotated[
        str | None, Meta(description="Stripe's id of the Stripe customer that was chosen with this act.")
    ]
    import_id: Annotated[str | None, Meta(description="The id of the import that saved the customer.")]


class SettingsHistory(msgspec.Struct, rename="camel"):
    """A page of the changes of the invoicing settings."""

    data: Annotated[list[SettingsChangeView], Meta(description="The changes, newest first.")]
    page_info: PageInfo


class ConnectionHistory(msgspec.Struct, rename="camel"):
    """A page of the acts on the connection."""

    data: Annotated[list[ConnectionActView], Meta(description="The acts, newest first.")]
    page_info: PageInfo


class CustomerHistory(msgspec.Struct, rename="camel"):
    """A page of the acts on a customer in POM."""

    data: Annotated[list[CustomerActView], Meta(description="The acts, newest first.")]
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
