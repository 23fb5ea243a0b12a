"""The lists that a reconciliation reads, after the other stories have filled them."""

from __future__ import annotations

from infra.sandbox.session import Session
from infra.sandbox.stories.story import Story


def _play(session: Session) -> None:
    account, gateway, since = session.account, session.gateway, session.began
    for status in ("open", "paid"):
        with session.step(f"{status} invoices"):
            list(gateway.invoices_of_status(account, status, since, None))
    with session.step("invoices since"):
        list(gateway.invoices_since(account, since))
    with session.step("open payment intents"):
        list(gateway.open_intents(account, since, None))
    with session.step("charges"):
        list(gateway.charges(account, since))
    with session.step("refunds"):
        list(gateway.refunds(account, since))
    with session.step("disputes"):
        list(gateway.disputes(account, since))
    with session.step("pages"):
        first = session.v1.invoices.list({"created": {"gte": since}, "limit": 2}, session.on_account())
        if first.data:
            after = {"created": {"gte": since}, "limit": 2, "starting_after": first.data[-1].id}
            session.v1.invoices.list(after, session.on_account())


READS = Story("reads", "The lists that a reconciliation reads.", _play)
