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
from chalicelib.usecases.connecting.connect import AuthorizationLink
from chalicelib.usecases.connecting.connection_report import ConnectionReport

State = Annotated[
    str, Meta(min_length=1, max_length=200, description="The `state` that the callback passed to the page.")
]


class AuthorizationView(msgspec.Struct, rename="camel"):
    """The start of a connection. Send the admin's browser to `authorizeUrl` before `expiresAt`."""

    authorize_url: Annotated[str, Meta(description="The page of Stripe on which the admin connects the account.")]
    expires_at: Annotated[Instant, Meta(description="Time at which `authorizeUrl` expires. RFC 3339, UTC.")]


class CompleteConnection(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The value that completes a connection."""

    state: State


class RequirementView(msgspec.Struct, rename="camel"):
    """Information that Stripe requires of the company. The company enters it in the Stripe dashboard.

    If `field` is `account`, Stripe has restricted the account, and `message` says why.
    """

    field: Annotated[str, Meta(description="Stripe's name of the required information, or `account`.")]
    message: Annotated[str, Meta(description="What Stripe requires, in a sentence for people.")]


class WebhookHealth(msgspec.Struct, rename="camel"):
    """Whether Stripe's events arrive as they happen.

    `healthy` is true only if three checks passed within the last 15 minutes: Stripe lists POM's webhook endpoint as
    it has to be, POM accepts events signed with its own signing secrets, and no event had to be fetched after the
    latest webhook. It is false if a check failed, and null if no check failed and one has no result. `problem` then
    says which check it was.
    """

    healthy: Annotated[
        bool | None,
        Meta(description="True if events arrive, false if a check failed, and null if a check has no result."),
    ]
    problem: Annotated[
        str | None,
        Meta(description="The failed or missing check, in sentences. Null if `healthy` is true."),
    ]
    checked_at: Annotated[
        Instant | None,
        Meta(
            description="Time at which POM last checked its webhook endpoint in Stripe. RFC 3339, UTC. Null before "
            "the first check."
        ),
    ]


class SyncReportView(msgspec.Struct, rename="camel", kw_only=True):
    """The result of a comparison with Stripe."""

    at: Annotated[Instant, Meta(description="Time at which the comparison finished. RFC 3339, UTC.")]
    events_seen: Annotated[int, Meta(description="The number of Stripe events that the comparison read.")]
    recovered: Annotated[
        int, Meta(description="The number of events that no webhook had delivered. The comparison applied them.")
    ]
    corrected: Annotated[
        int,
        Meta(
            description="The number of invoices that differed from Stripe without an event. The comparison "
            "corrected them."
        ),
    ]
    parked: Annotated[
        int, Meta(description="The number of events that could not be applied yet. POM retains them and tries again.")
    ]


class InvoicingPause(msgspec.Struct, rename="camel"):
    """A pause of invoicing by POM's operations team.

    No invoice is created or sent during the pause. Payments, refunds, voiding and comparisons with Stripe continue.
    """

    since: Annotated[Instant, Meta(description="Time at which the pause began. RFC 3339, UTC.")]
    reason: Annotated[str, Meta(description="The reason for the pause, as the operations team wrote it.")]


PausedOrNot = Annotated[
    InvoicingPause | None, Meta(description="The pause of invoicing. Null if invoicing is not paused.")
]


STATUSES = (
    "The status of the connection. `not_connected`: the organization has never connected Stripe. `pending`: an "
    "admin has begun to connect Stripe. `connected`: the connection works. `action_required`: Stripe is connected "
    "and does not let the account take payments. `disconnected`: Stripe was connected before."
)


class ConnectionView(msgspec.Struct, rename="camel", kw_only=True):
    """The organization's connection to Stripe."""

    status: Annotated[ConnectionStatus, Meta(description=STATUSES)]
    stripe_account_id: Annotated[
        str | None, Meta(description="Stripe's id of the account. Null until an account is connected.")
    ]
    business_name: Annotated[
        str | None, Meta(description="The name of the business in Stripe. Null if Stripe has none.")
    ]
    livemode: Annotated[
        bool, Meta(description="True if the account is connected in live mode, which moves real money.")
    ]
    requirements: Annotated[
        list[RequirementView],
        Meta(description="The information that Stripe requires of the company. Empty if Stripe requires none."),
    ]
    connected_at: Annotated[
        Instant | None, Meta(description="Time at which Stripe was last connected. RFC 3339, UTC. Null if never.")
    ]
    disconnected_at: Annotated[
        Instant | None, Meta(description="Time at which Stripe was last disconnected. RFC 3339, UTC. Null if never.")
    ]
    last_event_at: Annotated[
        Instant | None,
        Meta(description="Time at which the latest event arrived. RFC 3339, UTC. Null if no event has arrived."),
    ]
    swept_until: Annotated[
        Instant | None,
        Meta(
            description="POM's records match Stripe's up to this time. RFC 3339, UTC. Null before the first "
            "comparison."
        ),
    ]
    lag_seconds: Annotated[
        int | None, Meta(description="The number of seconds since `sweptUntil`. Null while Stripe is not connected.")
    ]
    last_sync: Annotated[
        SyncReportView | None,
        Meta(description="The result of the latest comparison with Stripe. Null before the first one."),
    ]
    catch_up: Annotated[
        SyncReportView | None,
        Meta(description="The result of the first comparison after the latest reconnect. Null if there was none."),
    ]
    last_tested_at: Annotated[
        Instant | None,
        Meta(description="Time at which a test invoice last succeeded. RFC 3339, UTC. Null if none has succeeded."),
    ]
    webhook: Annotated[WebhookHealth, Meta(description="Whether Stripe's events arrive as they happen.")]
    invoicing_paused: PausedOrNot


class Attention(msgspec.Struct, rename="camel"):
    """A problem that needs a person's attention."""

    message: Annotated[str, Meta(description="The problem, in a sentence for people.")]
    next_step: Annotated[str, Meta(description="What a person should do about it.")]


class AppView(msgspec.Struct, rename="camel", kw_only=True):
    """An integration of POM."""

    id: Annotated[Literal["stripe"], Meta(description="The id of the integration. The only one is `stripe`.")]
    name: Annotated[str, Meta(description="The name of the integration, for people.")]
    installed: Annotated[bool, Meta(description="True while the integration is connected.")]
    status: Annotated[ConnectionStatus, Meta(description=STATUSES)]
    action: Annotated[
        Literal["install", "reconnect"] | None,
        Meta(description="The button to show for the next step. Null if there is none."),
    ]
    needs_attention: Annotated[bool, Meta(description="True if `attention` is not empty.")]
    attention: Annotated[
        list[Attention], Meta(description="The problems that need a person's attention, the most important first.")
    ]
    invoicing_paused: PausedOrNot


class AppList(msgspec.Struct, rename="camel"):
    """The integrations that this service provides."""

    data: Annotated[list[AppView], Meta(description="The integrations.")]
    page_info: PageInfo


_NOT_VERIFIED = Requirement("account", "Stripe does not let this account take payments yet.")

_ACTIONS: Mapping[ConnectionStatus, Literal["install", "reconnect"]] = {
    ConnectionStatus.NOT_CONNECTED: "install",
    ConnectionStatus.PENDING: "install",
    ConnectionStatus.DISCONNECTED: "reconnect",
}


def authorization_view(authorization: AuthorizationLink) -> AuthorizationView:
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
    """Returns the pause as the organization sees it, which is without the operator's name."""
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
    """Returns Stripe as an entry of the list of integrations."""
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
            Attention(report.connection.frozen.in_words, "Nothing is lost. Support can say when invoicing resumes.")
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
        items.append(Attention(report.webhook_problem, "Nothing is lost. Contact support if the problem persists."))
    return items
