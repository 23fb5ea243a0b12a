"""The composition root: the only module that names concrete adapters. Each is built on first use and then cached.

The builders import their adapters inside, so a Lambda imports only the modules that it uses, and the webhook path
never imports `stripe`, `boto3` or `cryptography`.
"""

from __future__ import annotations

from functools import cache, cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from chalicelib import correlation
from chalicelib.adapters.clock import SystemClock
from chalicelib.config import Config, ConfigurationError, load_config, load_token_config, verifies_tokens
from chalicelib.domain.webhook import PATH
from chalicelib.functions import Secret

if TYPE_CHECKING:
    from stripe import StripeClient

    from chalicelib.adapters.secret_ages import SecretAges
    from chalicelib.adapters.secrets import PlatformSecret, SecretStore, WebhookSecretStore
    from chalicelib.adapters.stripe.events import WebhookOpener
    from chalicelib.adapters.stripe.webhook_endpoints import WebhookEndpoints
    from chalicelib.adapters.tables.stream import Reader
    from chalicelib.adapters.tokens import TokenVerifier
    from chalicelib.ports import (
        ActStore,
        BatchStore,
        ChangeFeed,
        Clock,
        ConnectionStore,
        CustomerStore,
        EventBus,
        EventStore,
        InvoiceStore,
        OwnWebhook,
        PaymentStore,
        PayoutStore,
        Ports,
        Queues,
        SettingsStore,
        StripeGateway,
        SummaryStore,
        UnpublishedChanges,
    )


class Adapters:
    """Implements `ports.Ports` with the real adapters."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._gateway: tuple[str, StripeGateway] | None = None

    @cached_property
    def clock(self) -> Clock:
        return SystemClock()

    @cached_property
    def invoices(self) -> InvoiceStore:
        from chalicelib.adapters.tables.invoices import TableInvoices

        self._tables()
        return TableInvoices()

    @cached_property
    def payments(self) -> PaymentStore:
        from chalicelib.adapters.tables.payments import TablePayments

        self._tables()
        return TablePayments()

    @cached_property
    def payouts(self) -> PayoutStore:
        from chalicelib.adapters.tables.payouts import TablePayouts

        self._tables()
        return TablePayouts()

    @cached_property
    def summaries(self) -> SummaryStore:
        from chalicelib.adapters.tables.summaries import TableSummaries

        self._tables()
        return TableSummaries()

    @cached_property
    def customers(self) -> CustomerStore:
        from chalicelib.adapters.tables.customers import TableCustomers

        self._tables()
        return TableCustomers()

    @cached_property
    def connections(self) -> ConnectionStore:
        from chalicelib.adapters.tables.connections import TableConnections

        self._tables()
        return TableConnections()

    @cached_property
    def settings(self) -> SettingsStore:
        from chalicelib.adapters.tables.settings import TableSettings

        self._tables()
        return TableSettings()

    @cached_property
    def acts(self) -> ActStore:
        from chalicelib.adapters.tables.acts import TableActs

        self._tables()
        return TableActs()

    @cached_property
    def events(self) -> EventStore:
        from chalicelib.adapters.tables.events import TableEvents

        self._tables()
        return TableEvents()

    @cached_property
    def batches(self) -> BatchStore:
        from chalicelib.adapters.tables.batches import TableBatches

        self._tables()
        return TableBatches()

    @cached_property
    def bus(self) -> EventBus:
        from chalicelib.adapters.event_bus import EventBridgeBus

        return EventBridgeBus(self._config.event_bus_name, self.clock)

    @cached_property
    def unpublished(self) -> UnpublishedChanges:
        from chalicelib.adapters.unpublished_changes import UnpublishedQueue

        return UnpublishedQueue(self._config.unpublished_changes_queue_url)

    @cached_property
    def changes(self) -> ChangeFeed:
        from chalicelib.adapters.tables.changes import TableChanges

        self._tables()
        return TableChanges(self.clock)

    @cached_property
    def queues(self) -> Queues:
        from chalicelib.adapters.queues import SqsQueues

        return SqsQueues(self._config.queue_urls, self.clock, correlation.request_id)

    @property
    def stripe(self) -> StripeGateway:
        """The gateway with the present key. A rotated key takes effect without a redeployment."""
        secret = self._platform_secret.value()
        if self._gateway is None or self._gateway[0] != secret.api_key:
            self._gateway = (secret.api_key, self._new_gateway(secret))
        return self._gateway[1]

    def _new_gateway(self, secret: PlatformSecret) -> StripeGateway:
        from chalicelib.adapters.stripe.gateway import StripeGateway as Gateway

        return Gateway(self._stripe_client(secret), self.clock)

    @property
    def webhook_endpoints(self) -> WebhookEndpoints:
        """The platform's webhook endpoints, for the operators who set them up."""
        from chalicelib.adapters.stripe.webhook_endpoints import WebhookEndpoints

        return WebhookEndpoints(self._stripe_client(self._platform_secret.value()))

    def _stripe_client(self, secret: PlatformSecret) -> StripeClient:
        from chalicelib import observability
        from chalicelib.adapters.stripe.client import build_client

        return build_client(
            secret.api_key,
            secret.client_id,
            api_base=self._config.stripe_api_base,
            connect_base=self._config.stripe_connect_base,
            observe=observability.stripe_called,
        )

    @cached_property
    def own_webhook(self) -> OwnWebhook:
        """A client of POM's own webhook endpoint. It signs with the stored secrets, not with cached ones."""
        from chalicelib.adapters.own_webhook import HttpOwnWebhook

        store = self.webhook_secrets
        return HttpOwnWebhook(self._config.public_api_url + PATH, lambda: store.latest().webhook_secrets)

    @cached_property
    def webhook_secrets(self) -> WebhookSecretStore:
        """The webhook secrets in Secrets Manager. Webhooks are verified and canaries are signed with them."""
        from chalicelib.adapters.secrets import WebhookSecretStore

        return WebhookSecretStore(self._secret_id(Secret.WEBHOOK), self.clock)

    @cached_property
    def _platform_secret(self) -> SecretStore[PlatformSecret]:
        from chalicelib.adapters.secrets import PlatformSecret, SecretStore

        return SecretStore(self._secret_id(Secret.PLATFORM), PlatformSecret, self.clock)

    @cached_property
    def secret_ages(self) -> SecretAges:
        """The ages of the secrets, which `plan_day` measures and `./ops status` shows."""
        from chalicelib.adapters.secret_ages import SecretAges

        return SecretAges({secret: self._secret_id(secret) for secret in Secret}, self.clock)

    def _secret_id(self, secret: Secret) -> str:
        try:
            return self._config.secret_ids[secret]
        except KeyError:
            raise ConfigurationError(f"The environment variable {secret.id_variable} is not set.") from None

    def _tables(self) -> None:
        from chalicelib.adapters.tables import configure

        configure(self._config.table_prefix)


