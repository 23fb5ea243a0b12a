"""The settings of a double, with their defaults."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

API_VERSION = "2026-10-28.endive"
_DOLLARS = {"usd": 1.0, "eur": 1.1, "gbp": 1.3, "cad": 0.73, "aud": 0.66, "mxn": 0.055, "jpy": 0.0067}


@dataclass
class Config:
    """Settings of one double. Rates of 0 mean no limit."""

    platform_key_test: str = "sk_test_double_platform"
    platform_key_live: str = "sk_live_double_platform"
    client_id_test: str = "ca_test_double"
    client_id_live: str = "ca_live_double"
    application_id: str = "ca_test_double"
    application_name: str = "Pool Office Manager"
    redirect_uris: tuple[str, ...] = ()
    """Registered redirect URIs; empty accepts any."""
    public_url: str = "http://127.0.0.1:0"
    """Base of hosted invoice links; set by the server when it knows its port."""
    api_version: str = API_VERSION
    """The version of the API's own answers, and of the platform."""
    account_version: str = "2020-08-27"
    """The version of new accounts, in which their events are shown.

    A real account keeps the version of its first day.
    """
    seed: int = 0
    date_lag: bool = True
    """True if answers are dated up to eight seconds late, as Stripe's are; see `http/dates.py`."""
    search_lag: float = 60.0
    """Seconds until a search finds a new or changed customer; Stripe says less than a minute."""
    revisions_copy_metadata: bool | None = None
    """True if a revision of an invoice has the metadata of the original; with None, the seed decides."""
    global_rate: float = 0.0
    endpoint_rate: float = 0.0
    ach_days: float = 4.0
    refund_days: float = 5.0
    """Days after which a pending refund settles, and after which a refund that will fail, fails."""
    capture_seconds: float = 3.0
    """Seconds until a card charge has its balance transaction, which `charge.updated` then shows."""
    evidence_seconds: float = 5.0
    """Seconds until evidence that Stripe's test mode knows decides a dispute."""
    reconciliation_seconds: float = 3600.0
    """Seconds until the lines of an automatic payout can be listed."""
    exchange_rates: dict[str, float] = field(default_factory=lambda: dict(_DOLLARS))
    """What one unit of a currency is worth in US dollars; for payments in a currency without a balance."""
    oauth_code_seconds: int = 300
    webhook_timeout: float = 10.0
    webhook_retries_test: tuple[float, ...] = (600.0, 7200.0)
    webhook_retries_live: tuple[float, ...] = (60, 300, 1800, 7200, 18000, 36000, 43200, 43200, 43200, 43200)
    """Seconds between tries: about three days in live mode, three tries over hours in test mode."""
    delivery_workers: int = 4
    accounts: tuple[dict[str, Any], ...] = ()
    """Accounts made at the start: keyword arguments of `StripeDouble.create_account`."""
    webhook_endpoints: tuple[dict[str, Any], ...] = ()
    """Platform webhook endpoints made at the start: `url`, `secret`?, `enabled_events`?, `connect`?, `livemode`?."""

    def client_id(self, livemode: bool) -> str:
        """Returns the platform's application in a mode, as objects and endpoints name it."""
        return self.client_id_live if livemode else self.client_id_test

    @classmethod
    def from_file(cls, path: str | Path) -> Config:
        """Returns the settings of a JSON file. Raises ValueError for a key that is not a setting."""
        data = json.loads(Path(path).read_text())
        setting_names = {f.name for f in dataclasses.fields(cls)}
        if unknown_names := set(data) - setting_names:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown_names))}")
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        return cls(**values)
