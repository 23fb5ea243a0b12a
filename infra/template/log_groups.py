"""The log groups: they outlive the stack, so that what was logged can be read for as long as was promised."""

from __future__ import annotations

from chalicelib.functions import FUNCTIONS, Function
from infra.template.intrinsics import Json, log_group_id, physical, sub


def function_log_groups() -> Json:
    """The groups of all functions, by logical id. Chalice sets for how many days each keeps a line, by the stage.

    Chalice names the API's group after a resource that does not exist. Here all are named as their functions.
    """
    return {log_group_id(each.name): log_group(f"/aws/lambda/{_physical_name(each)}") for each in FUNCTIONS}


def log_group(name: str, days: int | None = None) -> Json:
    """Returns a group that stays when its stack is deleted, and goes when its creation is rolled back.

    A group that stays keeps each line for its days. One that went with its stack could also be made anew, without an
    end, by lines that arrive late.
    """
    retention = {} if days is None else {"RetentionInDays": days}
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
        "Properties": {"LogGroupName": sub(name), **retention},
    }


def _physical_name(function: Function) -> str:
    name: str = physical(function.aws_name)["Fn::Sub"]
    return name
