"""Customers: the list, and the page of one, whose name and e-mail can be changed."""

from __future__ import annotations

from ..objects import customers
from . import invoices
from .pieces import code, columns, entry, facts, form, join, link, local_time, money, muted, paginate, section, table
from .visit import FormAction, Page, Show, Visit


def list_page(visit: Visit, _: str) -> Page:
    """Returns the list, newest first."""
    living = [each for each in visit.ledger.all("customer") if not each.get("_deleted")][::-1]
    chosen, pages = paginate(visit, living, "customers")
    rows = [
        (
            link(visit.url(f"customers/{each['id']}"), each["name"] or "No name"),
            each["email"] or "—",
            local_time(visit.ledger, each["created"]),
            code(each["id"]),
        )
        for each in chosen
    ]
    empty = f"There is no customer yet. {visit.platform} makes them with their first invoice."
    found = table("Customers", ("Name", "E-mail", "Created", "Customer"), rows, empty=empty)
    return Page("Customers", section("All customers", found, pages))


def page(visit: Visit, customer: str) -> Page:
    """Returns the page of a customer."""
    found = customers.existing(visit.ledger, customer)
    pairs = [
        ("Name", found["name"] or "—"),
        ("E-mail", found["email"] or "—"),
        ("Credit balance", money(-found["balance"], found["currency"]) if found["balance"] else ""),
        ("Created", local_time(visit.ledger, found["created"])),
        ("Customer", code(found["id"])),
    ]
    changed = section(
        "Change",
        muted(f"{visit.platform} learns of a change in Stripe by a webhook."),
        form(
            visit,
            f"customers/{found['id']}",
            "change",
            "Save",
            entry(visit, "change", "name", "Name", found["name"] or ""),
            entry(visit, "change", "email", "E-mail", found["email"] or ""),
        ),
    )
    theirs = list(visit.ledger.all("invoice", customer=found["id"]))[::-1]
    billed = section("Invoices", invoices.invoice_table(visit, theirs, "This customer has no invoice."))
    return Page(
        found["name"] or found["email"] or "Customer",
        join(columns(section("Details", facts(pairs)), changed), billed),
    )


def _change(visit: Visit, customer: str) -> None:
    typed = {name: visit.form.get(name, "").strip() for name in ("name", "email")}
    customers.update(visit.call(customer, **typed))


PAGES: dict[str, Show] = {"customers": list_page, "customers/*": page}
ACTIONS = {"customers/*/change": FormAction(_change, "The customer was changed.")}
