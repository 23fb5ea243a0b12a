"""POM's own records with POM-Stripe: a billed service names its invoice, and can be billed again when the invoice is
void.
"""

from __future__ import annotations

from typing import Any

import pytest

from infra.demo.http import request
from infra.demo.people import Owner
from infra.local.double_config import OTHER_STRIPE_ACCOUNT
from infra.local.sample_people import DANA
from infra.local.stack import LocalStack
from tests.e2e.company import Company, eventually


@pytest.fixture(scope="module")
def desert_springs(stack: LocalStack) -> Company:
    """The smaller sample company, connected with its own Stripe account; POM-Stripe has its customers."""
    company = Company(stack)
    company.organization_id = DANA.organization
    company.owner = Owner(stack.urls.stripe, OTHER_STRIPE_ACCOUNT["account_id"])
    company.admin = company.office = company.user(DANA.user_id, *DANA.roles)
    company.connect()
    imported = company.admin.call("POST", "/customer-imports", {"customers": records(stack, "customers")})
    assert imported.status == 202, imported.text
    path = f"/customer-imports/{imported.json['id']}"
    done = eventually(lambda: company.admin.get(path), lambda seen: seen["status"] == "completed")
    assert done["counts"]["created"] == done["total"]
    return company


def records(stack: LocalStack, name: str) -> Any:
    given = request("POST", f"{stack.urls.pom}/sign-in", json_body={"person": DANA.id}).json
    headers = {"Authorization": f"Bearer {given['token']}"}
    return request("GET", f"{stack.urls.pom}/company/{name}", headers=headers).json["data"]


def test_a_service_is_billed_until_its_invoice_is_void(stack: LocalStack, desert_springs: Company) -> None:
    first, second, *_ = records(stack, "services")
    assert (first["invoiceId"], second["invoiceId"]) == (None, None)

    def invoice_of(service: Any, expected: str | None) -> Any:
        return eventually(
            lambda: next(each["invoiceId"] for each in records(stack, "services") if each["id"] == service["id"]),
            lambda seen: seen == expected,
        )

    fields = ("description", "quantity", "unitPrice", "currency", "taxable", "serviceDate")
    line = {"serviceId": first["id"], **{name: first[name] for name in fields}}
    order = {"customerId": first["customerId"], "lineItems": [line]}
    billed = desert_springs.office.call("POST", "/invoices", order)
    assert (billed.status, billed.json["total"]) == (201, first["amount"])
    invoice_of(first, billed.json["id"])
    invoice_of(second, None)

    voided = desert_springs.admin.call("POST", f"/invoices/{billed.json['id']}/void")

    assert voided.status == 200, voided.text
    invoice_of(first, None)
    again = desert_springs.office.call("POST", "/invoices", order)
    invoice_of(first, again.json["id"])
