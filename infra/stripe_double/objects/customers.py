"""Customers (https://docs.stripe.com/api/customers)."""

from __future__ import annotations

from ..errors import InvalidParams, NoSuchObject, NotModelled
from ..state.ledger import JSON, Ledger
from . import lists, rules
from .call import Call, Route
from .customer_search import ROUTES as SEARCH
from .customer_search import index_address

_LENGTHS = {"name": 256, "phone": 20, "description": 5000, "business_name": 150, "individual_name": 150}
_PLAIN = ("email", "name", "phone", "description", "business_name", "individual_name", "tax_exempt")
_MODELLED = {*_PLAIN, "address", "shipping", "metadata", "preferred_locales", "balance", "invoice_prefix"}
_MODELLED |= {"next_invoice_sequence", "expand"}
_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def create(call: Call) -> JSON:
    """Handles POST /v1/customers."""
    _check(call.params)
    world, ledger = call.world, call.ledger
    customer: JSON = {
        "id": world.ids.new("cus", 14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "business_name": None,
        "created": world.now(),
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "individual_name": None,
        "invoice_prefix": world.ids.invoice_prefix(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": ledger.livemode,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    _apply(customer, call.params)
    index_address(customer, world.now())
    ledger.add(customer)
    world.emit(ledger, "customer.created", customer)
    return customer


def update(call: Call) -> JSON:
    """Handles POST /v1/customers/{id}."""
    _check(call.params)
    customer = existing(call.ledger, call.id)
    before = call.world.snapshot(call.ledger, customer)
    _apply(customer, call.params)
    index_address(customer, call.world.now())
    call.world.emit_updated(call.ledger, customer, before)
    return customer


def retrieve(call: Call) -> JSON:
    """Handles GET /v1/customers/{id}. A deleted customer is returned as a stub."""
    return call.ledger.get("customer", call.id)


def delete(call: Call) -> JSON:
    """Handles DELETE /v1/customers/{id}. Open invoices of the customer remain."""
    customer = existing(call.ledger, call.id)
    stub = {"id": customer["id"], "object": "customer", "deleted": True}
    call.world.emit(call.ledger, "customer.deleted", customer)
    call.ledger.tables["customer"][call.id] = {**stub, "_deleted": True}
    return stub


def list_(call: Call) -> JSON:
    """Handles GET /v1/customers. `email` is exact and case-sensitive."""
    email = call.params.get("email")
    customers = call.ledger.tables.get("customer", {}).values()
    # One plain loop, because bulk billing filters by e-mail once for each of many thousand customers.
    items = [c for c in customers if (email is None or c.get("email") == email) and not c.get("_deleted")]
    return lists.page(call, lists.filter_by_created(call, items), "/v1/customers", kind="customer")


def existing(ledger: Ledger, customer_id: str, param: str = "id", status: int = 404) -> JSON:
    """Returns the customer. Raises NoSuchObject if there is none, or if the customer was deleted."""
    customer = ledger.get("customer", customer_id, param, status)
    if customer.get("_deleted"):
        raise NoSuchObject("customer", customer_id, param, status)
    return customer


def _check(params: JSON) -> None:
    for name in params:
        if name not in _MODELLED:
            raise NotModelled(f"the parameter {name} of customers", name)
    rules.email(params.get("email"))
    rules.length(params, _LENGTHS)
    rules.metadata({}, params.get("metadata"))
    if (prefix := params.get("invoice_prefix")) and not (
        3 <= len(prefix) <= 12 and prefix.isalnum() and prefix.isupper()
    ):
        raise InvalidParams("The invoice prefix must be 3 to 12 uppercase letters or numbers", param="invoice_prefix")


def _apply(customer: JSON, params: JSON) -> None:
    for name in _PLAIN:
        if name in params:
            customer[name] = params[name] or ("none" if name == "tax_exempt" else None)
    for name in ("preferred_locales", "balance", "invoice_prefix", "next_invoice_sequence"):
        if name in params:
            customer[name] = params[name]
    if "address" in params:
        customer["address"] = _address(params["address"])
    if "shipping" in params:
        shipping = params["shipping"]
        customer["shipping"] = (
            {
                "name": shipping.get("name"),
                "phone": shipping.get("phone"),
                "address": _address(shipping.get("address")),
            }
            if shipping
            else None
        )
    customer["metadata"] = rules.metadata(customer["metadata"], params.get("metadata"))


def _address(address: JSON | str | None) -> JSON | None:
    if not isinstance(address, dict):
        return None
    return {name: address.get(name) or None for name in _ADDRESS}


ROUTES = [
    *SEARCH,  # before the route with {id}, which would match the word `search`
    Route("POST", "/v1/customers", "CustomerCreateParams", create),
    Route("GET", "/v1/customers", "CustomerListParams", list_),
    Route("GET", "/v1/customers/{id}", "CustomerRetrieveParams", retrieve),
    Route("POST", "/v1/customers/{id}", "CustomerUpdateParams", update),
    Route("DELETE", "/v1/customers/{id}", "CustomerDeleteParams", delete),
]
