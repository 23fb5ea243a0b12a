"""The permissions that docs/deploying.md lists for a restricted key are what the code calls, and no more.

Which request each call of the SDK makes is read from Stripe's own SDK.
"""

from __future__ import annotations

import ast
import inspect
import re
from functools import reduce
from pathlib import Path

import stripe

from tests.restricted_key import permissions

ADAPTERS = Path(__file__).parents[2] / "chalicelib" / "adapters" / "stripe"


def gateway_calls(root: str) -> set[str]:
    """Returns the methods that are called below an attribute of the client, such as `invoices.line_items.list`."""
    found = set()
    for file in ADAPTERS.rglob("*.py"):
        source = file.read_text().replace("self._endpoints.", "self._v1.webhook_endpoints.")
        chains = {ast.unparse(node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)}
        longest = {
            chain for chain in chains if not any(longer_chain.startswith(f"{chain}.") for longer_chain in chains)
        }
        found |= {match[1] for chain in longest if (match := re.search(rf"\b_?{root}\.([a-z_.]+)$", chain))}
    return found


def request_of(call: str) -> tuple[str, str]:
    """Returns the method and the path of the request that a call of the SDK makes."""
    method = reduce(getattr, call.split("."), stripe.StripeClient("sk_test_none").v1)
    [(verb, path)] = re.findall(r'self\._request\(\s*"(\w+)",\s*"(/v1/[^"]+)"', inspect.getsource(method))  # type: ignore[arg-type]
    return verb.upper(), path


def test_each_request_is_allowed_by_one_permission_and_each_permission_is_used() -> None:
    calls = {call: request_of(call) for call in gateway_calls("v1") if call != "webhook_endpoints"}
    assert len(calls) > 25
    permissions_by_call = {
        call: [each.name for each in permissions() if each.allows(*request)] for call, request in calls.items()
    }
    assert {call: names for call, names in permissions_by_call.items() if len(names) != 1} == {}
    unused_permissions = [
        (each.name, path)
        for each in permissions()
        for path in each.paths
        if not any(request.startswith(path) for _, request in calls.values())
    ]
    assert unused_permissions == []


def test_resources_that_are_only_read_have_no_write_permission() -> None:
    requests = [request_of(call) for call in gateway_calls("v1") if call != "webhook_endpoints"]
    for each in permissions():
        written = any(verb != "GET" and each.allows(verb, path) for verb, path in requests)
        assert written == each.writes, each.name
        assert each.name.endswith("_write" if each.writes else "_read")


def test_the_key_is_used_for_two_oauth_requests_besides_the_api() -> None:
    assert gateway_calls("client.oauth") == {"authorize_url", "token", "deauthorize"}
