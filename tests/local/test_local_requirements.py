"""`make run`, `make demo` and `./ops` have only what requirements.txt and requirements-local.txt pin."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

ALONE = """
import importlib.abc, importlib.metadata, json, pkgutil, re, sys
from pathlib import Path

def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()

pinned = set()
for name in ("requirements.txt", "requirements-local.txt"):
    pinned |= {plain(each) for each in re.findall(r"^([\\w.-]+)==", Path(name).read_text(), re.MULTILINE)}
owners = importlib.metadata.packages_distributions()

class OnlyPinned(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        owning = owners.get(fullname.partition(".")[0], [])
        if owning and not pinned & set(map(plain, owning)):
            raise ModuleNotFoundError(f"{fullname} is not pinned for the local stack", name=fullname)
        return None

sys.meta_path.insert(0, OnlyPinned())
"""

EVERY_MODULE = """
import importlib
for story in ("infra.local", "infra.demo", "infra.ops", "infra.ops_demo", "infra.stripe_double"):
    package = importlib.import_module(story)
    for module in pkgutil.walk_packages(package.__path__, f"{story}."):
        if not module.name.endswith(("__main__", "_app")):  # an app needs the environment of its stack
            importlib.import_module(module.name)
"""

ONE_EVENT = """
import boto3, moto
with moto.mock_aws():
    events, sqs = boto3.client("events"), boto3.client("sqs")
    events.create_event_bus(Name="changes")
    url = sqs.create_queue(QueueName="pom")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventBusName="changes", EventPattern='{"source": ["pom-stripe"]}')
    events.put_targets(Rule="all", EventBusName="changes", Targets=[{"Id": "pom", "Arn": arn}])
    entry = {"EventBusName": "changes", "Source": "pom-stripe", "DetailType": "invoice.paid", "Detail": "{}"}
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"])["detail-type"] == "invoice.paid"
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    """Runs a program that can import nothing but what is pinned for the local stack."""
    aws = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "us-east-1"}
    arguments = [sys.executable, "-c", ALONE + program]
    return subprocess.run(arguments, cwd=ROOT, env=aws, capture_output=True, text=True, timeout=120)


def test_every_module_of_the_local_stack_imports_with_what_is_pinned_for_it() -> None:
    completed = run(EVERY_MODULE)

    assert completed.returncode == 0, completed.stderr[-2000:]


def test_the_embedded_bus_delivers_an_event_with_what_is_pinned_for_it() -> None:
    completed = run(ONE_EVENT)

    assert completed.returncode == 0, completed.stderr[-2000:]


def test_a_package_that_only_tests_need_cannot_be_imported_here() -> None:
    completed = run("import hypothesis")

    assert "hypothesis is not pinned for the local stack" in completed.stderr
