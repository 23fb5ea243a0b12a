"""`payouts` at the command line: what is compared with Stripe, what differs, and what a repair brings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest

from chalicelib.domain.balance_transactions import BalanceTransaction
from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.ports import StripeGateway
from chalicelib.usecases.connecting import connect
from infra.ops.payouts import DIFFERENCES_SHOWN
from tests.ops.depositing import Depositing
from tests.world import ADMIN, ORGANIZATION

STRIPE_ID = re.compile(r"\b(?:po|txn)_\w+")


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Depositing:
    """The operator's screen has 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    return Depositing(capsys)


def test_payouts_that_equal_stripes_tie_out(company: Depositing) -> None:
    company.days_pass(5)

    comparison = company.compares()

    [row] = comparison.document["payouts"]
    assert (row["amount"], row["currency"], row["status"]) == ("72.52", "usd", "paid")
    assert (row["lines"], row["invoices"], row["unexplained"]) == (1, 1, "0.00")
    assert comparison.results == [("tied out", None)]
    assert comparison.document["differences"] == []
    assert not comparison.failed


def test_an_account_without_payouts_has_nothing_to_compare(company: Depositing) -> None:
    comparison = company.compares()

    assert comparison.document["payouts"] == []
    assert "Nothing to compare." in comparison.out
    assert not comparison.failed


def test_a_payout_that_pom_does_not_have_differs_until_it_is_repaired(company: Depositing) -> None:
    company.days_pass(5, lost=True)

    before, would, stored_after_dry_run = company.compares(), company.compares(dry_run=True), company.stored()
    repair, after = company.compares(repair=True), company.compares()

    assert (before.results, before.failed) == ([("differs", "POM does not have it")], True)
    assert (would.results, would.failed) == ([("would be repaired", "POM does not have it")], True)
    assert stored_after_dry_run == []
    assert (repair.results, repair.failed) == ([("repaired", "POM did not have it")], False)
    assert (after.results, after.failed) == ([("tied out", None)], False)
    assert company.stored()[0].tied_out


def test_a_lost_line_is_named_and_restored(company: Depositing) -> None:
    company.days_pass(5)
    company.loses_lines()

    before, repair = company.compares(), company.compares(repair=True)

    [difference] = before.document["differences"]
    assert difference["subject"].startswith("txn_")
    assert difference["stripe_says"] == f"charge 72.52 USD {company.invoice.id}"
    assert difference["we_say"] == "nothing"
    assert f"payout_line_differs: Stripe says charge 72.52 USD {company.invoice.id}; POM says nothing" in " ".join(
        before.out.split()
    )
    assert (before.results, before.failed) == ([("differs", "1 line")], True)
    assert (repair.results, repair.failed) == ([("repaired", "1 line")], False)
    assert company.compares().results == [("tied out", None)]


def test_a_dry_run_writes_nothing_even_if_a_repair_is_asked_for(company: Depositing) -> None:
    company.days_pass(5)
    company.loses_lines()

    comparison = company.compares(repair=True, dry_run=True)

    assert comparison.results == [("would be repaired", "1 line")]
    assert company.compares().results == [("differs", "1 line")]


class _Forgetful:
    """Stripe, which leaves the payment's line out when it lists a payout."""

    def __init__(self, stripe: StripeGateway) -> None:
        self._stripe = stripe

    def balance_transactions(
        self, account_id: StripeAccountId, payout_id: str, after: str | None = None
    ) -> Iterator[Sequence[BalanceTransaction]]:
        for page in self._stripe.balance_transactions(account_id, payout_id, after):
            yield [each for each in page if each.category != "charge"]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stripe, name)


def test_no_repair_hides_an_amount_that_stripes_lines_do_not_explain(company: Depositing) -> None:
    company.world.ports.stripe = cast(StripeGateway, _Forgetful(company.world.ports.stripe))
    company.days_pass(5)

    comparison = company.compares(repair=True)

    assert (comparison.results, comparison.failed) == ([("differs", "lines do not add up")], True)
    assert comparison.document["payouts"][0]["unexplained"] == "72.52"


def test_a_manual_payout_cannot_be_itemized_and_is_no_failure(company: Depositing) -> None:
    company.pays_out_once(automatic=False)

    comparison = company.compares(repair=True)

    assert (comparison.results, comparison.failed) == ([("cannot be itemized", "by hand")], False)
    assert comparison.document["payouts"][0]["lines"] is None


def test_a_payout_that_stripe_cannot_list_yet_waits_for_stripe(company: Depositing) -> None:
    company.world.double.update_account(company.account, payout_schedule="manual")
    company.days_pass(3)
    company.world.double.pay_out(company.account)
    company.world.deliver()
    company.world.work()

    comparison = company.compares()

    assert (comparison.results, comparison.failed) == ([("waits for Stripe", None)], False)


def test_if_stripe_fails_in_the_middle_the_comparisons_so_far_are_shown(company: Depositing) -> None:
    company.days_pass(5)
    company.invoice = company.world.invoice("svc_2")
    company.pays()
    company.days_pass(5)
    path = "/v1/balance_transactions"
    company.world.double.order_fault("error_before", method="GET", path=path, skip=1, count=50)

    comparison = company.compares()

    assert comparison.failed
    assert comparison.results == [("tied out", None)]
    [failure] = comparison.document["failures"]
    assert "1 payouts have been compared; run it again" in failure


def test_payouts_fit_into_80_columns_and_no_id_is_broken(company: Depositing) -> None:
    company.days_pass(5)
    company.loses_lines()

    comparison = company.compares(dry_run=True)

    assert max(map(len, comparison.out.splitlines())) <= 80
    [row] = comparison.document["payouts"]
    assert f"{row['arrives_on']}  {row['id']}  72.52 USD  paid    would be repaired" in comparison.out
    assert set(re.findall(r"\b(?:po|txn)_\w+", comparison.out)) == set(
        re.findall(r"\b(?:po|txn)_\w+", str(comparison.document))
    )


def test_a_wider_screen_shows_the_figures_of_the_lines(company: Depositing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    company.days_pass(5)

    assert "tied out  (1 lines, 1 invoices, unexplained 0.00 USD)" in company.compares().out


def test_many_differences_are_counted_and_the_first_are_shown(company: Depositing) -> None:
    for number in range(DIFFERENCES_SHOWN + 5):
        company.invoice = company.world.invoice(f"svc_many_{number}")
        company.pays()
    company.days_pass(5)
    company.loses_lines()

    comparison = company.compares()

    count = len(comparison.document["differences"])
    assert count > DIFFERENCES_SHOWN
    assert f"Differences, the first {DIFFERENCES_SHOWN} of {count}" in comparison.out
    assert comparison.out.count("payout_line_differs:") == DIFFERENCES_SHOWN


def test_progress_of_payouts_and_lines_is_shown_on_a_terminal(
    company: Depositing, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.days_pass(5)
    [payout] = company.stored()

    assert company.compares().err == ""

    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then takes standard error for a terminal
    progress = company.compares().err
    assert "Payouts" in progress
    assert f"Lines of {payout.id}" in progress


def test_an_organization_that_was_never_connected_is_named(company: Depositing) -> None:
    with pytest.raises(NotFound) as error:
        company.compares("org_nobody")
    assert "`status`" in str(error.value.next_step)


def test_an_organization_that_is_not_connected_any_more_is_not_compared(company: Depositing) -> None:
    company.days_pass(5)
    connect.disconnect(ORGANIZATION, ADMIN, company.world.ports)

    with pytest.raises(Conflict, match="stripe_not_connected"):
        company.compares()
