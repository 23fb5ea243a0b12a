"""The product's own test of a connection: an invoice that is voided at once."""

from __future__ import annotations

from infra.sandbox.session import MARK, Session
from infra.sandbox.stories.story import Story


def _play(session: Session) -> None:
    account, gateway = session.account, session.gateway
    run = f"{MARK}-{session.run}"  # the only metadata of these objects, by which the cleanup finds them
    with session.step("set up"):
        customer = gateway.create_trial_customer(account, run)
        trial = gateway.create_trial_draft(account, customer, run, 100, "usd").id
        gateway.finalize_trial(account, trial)
    with session.step("read"):
        gateway.trial_invoice(account, trial)
        gateway.trial_customers(account)
        gateway.trial_invoices(account, customer)
    with session.step("taken down"):
        gateway.void_trial(account, trial)
        gateway.delete_trial_customer(account, customer)


TRIALS = Story("connection test", "The invoice by which the product tests a connection.", _play)
