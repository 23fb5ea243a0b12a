"""What each function may do, as the policy files that `.chalice/config.json` names.

`chalicelib.functions` declares the rights. Every grant names its resource; only X-Ray has none that could be named.
"""

from __future__ import annotations

from pathlib import Path

from chalicelib.functions import SCHEDULE_FAILURES, UNPUBLISHED_CHANGES, Changes, Function, Messages, Schedule
from infra.template.changes import BUS_ID
from infra.template.intrinsics import Json, camel, get_att, physical, queue_id, ref, secret_parameter, sub, table_id

DIRECTORY = Path(__file__).resolve().parents[2] / ".chalice"
"""Where Chalice looks for the policy files."""


def policy(function: Function) -> Json:
    """The policy of a function's own role."""
    statements = [_logs(function), _traces()]
    statements += [
        allow(f"Table{camel(table)}", [f"dynamodb:{action}" for action in actions], [get_att(table_id(table))])
        for table, actions in function.tables.items()
    ]
    indexes = [
        sub(f"${{{table_id(table)}.Arn}}/index/{index}")
        for table, names in function.indexes.items()
        for index in names
    ]
    if indexes:
        statements.append(allow("Indexes", ["dynamodb:Query"], indexes))
    sends: list[str] = [*function.sends]
    match function.trigger:
        case Messages(queue):
            taking = [
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ChangeMessageVisibility",
            ]
            statements.append(allow("TakeMessages", taking, [get_att(queue_id(queue))]))
        case Changes(streamed):
            reading = [
                f"dynamodb:{action}" for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
            ]
            streams = [get_att(table_id(table), "StreamArn") for table in streamed]
            statements.append(allow("ReadStreams", reading, streams))
            statements.append(allow("TellChanges", ["events:PutEvents"], [get_att(BUS_ID)]))
            sends.append(UNPUBLISHED_CHANGES)
        case Schedule():
            sends.append(SCHEDULE_FAILURES)
    if sends:
        statements.append(allow("SendMessages", ["sqs:SendMessage"], [get_att(queue_id(name)) for name in sends]))
    for sid, action, secrets in (
        ("Secrets", "GetSecretValue", function.secrets),
        ("AgesOfSecrets", "ListSecretVersionIds", function.watches),
    ):
        if secrets:
            named = [ref(secret_parameter(secret)) for secret in secrets]
            statements.append(allow(sid, [f"secretsmanager:{action}"], named))
    return {"Version": "2012-10-17", "Statement": statements}


def _logs(function: Function) -> Json:
    group = physical(function.aws_name)["Fn::Sub"]
    arn = f"arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:/aws/lambda/{group}:*"
    return allow("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], [sub(arn)])


def _traces() -> Json:
    """X-Ray has no resources that could be named."""
    return {**allow("Traces", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], []), "Resource": "*"}


def allow(sid: str, actions: list[str], resources: list[Json]) -> Json:
    """A statement that allows these actions on these resources."""
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
