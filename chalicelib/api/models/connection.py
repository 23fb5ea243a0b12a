"""The connection to Stripe, and the list of integrations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Instant, PageInfo, instant, instant_or_none
from chalicelib.domain.connection import ConnectionStatus, Freeze
from chalicelib.domain.facts import Requirement
from chalicelib.domain.sweep import SyncReport
from chalicelib.usecases.connecting.connect import Begun
from chalicelib.usecases.connecting.connection_report import ConnectionReport

State = Annotated[str, Meta(min_length=1, max_length=200, description="As the callback handed it to the page.")]


class AuthorizationView(msgspec.Struct, rename="camel"):
    """Send the admin's browser to `authorizeUrl` before `expiresAt`."""

    authorize_url: Annotated[str, Meta(description="The page of Stripe on which the admin connects the account.")]
    expires_at: Annotated[Instant, Meta(description="When the address stops being good. RFC 3339, UTC.")]


class CompleteConnection(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What the page got from the callback."""

    state: State


class RequirementView(msgspec.Struct, rename="camel"):
    """Something Stripe still needs of the company, given in the Stripe dashboard.

    Where `field` is `account`, the message says instead why Stripe has stopped the account.
    """

    field: Annotated[str, Meta(description="Stripe's name of what it needs, or `account`.")]
    message: Annotated[str, Meta(description="What Stripe needs, in a sentence for people.")]


class WebhookHealth(msgspec.Struct, rename="camel"):
    """Whether Stripe's events arrive as they happen.

    `healthy` is false where something speaks against it, and null where nothing does and not enough is known to say
    so; `problem` then tells what. It is true only if, within 15 minutes, Stripe listed its endpoint for POM as it has
    to be and POM took what its own signing secrets sign, and no event had to be fetched after the latest webhook.
    """

    healthy: Annotated[
        bool | None, Meta(description="True if events arrive, false if not, and null if that is not known.")
    ]
    problem: Annotated[
        str | None,
        Meta(description="What speaks against it or is not known, in sentences. Null if `healthy` is true."),
    ]
    checked_at: Annotated[
        Instant | None,
        Meta(description="When the endpoint in Stripe was looked at. RFC 3339, UTC. Null if it never was."),
    ]


class SyncReportView(msgspec.Struct, rename="camel", kw_only=True):
    """What one comparison with Stripe found."""

    at: Annotated[Instant, Meta(description="When the comparison finished. RFC 3339, UTC.")]
    events_seen: Annotated[int, Meta(description="How many events of Stripe's it read.")]
    recovered: Annotated[int, Meta(description="Events that no webhook had brought; they are applied now.")]
    corrected: Annotated[int, Meta(description="Invoices that no event told of; they are right now.")]
    parked: Annotated[int, Meta(description="Events that could not be applied; they are kept and tried again.")]


class InvoicingPause(msgspec.Struct, rename="camel"):
    """Operations have paused making and sending invoices. Payments, refunds, voiding and the comparisons go on."""

    since: Annotated[Instant, Meta(description="When the pause began. RFC 3339, UTC.")]
    reason: Annotated[str, Meta(description="Why invoicing is paused, in the words of operations.")]


PausedOrNot = Annotated[
    InvoicingPause | None, Meta(description="Since when and why invoicing is paused; null if it is not.")
]


STATUSES = (
    "`not_connected`: nobody has connected Stripe yet. `pending`: an admin has begun to connect it. `connected`: it "
    "works. `action_required`: it is connected, and Stripe does not let the account take payments. `disconnected`: "
    "it was connected before."
)


class ConnectionView(msgspec.Struct, rename="camel", kw_only=True):
    """The organization's connection to Stripe."""

    status: Annotated[ConnectionStatus, Meta(description=STATUSES)]
    stripe_account_id: Annotated[
        str | None, Meta(description="Stripe's id of the account. Null until one is connected.")
    ]
    business_name: Annotated[
        str | None, Meta(description="The name of the business, as Stripe has it. Null if Stripe has none.")
    ]
    livemode: Annotated[bool, Meta(description="True if the account is connected for real money.")]
    requirements: Annotated[
        list[RequirementView], Meta(description="What Stripe still needs of the company. Empty if it needs nothing.")
    ]
    connected_at: Annotated[
        Instant | None, Meta(description="When it was connected last. RFC 3339, UTC. Null if it never was.")
    ]
    disconnected_at: Annotated[
        Instant | None, Meta(description="When it was disconnected last. RFC 3339, UTC. Null if it never was.")
    ]
    last_event_at: Annotated[
        Instant | None, Meta(description="When the latest event arrived. RFC 3339, UTC. Null if none has arrived.")
    ]
    swept_until: Annotated[
        Instant | None,
        Meta(description="Up to here POM is known to say what Stripe says. RFC 3339, UTC. Null if not yet compared."),
    ]
    lag_seconds: Annotated[
        int | None, Meta(description="How many seconds ago `sweptUntil` is. Null while not connected.")
    ]
    last_sync: Annotated[
        SyncReportView | None,
        Meta(description="What the latest comparison with Stripe found. Null before the first."),
    ]
    catch_up: Annotated[
        SyncReportView | None,
        Meta(description="What the first comparison after the latest reconnect found. Null if there was none."),
    ]
    last_tested_at: Annotated[
        Instant | None, Meta(description="When a test invoice last went well. RFC 3339, UTC. Null if none has.")
    ]
    webhook: Annotated[WebhookHealth, Meta(description="Whether Stripe's events arrive as they happen.")]
    invoicing_paused: PausedOrNot


class Attention(msgspec.Struct, rename="camel"):
    """Something a person should look at."""

    message: Annotated[str, Meta(description="What is wrong, in a sentence for people.")]
    next_step: Annotated[str, Meta(description="What a person should do about it.")]


class AppView(msgspec.Struct, rename="camel", kw_only=True):
    """One integration."""

    id: Annotated[Literal["stripe"], Meta(description="The id of the integration. There is one.")]
    name: Annotated[str, Meta(description="The name of the integration, for people.")]
    installed: Annotated[bool, Meta(description="True while it is connected.")]
    status: Annotated[ConnectionStatus, Meta(description=STATUSES)]
    action: Annotated[
        Literal["install", "reconnect"] | None, Meta(description="The button that leads on. Null if none does.")
    ]
    needs_attention: Annotated[bool, Meta(description="True if `attention` has something.")]
    attention: Annotated[list[Attention], Meta(description="What a person should look at, the most important first.")]
    invoicing_paused: PausedOrNot


class AppList(msgspec.Struct, rename="camel"):
    """The integrations of POM that this service provides."""

    data: Annotated[list[AppView], Meta(description="The integrations.")]
    page_info: PageInfo


_NOT_VERIFIED = Requirement("account", "Stripe does not let this account take payments yet.")

_ACTIONS: Mapping[ConnectionStatus, Literal["install", "reconnect"]] = {
    ConnectionStatus.NOT_CONNECTED: "install",
    ConnectionStatus.PENDING: "install",
    ConnectionStatus.DISCONNECTED: "reconnect",
}


def authorization_view(authorization: Begun) -> AuthorizationView:
    return AuthorizationView(authorization.authorize_url, instant(authorization.expires_at))


def connection_view(report: ConnectionReport) -> ConnectionView:
    connection = report.connection
    account = connection.account
    return ConnectionView(
        status=report.status,
        stripe_account_id=connection.account_id,
        business_name=account.business_name if account else None,
        livemode=connection.livemode,
        requirements=[RequirementView(each.field, each.message) for each in account.requirements] if account else [],
        connected_at=instant_or_none(connection.connected_at),
        disconnected_at=instant_or_none(connection.disconnected_at),
        last_event_at=instant_or_none(report.last_event_at),
        swept_until=instant_or_none(connection.sweep.swept_until),
        lag_seconds=report.lag_seconds,
        last_sync=sync_report_view(connection.sweep.latest),
        catch_up=sync_report_view(connection.sweep.caught_up),
        last_tested_at=instant_or_none(connection.tested_at),
        webhook=WebhookHealth(
            report.webhook_healthy,
            report.webhook_problem or None,
            instant_or_none(report.webhook_checked_at),
        ),
        invoicing_paused=pause_view(connection.frozen),
    )


def pause_view(freeze: Freeze | None) -> InvoicingPause | None:
    """Returns what the organization is shown of a pause. The operator's name is not."""
    return InvoicingPause(instant(freeze.at), freeze.reason) if freeze else None


def sync_report_view(report: SyncReport | None) -> SyncReportView | None:
    if report is None:
        return None
    return SyncReportView(
        at=instant(report.at),
        events_seen=report.events_seen,
        recovered=report.recovered,
        corrected=report.corrected,
        parked=report.parked,
    )


def app_view(report: ConnectionReport) -> AppView:
    """Stripe as one line of the integrations list."""
    attention = _attention(report)
    return AppView(
        id="stripe",
        name="Stripe",
        installed=report.connection.active,
        status=report.status,
        action=_ACTIONS.get(report.status),
        needs_attention=bool(attention),
        attention=attention,
        invoicing_paused=pause_view(report.connection.frozen),
    )


def _attention(report: ConnectionReport) -> list[Attention]:
    items: list[Attention] = []
    if report.connection.frozen is not None:
        items.append(
            Attention(report.connection.frozen.in_words, "Nothing is lost. Support can tell when it goes on.")
        )
    if report.status is ConnectionStatus.DISCONNECTED:
        items.append(Attention("Stripe is disconnected.", "An admin can reconnect it under Settings, Apps, Stripe."))
    if report.status is ConnectionStatus.PENDING:
        items.append(Attention("The connection is not complete.", "Return to POM and complete the setup."))
    if report.status is ConnectionStatus.ACTION_REQUIRED:
        account = report.connection.account
        missing = account.requirements if account and account.requirements else (_NOT_VERIFIED,)
        items += [Attention(each.message, each.next_step) for each in missing]
    if report.webhook_problem and report.webhook_healthy is False:
        items.append(Attention(report.webhook_problem, "Nothing is lost; contact support if it stays."))
    return items
