"""The ports of the local stack, and the settings of the code on the local stack."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from pathlib import Path

from chalicelib.functions import UNPUBLISHED_CHANGES, Queue, Secret
from infra.local.processes import HOST, PortTaken, free_port, require_free

ACCOUNT = "123456789012"
"""The AWS account that moto uses."""
REGION = "us-east-1"
"""The region of that account."""
TABLE_PREFIX = "pom-local-"
EVENT_BUS = f"{TABLE_PREFIX}changes"
RECEIVED_BY_POM = f"{TABLE_PREFIX}received-by-pom"
"""The name of POM's own queue, and of the rule that sends every event of the bus to the queue."""
SECRET_IDS = {secret: f"pom-local/stripe-{secret}" for secret in Secret}
AUDIENCE = "pom-api"
"""The audience of POM's access tokens."""
LOCAL_LOGS = "POM_LOCAL_LOGS"
"""The environment variable that names the directory of the local stack's logs, which contain its metrics."""


@dataclass(frozen=True)
class Ports:
    """The loopback port of each part."""

    api: int = 8000
    pom: int = 8001
    stripe: int = 8002
    aws: int = 8003
    control: int = 8004

    @classmethod
    def from_base(cls, base: int) -> Ports:
        """Returns five consecutive ports."""
        return cls(*range(base, base + 5))

    @classmethod
    def free(cls) -> Ports:
        """Returns five ports that no program listens on at this time."""
        chosen: set[int] = set()
        while len(chosen) < 5:
            chosen.add(free_port())
        return cls(*chosen)

    def require_free(self, *, with_api: bool) -> None:
        """Checks that programs can listen on every port.

        Raises:
            PortTaken: a port is taken, or two parts have the same port.
        """
        if len(set(astuple(self))) != len(astuple(self)):
            raise PortTaken(f"Two parts were given the same port: {self}.")
        uses = {"api": "API", "pom": "POM site", "stripe": "Stripe double", "aws": "AWS", "control": "workers"}
        for (name, use), port in zip(uses.items(), astuple(self), strict=True):
            if name != "api" or with_api:
                require_free(port, use, f"--{name}-port")


@dataclass(frozen=True)
class Urls:
    """The base URL of each part, without a trailing slash."""

    api: str
    pom: str
    stripe: str
    aws: str
    control: str

    @classmethod
    def of(cls, ports: Ports) -> Urls:
        """Returns the URLs at these ports."""
        return cls(*(f"http://{HOST}:{port}" for port in astuple(ports)))

    @property
    def webhooks(self) -> str:
        """Returns the URL to which Stripe sends events."""
        return f"{self.api}/v1/stripe/webhooks"

    @property
    def oauth_callback(self) -> str:
        """Returns the URL to which Stripe sends the browser back."""
        return f"{self.api}/v1/stripe/oauth/callback"

    @property
    def reference(self) -> str:
        """Returns the URL of the API's reference as a page."""
        return f"{self.api}/docs"

    @property
    def settings_page(self) -> str:
        """Returns the URL of POM's settings page."""
        return f"{self.pom}/settings/apps"


@dataclass(frozen=True)
class StripeSecret:
    """The contents of both secrets together."""

    api_key: str
    client_id: str
    webhook_secrets: tuple[str, ...]

    def text(self, secret: Secret) -> str:
        """Returns the text of one secret, in the form that `chalicelib.adapters.secrets` reads."""
        if secret is Secret.WEBHOOK:
            return json.dumps({"webhookSecrets": list(self.webhook_secrets)})
        return json.dumps({"apiKey": self.api_key, "clientId": self.client_id})


@dataclass(frozen=True)
class StripeElsewhere:
    """A Stripe that is not the stack's own double, such as Stripe itself behind a proxy."""

    base: str
    """The base URL of its API and of Connect, without a trailing slash."""
    api_key: str
    """The key that the stack sends. It is stored in the stack's state."""
    client_id: str
    dashboard_base: str
    clock_file: Path | None = None
    """The file that says how many seconds Stripe's clock is ahead of this computer's, or None if it is not ahead."""
    withheld: tuple[str, ...] = ()
    """Texts such as the true keys. Environment variables that contain one are not passed to the stack's processes."""


def environment(urls: Urls) -> dict[str, str]:
    """Returns every environment variable that API and workers need, including AWS credentials."""
    queues = {queue.url_variable: f"{urls.aws}/{ACCOUNT}/{TABLE_PREFIX}{queue}" for queue in Queue}
    return {
        "POM_STAGE": "local",
        "POM_TABLE_PREFIX": TABLE_PREFIX,
        **queues,
        "EVENT_BUS_NAME": EVENT_BUS,
        "UNPUBLISHED_CHANGES_QUEUE_URL": f"{urls.aws}/{ACCOUNT}/{TABLE_PREFIX}{UNPUBLISHED_CHANGES}",
        **{secret.id_variable: name for secret, name in SECRET_IDS.items()},
        "STRIPE_API_BASE": urls.stripe,
        "STRIPE_CONNECT_BASE": urls.stripe,
        "STRIPE_DASHBOARD_BASE": urls.stripe,
        "PUBLIC_API_URL": urls.api,
        "POM_SETTINGS_URL": urls.settings_page,
        "TOKEN_ISSUER": urls.pom,
        "TOKEN_AUDIENCE": AUDIENCE,
        "TOKEN_JWKS_URL": f"{urls.pom}/.well-known/jwks.json",
        "AWS_ENDPOINT_URL": urls.aws,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
    }
