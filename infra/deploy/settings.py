"""The settings of a stage in `parameters/STAGE.toml`: its account and bucket, and the template's parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from chalicelib.config import PRODUCTION
from infra.deploy import DeploymentError
from infra.template.boundary import BOUNDARY
from infra.template.intrinsics import Json
from infra.template.settings import DEVELOPMENT_ORIGINS, PARAMETERS
from infra.template.signing import SIGNING

DIRECTORY = Path(__file__).with_name("parameters")
PROD = PRODUCTION
STAGES = ("dev", PROD)
PUBLIC_URL = "PublicApiUrl"
PLACEHOLDER_URL = "https://not-yet-known.invalid"
"""`PublicApiUrl` until API Gateway has assigned the API's id."""
REMOVED_PARAMETERS = {"StripeSecretArn": " any more: docs/deploying.md, Moving to two secrets"}
"""Parameters of earlier releases, with the end of the error message that names the guide to move on."""
PLACEHOLDER = re.compile(
    r"<|>|\bexample\b|change.?me|fill.?in|replace.?me|placeholder|\btodo\b|\bx{3,}\b|0{12}", re.IGNORECASE
)
"""Placeholders: the texts of the example files, and words that people write for "later"."""


class StageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of one stage. None of them is secret."""

    stack: str
    account: str
    region: str
    artifact_bucket: str
    parameters: dict[str, str]
    signing_profile: str = ""
    """The profile of AWS Signer that signs the zip; empty if the zip is not signed."""
    role_arn: str = ""
    """The role that CloudFormation assumes; empty if it uses the caller's rights."""

    @property
    def domain(self) -> str | None:
        """Returns the API's own domain; None if it has none."""
        return self.parameters.get("DomainName") or None

    @property
    def as_role(self) -> dict[str, str]:
        """Returns the arguments by which CloudFormation assumes the stage's role."""
        return {"RoleARN": self.role_arn} if self.role_arn else {}


def load_settings(stage: str, directory: Path = DIRECTORY) -> StageSettings:
    """Returns the settings of a stage.

    Raises:
        DeploymentError: the file does not exist, or is not valid.
    """
    file = directory / f"{stage}.toml"
    try:
        return msgspec.toml.decode(file.read_bytes(), type=StageSettings)
    except FileNotFoundError as exc:
        raise DeploymentError(f"There is no {file}: copy {stage}.example.toml to it and fill it in.") from exc
    except msgspec.MsgspecError as exc:
        raise DeploymentError(f"{file} cannot be read: {exc}") from exc


def faults(stage: str, settings: StageSettings) -> Iterator[str]:
    """Yields a sentence for each setting that is missing, unknown, a placeholder, or invalid for the template."""
    for name in ("stack", "account", "region", "artifact_bucket"):
        if PLACEHOLDER.search(str(getattr(settings, name))) or not getattr(settings, name):
            yield f"{name} still has to be filled in"
    for name in sorted(settings.parameters.keys() - PARAMETERS.keys()):
        yield f"{name} is no parameter of the template{REMOVED_PARAMETERS.get(name, '')}"
    for name, definition in PARAMETERS.items():
        value = settings.parameters.get(name)
        if value is None and "Default" not in definition and name != PUBLIC_URL:
            yield f"{name} is missing"
        elif value is not None and (fault := _fault(value, definition)):
            yield f"{name} {fault}"
    if stage == PROD and settings.parameters.get(DEVELOPMENT_ORIGINS):
        yield f"{DEVELOPMENT_ORIGINS} is for development only: in {PROD} POM's own pages call the API"
    yield from _domain_faults(settings)
    yield from _provenance_faults(settings)


def _fault(value: str, definition: Json) -> str | None:
    if PLACEHOLDER.search(value):
        return "still has to be filled in"
    if value not in (allowed_values := definition.get("AllowedValues", [value])):
        return f"is not what the template takes, which is {' or '.join(allowed_values)}: {definition['Description']}"
    fits = re.fullmatch(definition.get("AllowedPattern", ".*"), value) and len(value) >= definition.get(
        "MinLength", 0
    )
    description = definition.get("ConstraintDescription", definition.get("Description"))
    return None if fits else f"is not what the template takes: {description}"


def _domain_faults(settings: StageSettings) -> Iterator[str]:
    public_url, domain = settings.parameters.get(PUBLIC_URL), settings.domain
    if domain and public_url and public_url != f"https://{domain}":
        yield f"{PUBLIC_URL} is not https://{domain}, although the API has that domain: leave it out"
    if bool(domain) != bool(settings.parameters.get("CertificateArn")):
        yield "DomainName and CertificateArn belong together"


def _provenance_faults(settings: StageSettings) -> Iterator[str]:
    if bool(settings.signing_profile) != bool(settings.parameters.get(SIGNING)):
        yield f"signing_profile and {SIGNING} belong together"
    if settings.role_arn and not re.fullmatch(rf"arn:aws[a-z-]*:iam::{settings.account}:role/.+", settings.role_arn):
        yield f"role_arn is not the ARN of a role of the account {settings.account}"
    boundary = settings.parameters.get(BOUNDARY, "")
    if boundary and f"::{settings.account}:" not in boundary and "::aws:" not in boundary:
        yield f"{BOUNDARY} is a policy of another account than {settings.account}"


def values(settings: StageSettings, api_id: str | None) -> dict[str, str]:
    """Returns the template's parameters. `api_id` is the id of API Gateway's API; None before the first
    deployment.
    """
    return {PUBLIC_URL: _public_url(settings, api_id), **settings.parameters}


def _public_url(settings: StageSettings, api_id: str | None) -> str:
    if settings.domain:
        return f"https://{settings.domain}"
    return f"https://{api_id}.execute-api.{settings.region}.amazonaws.com/api" if api_id else PLACEHOLDER_URL
