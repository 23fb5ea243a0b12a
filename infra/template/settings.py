"""What a deployment must be told, what the functions get of it, and what the stack tells in return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.config import ORIGIN_PATTERN
from chalicelib.functions import SCHEDULE_FAILURES, UNPUBLISHED_CHANGES, Function, Queue, Secret
from infra.template import backup, boundary, encryption, releases, signing, waf
from infra.template.changes import BUS_ID, bus_outputs
from infra.template.intrinsics import (
    HAS_DEVELOPMENT_ORIGINS,
    Json,
    get_att,
    is_given,
    queue_id,
    ref,
    secret_parameter,
    sub,
)
from infra.template.snapstart import snapstart_parameters

HTTPS = {"AllowedPattern": r"https://[^\s]+[^/\s]", "ConstraintDescription": "must be an https URL without a last /"}

DEVELOPMENT_ORIGINS = "DevelopmentOrigins"
"""Refused in production: by `make deploy`, and by the functions as they start."""

TOPIC = {"Type": "String", "AllowedPattern": r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:.+"}

SECRET = {
    "Type": "String",
    "AllowedPattern": r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+-[A-Za-z0-9]{6}",
}

PARAMETERS: Mapping[str, Json] = {
    secret_parameter(Secret.PLATFORM): {
        **SECRET,
        "Description": "ARN of the secret with apiKey and clientId, its random suffix included",
    },
    secret_parameter(Secret.WEBHOOK): {
        **SECRET,
        "Description": "ARN of the secret with webhookSecrets, its random suffix included",
    },
    "PublicApiUrl": {
        "Type": "String",
        "Description": "Where browsers reach this API: without DomainName https://ID.execute-api.REGION.amazonaws.com/api",
        **HTTPS,
    },
    "PomSettingsUrl": {"Type": "String", "Description": "POM's page Settings, Apps; browsers return there", **HTTPS},
    DEVELOPMENT_ORIGINS: {
        "Type": "String",
        "Default": "",
        "Description": "Origins besides POM's whose pages may call a development stage, with commas between them",
        "AllowedPattern": f"({ORIGIN_PATTERN}(,{ORIGIN_PATTERN})*)?",
    },
    "TokenIssuer": {"Type": "String", "Description": "The iss of POM's access tokens", "MinLength": 1},
    "TokenAudience": {"Type": "String", "Description": "The aud of POM's access tokens", "MinLength": 1},
    "TokenJwksUrl": {"Type": "String", "Description": "Where POM publishes the keys of its tokens", **HTTPS},
    "TokenOrganizationClaim": {"Type": "String", "Default": "organization_id"},
    "TokenRolesClaim": {"Type": "String", "Default": "roles"},
    "DomainName": {"Type": "String", "Default": "", "Description": "The API's own domain, or nothing"},
    "CertificateArn": {"Type": "String", "Default": "", "Description": "Its certificate, in this region"},
    "PageTopicArn": {**TOPIC, "Description": "SNS topic of alarms for which somebody is to be woken up"},
    "TicketTopicArn": {**TOPIC, "Description": "SNS topic of alarms that can wait until the morning"},
    "RunBookUrl": {"Type": "String", "Default": "docs/runbooks", "Description": "Where docs/runbooks is published"},
    **encryption.PARAMETERS,
    **signing.PARAMETERS,
    **boundary.PARAMETERS,
    **releases.PARAMETERS,
    **waf.PARAMETERS,
    **snapstart_parameters(),
    **backup.PARAMETERS,
}

CONDITIONS: Json = {
    "HasDomain": is_given("DomainName"),
    HAS_DEVELOPMENT_ORIGINS: is_given(DEVELOPMENT_ORIGINS),
    **encryption.CONDITIONS,
    **signing.CONDITIONS,
    **boundary.CONDITIONS,
    **waf.CONDITIONS,
    **backup.CONDITIONS,
}

VALUES: Mapping[str, Any] = {
    "POM_TABLE_PREFIX": sub("${AWS::StackName}-"),
    **{secret.id_variable: ref(secret_parameter(secret)) for secret in Secret},
    # A parameter, not the API's id: the API refers to the function whose setting this is.
    "PUBLIC_API_URL": ref("PublicApiUrl"),
    "POM_SETTINGS_URL": ref("PomSettingsUrl"),
    "DEVELOPMENT_ORIGINS": ref(DEVELOPMENT_ORIGINS),
    "TOKEN_ISSUER": ref("TokenIssuer"),
    "TOKEN_AUDIENCE": ref("TokenAudience"),
    "TOKEN_JWKS_URL": ref("TokenJwksUrl"),
    "TOKEN_ORGANIZATION_CLAIM": ref("TokenOrganizationClaim"),
    "TOKEN_ROLES_CLAIM": ref("TokenRolesClaim"),
    **{queue.url_variable: ref(queue_id(queue)) for queue in Queue},
    "EVENT_BUS_NAME": get_att(BUS_ID, "Name"),
    "UNPUBLISHED_CHANGES_QUEUE_URL": ref(queue_id(UNPUBLISHED_CHANGES)),
}


def environment(function: Function) -> Json:
    """A function's environment; POM_STAGE comes from Chalice's configuration."""
    return {"Variables": {name: VALUES[name] for name in function.variables}}


def outputs() -> Json:
    """What dashboards, run books and whoever sets up Stripe ask for."""
    webhooks = "The URL of the webhook endpoint (for connected accounts) in Stripe's dashboard"
    redirect = "The redirect URI in Stripe's Connect settings"
    told: Json = {
        "WebhookUrl": {"Description": webhooks, "Value": sub("${PublicApiUrl}/v1/stripe/webhooks")},
        "OAuthRedirectUri": {"Description": redirect, "Value": sub("${PublicApiUrl}/v1/stripe/oauth/callback")},
        "TablePrefix": {"Value": VALUES["POM_TABLE_PREFIX"]},
        "ScheduleFailuresQueueUrl": {"Value": ref(queue_id(SCHEDULE_FAILURES))},
        "DomainTarget": {
            "Condition": "HasDomain",
            "Description": "What the domain's DNS record must point to",
            "Value": get_att("ApiDomain", "RegionalDomainName"),
        },
    }
    for queue in Queue:
        for name in (queue, queue.dead_letter):
            told[f"{queue_id(name)}Url"] = {"Value": ref(queue_id(name))}
    return told | bus_outputs() | releases.OUTPUTS
