"""The template's alarms, evaluated as CloudWatch would evaluate them: by period, and minute by minute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from infra.local.cloudwatch.alarms import CompositeAlarm, MetricAlarm, from_template
from infra.local.cloudwatch.datapoints import Datapoint, Datapoints, Key
from infra.local.cloudwatch.watch import MINUTE, WatchedAlarms
from infra.template import merge_template
from infra.template.measures import API_GATEWAY, SQS

STACK = "pom-test"
DEPLOYED = from_template(merge_template()["Resources"], {"AWS::StackName": STACK, "RunBookUrl": "docs/runbooks"})

_ = None
REFUSED = {"invalid": [5, 5, 5], "received": [_, _, _], "unheard": [2, 2, 2], "passed": [1, 1, 1]}


@pytest.mark.parametrize(
    ("alarm", "series", "expected"),
    [
        # A dead letter pages within the minute, and an empty queue, or one without data, is quiet.
        ("DeadLetterInvoiceJobs", {"waiting": [0, 0, 1, 1, 0]}, [0, 0, 1, 1, 0]),
        ("DeadLetterInvoiceJobs", {"waiting": [_, _, _]}, [0, 0, 0]),
        # The alarm pages if the work failed by a fault of POM or crashed. It does not page if the work ended for
        # another reason.
        ("WorkFailedInvoiceJobs", {"waiting": [0, 2, 2], "failed": [5, 5, _]}, [0, 1, 0]),
        ("WorkFailedInvoiceJobs", {"waiting": [0, 2, 2], "crashes": [5, 5, 0]}, [0, 1, 0]),
        ("WorkFailedInvoiceJobs", {"waiting": [_, _], "failed": [5, _]}, [0, 0]),
        # Silence: twice without a plan pages; so does never having had one; once does not.
        ("ReconciliationSilent", {"plans": [1, 1, _, 1, _, _, _]}, [0, 0, 0, 0, 0, 1, 1]),
        ("ReconciliationSilent", {"plans": [1, 1, 1, 1]}, [0, 0, 0, 0]),
        ("ReconciliationSilent", {"plans": [_, _]}, [1, 1]),
        # The canary: twice in a row it failed or was silent; once may be a deployment. So does never having sent one.
        ("CanaryFailing", {"sent": [1] * 6, "passed": [1, 0, 1, 0, 0, 1]}, [0, 0, 0, 0, 1, 0]),
        ("CanaryFailing", {"sent": [1, 1, _, 1, _, 1], "passed": [1, 1, _, 1, _, 0]}, [0, 0, 0, 0, 0, 1]),
        ("CanaryFailing", {"sent": [_, _], "passed": [_, _]}, [1, 1]),
        # An outsider can use up the route's rate, so this is a ticket, and never a page.
        ("CanaryFailing", {"sent": [1] * 4, "passed": [0] * 4, "throttled": [1] * 4}, [0, 0, 0, 0]),
        ("CanaryThrottled", {"throttled": [_, 1, 1, _, 1]}, [0, 0, 1, 0, 0]),
        ("SecretRefused", {"newest": [1, _, 1, 1, 1]}, [0, 0, 0, 0, 1]),
        ("SecretRefused", {"older": [1, 1, 1, _]}, [0, 0, 1, 0]),
        ("WebhookEndpoint", {"problems": [1, 1, 0, 1, 1, 1, 0]}, [0, 0, 0, 0, 0, 1, 0]),
        # Planned and not done; with nobody connected there is nothing to do, and one account may be throttled.
        ("ReconciliationStuck", {"planned": [1] * 4, "done": [_] * 4, "throttled": [9] * 4}, [0, 0, 0, 0]),
        ("ReconciliationStuck", {"planned": [3, 3, 3, 3], "done": [3, _, _, 2]}, [0, 0, 1, 0]),
        ("ReconciliationStuck", {"planned": [0, 0, 0], "done": [_, _, _]}, [0, 0, 0]),
        ("TieOutSilent", {"planned": [400, 400, 0], "compared": [3, _, _]}, [0, 1, 0]),
        # Old messages: three minutes in a row. An hour without anybody at work on them pages, crashes included.
        ("BacklogReconcile", {"age": [100, 301, 320, 340, 0]}, [0, 0, 0, 1, 0]),
        ("StalledReconcile", {"age": [3000, 3601, 7200], "batches": [0, _, 5]}, [0, 1, 0]),
        ("StalledReconcile", {"age": [3601, 7200], "batches": [5, 5], "crashes": [5, 4]}, [1, 0]),
        ("StalledReconcile", {"age": [340, 400, _], "batches": [_, _, _]}, [0, 0, 0]),
        # Changes: late for three minutes in a row, unreadable, or not published although events are applied.
        ("ChangesLate", {"age": [100_000, 300_001, 310_000, 320_000, 5]}, [0, 0, 0, 1, 0]),
        ("ChangesStalled", {"age": [3_500_000, 3_600_001, 7_200_000], "published": [0, 0, 100]}, [0, 1, 0]),
        ("ChangesStalled", {"age": [_, 9_000_000], "published": [_, _]}, [0, 1]),
        ("UnpublishedChanges", {"waiting": [0, 1, 1, 0, _]}, [0, 1, 1, 0, 0]),
        ("ChangesSilent", {"applied": [40, 40, 5, _], "batches": [9, _, _, _]}, [0, 1, 0, 0]),
        # Parked, stuck, corrected, drifting.
        ("ParkedEvents", {"parked": [0, 2, 0, _]}, [0, 1, 0, 0]),
        ("StuckInvoices", {"stuck": [1, 1, 1, 1, 1, 1, 0]}, [0, 0, 0, 0, 0, 1, 0]),
        ("StuckInvoices", {"stuck": [1, 0, 1, 1, 0, 1, 1]}, [0, 0, 0, 0, 0, 0, 0]),
        ("Corrections", {"swept": [5000, 5000, 900], "recovered": [0, 4, 1], "corrected": [0, 0, 0]}, [0, 0, 1]),
        ("Corrections", {"swept": [0, _], "recovered": [0, _], "corrected": [1, _]}, [1, 1]),
        ("TieOutDrift", {"differences": [0, _, 1, _, _, _]}, [0, 0, 1, 1, 1, 0]),
        ("Corrections", {"swept": [900, 900, _], "payouts": [0, 1, 1]}, [0, 1, 1]),
        ("BilledTwice", {"twice": [0, 1]}, [0, 1]),
        ("InvoicesCopied", {"copied": [0, 2, 0]}, [0, 1, 0]),
        # A payout that does not tie out fires its alarm when it is read, and again each day until it does.
        ("PayoutsNotTiedOut", {"payouts": [0, 1, 0, _, 2]}, [0, 1, 0, 0, 1]),
        # A slow burn is seen by its long window, a spike by the short one.
        ("FastBurnNow", {"errors": [0, 20, 4], "requests": [1000, 1000, 100]}, [0, 1, 0]),
        ("FastBurnHour", {"errors": [6, 160], "requests": [10000, 10000]}, [0, 1]),
        ("SlowBurnHours", {"errors": [100, 130], "requests": [20000, 20000]}, [0, 1]),
        ("SlowBurnNow", {"errors": [_, 4], "requests": [_, 4]}, [0, 0]),
        # What one company's Stripe account is the cause of is not counted.
        ("FastBurnNow", {"errors": [50, 50], "stripe": [50, 45], "requests": [100, 100]}, [0, 1]),
        # Stripe.
        ("StripeDown", {"ok": [100, 2, 1], "failed": [0, 5, _], "unknown": [_, 1, _]}, [0, 1, 0]),
        ("StripeDown", {"ok": [1, _], "failed": [2, 1]}, [0, 0]),
        ("StripeThrottling", {"ok": [98, 98, 99], "throttled": [2, 2, 0]}, [0, 1, 0]),
        # Capacity: a request that Lambda refused, workers refused for 15 minutes, four fifths of the account's
        # executions (1,000 here), ten minutes of DynamoDB's refusals, and half of what a partition takes in a minute.
        ("ApiThrottled", {"m0": [_, 0, 1, 0], "m1": [_, _, _, 2]}, [0, 0, 1, 1]),
        ("WorkersThrottled", {"m0": [1, 1, 0, 1, 1], "m9": [_, _, _, 2, 1]}, [0, 0, 0, 0, 0]),
        ("WorkersThrottled", {"m0": [1, _, 1, 1], "m9": [_, 3, _, _]}, [0, 0, 1, 1]),
        ("WorkersThrottled2", {"m0": [1, _, 1, 1, 1]}, [0, 0, 0, 0, 1]),
        ("ConcurrencyHigh", {"claimed": [801, 900, 800, 801, 820, 999], "executions": [5] * 6}, [0, 0, 0, 0, 0, 1]),
        ("ConcurrencyHigh", {"claimed": [_, _, _], "executions": [_, _, _]}, [0, 0, 0]),
        ("ThrottledInvoices", {"m0": [1, _, 4, 1], "m2": [_, _, 1, _]}, [0, 0, 0, 1]),
        ("WarmInvoicesDueWork", {"writes": [29_999, 30_000, 31_000, 60_000, 100]}, [0, 0, 0, 1, 0]),
        # Secrets: a ticket with the 91st day until the exchange, and one if for a whole day no age was known.
        ("PlatformSecretOld", {"days": [89, 90, 91, 92, 0]}, [0, 0, 1, 1, 0]),
        ("WebhookSecretOld", {"days": [90, 91, _]}, [0, 1, 1]),
        ("SecretAgeUnknown", {"unknown": [0, 1, 2, 0, _]}, [0, 1, 1, 0, 0]),
        # Copies: without AWS Backup, which is the default, no alarm fires.
        ("BackupCopies", {"copied": [_, _], "failed": [_, 1], "uncopied": [_, _]}, [0, 0]),
        # Signatures: a probe is neither; a flood is a ticket. It pages if besides our own canaries pass, nothing of
        # Stripe's was taken, and a sweep had to fetch what Stripe should have brought.
        ("SignatureFailures", {"invalid": [3, 6, 6], "received": [10, 10, 1000]}, [0, 1, 0]),
        ("SignatureFailures", {"invalid": [_, _], "received": [10, 10]}, [0, 0]),
        ("SignaturesAllRefused", REFUSED | {"received": [9, _, 1]}, [0, 1, 0]),
        ("SignaturesAllRefused", REFUSED | {"unheard": [_, 0, _]}, [0, 0, 0]),
        ("SignaturesAllRefused", REFUSED | {"passed": [0, _, 0]}, [0, 0, 0]),
        ("SignaturesAllRefused", REFUSED | {"invalid": [2, 1, _]}, [0, 0, 0]),
    ],
)
def test_each_alarm_fires_exactly_in_the_expected_minutes(
    alarm: str, series: dict[str, list[float | None]], expected: list[int]
) -> None:
    alarm_properties = DEPLOYED[alarm]
    assert isinstance(alarm_properties, MetricAlarm)
    points = alarm_properties.values_from_series(series)
    assert [alarm_properties.fires(points[: n + 1]) for n in range(len(points))] == [bool(each) for each in expected]


# Minute by minute

ValueByMinute = Mapping[int, float]
"""A value by the minute in which it was measured."""


def query(alarm: str, name: str) -> Key:
    alarm_properties = DEPLOYED[alarm]
    assert isinstance(alarm_properties, MetricAlarm)
    return alarm_properties.queries[name].key


def minutes_of_alarm(alarm: str, values_by_metric: Mapping[Key, ValueByMinute], minutes: Iterable[int]) -> list[int]:
    """Returns the minutes in which the alarm notifies a person."""
    written = [(key, minute, value) for key, values in values_by_metric.items() for minute, value in values.items()]
    return evaluate(
        alarm, Datapoints(Datapoint(key, minute * MINUTE + 1, value) for key, minute, value in written), minutes
    )


def evaluate(alarm: str, datapoints: Datapoints, minutes: Iterable[int]) -> list[int]:
    composite = DEPLOYED[alarm]
    parts = (*composite.parts, composite.suppressor) if isinstance(composite, CompositeAlarm) else ()
    bells = WatchedAlarms({name: DEPLOYED[name] for name in (alarm, *filter(None, parts))})
    minutes_in_alarm = []
    for minute in minutes:
        bells.judge(datapoints, minute * MINUTE)
        minutes_in_alarm += [minute] if bells[alarm].notifies else []
    return minutes_in_alarm


def test_a_dead_letter_pages_within_a_minute_and_until_it_is_gone() -> None:
    waiting = Key.of(SQS, "ApproximateNumberOfMessagesVisible", {"QueueName": f"{STACK}-reconcile-dlq"})
    depth = {minute: float(5 <= minute < 9) for minute in range(20)}
    assert minutes_of_alarm("DeadLetterReconcile", {waiting: depth}, range(20)) == [6, 7, 8, 9]
    assert minutes_of_alarm("DeadLetterInvoiceJobs", {waiting: depth}, range(20)) == []


def test_missing_plans_page_after_twenty_minutes_and_the_next_plan_ends_the_alarm() -> None:
    plans = query("ReconciliationSilent", "plans")
    minutes = minutes_of_alarm("ReconciliationSilent", {plans: {0: 1, 10: 1, 20: 1, 45: 1, 55: 1}}, range(1, 60))
    assert minutes == list(range(41, 46))
    every_ten = dict.fromkeys(range(0, 60, 10), 1.0)
    assert minutes_of_alarm("ReconciliationSilent", {plans: every_ten}, range(1, 60)) == []


REQUESTS = Key.of(API_GATEWAY, "Count", {"ApiName": STACK})
ERRORS = Key.of(API_GATEWAY, "5XXError", {"ApiName": STACK})


def minutes_in_alarm_of(
    alarm: str, failing: Mapping[int, int], minutes: range, stripe_down: Iterable[int] = ()
) -> list[int]:
    """Returns the minutes in which the alarm fires, if this number of a hundred requests a minute fails."""
    datapoints = Datapoints(
        Datapoint(key, minute * MINUTE + n / 2, value)
        for minute in range(minutes.stop)
        for n in range(100)
        for key, value in ((REQUESTS, 1.0), (ERRORS, float(n < failing.get(minute, 0))))
    )
    down = query("StripeDown", "failed")
    datapoints.add(Datapoint(down, minute * MINUTE + n, 1.0) for minute in stripe_down for n in range(9))
    return evaluate(alarm, datapoints, minutes)


def test_a_short_spike_pages_nobody() -> None:
    spike = {90: 20, 91: 20}
    assert minutes_in_alarm_of("ErrorsFast", spike, range(60, 150)) == []
    assert minutes_in_alarm_of("ErrorsSlow", spike, range(60, 150)) == []


def test_a_fast_burn_pages_while_it_lasts_and_ends_soon_after() -> None:
    burning = dict.fromkeys(range(60, 100), 20)
    minutes = minutes_in_alarm_of("ErrorsFast", burning, range(60, 200))
    assert minutes == list(range(minutes[0], minutes[-1] + 1))
    assert 60 < minutes[0] <= 75
    assert 100 < minutes[-1] <= 105


def test_a_slow_burn_pages_although_no_single_hour_is_bad() -> None:
    burning = dict.fromkeys(range(0, 600), 1)
    assert minutes_in_alarm_of("ErrorsFast", burning, range(360, 600, 5)) == []
    assert minutes_in_alarm_of("ErrorsSlow", burning, range(360, 600, 5))[0] <= 370
    tolerable = dict.fromkeys(range(0, 600, 5), 1)
    assert minutes_in_alarm_of("ErrorsSlow", tolerable, range(360, 600, 5)) == []


def test_the_burn_alarm_pages_only_after_stripe_is_up_again() -> None:
    burning = dict.fromkeys(range(60, 140), 20)
    minutes = minutes_in_alarm_of("ErrorsFast", burning, range(60, 140), stripe_down=range(60, 110))
    assert minutes[0] >= 115, "the suppressor's window and its extension are over"
    assert minutes == list(range(minutes[0], 140))
