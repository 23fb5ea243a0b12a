"""CloudFormation as far as it is here: AWS's own transform, and moto's stacks, whose gaps are named one by one."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

Template = dict[str, Any]

CODE = "s3://packages/deployment.zip"

UNKNOWN = frozenset(
    {
        "AWS::Backup::BackupPlan",
        "AWS::Backup::BackupSelection",
        "AWS::Backup::BackupVault",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Logs::QueryDefinition",
        "AWS::SQS::QueuePolicy",
    }
)
"""Types that moto passes over, with a warning, and calls the stack complete all the same."""

IMPOSSIBLE = frozenset({"AWS::ApiGateway::Deployment", "AWS::ApiGateway::Stage"})
"""moto does not read an API's definition, so its API has no methods, and one without methods cannot be deployed."""


def uploaded(template: Template, code: str = CODE) -> Template:
    """The packaged template, its code in a bucket."""
    made = copy.deepcopy(template)
    for resource in made["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = code
    return made


def translated(template: Template, parameters: Mapping[str, str] | None = None) -> Template:
    """What the SAM transform makes of a template whose code is in a bucket."""
    declared = template["Parameters"].items()
    values = {name: parameter.get("Default", "given") for name, parameter in declared} | dict(parameters or {})
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        made: Template = Translator({}, Parser()).translate(copy.deepcopy(template), values)
    return made


def as_moto_can(template: Template) -> Template:
    """A translated template without what moto cannot make, and in the order that moto needs.

    moto makes event source mappings before the queues that they refer to.
    """
    made = copy.deepcopy(template)
    made["Resources"] = {
        name: resource for name, resource in made["Resources"].items() if resource["Type"] not in IMPOSSIBLE
    }
    for resource in made["Resources"].values():
        if resource["Type"] == "AWS::Lambda::EventSourceMapping":
            resource["DependsOn"] = resource["Properties"]["EventSourceArn"]["Fn::GetAtt"][0]
    return made
