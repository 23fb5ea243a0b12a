"""Who sent a request and from where, in the form that log lines may contain."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

from chalicelib.domain.identifiers import digest
from chalicelib.domain.identity import Identity

IPV4_BITS = 24
IPV6_BITS = 48
"""The number of bits of an address that are logged: they name a network of many lines, and no single device."""


class Caller(NamedTuple):
    """The caller of one request. Unknown values are None."""

    organization_id: str | None = None
    user: str | None = None
    """The name of the user in log lines (`user_in_logs`)."""
    network: str | None = None
    """The network of the client (`network_of`)."""


def caller_of(identity: Identity | None, address: str) -> Caller:
    """Returns the caller. `identity` is None if the request has no valid token; `address` is the connection's."""
    network = network_of(address)
    if identity is None:
        return Caller(network=network)
    return Caller(identity.organization_id, user_in_logs(identity.organization_id, identity.user_id), network)


def user_in_logs(organization_id: str, user_id: str) -> str:
    """Returns the name of a user in log lines: the same in each line, and a different one in another organization.

    The issuer of the tokens chooses the ids of users, and `ann@example.test` is a possible id. No rule can tell such
    an id from an opaque one, so no id is logged unchanged.
    """
    return f"user_{digest('user in logs', organization_id, user_id)}"


def network_of(address: str) -> str | None:
    """Returns the network of an IP address: `203.0.113.0/24` or `2001:db8:1::/48`. None if it is not an IP address.

    An IPv6 address with an IPv4 address in its first 48 bits is treated as that IPv4 address.
    """
    try:
        ip: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return None
    if isinstance(ip, IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    bits = IPV4_BITS if isinstance(ip, IPv4Address) else IPV6_BITS
    return str(ip_network((int(ip).to_bytes(ip.max_prefixlen // 8), bits), strict=False))
