"""CloudFormation's intrinsic functions, and the names that Chalice and POM give to resources."""

from __future__ import annotations

from typing import Any, TypeAlias

from chalicelib.functions import Secret

Json: TypeAlias = dict[str, Any]

HAS_DEVELOPMENT_ORIGINS = "HasDevelopmentOrigins"
"""The condition that pages of other origins than POM's may call the stage."""


def ref(name: str) -> Json:
    """Returns a reference to a parameter's value or to a resource's name."""
    return {"Ref": name}


def get_att(name: str, attribute: str = "Arn") -> Json:
    """Returns a reference to an attribute of a resource."""
    return {"Fn::GetAtt": [name, attribute]}


def sub(text: str) -> Json:
    """Returns `text` with its ${…} variables replaced by CloudFormation."""
    return {"Fn::Sub": text}


NO_VALUE: Json = {"Ref": "AWS::NoValue"}


def when(condition: str, value: Any) -> Json:
    """Returns `value` where the condition is true. Otherwise the property is omitted."""
    return {"Fn::If": [condition, value, NO_VALUE]}


def is_given(parameter: str, unless: str = "") -> Json:
    """Returns the condition that a parameter has another value than `unless`."""
    return {"Fn::Not": [{"Fn::Equals": [ref(parameter), unless]}]}


def camel(name: str) -> str:
    """Returns `customer-sync.fifo` or `customer_sync` as `CustomerSync`, as Chalice converts names."""
    return "".join(word.capitalize() for word in name.removesuffix(".fifo").replace("-", "_").split("_"))


def table_id(name: str) -> str:
    """Returns the logical id of a table, by its name without prefix."""
    return f"{camel(name)}Table"


def queue_id(name: str) -> str:
    """Returns the logical id of a queue, by its name without prefix."""
    return f"{camel(name)}Queue"


def secret_parameter(secret: Secret) -> str:
    """Returns the name of the parameter that holds the ARN of a secret."""
    return f"Stripe{camel(secret)}SecretArn"


def function_id(name: str) -> str:
    """Returns the logical id that Chalice gives a function."""
    return "APIHandler" if name == "api_handler" else camel(name)


def role_id(function: str) -> str:
    """Returns the logical id that Chalice gives a function's role."""
    return f"{camel(function)}Role"


def log_group_id(function: str) -> str:
    """Returns the logical id that Chalice gives a function's log group."""
    return f"{camel(function)}LogGroup"


def physical(name: str) -> Json:
    """Returns a name that is unique to this stack, because one account can hold several stages."""
    return sub(f"${{AWS::StackName}}-{name}")


def allowed_origin() -> Json:
    """Returns the origin whose pages may read API Gateway's own responses, as a quoted header value.

    Preflight responses are among them. API Gateway can name only one value there. A stage with other origins than
    POM's allows any origin. This is safe because a preflight contains no secrets and gives no rights: a request needs
    a token, which no browser adds automatically. Responses of the application always name one origin.
    """
    return {"Fn::If": [HAS_DEVELOPMENT_ORIGINS, "'*'", _pom_origin()]}


def _pom_origin() -> Json:
    """Returns the origin of POM's pages: the scheme and the host of the settings page."""
    host = {"Fn::Select": [2, {"Fn::Split": ["/", ref("PomSettingsUrl")]}]}
    return {"Fn::Sub": ["'https://${Host}'", {"Host": host}]}
