"""The customers that Blue Lagoon Pools has in its Stripe account from the time before it used POM."""

from __future__ import annotations

import urllib.parse
import urllib.request

FORMER = (
    ("Walter Hughes", "walter.hughes@example.com"),
    ("Harold Whitaker", "harold.whitaker@example.com"),
    ("H. Whitaker, rental house", "harold.whitaker@example.com"),
)
"""Names and e-mail addresses. POM-Stripe links the first one automatically. The office must choose between the
others.
"""
TIMEOUT = 10
"""Seconds."""


def create_former_customers(stripe_url: str, account_id: str) -> None:
    """Creates these customers in the double, as the account's owner would in the dashboard."""
    for name, email in FORMER:
        form = urllib.parse.urlencode({"name": name, "email": email}).encode()
        key = {"Authorization": f"Bearer sk_test_{account_id}"}
        request = urllib.request.Request(f"{stripe_url}/v1/customers", form, key, method="POST")
        urllib.request.urlopen(request, timeout=TIMEOUT).close()
