"""The alias through which every function is called, so that a release can shift traffic from one version to the next.

SAM writes the alias into the resources that SAM creates: event source mappings, rules, their permissions and
`EventInvokeConfig`. SAM does not change the API's definition and the permissions that Chalice writes. This module
rewrites those after `chalice package`.
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/automating-updates-to-serverless-apps.html
"""

from __future__ import annotations

import re
from collections.abc import Set
from typing import Any

from infra.package import FUNCTION
from infra.template.intrinsics import Json

LIVE = "live"
"""The alias of every function."""
_FILLED_IN = re.compile(r"\$\{(\w+)(\.Arn)?\}")


def alias_id(function: str) -> str:
    """Returns the logical id that SAM gives a function's alias. The `Ref` of the id is the alias's ARN.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources-function.html
    """
    return f"{function}Alias{LIVE}"


def calling_aliases(template: Json) -> Json:
    """Returns the packaged template in which each reference to a function is a reference to the function's alias.

    Outputs stay as they are, because they call nothing.
    """
    resources = template["Resources"]
    functions = {name for name, resource in resources.items() if resource["Type"] == FUNCTION}
    return {**template, "Resources": {name: _with_aliases(each, functions) for name, each in resources.items()}}


def functions_without_alias(part: Any, functions: Set[str]) -> set[str]:
    """Returns the functions that an intrinsic function names without their alias; an empty set for any other
    value.
    """
    match part:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return {name} & functions
        case {"Fn::GetAtt": str(path)}:
            return {path.partition(".")[0]} & functions
        case {"Fn::Sub": [str(text), *_]} | {"Fn::Sub": str(text)}:
            return {name for name, _ in _FILLED_IN.findall(text)} & functions
    return set()


def _with_aliases(part: Any, functions: Set[str]) -> Any:
    match part:
        case {"Ref": name} | {"Fn::GetAtt": [name, "Arn"]} if name in functions:
            return {"Ref": alias_id(name)}
        case {"Fn::Sub": str(text)}:
            return {"Fn::Sub": _in_text(text, functions)}
        case dict():
            return {key: _with_aliases(each, functions) for key, each in part.items()}
        case list():
            return [_with_aliases(each, functions) for each in part]
    return part


def _in_text(text: str, functions: Set[str]) -> str:
    return _FILLED_IN.sub(
        lambda match: f"${{{alias_id(match[1])}}}" if match[1] in functions else match[0],
        text,
    )
