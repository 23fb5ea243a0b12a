"""Searches Stripe for other spellings of the addresses of customers that POM created there.

Stripe's list by e-mail address compares case, so POM may create a customer that Stripe had with other capital
letters. Stripe's search does not compare case (https://docs.stripe.com/search), but it is slower, lags by up to a
minute and has a rate limit of its own. So the daily comparison searches once for each customer that POM created.
"""

from __future__ import annotations

from contextlib import suppress

from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_fields import same_address
from chalicelib.domain.errors import StaleWrite, StripeRefused, StripeUnavailable
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.domain.pacing import Pace
from chalicelib.ports import Ports
from chalicelib.ports.pacing import PacedStripe, paced
from chalicelib.usecases.customers.stripe_owner import belongs_to_another

INDEXED_AFTER = 300
"""Seconds after which Stripe's search has every customer that existed before an edit in POM. Stripe says a minute."""

RATE = 10_000
"""Searches in 1,000 seconds: half of the 20 a second that Stripe takes (https://docs.stripe.com/rate-limits)."""

AT_ONCE = 100


def search_spellings(organization_id: OrganizationId, account_id: StripeAccountId, until: int, ports: Ports) -> int:
    """Searches until `until` (epoch seconds UTC), and offers the office a choice if another spelling is found.

    Returns how many customers were searched for. The next daily comparison continues if the time is over, if Stripe
    does not answer, or if Stripe refuses, as it does in India. A customer for whom Stripe refused is not searched for
    again, so that it does not hold up the others.

    Raises:
        AccountUnreachable: the connection was revoked.
    """
    searching = paced(ports, PacedStripe(ports, Pace(RATE), RATE, until))
    searched = 0
    while True:
        made_before, before = ports.clock.now() - INDEXED_AFTER, searched
        for customer_id in ports.customers.to_search(organization_id, made_before, AT_ONCE):
            if ports.clock.now() >= until:
                return searched
            customer = ports.customers.get(organization_id, customer_id)
            if customer is None or customer.erased or not customer.search_spellings:
                continue  # the index is behind
            try:
                _search(customer, account_id, searching)
            except StaleWrite:
                continue  # the customer has just changed; a later run searches for it
            except StripeRefused:
                with suppress(StaleWrite):
                    ports.customers.save(customer.with_candidates((), ports.clock.now()))
                return searched
            except StripeUnavailable:
                return searched
            searched += 1
        if searched == before:
            return searched


def _search(customer: Customer, account_id: StripeAccountId, ports: Ports) -> None:
    present, email = customer.linked_to(account_id), customer.profile.email
    others: list[str] = []
    if present is not None and email is not None:
        others = [
            fact.id
            for fact in ports.stripe.search_customers(account_id, email)
            if fact.id != present
            and not fact.deleted
            and same_address(fact.email, email)
            and not belongs_to_another(customer, fact, account_id, ports)
        ]
    candidates = (present, *others) if present is not None and others else ()
    ports.customers.save(customer.with_candidates(candidates, ports.clock.now()))
