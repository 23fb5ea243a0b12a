"""CloudFormation's functions, and the names that Chalice and we give to resources."""

from __future__ import annotations

from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]


def ref(name: str) -> Json:
    """A parameter's value, or a resource's name."""
    return {"Ref": name}


def get_att(name: str, attribute: str = "Arn") -> Json:
    """An attribute of a resource."""
    return {"Fn::GetAtt": [name, attribute]}


def sub(text: str) -> Json:
    """`text` with its ${…} filled in."""
    return {"Fn::Sub": text}


def camel(name: str) -> str:
    """`customer-sync.fifo` or `customer_sync` as `CustomerSync`: what Chalice makes of names."""
    return "".join(word.capitalize() for word in name.removesuffix(".fifo").replace("-", "_").split("_"))


def table_id(name: str) -> str:
    """The logical id of a table, by its name without prefix."""
    return f"{camel(name)}Table"


def queue_id(name: str) -> str:
    """The logical id of a queue, by its name without prefix."""
    return f"{camel(name)}Queue"


def function_id(name: str) -> str:
    """The logical id that Chalice gives a function."""
    return "APIHandler" if name == "api_handler" else camel(name)


def log_group_id(function: str) -> str:
    """The logical id that Chalice gives a function's log group."""
    return f"{camel(function)}LogGroup"


def physical(name: str) -> Json:
    """A name that is unique to this stack: one account can hold several stages."""
    return sub(f"${{AWS::StackName}}-{name}")


def pom_origin() -> Json:
    """The origin of POM's pages as a quoted header value: scheme and host of the settings page, as the API says."""
    host = {"Fn::Select": [2, {"Fn::Split": ["/", ref("PomSettingsUrl")]}]}
    return {"Fn::Sub": ["'https://${Host}'", {"Host": host}]}
