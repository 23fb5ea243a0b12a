"""Ends what a run made on the account and the platform: this run, and every earlier one that was stopped.

There is no journal that could be lost. What a run makes carries its mark from the request that makes it, so Stripe's
own lists show what is left: `pom_organization_id` or `pom_connection_test` begins with `pom-sandbox-` and a run (what
the gateway makes), or `pom_sandbox` is a run (all else). What has no mark is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import stripe

from chalicelib.adapters.stripe.event_subjects import ORGANIZATION_KEY
from chalicelib.adapters.stripe.trials import TRIAL_KEY
from infra.sandbox.carrying import BudgetSpent
from infra.sandbox.laboratory import MARK, MARK_KEY, RUN, Laboratory

STEP = "cleaning"
"""The step of its requests in a recording. They list what others made on the account, so nobody compares them."""
GATEWAY_KEYS = (ORGANIZATION_KEY, TRIAL_KEY)
"""The metadata of what the gateway makes: for an organization, and for a test of a connection."""
CLEANED = "cleaned"
"""The value of the mark on an uncollectible invoice that could not be voided, so that no later run tries again."""
_RUN = re.compile(RUN)
_ORGANIZATION = re.compile(rf"{MARK}-{RUN}(?![^-])")
"""Somebody may have named an organization of POM's `pom-sandbox-acme`, or marked things of his own by our key."""
AGE = 30 * 86_400
"""Seconds after which a thing is only looked for by `everything`."""
PAGE = 100
OPEN_INTENTS = ("requires_payment_method", "requires_confirmation", "requires_action", "requires_capture")


@dataclass(frozen=True)
class Ended:
    """One thing, and what became of it: `deleted`, `voided`, `canceled`, `marked uncollectible`, `marked cleaned`."""

    kind: str
    id: str
    how: str


@dataclass(frozen=True)
class Left:
    """One thing, or one list of things, that could not be ended. `id` is empty for a list."""

    kind: str
    id: str
    why: str
    """Stripe's message, or the budget's."""


@dataclass
class Cleaned:
    """What was ended, and what is left."""

    ended: list[Ended] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


@dataclass(frozen=True)
class _Step:
    """One request that ends one thing."""

    kind: str
    id: str
    how: str
    request: Callable[[], object]
    instead: _Step | None = None
    """What is tried if Stripe refuses the request."""


def clean(lab: Laboratory, everything: bool = False) -> Cleaned:
    """Ends what runs of the last 30 days left, or with `everything` what any run left. Returns what it did.

    It takes one request for each page of a list and one or two for each thing. It begins with what is open, because
    the budget may not suffice. A request that Stripe refuses is noted, and the next thing is ended.
    """
    lab.budget.release_reserve()
    cleaned = Cleaned()
    since: dict[str, Any] = {} if everything else {"created": {"gte": lab.now() - AGE}}
    with lab.recorder.during(STEP):
        try:
            steps = [
                *_found("webhook endpoint", partial(_endpoints, lab), cleaned),
                *_found("account", partial(_accounts, lab, since), cleaned),
                *_found("invoice", partial(_invoices, lab, since), cleaned),
                *_found("payment intent", partial(_intents, lab, since), cleaned),
                *_found("customer", partial(_customers, lab, since), cleaned),
            ]
            for step in steps:
                _take(step, cleaned)
        except BudgetSpent as spent:
            cleaned.left.append(Left("the rest", "", str(spent)))
    return cleaned


def marked(thing: Any) -> bool:
    """Returns True if a run made this object of Stripe's."""
    held = thing.metadata.to_dict() if getattr(thing, "metadata", None) else {}
    metadata = {name: str(value) for name, value in held.items()}
    run = metadata.get(MARK_KEY, "")
    return run == CLEANED or bool(
        _RUN.fullmatch(run) or any(_ORGANIZATION.match(metadata.get(key, "")) for key in GATEWAY_KEYS)
    )


def _found(kind: str, find: Callable[[], Iterator[_Step]], cleaned: Cleaned) -> list[_Step]:
    try:
        return list(find())
    except stripe.StripeError as error:
        cleaned.left.append(Left(f"list of {kind}s", "", _why(error)))
        return []


def _take(step: _Step, cleaned: Cleaned) -> None:
    try:
        step.request()
    except stripe.StripeError as error:
        if step.instead and not isinstance(error, stripe.APIConnectionError):
            _take(step.instead, cleaned)
        else:
            cleaned.left.append(Left(step.kind, step.id, _why(error)))
    else:
        cleaned.ended.append(Ended(step.kind, step.id, step.how))


def _why(error: stripe.StripeError) -> str:
    return str(error.user_message or error)


def _endpoints(lab: Laboratory) -> Iterator[_Step]:
    service = lab.v1.webhook_endpoints
    for each in _listed(service.list({"limit": PAGE})):
        yield _Step("webhook endpoint", each.id, "deleted", partial(service.delete, each.id))


def _accounts(lab: Laboratory, since: dict[str, Any]) -> Iterator[_Step]:
    service = lab.v1.accounts
    for each in _listed(service.list({**since, "limit": PAGE})):
        yield _Step("account", each.id, "deleted", partial(service.delete, each.id))


def _customers(lab: Laboratory, since: dict[str, Any]) -> Iterator[_Step]:
    service, options = lab.v1.customers, lab.on_account()
    for each in _listed(service.list({**since, "limit": PAGE}, options)):
        yield _Step("customer", each.id, "deleted", partial(service.delete, each.id, None, options))


def _intents(lab: Laboratory, since: dict[str, Any]) -> Iterator[_Step]:
    """Those of invoices have no mark: they end with their invoice, and Stripe lets nobody cancel them alone."""
    service, options = lab.v1.payment_intents, lab.on_account()
    for each in _listed(service.list({**since, "limit": PAGE}, options)):
        if each.status in OPEN_INTENTS:
            yield _Step("payment intent", each.id, "canceled", partial(service.cancel, each.id, None, options))


def _invoices(lab: Laboratory, since: dict[str, Any]) -> Iterator[_Step]:
    """Drafts are deleted, and open ones voided; those that a payment keeps from it are marked uncollectible.

    Paid ones need nothing: they have carried a mark since they were made.
    """
    service, options = lab.v1.invoices, lab.on_account()
    for each in _listed(service.list({**since, "limit": PAGE}, options)):
        step = partial(_Step, "invoice", each.id)
        given_up = step("marked uncollectible", partial(service.mark_uncollectible, each.id, None, options))
        voided = step("voided", partial(service.void_invoice, each.id, None, options))
        if each.status == "draft":
            yield step("deleted", partial(service.delete, each.id, None, options))
        elif each.status == "open":
            yield given_up if each.amount_paid else replace(voided, instead=given_up)
        elif each.status == "uncollectible" and not each.amount_paid and not _is_cleaned(each):
            mark = partial(service.update, each.id, {"metadata": {MARK_KEY: CLEANED}}, options)
            yield replace(voided, instead=step("marked cleaned", mark))  # a debit may be under way for ever


def _is_cleaned(invoice: Any) -> bool:
    return getattr(invoice.metadata, MARK_KEY, None) == CLEANED


def _listed(first: Any) -> Iterator[Any]:
    """Yields the marked entries of all pages."""
    return (each for each in first.auto_paging_iter() if marked(each))
