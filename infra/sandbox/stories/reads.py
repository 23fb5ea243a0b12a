"""The lists that a reconciliation reads, once the other stories have filled them, and single objects."""

from __future__ import annotations

from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.story import Story


def _play(lab: Laboratory) -> None:
    account, gateway, since = lab.account, lab.gateway, lab.began
    for status in ("open", "paid"):
        with lab.step(f"{status} invoices"):
            list(gateway.invoices_of_status(account, status, since, None))
    with lab.step("invoices since"):
        list(gateway.invoices_since(account, since))
    with lab.step("open payment intents"):
        list(gateway.open_intents(account, since, None))
    with lab.step("charges"):
        list(gateway.charges(account, since))
    with lab.step("refunds"):
        list(gateway.refunds(account, since))
    with lab.step("disputes"):
        list(gateway.disputes(account, since))
    with lab.step("pages"):
        first = lab.v1.invoices.list({"created": {"gte": since}, "limit": 2}, lab.on_account())
        if first.data:
            after = {"created": {"gte": since}, "limit": 2, "starting_after": first.data[-1].id}
            lab.v1.invoices.list(after, lab.on_account())


READS = Story("reads", "The lists that a reconciliation reads.", _play)
