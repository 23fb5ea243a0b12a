"""CloudFormation's functions, and the names that Chalice and we give to resources."""

from __future__ import annotations

from typing import Any, TypeAlias

from chalicelib.functions import Secret

Json: TypeAlias = dict[str, Any]

HAS_DEVELOPMENT_ORIGINS = "HasDevelopmentOrigins"
"""The condition that pages of further origins may call the stage."""


def ref(name: str) -> Json:
    """A parameter's value, or a resource's name."""
    return {"Ref": name}


def get_att(name: str, attribute: str = "Arn") -> Json:
    """An attribute of a resource."""
    return {"Fn::GetAtt": [name, attribute]}


def sub(text: str) -> Json:
    """`text` with its ${…} filled in."""
    return {"Fn::Sub": text}


NO_VALUE: Json = {"Ref": "AWS::NoValue"}


def when(condition: str, value: Any) -> Json:
    """`value` where the condition holds; otherwise as if the property were not there."""
    return {"Fn::If": [condition, value, NO_VALUE]}


def is_given(parameter: str, unless: str = "") -> Json:
    """The condition that a parameter has another value than `unless`."""
    return {"Fn::Not": [{"Fn::Equals": [ref(parameter), unless]}]}


def camel(name: str) -> str:
    """`customer-sync.fifo` or `customer_sync` as `CustomerSync`: what Chalice makes of names."""
    return "".join(word.capitalize() for word in name.removesuffix(".fifo").replace("-", "_").split("_"))


def table_id(name: str) -> str:
    """The logical id of a table, by its name without prefix."""
    return f"{camel(name)}Table"


def queue_id(name: str) -> str:
    """The logical id of a queue, by its name without prefix."""
    return f"{camel(name)}Queue"


def secret_parameter(secret: Secret) -> str:
    """The parameter that holds the ARN of a secret."""
    return f"Stripe{camel(secret)}SecretArn"


def function_id(name: str) -> str:
    """The logical id that Chalice gives a function."""
    return "APIHandler" if name == "api_handler" else camel(name)


def role_id(function: str) -> str:
    """The logical id that Chalice gives a function's role."""
    return f"{camel(function)}Role"


def log_group_id(function: str) -> str:
    """The logical id that Chalice gives a function's log group."""
    return f"{camel(function)}LogGroup"


def physical(name: str) -> Json:
    """A name that is unique to this stack: one account can hold several stages."""
    return sub(f"${{AWS::StackName}}-{name}")


def allowed_origin() -> Json:
    """Which pages may read what API Gateway answers by itself, preflights included, as a quoted header value.

    API Gateway can only say one thing there. Where there are further origins, that is any origin: a preflight has
    no secrets and gives no rights, because a request takes a token, which no browser adds by itself. Answers of the
    API itself name their one origin everywhere.
    """
    return {"Fn::If": [HAS_DEVELOPMENT_ORIGINS, "'*'", _pom_origin()]}


def _pom_origin() -> Json:
    """The origin of POM's pages: scheme and host of the settings page, as the API says."""
    host = {"Fn::Select": [2, {"Fn::Split": ["/", ref("PomSettingsUrl")]}]}
    return {"Fn::Sub": ["'https://${Host}'", {"Host": host}]}
