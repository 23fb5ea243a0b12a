"""The commands in README.md and docs/api.md work as written."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.demo.http import request
from infra.local.double_config import STRIPE_ACCOUNT
from infra.local.office_files import OFFICE
from infra.local.stack import ROOT, LocalStack
from infra.local.summary import curl_lines, description, write
from infra.stripe_double.pages.authorize_page import authorize as pages_of_stripe
from tests.e2e.company import Company

DASHBOARD = ROOT / "infra/stripe_double/dashboard"
README = (ROOT / "README.md").read_text()
API_PAGE = (ROOT / "docs/api.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def first_five_minutes() -> str:
    return README.partition("## The first five minutes")[2].partition("\n## ")[0]


def terminal_commands() -> str:
    return API_PAGE.partition("## From a terminal")[2].partition("\n## ")[0]


def test_the_commands_that_list_invoices_work_as_written(stack: LocalStack, tmp_path: Path) -> None:
    write(description(stack), tmp_path / ".local/stack.json")
    listing_commands, _, _ = re.findall(r"```sh\n(.*?)```", terminal_commands(), re.DOTALL)

    printed = shell_output(listing_commands, stack, tmp_path)

    assert isinstance(printed["data"], list), printed


def test_the_commands_that_refund_work_as_written_and_refund_once(company: Company, tmp_path: Path) -> None:
    stack, invoice = company.stack, company.bill("svc_by_hand").json
    pay(invoice, method="card", number="4242424242424242", exp="12/34", cvc="123")
    company.becomes(invoice["id"], status="paid")
    of_company = {"admin": company.token("user_admin", "admin")}
    write({**description(stack), "tokens": of_company}, tmp_path / ".local/stack.json")
    _, refund_commands, _ = re.findall(r"```sh\n(.*?)```", terminal_commands(), re.DOTALL)

    first_refund, second_refund = (shell_output(refund_commands, stack, tmp_path) for _ in range(2))

    assert (first_refund["amount"], first_refund["status"], first_refund["invoiceId"]) == (
        "20.00",
        "succeeded",
        invoice["id"],
    )
    assert second_refund == first_refund
    refunded_invoice = company.becomes(invoice["id"], partiallyRefunded=True)
    assert refunded_invoice["refundedAmount"] == "20.00"
    table = (tmp_path / ".local/payments.csv").read_text().splitlines()
    assert [line.split(",")[2] for line in table] == ["Kind", "refund", "payment"]
    events = company.member.get(f"/invoices/{invoice['id']}/events")["data"]
    assert "charge.succeeded" in {event["type"] for event in events}


def test_the_commands_that_review_a_draft_work_as_written(company: Company, tmp_path: Path) -> None:
    company.customer("cust_456")
    write(
        {**description(company.stack), "tokens": {"billing": company.token("user_office", "billing")}},
        tmp_path / ".local/stack.json",
    )
    _, _, review_commands = re.findall(r"```sh\n(.*?)```", terminal_commands(), re.DOTALL)

    draft, second_draft = (shell_output(review_commands, company.stack, tmp_path) for _ in range(2))

    assert (draft["status"], draft["total"], draft["totalDifference"]) == ("draft", "110.00", "0.00")
    assert (second_draft["id"], second_draft["total"]) == (draft["id"], "110.00")
    page = (tmp_path / ".local/preview.html").read_text()
    assert all(words in page for words in ("DRAFT", "Winter cover", "Season discount"))
    response = company.office.call("POST", f"/invoices/{draft['id']}/send")
    assert (response.status, response.json["status"]) == (200, "pending")


def shell_output(block: str, stack: LocalStack, directory: Path | None = None) -> Any:
    """Returns the JSON that a block of the page prints, with the ports of this stack."""
    commands = block.replace("http://127.0.0.1:8000", stack.urls.api).replace(
        "http://127.0.0.1:8002", stack.urls.stripe
    )
    process = subprocess.run(
        ["/bin/sh", "-euc", commands], cwd=directory, capture_output=True, text=True, timeout=60, check=False
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def pay(invoice: Any, **form: str) -> None:
    request("POST", invoice["paymentUrl"], form=form)


def test_the_dashboard_url_of_an_invoice_opens_its_page(company: Company) -> None:
    invoice = company.bill("svc_dashboard").json

    page = request("GET", invoice["dashboardUrl"])

    assert (page.status, f"Invoice {invoice['number']}" in page.text) == (200, True)


def test_every_button_that_the_readme_names_is_on_a_page() -> None:
    pages = (*OFFICE.glob("screens/*.js"), *OFFICE.glob("core/*.js"), *DASHBOARD.glob("*.py"))
    buttons = "".join(file.read_text() for file in pages)
    of_stripe = pages_of_stripe("Pool Office Manager", [], "", {})
    named_buttons = set(re.findall(r"\*([A-Z][^*]+)\*", first_five_minutes().replace("**", ""))) - {
        STRIPE_ACCOUNT["business_name"]
    }
    assert {"Install", "Connect", "Finish set-up", "Create Invoice", "Send", "Open a dispute"} <= named_buttons
    assert [
        each for each in named_buttons if f'"{each}"' not in buttons and f">{each}</button>" not in of_stripe
    ] == []


def test_the_command_that_lists_e_mails_works_as_written(stack: LocalStack) -> None:
    [line] = re.findall(r"`(curl -sS http://127\.0\.0\.1:8002/[^`]+)`", terminal_commands())

    words = line.replace("http://127.0.0.1:8002", stack.urls.stripe).split()
    process = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    assert process.returncode == 0, process.stderr
    assert isinstance(json.loads(process.stdout), list)


def test_every_shell_command_of_the_docs_sets_its_own_variables() -> None:
    for page in (ROOT / "README.md", ROOT / "infra/local/README.md", *(ROOT / "docs").glob("*.md")):
        text = page.read_text()
        blocks = re.findall(r"```(?:sh)?\n(.*?)```", text, re.DOTALL)
        spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
        for command in (*blocks, *spans):
            variables = set(re.findall(r"\$\{?([A-Z_]+)\b", command))
            assert variables <= set(re.findall(r"\b[A-Z_]+(?==)|(?<=\bread -rs )[A-Z_]+", command)), (
                page.name,
                command,
            )


def test_the_stack_prints_as_many_curl_lines_as_the_pages_state(stack: LocalStack) -> None:
    assert len(curl_lines(stack, stack.tokens)) == 3
    assert all("three `curl` lines" in page for page in (README, API_PAGE))


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "docs/architecture.md",
        "docs/contributing.md",
        "docs/operations.md",
        "docs/deploying.md",
        "docs/field.md",
    ],
)
def test_every_make_target_that_a_page_names_exists(page: str) -> None:
    named_targets = set(re.findall(r"\bmake ([a-z][a-z-]*)\b(?=[ `\n]|$)", (ROOT / page).read_text()))
    code = set(re.findall(r"`make ([a-z-]+)", (ROOT / page).read_text()))
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    assert code <= targets
    assert named_targets & targets, page
