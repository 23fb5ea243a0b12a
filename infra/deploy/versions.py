"""Decides when a function gets a new version: exactly when something that a version freezes has changed.

Lambda refuses to publish a version that equals the last one, and an alias without a new version keeps the old
environment. SAM compares digests of the template, in which parameters are names. Here their values are known
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from infra.template.intrinsics import Json

FROZEN = frozenset(
    {
        "Architectures", "CodeUri", "DeadLetterQueue", "Description", "Environment", "EphemeralStorage",
        "FileSystemConfigs", "Handler", "ImageConfig", "KmsKeyArn", "Layers", "LoggingConfig", "MemorySize",
        "PackageType", "Role", "Runtime", "SnapStart", "SourceKMSKeyArn", "Timeout", "Tracing", "VpcConfig",
    }
)  # fmt: skip
"""The properties that a version freezes, by SAM's names. Tags and triggers belong to the function."""
NOT_FROZEN = frozenset(
    {
        "AutoPublishAlias", "AutoPublishCodeSha256", "CodeSigningConfigArn", "DeploymentPreference",
        "EventInvokeConfig", "Events", "FunctionName", "Policies", "ReservedConcurrentExecutions", "Tags",
    }
)  # fmt: skip
"""The properties that a version does not freeze. A test checks that each property is in one of the two lists."""
_SUBSTITUTION = re.compile(r"\$\{([\w:]+)[^}]*\}")


def version_digest(template: Json, function: Json, values: Mapping[str, str]) -> str:
    """Returns the digest of the properties that a version of `function` would freeze, code included, in hexadecimal.

    SAM names the version after the digest's beginning, and writes the digest into the function's description.
    """
    return digest({key: value for key, value in function.items() if key in FROZEN}, template, values)


def digest(part: Any, template: Json, values: Mapping[str, str]) -> str:
    """Returns the digest of a part of the template and of the parameter values that the part uses."""
    definitions = template.get("Parameters", {})
    used_values = {
        name: values.get(name, definitions[name].get("Default"))
        for name in _names(part, template)
        if name in definitions
    }
    return hashlib.sha256(json.dumps([part, used_values], sort_keys=True).encode()).hexdigest()


def _names(part: Any, template: Json) -> set[str]:
    """Returns all names that a part of the template refers to, directly or by its conditions."""
    match part:
        case {"Ref": str(name)}:
            return {name}
        case {"Fn::If": [str(condition), *branches]}:
            return _names(template["Conditions"][condition], template) | _names(branches, template)
        case {"Condition": str(condition)}:
            return _names(template["Conditions"][condition], template)
        case {"Fn::Sub": str(text)}:
            return set(_SUBSTITUTION.findall(text))
        case {"Fn::Sub": [str(text), dict(named)]}:
            return set(_SUBSTITUTION.findall(text)) | _names(named, template)
        case dict():
            return _names([*part.values()], template)
        case list():
            return {name for each in part for name in _names(each, template)}
    return set()
