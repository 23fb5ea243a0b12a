"""CloudFormation for tests: AWS's SAM transform, and moto's stacks. What moto cannot create is listed here."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

Template = dict[str, Any]

CODE = "s3://packages/deployment.zip"

ALWAYS = {"Fn::Equals": ["", ""]}
"""The condition of what has none."""

UNKNOWN = frozenset(
    {
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Logs::QueryDefinition",
        "AWS::SQS::QueuePolicy",
    }
)
"""Types that moto passes over, with a warning, and calls the stack complete all the same."""

OPTIONAL = frozenset(
    {
        "AWS::ApiGateway::BasePathMapping",
        "AWS::ApiGateway::DomainName",
        "AWS::Backup::BackupPlan",
        "AWS::Backup::BackupSelection",
        "AWS::Backup::BackupVault",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Role",
        "AWS::WAFv2::WebACL",
        "AWS::WAFv2::WebACLAssociation",
    }
)
"""Types of resources that only a stage with a domain, a web ACL, AWS Backup or a key of its own has. These resources
are linted and read, and no test makes them."""

ALIAS = "AWS::Lambda::Alias"

IMPOSSIBLE = frozenset(
    {
        "AWS::ApiGateway::Deployment",
        "AWS::ApiGateway::Stage",
        ALIAS,
        "AWS::CodeDeploy::Application",
        "AWS::CodeDeploy::DeploymentGroup",
    }
)
"""moto does not read an API's definition, so its API has no methods, and one without methods cannot be deployed. It
makes versions, but no aliases, so what calls an alias calls the function there; and nothing of CodeDeploy."""


def with_uploaded_code(template: Template, code: str = CODE) -> Template:
    """Returns the packaged template with its code in a bucket."""
    with_code = copy.deepcopy(template)
    for resource in with_code["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = code
    return with_code


def transformed(template: Template, parameters: Mapping[str, str] | None = None) -> Template:
    """Returns the result of the SAM transform. The template's code must be in a bucket."""
    parameters_of_template = template["Parameters"].items()
    values = {name: parameter.get("Default", "given") for name, parameter in parameters_of_template} | dict(
        parameters or {}
    )
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        plain_template: Template = Translator({}, Parser()).translate(copy.deepcopy(template), values)
    return plain_template


def with_conditions_resolved(template: Template, parameters: Mapping[str, str]) -> Template:
    """Returns the template as CloudFormation reads it with these parameters: without conditions and Fn::If."""
    values = {name: each.get("Default", "given") for name, each in template["Parameters"].items()} | dict(parameters)
    conditions = template["Conditions"]

    def holds(condition: Any) -> bool:
        if isinstance(condition, str):
            return holds(conditions[condition])
        [(function, operands)] = condition.items()
        match function:
            case "Condition":
                return holds(operands)
            case "Fn::Equals":
                first, second = (values[each["Ref"]] if isinstance(each, dict) else each for each in operands)
                return bool(first == second)
            case "Fn::Not":
                return not holds(operands[0])
            case "Fn::And":
                return all(map(holds, operands))
            case "Fn::Or":
                return any(map(holds, operands))
        raise AssertionError(f"{function} is no function of conditions")

    def chosen(part: Any) -> Any:
        if isinstance(part, dict):
            if part.keys() == {"Fn::If"}:
                condition, first, second = part["Fn::If"]
                return chosen(first if holds(condition) else second)
            chosen_parts = {name: chosen(each) for name, each in part.items()}
            return {name: each for name, each in chosen_parts.items() if each != {"Ref": "AWS::NoValue"}}
        return [chosen(each) for each in part] if isinstance(part, list) else part

    resolved_template = {name: copy.deepcopy(each) for name, each in template.items() if name != "Conditions"}
    for section in ("Resources", "Outputs"):
        kept_entries = {
            name: each for name, each in template[section].items() if holds(each.get("Condition", ALWAYS))
        }
        resolved_template[section] = {
            name: {key: chosen(each) for key, each in entry.items() if key != "Condition"}
            for name, entry in kept_entries.items()
        }
    return resolved_template


def as_moto_can(template: Template) -> Template:
    """Returns a translated template without the resources that moto cannot create, in the order that moto needs.

    moto creates event source mappings before the queues that they refer to.
    """
    aliases = {
        name: resource["Properties"]["FunctionName"]["Ref"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == ALIAS
    }
    result = _without_aliases(template, aliases)
    result["Resources"] = {
        name: resource for name, resource in result["Resources"].items() if resource["Type"] not in IMPOSSIBLE
    }
    for resource in result["Resources"].values():
        if resource["Type"] == "AWS::Lambda::EventSourceMapping":
            resource["DependsOn"] = resource["Properties"]["EventSourceArn"]["Fn::GetAtt"][0]
    return result


def _without_aliases(part: Any, aliases: Mapping[str, str]) -> Any:
    """Returns the template with references to functions in place of references to their aliases."""
    match part:
        case {"Ref": str(name)} if name in aliases:
            return {"Fn::GetAtt": [aliases[name], "Arn"]}
        case {"Fn::Sub": str(text)}:
            for alias, function in aliases.items():
                text = text.replace(f"${{{alias}}}", f"${{{function}.Arn}}")
            return {"Fn::Sub": text}
        case dict():
            return {key: _without_aliases(each, aliases) for key, each in part.items()}
        case list():
            return [_without_aliases(each, aliases) for each in part]
    return part
