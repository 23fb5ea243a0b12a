"""Examples of the history of acts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.examples.common import LAST_PAGE, OFFICE
from chalicelib.api.examples.invoicing_settings import SETTINGS
from chalicelib.api.models.acts import ConnectionHistory, CustomerHistory, SettingsHistory

_VALUES = {name: value for name, value in SETTINGS.items() if name not in ("memo", "footer")}
_CONNECTED = {
    "at": "2026-11-01T09:30:00Z",
    "kind": "connected",
    "by": "user",
    "actor": "user_1",
    "stripeAccountId": "acct_1Pgc6tJ9qL2pool",
    "reason": None,
}

ACT_EXAMPLES: Mapping[type, Any] = {
    SettingsHistory: {
        "data": [
            {
                "at": "2026-11-23T15:04:05Z",
                "actor": "user_1",
                "fields": ["paymentTerms", "memo"],
                "from": {**_VALUES, "paymentTerms": "net_30"},
                "to": _VALUES,
            }
        ],
        "pageInfo": LAST_PAGE,
    },
    ConnectionHistory: {
        "data": [
            {
                **_CONNECTED,
                "at": "2026-11-23T15:10:00Z",
                "kind": "invoicing_paused",
                "by": "operations",
                "actor": None,
                "stripeAccountId": None,
            },
            _CONNECTED,
            {**_CONNECTED, "at": "2026-11-01T09:29:40Z", "kind": "access_granted", "by": "stripe", "actor": None},
            {**_CONNECTED, "at": "2026-11-01T09:28:00Z", "kind": "connect_begun", "stripeAccountId": None},
        ],
        "pageInfo": LAST_PAGE,
    },
    CustomerHistory: {
        "data": [
            {
                "at": "2026-11-23T15:04:05Z",
                "kind": "saved",
                "by": "user",
                "actor": OFFICE,
                "fields": ["email", "phone"],
                "stripeCustomerId": None,
                "importId": None,
            },
            {
                "at": "2026-11-01T10:00:00Z",
                "kind": "imported",
                "by": "user",
                "actor": OFFICE,
                "fields": ["email", "name"],
                "stripeCustomerId": None,
                "importId": "bat_5q7xk4jw6ranfhz3l5e7tab2cd",
            },
        ],
        "pageInfo": LAST_PAGE,
    },
}
