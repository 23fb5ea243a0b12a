"""`status` reports each trouble, at a deployed stage in the embedded AWS."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto.cloudwatch.models import cloudwatch_backends
from moto.core import DEFAULT_ACCOUNT_ID

from chalicelib.bootstrap import Adapters
from chalicelib.config import load_config
from chalicelib.domain.canary import Attempt, CanaryRun, Verdict
from chalicelib.domain.connection import Connection, Freeze
from chalicelib.domain.summary import invoice_write
from chalicelib.domain.sweep import Sweep
from chalicelib.domain.webhook import WebhookCheck
from chalicelib.functions import SCHEDULE_FAILURES, UNPUBLISHED_CHANGES, Queue, Secret
from chalicelib.metrics import SIGNATURE_INVALID
from infra.local.resources import queue_environment, store_secret
from infra.local.settings import REGION
from infra.ops import alarm_states
from infra.ops.alarm_states import State
from infra.ops.cli import cli, exit_status
from infra.ops.status import status
from infra.ops.troubles import Trouble, endpoint_in_words, of_secrets
from infra.template.alarm_list import ALARMS, COMPOSITES
from infra.template.alarms import RUN_BOOKS, Grade
from infra.template.measures import pom_metric
from tests.backends import Aws, aws, empty_tables
from tests.contracts.examples import ACCOUNT, NOW, ORG, event, invoice
from tests.fakes.ports import FakeClock

__all__ = ["aws"]

PAGE = next(each for each in ALARMS if each.grade is Grade.PAGE)


@dataclass
class DeployedStage:
    """A stage on which all is well until a test breaks one thing."""

    aws: Aws
    ports: Adapters
    capsys: pytest.CaptureFixture[str]

    def status(self) -> tuple[int, Any, str]:
        """Returns the exit status of `status`, its JSON document, and the last line of what people read."""
        exit_code = exit_status(cli, "./ops", ["--json", "status"])
        document = json.loads(self.capsys.readouterr().out)
        assert exit_status(cli, "./ops", ["status"]) == exit_code
        return exit_code, document, self.capsys.readouterr().out.rstrip().splitlines()[-1]

    def send(self, queue: str) -> None:
        group = {"MessageGroupId": "g", "MessageDeduplicationId": "d"} if queue.endswith(".fifo") else {}
        boto3.client("sqs").send_message(QueueUrl=self.aws.queue_urls[queue], MessageBody="{}", **group)

    def alarm(self, name: str, state: str) -> None:
        boto3.client("cloudwatch").set_alarm_state(
            AlarmName=self.aws.prefix + name, StateValue=state, StateReason="It is a test."
        )

    def connect(self, **changes: Any) -> None:
        connection = self.ports.connections.get(ORG)
        self.ports.connections.save(replace(connection, **changes))


@pytest.fixture
def stage(aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[DeployedStage]:
    clock = FakeClock(NOW)
    environment = {
        "POM_STAGE": "test",
        "POM_TABLE_PREFIX": aws.prefix,
        "STRIPE_PLATFORM_SECRET_ID": "platform",
        "STRIPE_WEBHOOK_SECRET_ID": "webhook",
        "PUBLIC_API_URL": "https://api.example.com",
        "EVENT_BUS_NAME": "bus",
        "POM_SETTINGS_URL": "https://pom.example.com",
        "POWERTOOLS_METRICS_DISABLED": "true",
        **queue_environment(aws.queue_urls),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("chalicelib.bootstrap.SystemClock", lambda: clock)
    cli.add_command(status)
    for secret in Secret:
        store_secret(secret, "a value that nobody reads")
    empty_tables()
    cloudwatch_backends[DEFAULT_ACCOUNT_ID][REGION].reset()
    ports = Adapters(load_config())
    ports.connections.save(
        Connection(ORG, account_id=ACCOUNT, connected_at=NOW, sweep=Sweep(swept_until=NOW, due_at=NOW + 600))
    )
    ports.connections.save_webhook_check(WebhookCheck(NOW, answered=True))
    ports.connections.save_canary_run(CanaryRun(Verdict.PASSED, 20, NOW))
    cloudwatch = boto3.client("cloudwatch")
    # moto makes no composite alarms. `test_all_pages_of_alarms_are_read` has them as CloudWatch returns them.
    for alarm in (*ALARMS, *COMPOSITES):
        cloudwatch.put_metric_alarm(
            AlarmName=aws.prefix + alarm.name,
            Namespace="test",
            MetricName="m",
            Period=60,
            Statistic="Sum",
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
    for each in (*ALARMS, *COMPOSITES):
        cloudwatch.set_alarm_state(AlarmName=aws.prefix + each.name, StateValue="OK", StateReason="It is a test.")
    yield DeployedStage(aws, ports, capsys)
    for url in aws.queue_urls.values():
        # `purge_queue` may be asked for once a minute alone.
        for message in boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ()):
            boto3.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def refuse_signatures(stage: DeployedStage) -> None:
    metric = pom_metric(SIGNATURE_INVALID, "Sum").for_alarm(60)["Metric"]
    datum: Any = {
        "MetricName": metric["MetricName"],
        "Dimensions": metric.get("Dimensions", []),
        "Timestamp": dt.datetime.fromtimestamp(NOW - 120, dt.UTC),
        "Value": 3,
    }
    boto3.client("cloudwatch").put_metric_data(Namespace=metric["Namespace"], MetricData=[datum])


def freeze_everybody(stage: DeployedStage) -> None:
    stage.ports.connections.save_platform_freeze(Freeze(NOW, "kim", "A drill"))


def get_stuck(stage: DeployedStage) -> None:
    stuck_invoice = invoice()
    stage.ports.invoices.insert(
        invoice_write(replace(stuck_invoice, saga=replace(stuck_invoice.saga, resume_at=NOW - 1))), {}
    )


def refuse_a_secret(stage: DeployedStage) -> None:
    attempts = (Attempt("a", Verdict.PASSED), Attempt("b", Verdict.REFUSED, refused_since=NOW - 900))
    stage.ports.connections.save_canary_run(CanaryRun(Verdict.OLDER_SECRET_REFUSED, 20, NOW + 1, attempts))


TROUBLES: dict[str, tuple[Callable[[DeployedStage], object], str, str]] = {
    "a frozen organization": (
        lambda stage: stage.connect(frozen=Freeze(NOW, "kim", "A drill")),
        f"frozen: {ORG}",
        "suspected-double-bill.md",
    ),
    "everybody is frozen": (freeze_everybody, "frozen: all organizations", "suspected-double-bill.md"),
    "an account that is swept too late": (
        lambda stage: stage.connect(sweep=Sweep(swept_until=NOW - 86400)),
        f"webhooks of {ORG}",
        "webhook-endpoint.md",
    ),
    "a parked event": (
        lambda stage: stage.ports.events.park(event(), NOW, "KeyError"),
        f"parked events of {ORG}",
        "parked-events.md",
    ),
    "a dead letter": (
        lambda stage: stage.send(Queue.RECONCILE.dead_letter),
        f"dead letters of {Queue.RECONCILE.value}",
        "dead-letters.md",
    ),
    "a schedule that failed": (
        lambda stage: stage.send(SCHEDULE_FAILURES),
        f"dead letters of {SCHEDULE_FAILURES}",
        "dead-letters.md",
    ),
    "a change that POM was not told of": (
        lambda stage: stage.send(UNPUBLISHED_CHANGES),
        "unpublished changes",
        "unpublished-changes.md",
    ),
    "a stuck invoice": (get_stuck, "stuck invoices", "stuck-invoices.md"),
    "a wrong endpoint": (
        lambda stage: stage.ports.connections.save_webhook_check(
            WebhookCheck(NOW + 1, answered=True, problem="Off.")
        ),
        "webhook endpoint in Stripe",
        "webhook-endpoint.md",
    ),
    "a canary that fails": (
        lambda stage: stage.ports.connections.save_canary_run(CanaryRun(Verdict.REFUSED, 20, NOW + 1)),
        "canary",
        "canary.md",
    ),
    "one secret that is refused": (refuse_a_secret, "canary", "canary.md"),
    "refused signatures": (refuse_signatures, "refused signatures", "secret-rotation.md"),
    "an alarm that rings": (lambda stage: stage.alarm(PAGE.name, "ALARM"), f"alarm {PAGE.name}", PAGE.run_book),
    "a composite alarm that rings": (
        lambda stage: stage.alarm(COMPOSITES[0].name, "ALARM"),
        f"alarm {COMPOSITES[0].name}",
        COMPOSITES[0].run_book,
    ),
}


def test_status_says_that_all_is_well_when_nothing_is_wrong(stage: DeployedStage) -> None:
    exit_code, document, last = stage.status()
    assert (exit_code, document["troubles"], document["allWell"], last) == (0, [], True, "All is well.")


def test_status_shows_how_long_ago_the_webhook_endpoint_was_checked() -> None:
    good = WebhookCheck(NOW - 90, answered=True)
    assert endpoint_in_words(good, NOW) == "configured correctly, checked 90 s ago"


def test_status_shows_the_age_of_each_secret(stage: DeployedStage) -> None:
    ages = stage.status()[1]["secretAges"]
    assert ages.keys() == {"platform", "webhook"}
    assert all(isinstance(days, int) for days in ages.values())


def test_a_secret_may_stay_the_same_for_ninety_days() -> None:
    assert list(of_secrets({"platform": 90, "webhook": 0})) == []
    assert list(of_secrets({"platform": 91, "webhook": 90})) == [
        Trouble("age of the platform secret", "91 days: rotate it", "secret-rotation.md")
    ]


def test_a_secret_whose_age_cannot_be_read_is_reported_as_unknown(stage: DeployedStage) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId="webhook", ForceDeleteWithoutRecovery=True)
    assert unknown(stage)[:2] == (1, [("age of the webhook secret", f"{RUN_BOOKS}/secret-rotation.md")])


@pytest.mark.parametrize("trouble", TROUBLES)
def test_status_names_each_trouble_with_its_run_book(stage: DeployedStage, trouble: str) -> None:
    happens, trouble_name, run_book = TROUBLES[trouble]
    happens(stage)
    exit_code, document, last = stage.status()
    assert [(row["what"], row["run_book"], row["known"]) for row in document["troubles"]] == [
        (trouble_name, f"{RUN_BOOKS}/{run_book}", True)
    ]
    assert (exit_code, document["allWell"], last) == (1, False, "NOT all is well: 1 wrong, 0 unknown.")


def unknown(stage: DeployedStage) -> tuple[int, list[tuple[str, str]], bool, str]:
    """Returns what `status` says, which must have no trouble that is known."""
    exit_code, document, last = stage.status()
    assert {row["known"] for row in document["troubles"]} == {False}, document["troubles"]
    return exit_code, [(row["what"], row["run_book"]) for row in document["troubles"]], document["allWell"], last


def test_a_check_that_never_ran_is_reported_as_unknown(stage: DeployedStage) -> None:
    empty_tables()
    assert unknown(stage) == (
        1,
        [
            ("webhook endpoint in Stripe", f"{RUN_BOOKS}/webhook-endpoint.md"),
            ("canary", f"{RUN_BOOKS}/canary.md"),
        ],
        False,
        "NOT all is well: 0 wrong, 2 unknown.",
    )


def test_an_alarm_with_insufficient_data_is_reported_as_unknown(stage: DeployedStage) -> None:
    stage.alarm(PAGE.name, "INSUFFICIENT_DATA")
    exit_code, rows, well, _ = unknown(stage)
    assert (exit_code, rows, well) == (1, [(f"alarm {PAGE.name}", f"{RUN_BOOKS}/{PAGE.run_book}")], False)


def test_a_missing_alarm_is_reported_as_unknown(stage: DeployedStage) -> None:
    boto3.client("cloudwatch").delete_alarms(AlarmNames=[stage.aws.prefix + PAGE.name])
    exit_code, rows, well, _ = unknown(stage)
    assert (exit_code, rows, well) == (1, [(f"alarm {PAGE.name}", f"{RUN_BOOKS}/{PAGE.run_book}")], False)


def refusing_client(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Returns the one client of CloudWatch that `alarm_states` gets from now on."""
    client = boto3.client("cloudwatch", region_name=REGION, aws_access_key_id="no", aws_secret_access_key="no")
    monkeypatch.setattr(alarm_states, "boto3", SimpleNamespace(client=lambda *_, **__: client))
    return client


