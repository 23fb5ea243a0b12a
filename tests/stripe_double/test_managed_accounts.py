"""Accounts that a platform makes and deletes by API."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.stripe_double.test_shapes import fits_object


def make(company: Any, **params: Any) -> Any:
    capabilities = {"card_payments": {"requested": True}, "transfers": {"requested": True}}
    account_params = {
        "type": "custom",
        "country": "US",
        "capabilities": capabilities,
        "metadata": {"a": "b"},
        **params,
    }
    return company.v1.accounts.create(account_params)


def test_a_new_account_has_requirements_and_can_neither_charge_nor_pay_out(company: Any) -> None:
    account = make(company)

    read = company.v1.accounts.retrieve(account.id)

    assert (read.charges_enabled, read.payouts_enabled, read.details_submitted) == (False, False, False)
    assert read.capabilities.to_dict() == {"card_payments": "inactive", "transfers": "inactive"}
    assert {"external_account", "business_type"} <= set(read.requirements.currently_due)
    assert (read.requirements.disabled_reason, read.type) == ("requirements.past_due", "custom")
    assert read.metadata.to_dict() == {"a": "b"}
    assert fits_object(read.to_dict(for_json=True), stripe.Account, "account") == []


def test_requirements_that_the_request_meets_are_not_due(company: Any) -> None:
    account = make(company, business_type="company", business_profile={"mcc": "7699", "name": "Pools"})

    assert {"business_type", "business_profile.mcc"}.isdisjoint(account.requirements.currently_due)
    assert (account.business_profile.name, account.business_profile.mcc) == ("Pools", "7699")


def test_an_account_that_may_not_charge_does_not_finalize(company: Any) -> None:
    opts = {"stripe_account": make(company).id}
    customer = company.v1.customers.create({"email": "ann@example.com"}, opts).id
    draft = {"customer": customer, "collection_method": "send_invoice", "days_until_due": 1}
    invoice = company.v1.invoices.create(draft, opts)
    company.v1.invoices.add_lines(invoice.id, {"lines": [{"amount": 500}]}, opts)

    with pytest.raises(stripe.InvalidRequestError, match="cannot currently make charges"):
        company.v1.invoices.finalize_invoice(invoice.id, None, opts)


def test_the_platform_lists_its_accounts_and_deletes_those_it_made(company: Any) -> None:
    account = make(company)
    assert [a.id for a in company.v1.accounts.list({"limit": 2}).data] == [account.id, company.account]

    deleted = company.v1.accounts.delete(account.id)

    assert deleted.deleted
    assert account.id not in [a.id for a in company.v1.accounts.list({"limit": 100}).data]
    with pytest.raises(stripe.PermissionError):
        company.v1.accounts.retrieve(account.id)
    with pytest.raises(stripe.InvalidRequestError):
        company.v1.accounts.delete(company.account)


def test_only_a_platform_manages_accounts(company: Any) -> None:
    given = {"type": "custom", "country": "US"}

    for act in (
        lambda: company.v1.accounts.create(given, company.opts),
        lambda: company.v1.accounts.list(None, company.opts),
        lambda: company.v1.accounts.delete(company.account, None, company.opts),
    ):
        with pytest.raises(stripe.PermissionError):
            act()
