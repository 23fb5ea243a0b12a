"""The deployment's configuration: environment variables, read once into one typed value.

Nothing else in `chalicelib` reads the environment. Secrets are not in it: `adapters.secrets` fetches them on first
use from the secrets that `secret_ids` names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.functions import Queue, Secret


class ConfigurationError(Exception):
    """An environment variable is missing, or has a value that cannot be used."""


@dataclass(frozen=True, slots=True)
class TokenConfig:
    """The settings by which POM's access tokens are verified: RS256 JWTs whose keys are published as a JWKS."""

    issuer: str
    audience: str
    jwks_url: str
    organization_claim: str
    roles_claim: str


@dataclass(frozen=True, slots=True)
class Config:
    """One stage's settings. URLs have no trailing slash."""

    stage: str
    table_prefix: str
    queue_urls: Mapping[Queue, str]
    secret_ids: Mapping[Secret, str]
    """The ids of the secrets that this function reads or watches."""
    stripe_api_base: str
    stripe_connect_base: str
    stripe_dashboard_base: str
    public_api_url: str
    pom_settings_url: str
    event_bus_name: str
    unpublished_changes_queue_url: str
    development_origins: tuple[str, ...] = ()
    """Further origins whose pages may call the API, such as http://localhost:5173. Empty in production."""


PRODUCTION = "prod"
"""The stage that companies use."""
ORIGIN_PATTERN = r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?"
STRIPE_API_BASE = "https://api.stripe.com"
STRIPE_CONNECT_BASE = "https://connect.stripe.com"
STRIPE_DASHBOARD_BASE = "https://dashboard.stripe.com"


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise ConfigurationError(
            f"The environment variable {name} is not set; see docs/contributing.md, 'Configuration'."
        )
    return value


def load_config(environment: Mapping[str, str] = os.environ) -> Config:
    """Returns the settings of the API and the workers.

    Raises:
        ConfigurationError: a required variable is missing or empty, or a value cannot be used.
    """
    stage = _required(environment, "POM_STAGE")
    return Config(
        stage=stage,
        table_prefix=_required(environment, "POM_TABLE_PREFIX"),
        queue_urls={queue: _required(environment, queue.url_variable) for queue in Queue},
        secret_ids={
            secret: environment[secret.id_variable] for secret in Secret if secret.id_variable in environment
        },
        stripe_api_base=environment.get("STRIPE_API_BASE", STRIPE_API_BASE).rstrip("/"),
        stripe_connect_base=environment.get("STRIPE_CONNECT_BASE", STRIPE_CONNECT_BASE).rstrip("/"),
        stripe_dashboard_base=environment.get("STRIPE_DASHBOARD_BASE", STRIPE_DASHBOARD_BASE).rstrip("/"),
        public_api_url=_required(environment, "PUBLIC_API_URL").rstrip("/"),
        pom_settings_url=_required(environment, "POM_SETTINGS_URL").rstrip("/"),
        event_bus_name=_required(environment, "EVENT_BUS_NAME"),
        unpublished_changes_queue_url=_required(environment, "UNPUBLISHED_CHANGES_QUEUE_URL"),
        development_origins=_development_origins(environment, stage),
    )


def _development_origins(environment: Mapping[str, str], stage: str) -> tuple[str, ...]:
    listed = environment.get("DEVELOPMENT_ORIGINS", "")
    origins = tuple(each.strip() for each in listed.split(",") if each.strip())
    if origins and stage == PRODUCTION:
        raise ConfigurationError("DEVELOPMENT_ORIGINS is not for production; see docs/deploying.md.")
    for origin in origins:
        if not re.fullmatch(ORIGIN_PATTERN, origin):
            raise ConfigurationError(f"DEVELOPMENT_ORIGINS has {origin!r}, which is no origin.")
    return origins


def verifies_tokens(environment: Mapping[str, str] = os.environ) -> bool:
    """Returns True in the authorizer's Lambda, which gets the settings of tokens and no others."""
    return "TOKEN_JWKS_URL" in environment


def load_token_config(environment: Mapping[str, str] = os.environ) -> TokenConfig:
    """Returns the settings of the authorizer, which runs in its own Lambda with only these variables.

    Raises:
        ConfigurationError: a required variable is missing or empty.
    """
    return TokenConfig(
        issuer=_required(environment, "TOKEN_ISSUER"),
        audience=_required(environment, "TOKEN_AUDIENCE"),
        jwks_url=_required(environment, "TOKEN_JWKS_URL"),
        organization_claim=environment.get("TOKEN_ORGANIZATION_CLAIM", "organization_id"),
        roles_claim=environment.get("TOKEN_ROLES_CLAIM", "roles"),
    )
