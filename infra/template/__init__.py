"""The part of the deployment that Chalice does not generate, merged over what it does.

Chalice merges dictionaries key by key and replaces everything else, so a place where it writes one intrinsic
function must not get another: the result would have both.
"""

from __future__ import annotations

from typing import Any

from chalicelib.functions import FUNCTIONS, SCHEDULE_FAILURES, Changes, Function, Messages, Queue, Schedule
from infra.template import boundary, encryption, signing
from infra.template.alarm_list import alarms
from infra.template.api import api_resources, rest_api
from infra.template.backup import backups
from infra.template.changes import bus, stream_events
from infra.template.dashboard import dashboard
from infra.template.intrinsics import (
    Json,
    camel,
    function_id,
    get_att,
    log_group_id,
    physical,
    queue_id,
    ref,
)
from infra.template.log_groups import function_log_groups
from infra.template.queries import queries
from infra.template.queue_policies import queue_policies
from infra.template.queues import queues
from infra.template.releases import release_properties, release_role
from infra.template.settings import CONDITIONS, PARAMETERS, environment, outputs
from infra.template.snapstart import snapstart
from infra.template.tables import tables
from infra.template.waf import waf

RETRIES = 1
"""How often AWS repeats a schedule's tick that failed. One repeat is enough, because the next tick does the same
work.
"""
OLDEST_TICK = 300
"""Seconds after which a tick that could not be delivered is given up."""

EVERYWHERE = (encryption.SETTINGS, signing.SETTINGS, boundary.SETTINGS)
"""Properties that every resource of a type has, whichever module defines the resource."""


def merge_template() -> Json:
    """Returns the template that `chalice package --merge-template` merges over Chalice's own."""
    resources: Json = {**tables(), **queues(), **bus(), **release_role(), **api_resources(), "RestAPI": rest_api()}
    resources |= {**waf(), **function_log_groups()}
    resources |= {**alarms(), **dashboard(), **queries(), **backups()}
    for function in FUNCTIONS:
        resources[function_id(function.name)] = _function(function)
    resources |= encryption.use_of_key()
    resources |= queue_policies(resources)
    for resource in resources.values():
        for settings in EVERYWHERE:
            if resource["Type"] in settings:
                resource["Properties"] |= settings[resource["Type"]]
    return {
        "Description": "POM-Stripe: connects Pool Office Manager with Stripe.",
        "Parameters": dict(PARAMETERS),
        "Conditions": CONDITIONS,
        "Resources": resources,
        "Outputs": outputs(),
    }


def _function(function: Function) -> Json:
    properties: Json = {
        "FunctionName": physical(function.aws_name),
        "Environment": environment(function),
        # By reference, so that the group is there, with its retention, before the function can write to it.
        "LoggingConfig": {"LogFormat": "JSON", "LogGroup": ref(log_group_id(function.name))},
        **release_properties(),
        **snapstart(function),
    }
    match function.trigger:
        case Messages(queue, _, concurrency):
            properties["Events"] = _queue_event(function, queue, concurrency)
        case Changes() as changes:
            properties["Events"] = stream_events(function, changes)
        case Schedule():
            properties |= _schedule(function)
    return {"Type": "AWS::Serverless::Function", "Properties": properties}


def _queue_event(function: Function, queue: Queue, concurrency: int) -> Json:
    source = {
        "Queue": get_att(queue_id(queue)),
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": concurrency},
    }
    return {f"{camel(function.name)}SqsEventSource": {"Type": "SQS", "Properties": source}}


def _schedule(function: Function) -> Json:
    failures = get_att(queue_id(SCHEDULE_FAILURES))
    limits = {"MaximumRetryAttempts": RETRIES, "MaximumEventAgeInSeconds": OLDEST_TICK}
    delivery: dict[str, Any] = {
        "DeadLetterConfig": {"Arn": failures},
        "RetryPolicy": limits,
    }
    return {
        "EventInvokeConfig": {
            **limits,
            "DestinationConfig": {"OnFailure": {"Type": "SQS", "Destination": failures}},
        },
        "Events": {f"{camel(function.name)}Event": {"Type": "Schedule", "Properties": delivery}},
    }