def test_alarms_that_cannot_be_read_are_reported_as_unknown(
    stage: DeployedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Stubber(refusing_client(monkeypatch)) as stub:
        for _ in range(2):
            stub.add_client_error("describe_alarms", "AccessDenied")
        exit_code, rows, well, _ = unknown(stage)
    assert (exit_code, rows, well) == (1, [("alarms", f"{RUN_BOOKS}/README.md")], False)


def test_a_missing_queue_is_reported_as_unknown(stage: DeployedStage, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = stage.aws.queue_urls[Queue.RECONCILE] + "-gone"
    monkeypatch.setattr(
        "infra.ops.stage.Stage.queue_url",
        lambda _, name: nowhere if name == Queue.RECONCILE else stage.aws.queue_urls[name],
    )
    exit_code, rows, well, _ = unknown(stage)
    assert (exit_code, rows, well) == (1, [(f"queue {Queue.RECONCILE.value}", f"{RUN_BOOKS}/dead-letters.md")], False)


def test_all_pages_of_alarms_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    request = {"AlarmNamePrefix": "pom-", "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    first, last = ALARMS[0], ALARMS[-1]
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    document: Any = SimpleNamespace(config=SimpleNamespace(table_prefix="pom-"))
    with Stubber(refusing_client(monkeypatch)) as stub:
        first_page = {"MetricAlarms": [{"AlarmName": f"pom-{first.name}", "StateValue": "OK"}], "NextToken": "more"}
        two = {
            "MetricAlarms": [{"AlarmName": f"pom-{last.name}", "StateValue": "ALARM"}],
            "CompositeAlarms": [{"AlarmName": f"pom-{COMPOSITES[0].name}", "StateValue": "OK"}],
        }
        stub.add_response("describe_alarms", first_page, request)
        stub.add_response("describe_alarms", two, {**request, "NextToken": "more"})
        states = {each.name: each.state for each in alarm_states.alarm_states(document) or ()}
        stub.assert_no_pending_responses()
    read = {first.name: State.QUIET, last.name: State.FIRING, COMPOSITES[0].name: State.QUIET}
    signals = {each.name for each in (*ALARMS, *COMPOSITES) if each.grade is Grade.SIGNAL}
    assert states == {
        each.name: read.get(each.name, State.UNKNOWN) for each in (*ALARMS, *COMPOSITES) if each.name not in signals
    }
    assert State.FIRING in states.values()
