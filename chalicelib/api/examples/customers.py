"""Examples of customers, and of importing many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.examples.common import LAST_PAGE, MORE_PAGES, only_error
from chalicelib.api.models.customer_imports import CustomerImportDetail, CustomerImportView, NewCustomerImport
from chalicelib.api.models.customers import CustomerDetail, CustomerList, SaveCustomer

PROFILE = {
    "firstName": "Dana",
    "lastName": "Reyes",
    "companyName": None,
    "email": "dana.reyes@example.com",
    "phone": "+1 602 555 0143",
    "address": {
        "street": "12 Palm Way",
        "street2": None,
        "city": "Phoenix",
        "state": "AZ",
        "zipCode": "85004",
        "country": "US",
    },
}

CUSTOMER = {
    "id": "cust_456",
    **PROFILE,
    "syncStatus": "synced",
    "syncError": None,
    "syncedAt": "2026-11-23T15:04:07Z",
    "stripeCustomerId": "cus_Na6dX7aXxi11N4",
    "candidates": list[str](),
    "createdAt": "2026-11-23T15:04:05Z",
    "updatedAt": "2026-11-23T15:04:05Z",
}

CUSTOMER_HISTORY = [
    {
        "at": "2026-11-23T15:04:07Z",
        "kind": "taken_over_from_stripe",
        "source": "pom",
        "fields": ["phone"],
        "stripeId": None,
    },
    {
        "at": "2026-11-23T15:04:07Z",
        "kind": "linked",
        "source": "pom",
        "fields": ["name", "street", "city", "state", "zipCode", "country"],
        "stripeId": "cus_Na6dX7aXxi11N4",
    },
]

IMPORT = {
    "id": "bat_5q7xk4jw6ranfhz3l5e7tab2cd",
    "status": "completed",
    "total": 3,
    "counts": {"queued": 0, "created": 1, "updated": 0, "unchanged": 1, "failed": 1},
    "createdAt": "2026-11-30T17:00:00Z",
}

EMAIL_INVALID = {
    "code": "email_invalid",
    "message": "This is not a valid e-mail address.",
    "field": "email",
    "next_step": "Correct the address; Stripe sends the invoice there.",
}

CUSTOMER_EXAMPLES: Mapping[type, Any] = {
    CustomerImportDetail: {
        **IMPORT,
        "rows": [
            {"row": 1, "customerId": "cust_456", "outcome": "unchanged", "error": None},
            {"row": 2, "customerId": "cust_457", "outcome": "created", "error": None},
            {
                "row": 3,
                "customerId": "cust_458",
                "outcome": "failed",
                "error": only_error(**EMAIL_INVALID),
            },
        ],
        "pageInfo": LAST_PAGE,
    },
    CustomerImportView: IMPORT,
    CustomerList: {"data": [CUSTOMER], "pageInfo": MORE_PAGES},
    CustomerDetail: {**CUSTOMER, "history": CUSTOMER_HISTORY},
    NewCustomerImport: {"customers": [{"id": "cust_456", **PROFILE}]},
    SaveCustomer: PROFILE,
}
