"""Creates a queue for the events on the bus of the local stack, and prints the variables that `consumer.py` needs.

It replaces `template.yaml`, because the local stack does not support CloudFormation. Run it during `make run`.
"""

import json
import os
import shlex
import sys
from pathlib import Path

import boto3

NAME = "my-team"


def make_queue(environment):
    """Creates the queue and its rule, unless they exist, and returns the URL of the queue."""
    os.environ.update(environment)
    sqs, bus = boto3.client("sqs"), environment["EVENT_BUS_NAME"]
    url = sqs.create_queue(QueueName=NAME)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events = boto3.client("events")
    events.put_rule(Name=NAME, EventBusName=bus, EventPattern=json.dumps({"source": ["pom-stripe"]}))
    events.put_targets(Rule=NAME, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
    return url


if __name__ == "__main__":
    stack_environment = json.loads(Path(".local/stack.json").read_text())["environment"]
    variables = {name: value for name, value in stack_environment.items() if name.startswith("AWS_")}
    queue_url = make_queue({**variables, "EVENT_BUS_NAME": stack_environment["EVENT_BUS_NAME"]})
    variables |= {"QUEUE_URL": queue_url, "DATABASE": ".local/changes.db"}
    sys.stdout.writelines(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
