"""Customers: the list, and the page of one customer, where the name and the e-mail can be changed."""

from __future__ import annotations

from ..objects import customers
from . import invoices
from .pieces import (
    code,
    columns,
    description_list,
    entry,
    form,
    join,
    link,
    local_time,
    money,
    muted_text,
    paginate,
    section,
    table,
)
from .visit import FormAction, Page, Show, Visit


def list_page(visit: Visit, _: str) -> Page:
    """Returns the page that lists the customers, newest first."""
    customer_objects = [each for each in visit.ledger.all("customer") if not each.get("_deleted")][::-1]
    page_items, page_links = paginate(visit, customer_objects, "customers")
    rows = [
        (
            link(visit.url(f"customers/{each['id']}"), each["name"] or "No name"),
            each["email"] or "—",
            local_time(visit.ledger, each["created"]),
            code(each["id"]),
        )
        for each in page_items
    ]
    empty = f"There are no customers yet. {visit.platform} creates a customer with the first invoice."
    customer_table = table("Customers", ("Name", "E-mail", "Created", "Customer"), rows, empty=empty)
    return Page("Customers", section("All customers", customer_table, page_links))


def page(visit: Visit, customer_id: str) -> Page:
    """Returns the page of a customer."""
    customer = customers.existing(visit.ledger, customer_id)
    pairs = [
        ("Name", customer["name"] or "—"),
        ("E-mail", customer["email"] or "—"),
        ("Credit balance", money(-customer["balance"], customer["currency"]) if customer["balance"] else ""),
        ("Created", local_time(visit.ledger, customer["created"])),
        ("Customer", code(customer["id"])),
    ]
    change_section = section(
        "Change",
        muted_text(f"A webhook tells {visit.platform} about the change."),
        form(
            visit,
            f"customers/{customer['id']}",
            "change",
            "Save",
            entry(visit, "change", "name", "Name", customer["name"] or ""),
            entry(visit, "change", "email", "E-mail", customer["email"] or ""),
        ),
    )
    invoice_objects = list(visit.ledger.all("invoice", customer=customer["id"]))[::-1]
    invoice_section = section(
        "Invoices", invoices.invoice_table(visit, invoice_objects, "This customer has no invoice.")
    )
    return Page(
        customer["name"] or customer["email"] or "Customer",
        join(columns(section("Details", description_list(pairs)), change_section), invoice_section),
    )


def _change(visit: Visit, customer_id: str) -> None:
    entered = {name: visit.form.get(name, "").strip() for name in ("name", "email")}
    customers.update(visit.call(customer_id, **entered))


PAGES: dict[str, Show] = {"customers": list_page, "customers/*": page}
ACTIONS = {"customers/*/change": FormAction(_change, "The customer was changed.")}
