"""Shortcuts to a customer as POM stores it, and to the customers of an account in Stripe."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.customer import Customer
from chalicelib.domain.identifiers import CustomerId
from chalicelib.usecases.customers.customers import get_customer
from tests.world import ORGANIZATION, World


def stored_customer(world: World, customer_id: str = "cust_1") -> Customer:
    return get_customer(ORGANIZATION, CustomerId(customer_id), world.ports)


def customers_in_stripe(world: World, account: str) -> list[dict[str, Any]]:
    return [each for each in world.in_stripe(account, "customer") if not each.get("deleted")]


def create_in_stripe(world: World, account: str, email: str = "ann@example.test", **fields: Any) -> str:
    """Creates a customer with the owner's own key, and returns its id."""
    params: Any = {"email": email, **fields}
    return str(world.client.v1.customers.create(params, {"stripe_account": account}).id)
