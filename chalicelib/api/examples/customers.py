"""Examples of customers and of an import of customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.examples.common import CUSTOMER_ID, LAST_PAGE, ResponseExamples, only_error
from chalicelib.api.models.customer_export import CustomerExport
from chalicelib.api.models.customer_imports import CustomerImportDetail, CustomerImportView, NewCustomerImport
from chalicelib.api.models.customers import CustomerDetail, CustomerList
from chalicelib.api.models.saved_customers import SaveCustomer

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

CUSTOMER: dict[str, Any] = {
    "id": CUSTOMER_ID,
    **PROFILE,
    "syncStatus": "synced",
    "syncError": None,
    "syncedAt": "2026-11-23T15:04:07Z",
    "stripeCustomerId": "cus_Na6dX7aXxi11N4",
    "candidates": list[str](),
    "createdAt": "2026-11-23T15:04:05Z",
    "updatedAt": "2026-11-23T15:04:05Z",
}

JUST_SAVED = {
    **CUSTOMER,
    "syncStatus": "pending",
    "syncedAt": None,
    "stripeCustomerId": None,
    "history": list[Any](),
}
"""A customer that is new to POM and has not been synced with Stripe yet."""

OTHER_CUSTOMER = {
    **CUSTOMER,
    "id": "cust_457",
    "firstName": "Sam",
    "lastName": "Ortiz",
    "email": "sam.ortiz@example.com",
    "phone": None,
    "address": dict.fromkeys(("street", "street2", "city", "state", "zipCode", "country")),
    "stripeCustomerId": "cus_Nb7eY8bYyj22O5",
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

IMPORT: dict[str, Any] = {
    "id": "bat_5q7xk4jw6ranfhz3l5e7tab2cd",
    "status": "completed",
    "total": 3,
    "counts": {"queued": 0, "created": 1, "updated": 0, "unchanged": 1, "failed": 1},
    "createdAt": "2026-11-30T17:00:00Z",
}

IMPORT_BEGUN = {
    **IMPORT,
    "status": "running",
    "counts": {"queued": 2, "created": 0, "updated": 0, "unchanged": 0, "failed": 1},
}
"""An import that was just requested. A row that cannot be parsed has failed already."""

REPEATED = {
    "code": "customer_repeated",
    "message": "The customer cust_457 is in row 2 already.",
    "field": "id",
    "next_step": "Leave one of the two rows out.",
}

EXPORT = {
    "customerId": CUSTOMER_ID,
    "exportedAt": "2026-11-30T17:00:00Z",
    "data": [
        {
            "kind": "payment",
            "id": "pi_3Q9xkzKp1aB2cD3e0fGh4iJk",
            "storedIn": "payments",
            "why": "It is part of the company's books.",
            "keptUntil": None,
            "content": {
                "movement": {
                    "id": "pi_3Q9xkzKp1aB2cD3e0fGh4iJk",
                    "kind": "payment",
                    "status": "succeeded",
                    "at": 1795539845,
                    "amount": 7500,
                    "currency": "usd",
                    "customer_id": CUSTOMER_ID,
                    "method": "card",
                    "brand": "visa",
                    "last4": "4242",
                },
                "settlements": list[Any](),
            },
        },
        {
            "kind": "change",
            "id": "chg_2gkq4hz7n5ax3wobyr6tclmd4e",
            "storedIn": "changes",
            "why": "A consumer that was down for a month loses nothing. Later it reads its invoices anew.",
            "keptUntil": "2026-12-30T15:04:07Z",
            "content": {
                "change": {"object_kind": "customer", "object_id": CUSTOMER_ID, "version": 3, "at": 1795359847},
                "type": "customer.synced",
            },
        },
    ],
    "pageInfo": LAST_PAGE,
}
"""Contents are shortened."""

CUSTOMER_EXAMPLES: Mapping[type, Any] = {
    CustomerImportDetail: {
        **IMPORT,
        "rows": [
            {"row": 1, "customerId": "cust_456", "outcome": "unchanged", "error": None},
            {"row": 2, "customerId": "cust_457", "outcome": "created", "error": None},
            {
                "row": 3,
                "customerId": "cust_457",
                "outcome": "failed",
                "error": only_error(**REPEATED),
            },
        ],
        "pageInfo": LAST_PAGE,
    },
    CustomerImportView: IMPORT_BEGUN,
    CustomerList: {"data": [CUSTOMER, OTHER_CUSTOMER], "pageInfo": LAST_PAGE},
    CustomerDetail: {**CUSTOMER, "history": CUSTOMER_HISTORY},
    CustomerExport: EXPORT,
    NewCustomerImport: {
        "customers": [
            {"id": CUSTOMER_ID, **PROFILE},
            {"id": "cust_457", "firstName": "Sam", "lastName": "Ortiz", "email": "sam.ortiz@example.com"},
            {"id": "cust_457", "companyName": "Palm Court", "email": "office@palm-court.example.com"},
        ]
    },
    SaveCustomer: PROFILE,
}

CUSTOMER_RESPONSES: ResponseExamples = {
    ("put_customer", 200): {"saved": JUST_SAVED},
    ("sync_customer", 202): {"pending": {**CUSTOMER, "syncStatus": "pending", "history": CUSTOMER_HISTORY}},
}
