"""The product on a double instead of Stripe: what it finds, also when the double is changed, and what it leaks."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe

from infra.demo.people import query_of
from infra.sandbox.client import CLEANUP_REQUESTS
from infra.sandbox.findings import Finding, Part, Verdict
from infra.sandbox.product import check, connecting
from infra.sandbox.product.checking import started_scene
from infra.sandbox.session import Session
from infra.sandbox.targets import DoubleTarget
from infra.stripe_double import InProcessClient, StripeDouble
from tests.sandbox.product_session import KEY, new_session

pytestmark = pytest.mark.demo

PATIENCE = 20.0
"""Seconds; on a busy machine the stack takes a while."""
SHORT = 6.0
"""Seconds, for what is known never to come."""


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    named = {finding.name: finding for finding in findings}
    assert len(named) == len(findings), "each finding has a name of its own"
    return named


def harmful(findings: list[Finding]) -> dict[str, Finding]:
    return {name: each for name, each in by_name(findings).items() if each.verdict is Verdict.HARMFUL}


def processes() -> dict[int, tuple[str, str]]:
    """The processes that this one has started, with their arguments and their environment."""
    found = {}
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((directory / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid():
                texts = [(directory / name).read_text(errors="replace") for name in ("cmdline", "environ")]
                found[int(directory.name)] = (texts[0], texts[1])
        except OSError:  # it has ended meanwhile
            continue
    return found


def test_on_a_double_every_act_is_as_assumed_and_no_key_or_process_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_VARIABLE_WITH_THE_KEY", f"key={KEY}")
    session, told, seen = new_session(connected=False), [], {}
    before = processes()

    def progress(line: str) -> None:
        told.append(line)
        seen.update(processes())

    findings = check(session, progress, patience=PATIENCE, directory=tmp_path)

    hosted = by_name(findings)["hosted page"]
    others = [each for each in findings if each is not hosted]
    assert [(each.name, each.found) for each in others if each.verdict is not Verdict.AS_ASSUMED] == []
    assert hosted.verdict is Verdict.AS_ASSUMED or "install" in hosted.found
    assert {each.part for each in findings} == {Part.PRODUCT}
    assert all(each.found and each.sentence for each in findings)
    assert session.budget.used <= 118
    assert {"connecting by OAuth", "books", "reconciliation"} <= set(told)
    assert {each.step.partition(":")[0] for each in session.recorder.exchanges if each.step} == {"product"}

    arguments = [each for pid, each in seen.items() if pid not in before]
    assert len(arguments) >= 4, "the stack has started processes"
    assert [each for each in arguments if KEY in each[0] or KEY in each[1]] == []
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"api.log", "workers.log", "clock"}
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
    assert processes().keys() <= before.keys()


def test_after_ctrl_c_no_process_is_left(tmp_path: Path) -> None:
    before = processes()

    def progress(line: str) -> None:
        if line == connecting.CONNECTED:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(new_session(), progress, patience=PATIENCE, directory=tmp_path)
    assert (tmp_path / "logs" / "api.log").exists()
    assert processes().keys() <= before.keys()


class Changed(InProcessClient):
    """A double that says otherwise in the end, and whose `charge.updated` comes only when POM reconciles."""

    step: Callable[[], str]

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **more: Any) -> Any:
        body, status, answered = super().request(method, url, headers, post_data, **more)
        listed, step = urlsplit(url).path, self.step()
        if listed not in ("/v1/charges", "/v1/invoices", "/v1/events") or method.lower() != "get":
            return body, status, answered
        said = json.loads(body)
        if step == "product: records" and listed == "/v1/charges":
            said["data"] = [{**each, "amount": each["amount"] + 1} for each in said["data"]]
        if step == "product: records" and listed == "/v1/invoices":
            said["data"] = [
                {**each, "status": "open" if each["status"] == "void" else each["status"]} for each in said["data"]
            ]
        if step != "product: reconciliation" and listed == "/v1/events":
            said["data"] = [each for each in said["data"] if each["type"] != "charge.updated"]
        return json.dumps(said), status, answered


def test_a_wrong_amount_a_wrong_status_and_a_late_event_are_each_named() -> None:
    session = new_session(Changed)
    Changed.step = staticmethod(lambda: session.recorder.step)

    found = harmful(check(session, patience=PATIENCE))

    assert set(found) == {
        "first invoice: payments", "invoice of the lost webhooks: payments", "void invoice: record", "reconciliation",
    }  # fmt: skip
    amounts = [each for each in found["first invoice: payments"].differences if each.path == "amount"]
    assert [(each.recorded, each.played) for each in amounts] == [("100.51", "100.50")]
    record = {each.path: (each.recorded, each.played) for each in found["void invoice: record"].differences}
    assert record == {"status": ("pending", "void"), "balance": ("30.00", "0.00")}
    assert "recovered" in found["reconciliation"].found
    assert "payments" in found["reconciliation"].found or "invoices" in found["reconciliation"].found


def test_events_that_never_come_are_named_by_the_act_that_waits_for_them() -> None:
    session = new_session()
    assert isinstance(session.target, DoubleTarget)
    session.target.double.world.events.policy.never_generate = (
        "invoice.*",
        "invoice_payment.*",
        "payment_intent.*",
        "charge.*",
    )

    findings = check(session, patience=SHORT)

    found = harmful(findings)
    assert {"declined payment", "payment", "lost webhooks"} <= set(found)
    assert by_name(findings)["refund from POM"].verdict is Verdict.NOT_TRIED
    assert "POM shows {'status': 'pending'}" in found["declined payment"].found


def test_a_story_that_the_budget_ends_reports_no_difference() -> None:
    session = new_session(allowed=CLEANUP_REQUESTS + 30)

    findings = check(session, patience=SHORT)

    verdicts = [each.verdict for each in findings]
    assert (session.budget.used, set(verdicts)) == (30, {Verdict.AS_ASSUMED, Verdict.NOT_TRIED})
    assert "used up" in findings[-1].found


class NotOurs:
    """A double behind the network: nobody can move its clock or press its buttons from here."""

    name = "stripe"

    def __init__(self, double: DoubleTarget) -> None:
        self._double, self.api_base, self.connect_base = double, double.api_base, double.connect_base

    def http_client(self) -> stripe.HTTPClient:
        return self._double.http_client()

    def now(self) -> float:
        return self._double.now()

    def pass_time(self, seconds: float) -> None:
        time.sleep(seconds)


def test_an_account_is_connected_by_a_person_or_else_without_oauth() -> None:
    session = new_session(connected=False)
    assert isinstance(session.target, DoubleTarget)
    double: StripeDouble = session.target.double
    urls: list[str] = []

    def clicks(url: str) -> str:
        urls.append(url)
        return double.authorization_code(session.account)

    connected = Session(
        NotOurs(session.target),
        KEY,
        session.client_id,
        session.account,
        session.run,
        session.budget,
        session.recorder,
        authorize=clicks,
    )
    with started_scene(connected, lambda line: None, PATIENCE, None) as scene:
        connecting.connect(scene)
        connected.client_id = ""
        connecting.connect(scene)

    verdicts = [(each.name, each.verdict) for each in scene.findings]
    assert verdicts == [
        ("connecting by OAuth", Verdict.AS_ASSUMED), ("connected", Verdict.AS_ASSUMED),
        ("connecting by OAuth", Verdict.NOT_TRIED), ("connected", Verdict.AS_ASSUMED),
    ]  # fmt: skip
    assert "Nobody pressed Connect" in scene.findings[2].found
    [url] = urls
    assert url.startswith(f"{session.target.connect_base}/oauth/authorize?")
    assert "redirect_uri" not in query_of(url)
