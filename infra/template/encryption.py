"""The encryption of stored data: with keys of AWS's services, or with one key of the account's own.

`docs/deploying.md` says what the key's policy must allow. `infra/key.json` creates such a key.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

from chalicelib.functions import FUNCTIONS
from infra.template.intrinsics import NO_VALUE, Json, is_given, ref, role_id, when
from infra.template.policies import allow

OWN_KEY = "KmsKeyArn"
HAS_OWN_KEY = "HasOwnKey"
USE_OF_KEY = "UseOfKey"
"""The logical id of the policy that lets the functions' roles use the key."""
VIA = ("dynamodb", "lambda", "secretsmanager", "sqs")
"""The services that use the key on behalf of a function. CloudWatch Logs and EventBridge use the key in their own
name, which the key's policy allows.
"""

PARAMETERS: Mapping[str, Json] = {
    OWN_KEY: {
        "Type": "String",
        "Default": "",
        "Description": "A symmetric KMS key of this account and region that encrypts all stored data, or nothing",
        "AllowedPattern": r"(arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[a-f0-9-]+)?",
        "ConstraintDescription": "must be the ARN of a key, not an alias",
    }
}

CONDITIONS: Json = {HAS_OWN_KEY: is_given(OWN_KEY)}

_KEY = when(HAS_OWN_KEY, ref(OWN_KEY))

SETTINGS: Mapping[str, Json] = {
    "AWS::DynamoDB::Table": {
        "SSESpecification": {"SSEEnabled": True, "SSEType": when(HAS_OWN_KEY, "KMS"), "KMSMasterKeyId": _KEY}
    },
    "AWS::SQS::Queue": {
        "SqsManagedSseEnabled": {"Fn::If": [HAS_OWN_KEY, NO_VALUE, True]},
        "KmsMasterKeyId": _KEY,
    },
    "AWS::Logs::LogGroup": {"KmsKeyId": _KEY},
    "AWS::Events::EventBus": {"KmsKeyIdentifier": _KEY},
    "AWS::Serverless::Function": {"KmsKeyArn": _KEY},
    "AWS::Backup::BackupVault": {"EncryptionKeyArn": _KEY},
}
"""The properties that are added to every resource of a type."""


def use_of_key() -> Json:
    """Returns the policy, and the property that is merged into each function's role, by logical id.

    The policy is a managed one, so that a role has it before its function exists and can be called.
    """
    services = [{"Fn::Sub": f"{service}.${{AWS::Region}}.${{AWS::URLSuffix}}"} for service in VIA]
    statement = {
        **allow("UseOfKey", ["kms:Decrypt", "kms:GenerateDataKey"], [ref(OWN_KEY)]),
        "Condition": {"StringEquals": {"kms:ViaService": services}},
    }
    role = {"Type": "AWS::IAM::Role", "Properties": {"ManagedPolicyArns": when(HAS_OWN_KEY, [ref(USE_OF_KEY)])}}
    return {
        **{role_id(function.name): copy.deepcopy(role) for function in FUNCTIONS},
        USE_OF_KEY: {
            "Type": "AWS::IAM::ManagedPolicy",
            "Condition": HAS_OWN_KEY,
            "Properties": {
                "Description": "Lets functions read and write what the stage's own key encrypts.",
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            },
        },
    }
