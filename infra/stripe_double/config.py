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
    """The settings of one double. A rate of 0 means no limit."""

    platform_key_test: str = "sk_test_double_platform"
    platform_key_live: str = "sk_live_double_platform"
    client_id_test: str = "ca_test_double"
    client_id_live: str = "ca_live_double"
    application_id: str = "ca_test_double"
    application_name: str = "Pool Office Manager"
    redirect_uris: tuple[str, ...] = ()
    """The registered redirect URIs. If the tuple is empty, every URI is accepted."""
    public_url: str = "http://127.0.0.1:0"
    """The base of the links to hosted invoices. The server sets it when its port is known."""
    api_version: str = API_VERSION
    """The version of the API's responses, and of the platform's own account."""
    account_version: str = "2020-08-27"
    """The API version of new accounts, in which their events are rendered.

    A real account keeps the version of the day on which it was created.
    """
    seed: int = 0
    date_lag: bool = True
    """True if responses are dated up to eight seconds late, as Stripe's are; see `http/dates.py`."""
    search_lag: float = 60.0
    """Seconds until a search finds a new or changed customer; Stripe says less than a minute."""
    revisions_copy_metadata: bool | None = None
    """True if a revision of an invoice copies the original's metadata. With None, the seed decides."""
    global_rate: float = 0.0
    endpoint_rate: float = 0.0
    ach_days: float = 4.0
    refund_days: float = 5.0
    """Days until a pending refund settles, and days until a refund to `pm_card_refundFail` fails."""
    capture_seconds: float = 3.0
    """Seconds until a card charge has its balance transaction, which `charge.updated` then shows."""
    evidence_seconds: float = 5.0
    """Seconds until evidence with a keyword of Stripe's test mode decides a dispute."""
    reconciliation_seconds: float = 3600.0
    """Seconds until the lines of an automatic payout can be listed."""
    exchange_rates: dict[str, float] = field(default_factory=lambda: dict(_DOLLARS))
    """The value of one unit of each currency in US dollars, to convert payments in a currency without a balance."""
    oauth_code_seconds: int = 300
    webhook_timeout: float = 10.0
    webhook_retries_test: tuple[float, ...] = (600.0, 7200.0)
    webhook_retries_live: tuple[float, ...] = (60, 300, 1800, 7200, 18000, 36000, 43200, 43200, 43200, 43200)
    """Seconds between tries. Live mode retries for about three days; test mode tries three times within hours."""
    delivery_workers: int = 4
    accounts: tuple[dict[str, Any], ...] = ()
    """The accounts to create at the start, as keyword arguments of `StripeDouble.create_account`."""
    webhook_endpoints: tuple[dict[str, Any], ...] = ()
    """The platform's webhook endpoints to create at the start: `url`, `secret`?, `enabled_events`?, `connect`?,
    `livemode`?.
    """

    def client_id(self, livemode: bool) -> str:
        """Returns the client id of the platform's application in a mode. Objects and endpoints name this id."""
        return self.client_id_live if livemode else self.client_id_test

    @classmethod
    def from_file(cls, path: str | Path) -> Config:
        """Returns the settings that a JSON file holds. Raises ValueError for a key that is not a setting."""
        data = json.loads(Path(path).read_text())
        setting_names = {f.name for f in dataclasses.fields(cls)}
        if unknown_names := set(data) - setting_names:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown_names))}")
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        return cls(**values)
