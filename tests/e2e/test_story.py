"""The users' guide, played over HTTP: every sentence is true, and the output shows how each result came about."""

from __future__ import annotations

import io
import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from infra.demo.acts.invoicing import SHOWN
from infra.demo.acts.scene import Scene
from infra.demo.narrator import Narrator
from infra.demo.people import Owner
from infra.demo.stack import demo_stack
from infra.demo.story import play
from infra.local.double_config import STRIPE_ACCOUNT
from tests.restricted_key import permissions

pytestmark = pytest.mark.demo


@dataclass(frozen=True)
class DemoRun:
    """The output of the demo, and whether all of its checks passed."""

    text: str
    true: bool
    pages: Path
    """Where it saved pages."""
    requests: list[dict[str, Any]]
    """Every request to Stripe, of POM's and of the people in the story."""

    @property
    def steps(self) -> dict[str, list[str]]:
        """Returns the lines below each step's sentence of the guide, without empty lines."""
        _, *parts = re.split(r"^ ?(\d+)  “(.+)”$", self.text, flags=re.MULTILINE)
        blocks = zip(parts[1::3], parts[2::3], strict=True)
        return {sentence: [line for line in block.splitlines() if line.strip()] for sentence, block in blocks}

    def step(self, words: str) -> str:
        """Returns the output below the step whose sentence has these words."""
        [passages] = [lines for sentence, lines in self.steps.items() if words in sentence]
        return "\n".join(passages)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRun]:
    output, pages = io.StringIO(), tmp_path_factory.mktemp("pages")
    narrator = Narrator(Console(file=output, width=118))
    with demo_stack() as (stack, clock):
        owner = Owner(stack.urls.stripe, STRIPE_ACCOUNT["account_id"])
        true = play(Scene.of(stack, clock, owner, narrator, pages))
        with urllib.request.urlopen(f"{stack.urls.stripe}/_double/requests") as answer:
            requests = json.load(answer)["entries"]
        yield DemoRun(output.getvalue(), true, pages, requests)


def test_every_check_of_the_demo_passes(demo: DemoRun) -> None:
    assert demo.true, demo.text


def test_the_whole_guide_needs_only_the_listed_permissions_of_a_restricted_key(demo: DemoRun) -> None:
    # What names a connected account is POM's. The people of the story sign in to Stripe as that account.
    pom = {("Connect", each["method"], each["template"]) for each in demo.requests if each["account"]}
    own = [each for each in permissions() if each.side == "platform"]
    platform = {
        ("platform", each["method"], each["template"])
        for each in demo.requests
        if not each["account"] and any(row.allows("GET", each["template"]) for row in own)
    }
    assert len(pom) > 20
    assert platform
    refused = {
        (side, method, path)
        for side, method, path in pom | platform
        if not any(row.side == side and row.allows(method, path) for row in permissions())
    }
    assert refused == set()


def test_every_step_of_the_demo_shows_its_action_before_its_result(demo: DemoRun) -> None:
    assert len(demo.steps) >= 20
    first_lines = {sentence: lines[0] for sentence, lines in demo.steps.items()}
    assert {sentence: line for sentence, line in first_lines.items() if not line.startswith("    did ")} == {}


def test_a_reminder_is_e_mailed_days_later_and_is_in_the_history(demo: DemoRun) -> None:
    output = demo.step("Auto-reminders")

    assert re.search(r"let \d\d days pass", output)
    assert re.search(r"Subject: Reminder: invoice #\S+ from Blue Lagoon Pools is due ", output)
    assert re.search(r"Amount due: \$306\.74", output)
    assert re.search(r"View and pay: http://", output)
    assert re.search(r"^ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d   Reminder sent to \S+@", output, re.MULTILINE)


def test_the_history_has_one_line_for_each_thing_that_happened(demo: DemoRun) -> None:
    entry = re.compile(r"^ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d   ([A-Z].+?) *$", re.MULTILINE)
    lines = entry.findall(demo.step("Refunds are handled"))

    assert [re.sub(r"\S+@\S+", "…", line) for line in lines] == [
        "Created",
        "Sent to …",
        "Payment failed: 302.24 USD by Visa 9995, insufficient funds",
        "Paid: 302.24 USD by Visa 4242",
        "Refunded: 20.00 USD to Visa 4242, requested by customer",
        "Refunded: 282.24 USD to Visa 4242",
    ]


def test_the_payment_shows_its_card_when_all_its_events_have_arrived(demo: DemoRun) -> None:
    output = demo.step("transaction history")

    assert re.search(r"^ [-\d]+ [:\d]+   Paid: 302\.24 USD by Visa 4242 *$", output, re.MULTILINE)
    log = output.partition("Arrived (UTC)")[2]
    assert all(event in log for event in ("charge.succeeded", "invoice.paid", "invoice_payment.paid")), log


