"""Imports many customers at once. A row with an error fails without affecting the other rows."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from chalicelib.domain.batch import Batch, BatchItem, BatchKind, ItemStatus
from chalicelib.domain.batch_errors import ItemError, item_error, merge_errors
from chalicelib.domain.connection import require_organization
from chalicelib.domain.customer import Customer, SyncStatus, require_not_erased
from chalicelib.domain.customer_save import Save, next_edition
from chalicelib.domain.errors import Conflict, Refused, Retryable, StaleWrite, StripeUnavailable
from chalicelib.domain.identifiers import CustomerId, OrganizationId, UserId, batch_id_for, require_customer_id
from chalicelib.domain.pacing import LANES
from chalicelib.ports import Ports
from chalicelib.ports.contention import attempts
from chalicelib.usecases.bulk.batches import begin
from chalicelib.usecases.customers.customers import ATTEMPTS, sync_customer
from chalicelib.usecases.customers.save_act import save_act
from chalicelib.usecases.customers.stripe_owner import require_free_choice

MAX_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an import: a customer, or the error of the row."""

    customer_id: CustomerId | None
    save: Save | None
    error: ItemError | None = None


@dataclass(frozen=True, slots=True)
class ImportCustomers:
    """A request to import customers. `fingerprint` differs between two bodies that have the same idempotency key."""

    organization_id: OrganizationId
    user_id: UserId
    idempotency_key: str | None
    fingerprint: str
    rows: tuple[Row, ...]


def import_customers(command: ImportCustomers, ports: Ports) -> Batch:
    """Begins an import, or returns the import that an earlier request with this idempotency key began.

    Raises:
        Refused: no rows, or too many; nothing was stored.
        Conflict: the key was used for another request, or the organization was erased.
        Retryable: not everything is stored. A repeated request resumes the storing.
    """
    if not 0 < len(command.rows) <= MAX_ROWS:
        raise Refused(
            "import_size_invalid",
            f"An import takes 1 to {MAX_ROWS} customers.",
            field="customers",
            next_step="Split the customers over several imports." if command.rows else "Send at least one customer.",
        )
    require_organization(ports.connections.get(command.organization_id))
    key = command.idempotency_key or ports.clock.nonce()
    items = _items(command.rows)
    failed_count = sum(item.status is ItemStatus.FAILED for item in items)
    batch = Batch(
        organization_id=command.organization_id,
        id=batch_id_for(command.organization_id, BatchKind.CUSTOMERS, key),
        kind=BatchKind.CUSTOMERS,
        fingerprint=command.fingerprint,
        total=len(items),
        lanes=LANES,
        created_at=ports.clock.now(),
        created_by=command.user_id,
        counts={ItemStatus.FAILED: failed_count} if failed_count else {},
    )
    return begin(batch, items, ports)


def _items(rows: Sequence[Row]) -> list[BatchItem]:
    """Returns one item for each row. Errors that need no look-up are in the items already."""
    first: dict[CustomerId | None, int] = {}
    items = []
    for position, row in enumerate(rows):
        item = BatchItem(position, row.customer_id)
        if (save := row.save) is not None:
            item = replace(
                item,
                profile=save.profile,
                chosen_stripe_customer_id=save.chosen,
                left_out=save.left_out,
                loaded_before=save.loaded_before,
                deliberate=save.deliberate,
            )
        repetition = _repetition_error(row.customer_id, first.setdefault(row.customer_id, position), position)
        errors = [each for each in (row.error, _reserved_id_error(row.customer_id), repetition) if each is not None]
        items.append(item.failed(merge_errors(errors), 0) if errors else item)
    return items


def _reserved_id_error(customer_id: CustomerId | None) -> ItemError | None:
    if customer_id is None:
        return None
    try:
        require_customer_id(customer_id)
    except Refused as refusal:
        return replace(item_error(refusal), field="id")
    return None


def _repetition_error(customer_id: CustomerId | None, first: int, position: int) -> ItemError | None:
    if customer_id is None or first == position:
        return None
    return ItemError(
        "customer_repeated",
        f"The customer {customer_id} is in row {first + 1} already.",
        "id",
        "Leave one of the two rows out.",
    )


def store_customer(batch: Batch, item: BatchItem, ports: Ports) -> bool:
    """Stores the customer together with the item's outcome, then sends the customer to Stripe at the lane's rate.

    The item succeeds even if Stripe refuses the customer, because the record is stored. The customer's `sync_status`
    then says so. Returns False if Stripe did not say which customer owns a chosen Stripe customer. Then the item is
    tried again.

    Raises:
        StaleWrite: another worker decided the item, or the customer has changed.
    """
    if item.customer_id is None or item.profile is None:
        return True
    save = Save(item.profile, item.chosen_stripe_customer_id, item.left_out, item.loaded_before, item.deliberate)
    first_read = current = ports.customers.get(batch.organization_id, item.customer_id)
    try:
        if current is not None:
            require_not_erased(current)
        if (choice := save.choice(current)) is not None:
            connection = ports.connections.get(batch.organization_id)
            require_free_choice(current, item.customer_id, choice, connection, ports)
    except StripeUnavailable:
        return False
    except (Conflict, Refused) as refusal:
        ports.batches.decide(batch, item.failed(item_error(refusal), batch.round))
        return True
    for _ in attempts(ATTEMPTS, ports.clock):
        connection = ports.connections.get(batch.organization_id)
        edition = next_edition(item.customer_id, save, first_read, current, connection, ports.clock.now())
        status = _outcome(current, edition)
        act = save_act(current, edition, save, ports, batch.created_by, batch.id) if edition is not None else None
        try:
            ports.batches.decide(batch, item.decided(status, batch.round), edition, act)
        except StaleWrite:
            # Our own worker may have stored what came from Stripe; otherwise it was the item, or the batch. If the
            # customer has just been erased, the item is tried again, and refused.
            stored = ports.customers.get(batch.organization_id, item.customer_id)
            if stored == current or (stored is not None and stored.erased):
                raise
            current = stored
            continue
        if edition is not None and edition.sync_status is SyncStatus.PENDING:
            with suppress(Retryable):  # left `pending`, which `resume_stuck` takes up
                sync_customer(batch.organization_id, edition.id, ports)
        return True
    raise StaleWrite("The customer")


def _outcome(current: Customer | None, edition: Customer | None) -> ItemStatus:
    if edition is None:
        return ItemStatus.UNCHANGED
    return ItemStatus.CREATED if current is None else ItemStatus.UPDATED
