"""Every operator command against the local stack: its output, its effects, and its exit status."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.events import SUBSCRIPTION
from chalicelib.domain.parked_reasons import REASONS
from chalicelib.functions import Queue
from infra.demo.http import request
from infra.local.stack import LocalStack
from infra.ops.stage import NoStage, deployed_environment
from infra.template.intrinsics import camel
from tests.e2e.company import Company, refused
from tests.ops.conftest import Operator


def paid_invoice(company: Company, service: str) -> dict[str, Any]:
    """Returns an invoice that is paid, once every event of its payment has been delivered."""
    new_invoice: dict[str, Any] = company.bill(service).json
    pays(company, new_invoice)
    company.all_delivered()
    paid_now: dict[str, Any] = company.becomes(new_invoice["id"], status="paid")
    return paid_now


def pays(company: Company, new_invoice: Any) -> None:
    """Pays by card, as the customer."""
    invoice = f"invoices/{company.account_id}/{stripe_id(company, new_invoice)}"
    company.double("POST", f"{invoice}/pay", method="pm_card_visa")


def invoice_with_lost_events(company: Company, new_invoice: Any) -> None:
    """Returns an invoice that was paid while all webhooks were lost."""
    company.double("POST", "delivery", lose_rate=1.0)
    pays(company, new_invoice)
    company.all_delivered()
    company.double("POST", "delivery", lose_rate=0.0)


def stripe_id(company: Company, new_invoice: Any) -> str:
    return next(each["id"] for each in company.in_stripe() if each["metadata"]["pom_invoice_id"] == new_invoice["id"])


def test_status_fits_on_one_screen(company: Company, operator: Operator) -> None:
    paid_invoice(company, "svc_status")
    company.all_delivered()
    document = operator.status()
    mine = next(each for each in document["organizations"] if each["organization"] == company.organization_id)
    assert (mine["account"], mine["status"], mine["parked"]) == (company.account_id, "connected", 0)
    assert mine["last_event"] != "never"
    assert {each["queue"] for each in document["queues"]} >= {"reconcile", "invoice-jobs.fifo", "customer-sync.fifo"}
    assert document["stuck"] == []
    screen = operator.does("status")
    assert "Organizations" in screen.out
    assert screen.out.rstrip().splitlines()[-1].startswith(("All is well.", "NOT all is well: "))


def test_an_invoice_is_explained_by_its_payments_its_timeline_and_its_events(
    company: Company, operator: Operator
) -> None:
    new_invoice = paid_invoice(company, "svc_explain")
    document = operator.asks("explain", "invoice", company.organization_id, new_invoice["id"])
    for name in (new_invoice["id"], stripe_id(company, new_invoice), company.invoice(new_invoice["id"])["number"]):
        assert operator.asks("explain", name)["invoice"] == document["invoice"], name
    assert (
        operator.asks("explain", "--organization", company.organization_id, new_invoice["id"])["found"]["kind"]
        == "invoice"
    )
    assert document["invoice"][0]["status"] == "paid"
    assert [(each["kind"], each["by"]) for each in document["timeline"]] == [
        ("created", "user_office"),
        ("sent", "user_office"),
        ("paid", "stripe"),
    ]
    [payment] = document["payments"]
    assert (payment["status"], payment["amount"]) == ("succeeded", "75.00")
    assert (payment["method"]["brand"], payment["method"]["last4"]) == ("visa", "4242")
    assert document["timeline"][-1]["method"] == payment["method"]
    types = [each["type"] for each in document["events"]]
    assert {"invoice.finalized", "invoice.paid", "charge.succeeded"} <= set(types)
    assert {each["outcome"] for each in document["events"]} <= {"applied", "nothing_new"}
    assert document["explanation"]
    assert len(document["related"]) >= 2
    for command in document["related"]:
        program, option, file, *words = shlex.split(command["command"])
        assert (program, option, file) == ("./ops", "--stack", str(operator.file)), "it is for the same stage"
        assert operator.does(*words).status == 0, command
    unknown = operator.does("explain", "invoice", company.organization_id, "inv_nothing")
    assert (unknown.status, "NotFound" in unknown.err) == (1, True)
    assert (
        f"{company.organization_id} has no invoice inv_nothing. The command `status` lists organizations"
        in unknown.err
    )


def test_an_organization_and_an_event_are_explained(company: Company, operator: Operator) -> None:
    new_invoice = paid_invoice(company, "svc_event")
    log = operator.asks("explain", "invoice", company.organization_id, new_invoice["id"])["events"]
    event = next(each["id"] for each in log if each["type"] == "invoice.paid")
    [explained_event] = operator.asks("explain", "event", company.organization_id, event)["event"]
    assert explained_event["outcome"] in {"applied", "nothing_new"}
    assert (explained_event["source"], explained_event["invoice"], explained_event["repeated"]) == (
        "webhook",
        new_invoice["id"],
        0,
    )
    assert 0 <= explained_event["lag_seconds"] < 60
    unheard_of_event = operator.does("explain", "event", company.organization_id, "evt_unheard_of")
    assert (unheard_of_event.status, "replay" in unheard_of_event.err) == (1, True)
    assert operator.asks("explain", event)["event"] == [explained_event]
    assert operator.asks("explain", event, "--account", company.account_id)["event"] == [explained_event]
    for account, elsewhere in (("acct_nobodys", ()), (company.account_id, ("--organization", "org_nobody"))):
        refusal = operator.does("explain", event, "--account", account, *elsewhere)
        assert (refusal.status, f"{account} was never connected by" in refusal.err) == (1, True)
    nowhere = operator.does("explain", "evt_unheard_of")
    assert (nowhere.status, "Nothing called evt_unheard_of was found in" in nowhere.err) == (1, True)
    assert operator.asks("explain", company.account_id)["found"]["id"] == company.organization_id
    document = operator.asks("explain", "organization", company.organization_id)
    assert {"what": "account", "is": company.account_id} in document["organization"]
    assert document["parked"] == []
    nobody = operator.does("explain", "organization", "org_nobody")
    assert (nobody.status, "`status` lists the organizations" in nobody.err) == (1, True)


def test_a_parked_event_that_stripe_no_longer_lists_is_replayed_from_its_stored_body(
    company: Company, operator: Operator
) -> None:
    new_invoice = company.bill("svc_parked_undated").json
    company.all_delivered()
    invoice_with_lost_events(company, new_invoice)
    event = operator.sets("park", company.organization_id, "stripe_unreachable", "100000")
    would = operator.asks("replay", company.organization_id, "--parked", "--dry-run")["events"]
    assert [(each["event"], each["outcome"]) for each in would] == [(event, "would be applied")]
    replayed_events = operator.asks("replay", company.organization_id, "--parked")["events"]
    assert [each["event"] for each in replayed_events] == [event]
    operator.asks("reconcile", company.organization_id)
    assert operator.asks("explain", "organization", company.organization_id)["parked"] == []


def test_a_parked_event_is_shown_with_its_reason_and_replayed(company: Company, operator: Operator) -> None:
    new_invoice = company.bill("svc_parked").json
    company.all_delivered()
    invoice_with_lost_events(company, new_invoice)
    event = operator.sets("park", company.organization_id, "stripe_unreachable")
    [parked_event] = operator.asks("explain", "organization", company.organization_id)["parked"]
    assert (parked_event["id"], parked_event["error"]) == (event, "stripe_unreachable")
    assert parked_event["reason"] == REASONS["stripe_unreachable"]
    assert "Stripe did not respond in time" in operator.does("explain", event).out
    would = operator.asks("replay", company.organization_id, "--parked", "--dry-run")["events"]
    assert [each["parked_for"] for each in would] == [REASONS["stripe_unreachable"]]
    assert [(each["event"], each["outcome"]) for each in would] == [(event, "would be applied")]
    assert operator.asks("explain", "organization", company.organization_id)["parked"]
    replayed_events = operator.asks("replay", company.organization_id, "--parked")["events"]
    assert replayed_events[0]["outcome"] in {"no_change", "recovered"}
    operator.asks("reconcile", company.organization_id)
    assert operator.asks("explain", "organization", company.organization_id)["parked"] == []


def test_lost_events_are_replayed_by_range_and_by_id(company: Company, operator: Operator) -> None:
    new_invoice = company.bill("svc_lost").json
    company.all_delivered()
    invoice_with_lost_events(company, new_invoice)
    assert company.invoice(new_invoice["id"])["status"] == "pending"
    reconciled_row = operator.asks("reconcile", company.organization_id, "--dry-run")["reconciled"][0]
    assert reconciled_row["missed"] > 0
    would = operator.asks("replay", company.organization_id, "--since", "1h", "--dry-run")["events"]
    assert len(would) == reconciled_row["missed"]
    event = next(each["event"] for each in would if each["type"] == "invoice.paid")
    replayed_by_id = operator.asks("replay", company.organization_id, "--event", event)["events"]
    assert [each["outcome"] for each in replayed_by_id] == ["recovered"]
    assert company.invoice(new_invoice["id"])["status"] == "paid"
    operator.asks("replay", company.organization_id, "--since", "1h")
    assert operator.asks("reconcile", company.organization_id, "--dry-run")["reconciled"][0]["missed"] == 0
    assert operator.does("replay", company.organization_id, "--event", "evt_unheard_of").status == 1
    assert operator.does("replay", company.organization_id).status == 2
    assert operator.does("replay", company.organization_id, "--since", "yesterday").status == 2


def test_reconcile_recovers_and_the_second_run_finds_nothing(company: Company, operator: Operator) -> None:
    new_invoice = company.bill("svc_sweep").json
    company.all_delivered()
    invoice_with_lost_events(company, new_invoice)
    first = operator.asks("reconcile", company.organization_id, "--objects")["reconciled"][0]
    assert [first[name] for name in ("payouts", "payouts_missed", "payouts_not_tied_out", "fees")] == [0, 0, 0, 0]
    assert first["recovered"] + first["early"] > 0
    second = operator.asks("reconcile", "--all", "--objects")["reconciled"]
    mine = next(each for each in second if each["organization"] == company.organization_id)
    assert (mine["recovered"], mine["early"], mine["corrected"]) == (0, 0, 0)
    assert company.invoice(new_invoice["id"])["status"] == "paid"
    from_the_beginning = operator.asks("reconcile", company.organization_id, "--since", "2d", "--dry-run")
    assert from_the_beginning["reconciled"][0]["missed"] == 0
    assert operator.does("reconcile").status == 2
    assert operator.does("reconcile", "--all", company.organization_id).status == 2


def counts(document: Any) -> dict[str, int]:
    """Returns the numbers in the output of a command on dead letters."""
    return {name: value for name, value in document.items() if name not in ("deadLetters", "dryRun")}


def test_dead_letters_are_sent_again(company: Company, operator: Operator, stack: LocalStack) -> None:
    new_invoice = company.bill("svc_dead").json
    body = json.dumps({"organizationId": company.organization_id, "invoiceId": new_invoice["id"], "task": "resume"})
    for number in range(3):
        operator.sets("bury", "invoice-jobs-dlq.fifo", body + " " * number)
    assert counts(operator.asks("redrive", "invoice-jobs.fifo", "--dry-run")) == {"wouldMove": 3, "left": 3}
    assert counts(operator.asks("redrive", "invoice-jobs.fifo", "--max", "1")) == {"moved": 1, "left": 2}
    stack.wait_until_idle()
    assert counts(operator.asks("redrive", "invoice-jobs.fifo", "--rate", "50")) == {"moved": 2, "left": 0}
    stack.wait_until_idle()
    assert counts(operator.asks("redrive", "invoice-jobs.fifo")) == {"moved": 0, "left": 0}
    assert operator.does("redrive", "no-such-queue").status == 2


def test_only_dead_letters_about_one_id_are_sent_again(operator: Operator, stack: LocalStack) -> None:
    for number, invoice in enumerate(("inv_one", "inv_two", "inv_one")):
        body = {"organizationId": "org_gone", "invoiceId": invoice, "task": "resume"}
        operator.sets("bury", "invoice-jobs-dlq.fifo", json.dumps(body) + " " * number)
    about = ("invoice-jobs.fifo", "--about", "inv_one")
    assert counts(operator.asks("redrive", *about, "--dry-run")) == {"wouldMove": 2, "left": 3}
    assert counts(operator.asks("redrive", *about, "--max", "1")) == {"moved": 1, "left": 2}
    stack.wait_until_idle()
    assert counts(operator.asks("redrive", *about)) == {"moved": 1, "left": 1}
    stack.wait_until_idle()
    assert counts(operator.asks("redrive", *about)) == {"moved": 0, "left": 1}
    discarded = operator.asks("discard", "invoice-jobs.fifo", "--about", "inv_two", "--yes")
    assert ([each["about"] for each in discarded["deadLetters"]], discarded["left"]) == (
        ["org_gone inv_two resume"],
        0,
    )


def test_failed_ticks_of_schedules_are_shown_and_discarded(operator: Operator) -> None:
    failed_tick = {
        "requestContext": {"functionArn": "arn:aws:lambda:us-east-1:1:function:pom-dev-resume-stuck:$LATEST"},
        "requestPayload": {"source": "aws.events"},
        "responsePayload": {"errorType": "Retryable", "errorMessage": "anna@example.com"},
    }
    for body in (json.dumps(failed_tick), "no tick at all"):
        operator.sets("bury", "schedule-failures", body)
    dry_run = operator.does("--json", "discard", "schedule-failures", "--dry-run")
    rows = {each["about"]: each["error"] for each in dry_run.json["deadLetters"]}
    assert rows == {"pom-dev-resume-stuck": "Retryable", "unreadable": None}
    assert (dry_run.json["wouldDiscard"], dry_run.json["left"]) == (2, 2)
    assert "anna" not in dry_run.out
    declined_result = operator.does("discard", "schedule-failures", given="n\n")
    assert (declined_result.status, "Delete 2 of 2 messages permanently?" in declined_result.err) == (130, True)
    first_discarded = operator.does("--json", "discard", "schedule-failures", "--max", "1", given="y\n")
    assert (
        first_discarded.json["discarded"],
        first_discarded.json["left"],
        len(first_discarded.json["deadLetters"]),
    ) == (1, 1, 1)
    other_discarded = operator.asks("discard", "schedule-failures", "--yes")
    assert (other_discarded["discarded"], other_discarded["left"]) == (1, 0)
    assert operator.asks("discard", "schedule-failures")["deadLetters"] == []
    assert operator.does("redrive", "schedule-failures").status == 2


def test_a_message_that_must_not_be_repeated_is_discarded(operator: Operator) -> None:
    body = {"organizationId": "org_gone", "invoiceId": "inv_gone", "task": "resume", "requestId": "req-1"}
    operator.sets("bury", "invoice-jobs-dlq.fifo", json.dumps(body))
    document = operator.asks("discard", "invoice-jobs.fifo", "--yes")
    assert [each["about"] for each in document["deadLetters"]] == ["org_gone inv_gone resume req-1"]
    assert counts(operator.asks("redrive", "invoice-jobs.fifo", "--dry-run")) == {"wouldMove": 0, "left": 0}


def test_books_are_tied_out(stack: LocalStack, operator: Operator) -> None:
    company = Company(stack).connect()
    company.customer()
    stack.wait_until_idle()
    paid_invoice(company, "svc_books")
    document = operator.asks("tie-out", company.organization_id)
    names = ("paid", "refunded", "disputed", "lost", "net")
    assert [[each[name] for name in names] for each in document["days"]] == [
        ["75.00", "0.00", "0.00", "0.00", "75.00"]
    ]
    assert document["differences"] == []


def test_a_deposit_is_explained_by_its_payout_and_compared_with_stripe(stack: LocalStack, operator: Operator) -> None:
    company = Company(stack, settlement_days=0, async_capture=False).connect()
    company.customer()
    mine, new_invoice = company.organization_id, paid_invoice(company, "svc_deposit")
    payout = company.double("POST", f"payouts/{company.account_id}")
    company.all_delivered()
    stack.wait_until_idle()

    document = operator.asks("payouts", mine)
    [deposit] = operator.asks("explain", "invoice", mine, new_invoice["id"])["deposits"]
    explained_payout = operator.asks("explain", "payout", mine, payout["id"])

    assert [(each["id"], each["amount"], each["result"]) for each in document["payouts"]] == [
        (payout["id"], "72.52", "waits for Stripe")
    ]
    assert (deposit["amount"], deposit["fee"], deposit["net"]) == ("75.00", "2.48", "72.52")
    assert explained_payout["payout"][0]["status"] == payout["status"]
    assert "Stripe has not said yet which payments are in it." in explained_payout["explanation"]["message"]
    assert operator.does("explain", "payout", mine, "po_nothing").status == 1
    assert operator.does("payouts", "org_nobody").status == 1
    assert operator.does("payouts").status == 2
    assert operator.does("payouts", mine, "--days", "0").status == 2
    company.admin.call("DELETE", "/stripe/connection")
    refused_comparison = operator.does("payouts", mine)
    assert (refused_comparison.status, "not connected to Stripe" in refused_comparison.err) == (1, True)


def test_a_frozen_organization_makes_no_invoices_until_it_is_unfrozen(company: Company, operator: Operator) -> None:
    mine = company.organization_id
    assert operator.asks("freeze", mine, "--reason", "drill", "--dry-run")["frozen"][0]["was_frozen"] is False
    assert company.bill("svc_before").status == 201
    assert operator.asks("freeze", mine, "--reason", "drill", "--by", "kim")["shown"] == "drill"
    refused(company.bill("svc_frozen"), 409, "invoicing_frozen")
    responses = [company.admin.call("GET", path).json for path in ("/apps", "/stripe/connection")]
    assert [responses[0]["data"][0]["invoicingPaused"]["reason"], responses[1]["invoicingPaused"]["reason"]] == [
        "drill"
    ] * 2
    assert "kim" not in str(responses)
    document = operator.asks("explain", "organization", mine)["organization"]
    assert next(each["is"] for each in document if each["what"] == "frozen").startswith("drill (kim, ")
    assert operator.asks("unfreeze", mine, "--by", "lee")["unfrozen"][0]["was_frozen"] is True
    acts = operator.asks("explain", mine)["acts"]
    assert [(each["kind"], each["by"], each["who"]) for each in acts[:2]] == [
        ("invoicing_resumed", "operations", "lee"),
        ("invoicing_paused", "operations", "kim"),
    ]
    assert "(kim, operations)" in operator.does("explain", "organization", mine).out
    history = company.admin.call("GET", "/stripe/connection/history").json["data"]
    assert [each["kind"] for each in history[:2]] == ["invoicing_resumed", "invoicing_paused"]
    assert "kim" not in str(history)
    assert company.bill("svc_frozen").status == 201
    assert operator.does("freeze", "--reason", "nobody named").status == 2


def test_a_freeze_of_everybody_includes_organizations_that_connect_later(
    stack: LocalStack, operator: Operator
) -> None:
    before = Company(stack).connect()
    assert "platformFrozen" not in operator.status()
    would = operator.asks("freeze", "--all", "--reason", "incident", "--dry-run")["frozen"]
    assert before.organization_id in {each["organization"] for each in would}
    assert operator.does("freeze", "--all", before.organization_id, "--reason", "both").status == 2
    assert "platformFrozen" not in operator.status()
    operator.asks("freeze", "--all", "--reason", "incident", "--by", "kim")
    assert operator.status()["platformFrozen"].endswith("by kim: incident")
    assert "FROZEN: all organizations" in operator.does("status").out
    after = Company(stack).connect()
    for company in (before, after):
        company.customer()
        refused(company.bill("svc_frozen"), 409, "invoicing_frozen")
        refused(company.admin.call("POST", "/stripe/connection/test"), 409, "invoicing_frozen")
    unfrozen_rows = operator.asks("unfreeze", "--all")["unfrozen"]
    assert {before.organization_id, after.organization_id} <= {each["organization"] for each in unfrozen_rows}
    assert "platformFrozen" not in operator.status()
    for company in (before, after):
        assert company.bill("svc_released").status == 201


def test_secrets_are_rotated_without_being_shown(operator: Operator, stack: LocalStack) -> None:
    before = operator.asks("rotate-secret", "show")["secrets"]
    assert len(before) == 1
    would = operator.does("--json", "rotate-secret", "add", "--dry-run", given="whsec_new\n")
    assert len(would.json["secrets"]) == 2
    assert operator.asks("rotate-secret", "show")["secrets"] == before
    addition = operator.does("--json", "rotate-secret", "add", given="whsec_new\n")
    assert addition.json["secrets"][1:] == before
    assert operator.asks("rotate-secret", "drop", "--newest")["secrets"] == before
    last = operator.does("rotate-secret", "drop")
    assert (last.status, "only one secret" in last.err) == (1, True)
    wrong = operator.does("rotate-secret", "add", given="sk_live_oops")
    assert wrong.status == 1
    all_output = "".join(each.out + each.err for each in (would, addition, last, wrong))
    assert not any(secret in all_output for secret in ("whsec_new", "sk_live_oops", *stack.secret.webhook_secrets))


def test_the_webhook_endpoint_is_verified_and_repaired(operator: Operator, stack: LocalStack) -> None:
    assert operator.asks("webhook-endpoint", "--verify")["problem"] is None
    assert "unchanged" in operator.asks("webhook-endpoint")
    [endpoint] = operator.asks("webhook-endpoint", "--dry-run")["present"]
    auth = {"Authorization": f"Bearer {stack.secret.api_key}"}
    url = f"{stack.urls.stripe}/v1/webhook_endpoints/{endpoint['id']}"
    request("POST", url, form={"enabled_events[]": "invoice.paid", "disabled": "true"}, headers=auth)
    assert operator.does("webhook-endpoint", "--verify").status == 1
    would = operator.asks("webhook-endpoint", "--dry-run")
    assert len([each for each in would["changes"] if "add" in each]) == len(SUBSCRIPTION) - 1
    assert operator.does("webhook-endpoint", "--verify").status == 1
    assert operator.asks("webhook-endpoint")["updated"] == endpoint["id"]
    assert operator.asks("webhook-endpoint", "--verify")["problem"] is None


def test_a_missing_endpoint_is_created_and_its_secret_is_stored_without_being_shown(
    operator: Operator, stack: LocalStack, tmp_path: Path
) -> None:
    stack_description = json.loads(operator.file.read_text())
    stack_description["environment"]["PUBLIC_API_URL"] = "https://elsewhere.example.com"
    file = tmp_path / "elsewhere.json"
    file.write_text(json.dumps(stack_description))
    elsewhere = Operator(file)
    assert elsewhere.asks("webhook-endpoint", "--dry-run")["would"] == "create"
    new_invoice = elsewhere.does("--json", "webhook-endpoint")
    assert new_invoice.json["created"].startswith("we_")
    assert "whsec_" not in new_invoice.out + new_invoice.err
    assert len(elsewhere.asks("rotate-secret", "show")["secrets"]) == 2
    verification = elsewhere.does("--json", "webhook-endpoint", "--verify")
    endpoint, canary, *_ = verification.json["verification"]
    assert (endpoint["what"], endpoint["good"]) == (f"endpoint {new_invoice.json['created']}", True)
    assert (canary["is"], canary["good"], verification.status) == ("no_answer", False, 1), "nobody lives there"
    assert len(elsewhere.asks("rotate-secret", "drop", "--newest")["secrets"]) == 1


def test_a_missing_stage_is_reported(tmp_path: Path) -> None:
    nowhere = Operator(tmp_path / "none.json").does("status")
    assert (nowhere.status, "make run" in nowhere.err) == (1, True)


def test_a_deployed_stack_is_read_from_its_outputs_and_parameters() -> None:
    outputs = {
        "TablePrefix": "pom-dev-",
        "ChangesBusName": "pom-dev-changes",
        "UnpublishedChangesQueueUrl": "https://sqs/UnpublishedChanges",
        **{f"{camel(queue)}QueueUrl": f"https://sqs/{camel(queue)}" for queue in Queue},
    }
    parameters = {
        "StripePlatformSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:platform-AbCdEf",
        "StripeWebhookSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:webhook-AbCdEf",
        "PublicApiUrl": "https://api.example.com",
        "PomSettingsUrl": "https://pom.example.com/settings/apps",
    }
    stack_description = {
        "StackName": "pom-dev",
        "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()],
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
    }
    environment = deployed_environment(stack_description)
    assert environment["POM_TABLE_PREFIX"] == "pom-dev-"
    assert environment["STRIPE_PLATFORM_SECRET_ID"] == parameters["StripePlatformSecretArn"]
    assert environment["STRIPE_WEBHOOK_SECRET_ID"] == parameters["StripeWebhookSecretArn"]
    assert environment["RECONCILE_QUEUE_URL"] == "https://sqs/Reconcile"
    with pytest.raises(NoStage, match="not of POM-Stripe"):
        deployed_environment({"StackName": "other", "Outputs": [], "Parameters": []})


def test_the_first_reconciliation_of_a_day_ties_the_books_out(stack: LocalStack) -> None:
    company = Company(stack).connect()
    stack.wait_until_idle()  # connecting asks for a comparison, too; two at once would both tie the books out
    stack.fire("plan_reconciliation")
    stack.wait_until_idle()
    log = (stack.state_dir / "logs" / "workers.log").read_text().splitlines()
    log_lines = [json.loads(each) for each in log if '"tied_out"' in each and company.organization_id in each]
    assert [(each["differences"], each["billed_twice"]) for each in log_lines] == [(0, 0)]
    metrics = [json.loads(each) for each in log if each.startswith('{"_aws"')]
    assert {"TieOuts", "TieOutDifferences", "InvoicesBilledTwice", "EventsParked", "StripeLatency"} <= {
        name for metric in metrics for name in metric
    }
