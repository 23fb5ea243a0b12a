"""How a release shifts traffic: CodeDeploy moves it to the new version, and back when an alarm fires.

SAM creates a CodeDeploy application, a deployment group for each function, and the alias's update policy.
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/automating-updates-to-serverless-apps.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chalicelib.functions import FUNCTIONS
from infra.template.alarms import alarm_id
from infra.template.aliases import LIVE
from infra.template.api_alarms import FAST_BURN_NOW
from infra.template.intrinsics import Json, get_att, physical, ref, sub
from infra.template.policies import allow
from infra.template.release_alarms import FUNCTION_ERRORS

WATCHED: Final = (*FUNCTION_ERRORS, FAST_BURN_NOW)
"""The alarms that stop a release. A defect in the code makes them fire, and outsiders cannot
(docs/decisions/0042-releases.md). CodeDeploy accepts ten alarms, CloudFormation five.
"""

SHIFT: Final = "ReleaseShift"
IN_STEPS: Final = "ReleaseInSteps"
ALL_AT_ONCE: Final = "CodeDeployDefault.LambdaAllAtOnce"
CANARY: Final = "CodeDeployDefault.LambdaCanary10Percent10Minutes"

PARAMETERS: Mapping[str, Json] = {
    SHIFT: {
        "Type": "String",
        "Default": ALL_AT_ONCE,
        "Description": "How CodeDeploy shifts traffic to a new version; make deploy sets it by stage",
        "AllowedPattern": r"CodeDeployDefault\.Lambda(AllAtOnce|Canary10Percent(5|10|15|30)Minutes)",
    },
    IN_STEPS: {
        "Type": "String",
        "Default": "true",
        "Description": "false: CloudFormation moves the aliases itself, at once, even while alarms fire",
        "AllowedValues": ["true", "false"],
    },
}

OUTPUTS: Json = {
    "ReleasedBy": {
        "Description": "How the last release shifted traffic",
        "Value": sub(f"${{{SHIFT}}}, in steps: ${{{IN_STEPS}}}"),
    }
}

ROLE_ID = "ReleaseRole"


def release_properties() -> Json:
    """Returns the properties by which a function is released."""
    return {
        "AutoPublishAlias": LIVE,
        "DeploymentPreference": {
            "Enabled": ref(IN_STEPS),
            "Type": ref(SHIFT),
            "Role": get_att(ROLE_ID),
            "Alarms": [ref(alarm_id(name)) for name in WATCHED],
        },
    }


def release_role() -> Json:
    """Returns the role of CodeDeploy, by logical id.

    SAM's own role would have AWS's managed policy, which reaches every function of the account. CodeDeploy needs only
    these rights of that policy: on aliases, and on the states of alarms. The other rights are for hooks,
    notifications and code in S3, which this stack does not use.
    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCodeDeployRoleForLambda.html
    """
    place = "${AWS::Region}:${AWS::AccountId}"
    functions = [
        sub(f"arn:${{AWS::Partition}}:lambda:{place}:function:{physical(each.aws_name)['Fn::Sub']}{suffix}")
        for each in FUNCTIONS
        for suffix in ("", ":*")
    ]
    statements = [
        allow(
            "ShiftTraffic",
            ["lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"],
            functions,
        ),
        allow(
            "ReadAlarms",
            ["cloudwatch:DescribeAlarms"],
            [sub(f"arn:${{AWS::Partition}}:cloudwatch:{place}:alarm:*")],
        ),
    ]
    trust = {"Effect": "Allow", "Principal": {"Service": "codedeploy.amazonaws.com"}, "Action": "sts:AssumeRole"}
    properties = {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "Policies": [{"PolicyName": "Release", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}],
    }
    return {ROLE_ID: {"Type": "AWS::IAM::Role", "Properties": properties}}
