"""Ends the objects that a run made on the account and the platform: this run, and earlier runs that were stopped.

No journal is needed, because each object carries the mark of its run from the request that creates it. Stripe's own
lists therefore show what remains. The gateway's objects have metadata `pom_organization_id` or `pom_connection_test`
that begins with `pom-sandbox-` and the run. All other objects have the metadata `pom_sandbox` with the run. An object
without a mark is never touched.
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
"""The step of the cleanup's requests in a recording. These lists depend on the account's other objects, so the step
is not compared.
"""
GATEWAY_KEYS = (ORGANIZATION_KEY, TRIAL_KEY)
"""The metadata keys of the gateway's objects: for an organization, and for a test of a connection."""
CLEANED = "cleaned"
"""The mark of an uncollectible invoice that could not be voided. No later run tries to void the invoice again."""
_RUN = re.compile(RUN)
_ORGANIZATION = re.compile(rf"{MARK}-{RUN}(?![^-])")
"""The pattern matches whole run tokens only, because an organization of POM may be named `pom-sandbox-acme`, and a
company may use our metadata key for objects of its own.
"""
MAX_AGE = 30 * 86_400
"""Seconds after which an object is ended only with `everything`."""
PAGE_SIZE = 100
OPEN_INTENTS = ("requires_payment_method", "requires_confirmation", "requires_action", "requires_capture")


@dataclass(frozen=True)
class EndedObject:
    """An object, and how it was ended: `deleted`, `voided`, `canceled`, `marked uncollectible` or `marked
    cleaned`.
    """

    kind: str
    id: str
    how: str


@dataclass(frozen=True)
class RemainingObject:
    """An object, or a list of objects, that could not be ended. `id` is empty for a list."""

    kind: str
    id: str
    reason: str
    """The message of Stripe or of the budget."""


@dataclass
class CleanupResult:
    """The objects that were ended, and the objects that remain."""

    ended: list[EndedObject] = field(default_factory=list)
    remaining: list[RemainingObject] = field(default_factory=list)


@dataclass(frozen=True)
class _Step:
    """One request that ends one object."""

    kind: str
    id: str
    how: str
    request: Callable[[], object]
    instead: _Step | None = None
    """The step to run if Stripe refuses the request."""


def clean(session: Session, everything: bool = False) -> CleanupResult:
    """Ends the objects that runs of the last 30 days left, or with `everything` the objects of all runs.

    Takes one request for each page of a list, and one or two for each object. Open objects come first, because the
    budget may not suffice. A request that Stripe refuses is noted, and the next object is ended. Returns what was
    done.
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
            result.remaining.append(RemainingObject("further objects", "", str(spent)))
    return result


def is_marked(stripe_object: Any) -> bool:
    """Returns True if a run created this object."""
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
    """Yields the cancellations of open intents. An invoice's intent has no mark: Stripe ends it with the invoice."""
    service, options = session.v1.payment_intents, session.on_account()
    for each in _marked_objects(service.list({**since, "limit": PAGE_SIZE}, options)):
        if each.status in OPEN_INTENTS:
            yield _Step("payment intent", each.id, "canceled", partial(service.cancel, each.id, None, options))


def _invoices(session: Session, since: dict[str, Any]) -> Iterator[_Step]:
    """Yields deletions of drafts and voidings of open invoices.

    An invoice with a payment cannot be voided and is marked uncollectible. A paid invoice needs no step.
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
            yield replace(voiding, instead=step("marked cleaned", mark))  # a bank debit may never end


def _is_marked_cleaned(invoice: Any) -> bool:
    return getattr(invoice.metadata, MARK_KEY, None) == CLEANED


def _marked_objects(first: Any) -> Iterator[Any]:
    """Yields the marked objects of all pages."""
    return (each for each in first.auto_paging_iter() if is_marked(each))
