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
from infra.sandbox.client import BudgetSpent
from infra.sandbox.session import MARK, MARK_KEY, RUN, Session

STEP = "cleaning"
"""The step of its requests in a recording. They list what others made on the account, so nobody compares them."""
GATEWAY_KEYS = (ORGANIZATION_KEY, TRIAL_KEY)
"""The metadata of what the gateway makes: for an organization, and for a test of a connection."""
CLEANED = "cleaned"
"""The value of the mark on an uncollectible invoice that could not be voided, so that no later run tries again."""
_RUN = re.compile(RUN)
_ORGANIZATION = re.compile(rf"{MARK}-{RUN}(?![^-])")
"""Somebody may have named an organization of POM's `pom-sandbox-acme`, or marked things of his own by our key."""
MAX_AGE = 30 * 86_400
"""Seconds after which a thing is only looked for by `everything`."""
PAGE_SIZE = 100
OPEN_INTENTS = ("requires_payment_method", "requires_confirmation", "requires_action", "requires_capture")


@dataclass(frozen=True)
class EndedObject:
    """One thing, and what became of it: `deleted`, `voided`, `canceled`, `marked uncollectible`, `marked cleaned`."""

    kind: str
    id: str
    how: str


@dataclass(frozen=True)
class RemainingObject:
    """One thing, or one list of things, that could not be ended. `id` is empty for a list."""

    kind: str
    id: str
    reason: str
    """Stripe's message, or the budget's."""


@dataclass
class CleanupResult:
    """What was ended, and what is left."""

    ended: list[EndedObject] = field(default_factory=list)
    remaining: list[RemainingObject] = field(default_factory=list)


@dataclass(frozen=True)
class _Step:
    """One request that ends one thing."""

    kind: str
    id: str
    how: str
    request: Callable[[], object]
    instead: _Step | None = None
    """What is tried if Stripe refuses the request."""


def clean(session: Session, everything: bool = False) -> CleanupResult:
    """Ends what runs of the last 30 days left, or with `everything` what any run left. Returns what it did.

    It takes one request for each page of a list and one or two for each thing. It begins with what is open, because
    the budget may not suffice. A request that Stripe refuses is noted, and the next thing is ended.
    """
    session.budget.release_reserve()
    result = CleanupResult()
    since: dict[str, Any] = {} if everything else {"created": {"gte": session.now() - MAX_AGE}}
    with session.recorder.during(STEP):
        try:
            steps = [
                *_steps_of("webhook endpoint", partial(_endpoints, session), result),
                *_steps_of("account", partial(_accounts, session, since), result),
                *_steps_of("invoice", partial(_invoices, session, since), result),
                *_steps_of("payment intent", partial(_intents, session, since), result),
                *_steps_of("customer", partial(_customers, session, since), result),
            ]
            for step in steps:
                _run_step(step, result)
        except BudgetSpent as spent:
            result.remaining.append(RemainingObject("the rest", "", str(spent)))
    return result


def is_marked(stripe_object: Any) -> bool:
    """Returns True if a run made this object of Stripe's."""
    raw_metadata = stripe_object.metadata.to_dict() if getattr(stripe_object, "metadata", None) else {}
    metadata = {name: str(value) for name, value in raw_metadata.items()}
    run = metadata.get(MARK_KEY, "")
    return run == CLEANED or bool(
        _RUN.fullmatch(run) or any(_ORGANIZATION.match(metadata.get(key, "")) for key in GATEWAY_KEYS)
    )


def _steps_of(kind: str, steps: Callable[[], Iterator[_Step]], result: CleanupResult) -> list[_Step]:
    try:
        return list(steps())
    except stripe.StripeError as error:
        result.remaining.append(RemainingObject(f"list of {kind}s", "", _reason(error)))
        return []


def _run_step(step: _Step, result: CleanupResult) -> None:
    try:
        step.request()
    except stripe.StripeError as error:
        if step.instead and not isinstance(error, stripe.APIConnectionError):
            _run_step(step.instead, result)
        else:
            result.remaining.append(RemainingObject(step.kind, step.id, _reason(error)))
    else:
        result.ended.append(EndedObject(step.kind, step.id, step.how))


def _reason(error: stripe.StripeError) -> str:
    return str(error.user_message or error)


def _endpoints(session: Session) -> Iterator[_Step]:
    service = session.v1.webhook_endpoints
    for each in _marked_objects(service.list({"limit": PAGE_SIZE})):
        yield _Step("webhook endpoint", each.id, "deleted", partial(service.delete, each.id))


def _accounts(session: Session, since: dict[str, Any]) -> Iterator[_Step]:
    service = session.v1.accounts
    for each in _marked_objects(service.list({**since, "limit": PAGE_SIZE})):
        yield _Step("account", each.id, "deleted", partial(service.delete, each.id))


def _customers(session: Session, since: dict[str, Any]) -> Iterator[_Step]:
    service, options = session.v1.customers, session.on_account()
    for each in _marked_objects(service.list({**since, "limit": PAGE_SIZE}, options)):
        yield _Step("customer", each.id, "deleted", partial(service.delete, each.id, None, options))


def _intents(session: Session, since: dict[str, Any]) -> Iterator[_Step]:
    """Those of invoices have no mark: they end with their invoice, and Stripe lets nobody cancel them alone."""
    service, options = session.v1.payment_intents, session.on_account()
    for each in _marked_objects(service.list({**since, "limit": PAGE_SIZE}, options)):
        if each.status in OPEN_INTENTS:
            yield _Step("payment intent", each.id, "canceled", partial(service.cancel, each.id, None, options))


def _invoices(session: Session, since: dict[str, Any]) -> Iterator[_Step]:
    """Drafts are deleted, and open ones voided; those that a payment keeps from it are marked uncollectible.

    Paid ones need nothing: they have carried a mark since they were made.
    """
    service, options = session.v1.invoices, session.on_account()
    for each in _marked_objects(service.list({**since, "limit": PAGE_SIZE}, options)):
        step = partial(_Step, "invoice", each.id)
        giving_up = step("marked uncollectible", partial(service.mark_uncollectible, each.id, None, options))
        voiding = step("voided", partial(service.void_invoice, each.id, None, options))
        if each.status == "draft":
            yield step("deleted", partial(service.delete, each.id, None, options))
        elif each.status == "open":
            yield giving_up if each.amount_paid else replace(voiding, instead=giving_up)
        elif each.status == "uncollectible" and not each.amount_paid and not _is_marked_cleaned(each):
            mark = partial(service.update, each.id, {"metadata": {MARK_KEY: CLEANED}}, options)
            yield replace(voiding, instead=step("marked cleaned", mark))  # a debit may be under way for ever


def _is_marked_cleaned(invoice: Any) -> bool:
    return getattr(invoice.metadata, MARK_KEY, None) == CLEANED


def _marked_objects(first: Any) -> Iterator[Any]:
    """Yields the marked entries of all pages."""
    return (each for each in first.auto_paging_iter() if is_marked(each))