@cache
def config() -> Config:
    """Returns the stage's settings."""
    return load_config()


@cache
def _adapters() -> Adapters:
    return Adapters(config())


def ports() -> Ports:
    """Returns the adapters for the use cases."""
    return _adapters()


@cache
def change_reader() -> Reader:
    """Returns the reader of the records in the tables' streams."""
    from chalicelib.adapters.tables.stream import change_reader

    return change_reader(config().table_prefix)


@cache
def webhook_opener() -> WebhookOpener:
    """Returns the verifier of signed webhook bodies."""

    from chalicelib.adapters.stripe.events import WebhookOpener

    adapters = _adapters()
    store = adapters.webhook_secrets
    return WebhookOpener(lambda: store.value().webhook_secrets, adapters.clock)


@cache
def own_webhook() -> OwnWebhook:
    """Returns the client of POM's own webhook endpoint, for canaries."""
    return _adapters().own_webhook


@cache
def secret_ages() -> SecretAges:
    """Returns the ages of the secrets, for the function that measures them."""
    return _adapters().secret_ages


@cache
def token_verifier() -> TokenVerifier:
    """Returns the verifier of access tokens. Only the authorizer's Lambda uses it."""
    from chalicelib.adapters.tokens import TokenVerifier

    return TokenVerifier(load_token_config())


_ADAPTERS = (
    "event_bus",
    "queues",
    "secrets",
    "stripe.client",
    "stripe.events",
    "stripe.gateway",
    "tables.stream",
    "unpublished_changes",
    "own_webhook",
)
"""The modules that the builders above import, except the authorizer's."""


def prime() -> None:
    """Imports the modules that the first work needs. It builds and calls nothing, so nothing loaded here can go
    stale.
    """
    for name in ("tokens",) if verifies_tokens() else _ADAPTERS:
        import_module(f"chalicelib.adapters.{name}")
    if not verifies_tokens():
        from chalicelib.adapters.aws_sessions import read_descriptions

        read_descriptions()


def forget() -> None:
    """Drops all cached adapters with their connections, secrets and token keys. Each is built again on its next
    use.
    """
    for builder in (_adapters, webhook_opener, own_webhook, secret_ages, token_verifier):
        builder.cache_clear()
    if not verifies_tokens():
        from chalicelib.adapters.tables.database import disconnect

        disconnect()
