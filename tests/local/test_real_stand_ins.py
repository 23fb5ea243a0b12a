"""The real stand-ins listen on loopback only, and say plainly when they cannot be had."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import stripe

from infra.local.real import Unavailable, fetching

real_only = pytest.mark.real


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fetching, "CACHE", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(Unavailable, match="unavailable: mvn is not installed"):
        fetching.dynamodb_local_jars()
    with pytest.raises(Unavailable, match="unavailable: go is not installed"):
        fetching.stripe_mock_binary()


def test_a_failed_fetch_gives_its_reason_and_is_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    maven = tmp_path / "mvn"
    maven.write_text("#!/bin/sh\necho no route to repository\nexit 1\n")
    maven.chmod(0o755)
    monkeypatch.setattr(fetching, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    for _ in range(2):
        with pytest.raises(Unavailable, match="mvn could not fetch it: no route to repository"):
            fetching.elasticmq_jars()


@real_only
@pytest.mark.parametrize("server", ["dynamodb_local_url", "elasticmq_url", "stripe_mock_url"])
def test_stripe_mock_listens_on_loopback_only(server: str, request: pytest.FixtureRequest) -> None:
    port = request.getfixturevalue(server).rsplit(":", 1)[1]

    listing = subprocess.run(["ss", "-ltnH", f"sport = :{port}"], capture_output=True, text=True, check=True)

    addresses = [line.split()[3] for line in listing.stdout.splitlines()]
    assert addresses
    assert all("127.0.0.1" in address for address in addresses)


@real_only
def test_stripe_mock_responds_to_the_sdk(stripe_mock_url: str) -> None:
    client = stripe.StripeClient("sk_test_123", base_addresses={"api": stripe_mock_url})

    invoice = client.v1.invoices.create(
        {"customer": "cus_123", "collection_method": "send_invoice", "days_until_due": 30}
    )
    client.v1.invoices.add_lines("in_123", {"lines": [{"description": "Weekly cleaning", "amount": 7500}]})

    assert invoice.object == "invoice"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.create({"no_such_parameter": "x"})  # type: ignore[typeddict-unknown-key]