def test_every_column_of_times_names_its_time_zone(demo: DemoRun) -> None:
    headings = re.findall(r"^ ((?:When|Arrived).*?)  ", demo.text, re.MULTILINE)

    assert set(headings) == {"When (UTC)", "Arrived (UTC)"}


def test_the_event_log_follows_the_history_and_names_the_recovered_events(demo: DemoRun) -> None:
    event_log = re.findall(
        r"^ [-\d]+ [:\d]+   (\w+\.\w+) +(applied|nothing new) +\d+ s", demo.step("transaction history"), re.MULTILINE
    )
    assert len(event_log) == SHOWN
    assert "The event log has a recovered event: yes" in demo.step("payments aren't syncing")


def test_the_last_act_explains_each_deposit_to_the_cent_by_invoices_refunds_and_fees(demo: DemoRun) -> None:
    output = demo.step("Automatic payment tracking")
    lines = re.findall(r"^ \d{4}-\d\d-\d\d   \S+ +(\w+ \w+) +(\w+) +(\S+) +(\S+) +(\S+) *$", output, re.MULTILINE)

    assert sorted((customer, line) for customer, line, *_ in lines) == [
        ("Ann Lee", "payment"),
        ("Ann Lee", "refund"),
        ("Ann Lee", "refund"),
        ("Ben Ortiz", "payment"),
        ("Carla Ruiz", "payment"),
    ]
    assert all(Decimal(gross) - Decimal(fee) == Decimal(net) for *_, gross, fee, net in lines)
    total = sum(Decimal(net) for *_, net in lines)
    assert f"to the cent: {total}" in output
    assert re.search(rf"^ [-\d]+ +…6789 +paid .* {total} +3 +yes *$", output, re.MULTILINE)


def test_payments_of_a_web_shop_and_a_monthly_fee_are_lines_of_the_deposit_without_an_invoice(demo: DemoRun) -> None:
    output = demo.step("Check Stripe dashboard")

    assert re.search(r"^ [-\d]+ {5,}outside POM +89\.00 +2\.88 +86\.12 *$", output, re.MULTILINE)
    assert re.search(r"^ [-\d]+ {5,}Stripe's fee +0\.00 +15\.00 +-15\.00 *$", output, re.MULTILINE)
    assert "Invoices in the deposit: 1" in output


def test_a_failed_deposit_needs_attention_until_another_deposit_has_its_money(demo: DemoRun) -> None:
    failed_deposit, later_deposit = demo.step("Check Stripe dashboard"), demo.step("Real-time sync")

    assert "Needs a person: payout_failed" in failed_deposit
    assert "Needs a person: nothing" in later_deposit
    assert re.search(r"The deposit of \d+ \w+ \d{4} failed; its money is in the deposit of \d+ \w+", later_deposit)


def test_the_preview_shows_a_draft_as_its_payer_will_read_it(demo: DemoRun) -> None:
    output = demo.step("Complete a service")

    assert "All drafts: 3 over 420.00 USD" in output
    assert re.search(r"^ Winter cover +120\.00 *$", output, re.MULTILINE)
    page = (demo.pages / "preview.html").read_text()
    assert all(words in page for words in ("DRAFT", "Winter cover", "Leak inspection", "180.00"))


def test_a_draft_that_was_changed_in_stripe_is_not_sent_until_it_is_saved(
    demo: DemoRun,
) -> None:
    output = " ".join(demo.steps["Review and send the invoice."])

    assert output.index("2 sent, 1 held back") < output.index("25.00 USD more than POM ordered")
    assert output.index("Save the draft again in POM") < output.index("3 sent, 0 held back")
    assert "Each invoice was e-mailed once: yes" in output


def test_a_corrected_invoice_is_void_and_names_its_copy(demo: DemoRun) -> None:
    output = demo.steps["Go to Invoicing. Click on an invoice."]
    entries = [match[1] for line in output if (match := re.match(r" [-\d]+ [:\d]+   (.+?) *$", line))]

    assert [re.sub(r"\S+@\S+", "…", entry) for entry in entries] == [
        "Created",
        "Sent to …",
        "Voided",
        "Replaced by a copy to correct it",
    ]
    assert "link stops working" in " ".join(map(str.strip, output))


def test_an_unchanged_list_gets_304(demo: DemoRun) -> None:
    output = demo.step("awaiting payment")

    assert re.search(r"The summary has the same total: 21 over \d+\.\d\d USD", output)
    assert "Status, because nothing has changed: 304" in output
    assert re.search(r"Characters sent, instead of \d{5}: 0", output)


def test_the_second_of_two_people_with_the_same_form_overwrites_nothing(demo: DemoRun) -> None:
    assert "The second one: 412" in "\n".join(demo.steps["Customer updates sync in real-time."])


def test_the_last_line_counts_the_checks_that_passed(demo: DemoRun) -> None:
    assert re.search(r"\d+ steps, \d+ checks passed, in \d+ s\.", demo.text)
