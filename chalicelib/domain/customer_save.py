"""The content of a request to save a customer, and the record that results from it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib.domain.connection import Connection
from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.customer_fields import Field, Profile
from chalicelib.domain.customer_history import CustomerEvent
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import CustomerId


@dataclass(frozen=True, slots=True)
class Save:
    """A request to save a customer. `left_out` names the fields it does not mention; they are None in `profile`."""

    profile: Profile
    chosen: str | None = None
    left_out: tuple[Field, ...] = ()
    loaded_before: int | None = None
    """Set if the client sends back a customer that it loaded earlier (epoch seconds UTC).

    The client has not seen changes from this time on.
    """
    deliberate: bool = True
    """True if naming a Stripe customer chooses it, even if the client was shown that Stripe customer before."""

    def choice(self, current: Customer | None) -> str | None:
        """Returns the Stripe customer that the request chooses; None if it chooses none."""
        if current is None or self.deliberate:
            return self.chosen
        # A form that the client loaded earlier still names the Stripe customer that it was shown then.
        shown_ids = (current.displayed_stripe_id, current.linked_id, *current.former_stripe_ids)
        return None if self.chosen in shown_ids else self.chosen

    def is_stored_in(self, stored: Customer) -> bool:
        """Returns True if the stored customer already has all values of the request, so that saving it changes
        nothing.
        """
        if stored.choice_refused or (stored.candidates and self.choice(stored) is not None):
            return False  # Saving it drops a choice, makes a choice again, or confirms the link.
        resulting_profile = self.profile_on(stored, stored)
        return resulting_profile == stored.profile and self.choice(stored) in (None, stored.displayed_stripe_id)

    def profile_on(self, read: Customer | None, stored: Customer | None) -> Profile:
        """Returns the profile to store. `read` is the customer that the request was first compared with.

        `stored` is the customer as it is now. Fields that the request does not change keep their stored values.
        """
        base = read or stored
        if base is None:
            return self.profile
        kept_fields = [
            field for field in base.from_stripe if field in self.left_out or self._did_not_show(field, base)
        ]
        resulting_profile = self.profile.with_fields_of(base.profile, kept_fields)
        return (
            resulting_profile
            if read is None or stored is None
            else resulting_profile.rebased(read.profile, stored.profile)
        )

    def _did_not_show(self, field: Field, base: Customer) -> bool:
        if self.loaded_before is None or self.profile.values[field] is not None:
            return False
        return any(
            entry.kind is CustomerEvent.TAKEN_OVER and field in entry.fields and entry.at >= self.loaded_before
            for entry in base.history
        )


def next_edition(
    customer_id: CustomerId,
    save: Save,
    read: Customer | None,
    stored: Customer | None,
    connection: Connection,
    now: int,
) -> Customer | None:
    """Returns the customer as the request defines it, or None if there is nothing to store or to send to Stripe.

    `read` is the customer that the request was first compared with, and `stored` is the customer as it is now. Either
    is None if there was no such customer. The returned customer is not stored yet.
    """
    profile = save.profile_on(read, stored)
    if stored is not None:
        return _edited(stored, save, profile, connection, now)
    new = Customer(
        connection.organization_id,
        customer_id,
        profile,
        edition=1,
        created_at=now,
        updated_at=now,
        chosen_stripe_customer_id=save.chosen,
        last_choice=save.chosen,
    )
    return _waiting(new, connection)


def _edited(current: Customer, save: Save, profile: Profile, connection: Connection, now: int) -> Customer | None:
    chosen = save.choice(current)
    if _has_news(current, save, profile, chosen, connection):
        next_choice = save.chosen if save.chosen == current.chosen_stripe_customer_id else chosen
        return _waiting(current.edited(profile, next_choice, now), connection)
    if chosen is not None and current.candidates:
        return _confirmed(current, now) if chosen == current.linked_id else None
    return None


def _waiting(edited: Customer, connection: Connection) -> Customer:
    """Returns the customer as waiting to be sent to Stripe, or as waiting for a connection."""
    return edited if connection.active else edited.not_synced(SyncStatus.NOT_CONNECTED, None)


def _confirmed(current: Customer, now: int) -> Customer:
    """Returns the customer after the office confirmed the present link. Nothing needs to be sent to Stripe."""
    status = SyncStatus.SYNCED if current.sync_status is SyncStatus.NEEDS_CHOICE else current.sync_status
    confirmed = replace(current, candidates=(), sync_status=status, sync_error=None, last_choice=current.linked_id)
    return confirmed.telling(CustomerEvent.CHOICE_MADE, Source.POM, now, stripe_id=current.linked_id)


def _has_news(current: Customer, save: Save, profile: Profile, chosen: str | None, connection: Connection) -> bool:
    """Returns True if there is something to store, or to send to Stripe now that it is connected."""
    if current.profile != profile or chosen not in (None, current.displayed_stripe_id):
        return True
    # The request repeats the refused choice, or drops it.
    if current.choice_refused and (save.chosen is None or chosen == current.chosen_stripe_customer_id):
        return True
    elsewhere = current.on_account(connection.account_id) != current
    return connection.active and (elsewhere or current.sync_status is SyncStatus.NOT_CONNECTED)
