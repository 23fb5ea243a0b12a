"""The connection to Stripe, and the list of integrations."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.api.models.common import Instant, PageInfo, instant, instant_or_none
from chalicelib.domain.connection import ConnectionStatus, Freeze
from chalicelib.domain.facts import Requirement
from chalicelib.domain.sweep import SyncReport
from chalicelib.usecases.connecting.connect import Begun
from chalicelib.usecases.connecting.connection_report import ConnectionReport

State = Annotated[str, Meta(min_length=1, max_length=200, description="As the callback handed it to the page.")]


class AuthorizationView(msgspec.Struct, rename="camel"):
    """Send the admin's browser to `authorizeUrl` before `expiresAt`."""

    authorize_url: str
    expires_at: Instant


class CompleteConnection(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What the page got from the callback."""

    state: State


class RequirementView(msgspec.Struct, rename="camel"):
    """Something Stripe still needs of the company, given in the Stripe dashboard.

    Where `field` is `account`, the message says instead why Stripe has stopped the account.
    """

    field: str
    message: str


class WebhookHealth(msgspec.Struct, rename="camel"):
    """Whether Stripe's events arrive as they happen.

    `healthy` is false where something speaks against it, and null where nothing does and not enough is known to say
    so; `problem` then tells what. It is true only if, within 15 minutes, Stripe listed its endpoint for POM as it has
    to be and POM took what its own signing secrets sign, and no event had to be fetched after the latest webhook.
    """

    healthy: bool | None
    problem: str | UnsetType = UNSET
    checked_at: Annotated[Instant, Meta(description="When the endpoint in Stripe was looked at.")] | UnsetType = UNSET


class SyncReportView(msgspec.Struct, rename="camel", kw_only=True):
    """What one comparison with Stripe found."""

    at: Instant
    events_seen: int
    recovered: Annotated[int, Meta(description="Events that no webhook had brought; they are applied now.")]
    corrected: Annotated[int, Meta(description="Invoices that no event told of; they are right now.")]
    parked: Annotated[int, Meta(description="Events that could not be applied; they are kept and tried again.")]


class InvoicingPause(msgspec.Struct, rename="camel"):
    """Operations have paused making and sending invoices. Payments, refunds, voiding and the comparisons go on."""

    since: Instant
    reason: Annotated[str, Meta(description="In the words of operations.")]


PausedOrNot = Annotated[
    InvoicingPause | None, Meta(description="Since when and why invoicing is paused; null if it is not.")
]


class ConnectionView(msgspec.Struct, rename="camel", kw_only=True):
    """The organization's connection to Stripe."""

    status: ConnectionStatus
    stripe_account_id: str | None
    business_name: str | None
    livemode: bool
    requirements: list[RequirementView]
    connected_at: Instant | None
    disconnected_at: Instant | None
    last_event_at: Instant | None
    swept_until: Annotated[Instant | None, Meta(description="Up to here POM is known to say what Stripe says.")]
    lag_seconds: Annotated[int | None, Meta(description="How long ago that is; null while not connected.")]
    last_sync: SyncReportView | None
    catch_up: Annotated[
        SyncReportView | None, Meta(description="What the first comparison after the latest reconnect found.")
    ]
    last_tested_at: Annotated[Instant | None, Meta(description="When a test invoice last went well.")]
    webhook: WebhookHealth
    invoicing_paused: PausedOrNot


class Attention(msgspec.Struct, rename="camel"):
    """Something a person should look at."""

    message: Annotated[str, Meta(description="What is wrong, in a sentence for people.")]
    next_step: Annotated[str, Meta(description="What a person should do about it.")]


class AppView(msgspec.Struct, rename="camel", kw_only=True):
    """One integration. `action` is the button that leads on: `install`, `reconnect`, or none."""

    id: str
    name: str
    installed: bool
    status: ConnectionStatus
    action: str | None
    needs_attention: bool
    attention: list[Attention]
    invoicing_paused: PausedOrNot


class AppList(msgspec.Struct, rename="camel"):
    """The integrations of POM that this service provides."""

    data: list[AppView]
    page_info: PageInfo


_NOT_VERIFIED = Requirement("account", "Stripe does not let this account take payments yet.")

_ACTIONS = {
    ConnectionStatus.NOT_CONNECTED: "install",
    ConnectionStatus.PENDING: "install",
    ConnectionStatus.DISCONNECTED: "reconnect",
}


def authorization_view(begun: Begun) -> AuthorizationView:
    return AuthorizationView(begun.authorize_url, instant(begun.expires_at))


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
            report.webhook_problem or UNSET,
            instant_or_none(report.webhook_checked_at) or UNSET,
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
    found: list[Attention] = []
    if report.connection.frozen is not None:
        found.append(
            Attention(report.connection.frozen.in_words, "Nothing is lost. Support can tell when it goes on.")
        )
    if report.status is ConnectionStatus.DISCONNECTED:
        found.append(Attention("Stripe is disconnected.", "An admin can reconnect it under Settings, Apps, Stripe."))
    if report.status is ConnectionStatus.PENDING:
        found.append(Attention("The connection is not complete.", "Return to POM and complete the setup."))
    if report.status is ConnectionStatus.ACTION_REQUIRED:
        account = report.connection.account
        missing = account.requirements if account and account.requirements else (_NOT_VERIFIED,)
        found += [Attention(each.message, each.next_step) for each in missing]
    if report.webhook_problem and report.webhook_healthy is False:
        found.append(Attention(report.webhook_problem, "Nothing is lost; contact support if it stays."))
    return found
