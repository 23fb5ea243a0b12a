"""A log line identifies its caller: the same user by the same name, and a network instead of an address."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.caller import Caller, caller_of, network_of, user_in_logs
from chalicelib.domain.identity import identity_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1234:5678:9abc:def0:1234:5678", "2001:db8:1234::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2002:cb00:714d::1", "203.0.113.0/24"),
        ("64:ff9b::cb00:714d", "64:ff9b::/48"),
        ("2001:0:cb00:714d:0:3fff:3fff:fdd2", "2001:0:cb00::/48"),
        ("", None),
        ("ann@example.test", None),
        ("203.0.113.77, 198.51.100.9", None),
        ("fe80::1%eth0", "fe80::/48"),
    ],
)
def test_a_caller_is_identified_by_network_and_not_by_address(address: str, network: str | None) -> None:
    assert network_of(address) == network


@given(st.ip_addresses(), st.integers(0, 2**80 - 1))
def test_addresses_of_one_network_have_the_same_name(address: object, other_number: int) -> None:
    network_text = network_of(str(address))
    assert network_text is not None
    network, ip = ip_network(network_text), ip_address(str(address))
    assert network.num_addresses >= 256
    if isinstance(ip, IPv6Address) and network.version == 6:
        assert network_of(str(network[other_number])) == network_text


def test_a_user_has_one_name_in_the_lines_of_an_organization_and_another_elsewhere() -> None:
    ann = user_in_logs("org_blue", "ann@example.test")
    assert ann == user_in_logs("org_blue", "ann@example.test")
    assert len({ann, user_in_logs("org_green", "ann@example.test"), user_in_logs("org_blue", "bob")}) == 3
    assert "ann" not in ann


def test_a_request_without_a_user_is_identified_by_its_network_only() -> None:
    assert caller_of(None, "203.0.113.77") == Caller(None, None, "203.0.113.0/24")
    caller = caller_of(identity_of("org_blue", "auth0|5", ["admin"]), "203.0.113.77")
    assert caller == Caller("org_blue", user_in_logs("org_blue", "auth0|5"), "203.0.113.0/24")
