"""The check list before going live: what is done, what is open, and what only people can check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib.domain.connection import Connection
from chalicelib.domain.facts import COMPLETE_VERIFICATION
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.settings import InvoicingSettings, time_zone_of
from chalicelib.domain.stripe_pages import ACCOUNT_STATUS, INSTALLED_APPS, LOGIN_SECURITY, PRICING
from chalicelib.domain.terms import day_of, days_of_terms

COUNTED_UP_TO = 100
"""Customers without an e-mail address are counted up to this number, because a larger number need not be exact."""
SHOWN = 5

_CONTACT = re.compile(r"\S+@\S+\.\S+|(?:\d[\s().+-]*){7,}|https?://|www\.")


@dataclass(frozen=True, slots=True)
class Item:
    """One line. `done` is None if only people can check it. `page` is a Dashboard page or a whole URL."""

    id: str
    title: str
    done: bool | None
    detail: str
    next_step: str | None = None
    page: str | None = None


@dataclass(frozen=True, slots=True)
class ChecklistInput:
    """The data that the list is made from. `without_email` holds at most one id more than `COUNTED_UP_TO`."""

    connection: Connection
    settings: InvoicingSettings
    webhook_healthy: bool | None
    webhook_problem: str | None
    without_email: Sequence[CustomerId]
    has_customers: bool


def checklist(inputs: ChecklistInput) -> list[Item]:
    """Returns all items, in the order in which a company works through them."""
    return [
        _connected(inputs.connection),
        *_paused(inputs.connection),
        _verified(inputs.connection),
        _webhook(inputs),
        _tested(inputs.connection, time_zone_of(inputs.settings, inputs.connection.account)),
        _terms(inputs.settings),
        _instructions(inputs.settings),
        _emails(inputs.without_email, has_customers=inputs.has_customers),
        Item(
            "fees_reviewed",
            "Review Stripe's fees and pricing",
            None,
            "Stripe charges the company for each payment; cards and bank debits cost differently.",
            "Look at the fees for the payment methods that you offer.",
            PRICING,
        ),
        Item(
            "two_step_login",
            "Two-step log-in in Stripe",
            None,
            "Anybody who can log in to the Stripe account can reach the company's money.",
            "Switch on two-step authentication for everybody who uses the Stripe account.",
            LOGIN_SECURITY,
        ),
        Item(
            "connected_apps",
            "Review the apps connected to Stripe",
            None,
            "Apps that are no longer used should not have access.",
            "Look through the apps now, and every few months.",
            INSTALLED_APPS,
        ),
        Item(
            "customers_informed",
            "Tell customers that they can pay online",
            None,
            "An e-mail from Stripe with a payment link should not come as a surprise.",
            "Tell your customers that invoices come by e-mail from Stripe and can be paid there.",
        ),
    ]


def _connected(connection: Connection) -> Item:
    title = "Stripe is connected"
    if connection.active:
        name = connection.account.business_name if connection.account else None
        mode = "" if connection.livemode else " It is a test account: no real money moves."
        return Item("connected", title, True, f"Connected to {name or connection.account_id}.{mode}")
    return Item(
        "connected",
        title,
        False,
        "This organization is not connected to Stripe.",
        "An admin connects it under Settings, Apps, Stripe.",
    )


def _paused(connection: Connection) -> Iterator[Item]:
    """Yields the line while invoicing is paused. Otherwise there is no line, because there is nothing to do."""
    if connection.frozen is not None:
        yield Item(
            "invoicing_paused",
            "Invoices can be made and sent",
            False,
            connection.frozen.in_words,
            "Wait until the pause is over, or ask support about it.",
        )


def _verified(connection: Connection) -> Item:
    title = "Business verification is complete"
    if connection.ready_to_send:
        return Item("business_verified", title, True, "Stripe lets this account take payments.")
    account = connection.account if connection.active else None
    missing = account.requirements if account else ()
    detail = " ".join(each.message for each in missing) or "Stripe does not let this account take payments yet."
    step = account.next_step if account else COMPLETE_VERIFICATION
    return Item("business_verified", title, False, detail, step, ACCOUNT_STATUS)


def _webhook(inputs: ChecklistInput) -> Item:
    title = "Payments are reported at once"
    if inputs.webhook_problem:
        step = "Nothing is lost: POM compares with Stripe every ten minutes. Contact support if this stays."
        return Item("webhook_healthy", title, inputs.webhook_healthy, inputs.webhook_problem, step)
    if not inputs.webhook_healthy:
        return Item("webhook_healthy", title, False, "Stripe is not connected.", "Connect Stripe first.")
    return Item("webhook_healthy", title, True, "Stripe reports every payment to POM as it happens.")


def _tested(connection: Connection, time_zone: str) -> Item:
    title = "A test invoice went well"
    if connection.tested_at and connection.active:
        day = day_of(connection.tested_at, time_zone).isoformat()
        return Item("test_invoice", title, True, f"Last tested on {day}.")
    return Item(
        "test_invoice",
        title,
        False,
        "The connection has not been tested yet.",
        "An admin tests it under Settings, Apps, Stripe: a test invoice is made and voided, and nobody is e-mailed.",
    )


def _terms(settings: InvoicingSettings) -> Item:
    title = "Payment terms are set"
    detail = f"New invoices are due {_in_words(days_of_terms(settings.payment_terms))}."
    if settings.version:
        return Item("payment_terms", title, True, detail)
    step = "Save the invoice settings once, with the terms that you want."
    return Item("payment_terms", title, False, f"{detail} Nobody has chosen that.", step)


def _in_words(days: int) -> str:
    """Returns when an invoice is due, `days` after its sending, in words."""
    if days == 0:
        return "on the day they are sent"
    return f"{days} {'day' if days == 1 else 'days'} after they are sent"


def _instructions(settings: InvoicingSettings) -> Item:
    title = "Invoices say how to pay and whom to ask"
    text = " ".join(part for part in (settings.memo, settings.footer) if part)
    if _CONTACT.search(text):
        return Item("payment_instructions", title, True, "The memo or footer names a contact.")
    named_nowhere = "The memo and footer name no phone number, e-mail address or web site."
    detail = named_nowhere if text else "New invoices have neither memo nor footer."
    step = "In the invoice settings, add how to pay and a phone number or e-mail address for questions."
    return Item("payment_instructions", title, False, detail, step)


def _emails(without: Sequence[CustomerId], *, has_customers: bool) -> Item:
    title = "Customers have e-mail addresses"
    if not has_customers:
        step = "Save your customers in POM, each with an e-mail address."
        return Item("customer_emails", title, False, "There are no customers yet.", step)
    if not without:
        return Item("customer_emails", title, True, "Every customer has an address that invoices can be sent to.")
    many = f"More than {COUNTED_UP_TO}" if len(without) > COUNTED_UP_TO else str(len(without))
    listed_ids = ", ".join(without[:SHOWN]) + (", …" if len(without) > SHOWN else "")
    verb = "customer has" if len(without) == 1 else "customers have"
    return Item(
        "customer_emails",
        title,
        False,
        f"{many} {verb} no valid e-mail address: {listed_ids}.",
        "Add an e-mail address to each; without one no invoice can be sent.",
    )
