"""A queue of a consumer on the bus of the local stack, created as `docs/events.md` describes."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import boto3

from infra.local.stack import ROOT
from infra.local.summary import description, write
from tests.e2e.company import Company

CONSUMER = ROOT / "docs" / "consumer"


def test_a_new_queue_receives_the_events_published_after_its_creation(company: Company, tmp_path: Path) -> None:
    write(description(company.stack), tmp_path / ".local/stack.json")
    variables = made_beside(tmp_path)

    invoice = company.bill("svc_own_queue").json
    company.stack.wait_until_idle()

    queue = boto3.client(
        "sqs",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=variables["AWS_DEFAULT_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )
    messages = queue.receive_message(QueueUrl=variables["QUEUE_URL"], MaxNumberOfMessages=10)["Messages"]
    printed_events = [json.loads(message["Body"])["detail"] for message in messages]
    of_invoice = {each["type"] for each in printed_events if each["objectId"] == invoice["id"]}
    # Stripe may report that the invoice is finalized before POM has stored that it was sent.
    assert of_invoice - {"invoice.pending"} == {"invoice.created", "invoice.sent"}
    assert made_beside(tmp_path) == variables, "a second call finds the same queue"


def test_the_page_prints_the_commands_that_create_the_queue_and_start_the_program() -> None:
    page = (ROOT / "docs" / "events.md").read_text()
    for printed in (
        'eval "$(.venv/bin/python docs/consumer/local_queue.py)"',
        ".venv/bin/python docs/consumer/consumer.py",
    ):
        assert f"\n{printed}\n" in page
        assert (ROOT / printed.split()[-1].rstrip(')"')).is_file()


def made_beside(directory: Path) -> dict[str, str]:
    """Runs the program next to the stack that `directory` describes. Returns the variables that it exports."""
    process = subprocess.run(
        [sys.executable, str(CONSUMER / "local_queue.py")], cwd=directory, capture_output=True, text=True, check=True
    )
    lines = [shlex.split(line) for line in process.stdout.splitlines()]
    assert {line[0] for line in lines} == {"export"}
    return {name: value for line in lines for name, _, value in [line[1].partition("=")]}
