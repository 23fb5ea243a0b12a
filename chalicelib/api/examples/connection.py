"""Examples of connecting Stripe and of verifying the connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.examples.common import WHOLE_LIST, ResponseExamples
from chalicelib.api.models.connection import AppList, AuthorizationView, CompleteConnection, ConnectionView
from chalicelib.api.models.verification import Checklist, RefreshView, TestProgress, TestReport
from chalicelib.domain.facts import COMPLETE_VERIFICATION

STATE = "pYz0tB2rVb3kq1m2dK0o5w"

SYNC = {"at": "2026-11-23T15:00:00Z", "eventsSeen": 42, "recovered": 0, "corrected": 0, "parked": 0}

CONNECTION: dict[str, Any] = {
    "status": "connected",
    "stripeAccountId": "acct_1Pgc6tJ9qL2pool",
    "businessName": "Blue Lagoon Pools",
    "livemode": False,
    "requirements": [],
    "connectedAt": "2026-11-01T09:30:00Z",
    "disconnectedAt": None,
    "lastEventAt": "2026-11-23T15:04:05Z",
    "sweptUntil": "2026-11-23T15:00:00Z",
    "lagSeconds": 245,
    "lastSync": SYNC,
    "catchUp": None,
    "lastTestedAt": "2026-11-01T09:32:10Z",
    "webhook": {"healthy": True, "problem": None, "checkedAt": "2026-11-23T15:00:00Z"},
    "invoicingPaused": None,
}

RUNNING_TEST: dict[str, Any] = {
    "startedAt": "2026-11-23T15:04:05Z",
    "finishedAt": None,
    "ok": None,
    "steps": [
        {"step": "account", "ok": True, "message": "Stripe answers for Blue Lagoon Pools.", "nextStep": None},
        {"step": "customer", "ok": True, "message": "A test customer was made.", "nextStep": None},
    ],
}

CONNECTION_EXAMPLES: Mapping[type, Any] = {
    AppList: {
        "data": [
            {
                "id": "stripe",
                "name": "Stripe",
                "installed": True,
                "status": "connected",
                "action": None,
                "needsAttention": False,
                "attention": [],
                "invoicingPaused": None,
            }
        ],
        "pageInfo": WHOLE_LIST,
    },
    AuthorizationView: {
        "authorizeUrl": f"https://connect.stripe.com/oauth/authorize?client_id=ca_32D88BD1&state={STATE}",
        "expiresAt": "2026-11-23T15:14:05Z",
    },
    Checklist: {
        "data": [
            {
                "id": "business_verified",
                "title": "Business verification is complete",
                "done": False,
                "detail": "Add the bank account that payouts go to.",
                "nextStep": COMPLETE_VERIFICATION,
                "link": "https://dashboard.stripe.com/account/status",
            },
            {
                "id": "payment_terms",
                "title": "Payment terms are set",
                "done": True,
                "detail": "New invoices have the terms net_15.",
                "nextStep": None,
                "link": None,
            },
        ],
        "pageInfo": WHOLE_LIST,
    },
    CompleteConnection: {"state": STATE},
    ConnectionView: CONNECTION,
    RefreshView: {"askedAt": "2026-11-23T15:04:05Z", "sweptUntil": "2026-11-23T15:00:00Z", "lastSync": SYNC},
    TestProgress: RUNNING_TEST,
    TestReport: {
        "ok": False,
        "steps": [
            {
                "step": "account",
                "ok": False,
                "message": "Stripe does not let this account take payments.",
                "nextStep": f"{COMPLETE_VERIFICATION} Then test again.",
            }
        ],
    },
}

JUST_CONNECTED = {
    **CONNECTION,
    "connectedAt": "2026-11-01T09:30:00Z",
    "lastEventAt": None,
    "sweptUntil": "2026-11-01T09:30:00Z",
    "lagSeconds": 0,
    "lastSync": None,
    "lastTestedAt": None,
    "webhook": {
        "healthy": None,
        "problem": "Whether Stripe's webhooks are set up for POM has not been looked at yet.",
        "checkedAt": None,
    },
}
DISCONNECTED = {
    **CONNECTION,
    "status": "disconnected",
    "disconnectedAt": "2026-11-23T15:10:00Z",
    "lagSeconds": None,
}

CONNECTION_RESPONSES: ResponseExamples = {
    ("complete_connection", 200): {"connected": JUST_CONNECTED},
    ("disconnect", 200): {"disconnected": DISCONNECTED},
    ("get_connection_test", 200): {
        "running": RUNNING_TEST,
        "cut off": {
            **RUNNING_TEST,
            "ok": False,
            "steps": [
                *RUNNING_TEST["steps"],
                {
                    "step": "draft",
                    "ok": False,
                    "message": "This step was not reported in time: the test was probably cut off.",
                    "nextStep": "Test again: a later test removes what this one may have left; nobody is billed.",
                },
            ],
        },
        "never tested": {"startedAt": None, "finishedAt": None, "ok": None, "steps": []},
    },
}
