"""The modelled limits are those that API Gateway, Lambda and SQS document."""

from __future__ import annotations

import pytest

from infra.template.api import BURST, RATE
from tests.bench.fair_edge import Edge, TokenBucket, least_load, longest_wait, refused_share

PAGE, CREATE = 0.05, 1.0


def test_a_token_bucket_admits_its_burst_and_then_its_rate() -> None:
    bucket = TokenBucket(rate=10, burst=20)
    assert sum(bucket.takes(0.0) for _ in range(50)) == 20
    assert sum(bucket.takes(1.0) for _ in range(50)) == 10
    assert sum(bucket.takes(100.0) for _ in range(50)) == 20


def test_requests_are_refused_only_above_the_rate_of_a_method() -> None:
    stage = Edge(quota=1000)
    assert refused_share(stage, RATE / 2, PAGE) == 0
    assert refused_share(stage, 2 * RATE, PAGE) == pytest.approx(0.5, abs=0.06)
    assert RATE - 5 <= least_load(stage, PAGE) <= RATE + BURST / 10


def test_slow_requests_exhaust_a_small_quota_long_before_the_rate() -> None:
    assert least_load(Edge(quota=10), CREATE) < 10
    assert refused_share(Edge(quota=10), RATE / 2, PAGE) == 0


def test_a_separate_usage_key_protects_an_organization_within_its_rate() -> None:
    assert refused_share(Edge(quota=1000, lane_rate=RATE / 4), 10 * RATE, PAGE) == 0


def test_a_share_in_the_function_saves_executions_but_not_the_rate_of_the_method() -> None:
    small = Edge(quota=10)
    shared = Edge(quota=10, share=0.25)
    assert refused_share(shared, RATE / 2, CREATE) < refused_share(small, RATE / 2, CREATE) / 2
    assert refused_share(Edge(1000, share=0.25), 5 * RATE, PAGE) == refused_share(Edge(1000), 5 * RATE, PAGE) > 0.5


def test_jobs_wait_if_they_arrive_faster_than_workers_finish_them() -> None:
    assert longest_wait(workers=10, takes=0.5, jobs=1000, rate=10) < 0.5
    assert longest_wait(workers=10, takes=0.5, jobs=1000, rate=100) == pytest.approx(1000 / 20 - 10, rel=0.1)
