"""POM's customer record, and how much of it Stripe has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from chalicelib.domain.customer_fields import Field, InStep, Profile, same_address
from chalicelib.domain.customer_history import MAX_HISTORY, CustomerEntry, CustomerEvent
from chalicelib.domain.customer_link import ChoiceNeeded, StripeClaim, StripeLink, choice_text
from chalicelib.domain.customer_merge import FieldMerge, in_step_as_sent
from chalicelib.domain.erasure import Erasure
from chalicelib.domain.errors import CustomerErased
from chalicelib.domain.facts import CustomerFact
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import CustomerId, OrganizationId, StripeAccountId
from chalicelib.domain.preconditions import edit_tag_of

MAX_UNLINKED_EMAILS = 5
"""The number of former e-mail addresses that are stored of a customer without a link, the newest ones."""

MAX_FORMER = 20
"""The number of former Stripe customers that are stored of a customer, the newest ones."""


class SyncStatus(StrEnum):
    """Whether Stripe has this customer as POM has it, and if not, why."""

    PENDING = "pending"
    """POM has not given the customer's latest edition to Stripe yet."""
    SYNCED = "synced"
    """Stripe has the customer as POM has it."""
    NEEDS_CHOICE = "needs_choice"
    """Several Stripe customers have the e-mail address, and the office has to choose one."""
    FAILED = "failed"
    """Stripe did not accept the customer. `sync_error` has the reason."""
    NOT_CONNECTED = "not_connected"
    """The organization was not connected to Stripe at the last sync."""
    WAITING_FOR_INVOICE = "waiting_for_invoice"
    """The connected Stripe account does not have the customer until its next invoice."""
    DELETED_IN_STRIPE = "deleted_in_stripe"
    """A user deleted the Stripe customer in Stripe. It is linked or created again when it is next needed."""


STATUSES_OF_ONE_ACCOUNT = frozenset({SyncStatus.SYNCED, SyncStatus.NEEDS_CHOICE})
"""Statuses that are about the account of the link. On another account the customer waits for an invoice."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of an organization. `edition` counts POM's edits, `version` counts every stored change."""

    organization_id: OrganizationId
    id: CustomerId
    profile: Profile
    edition: int
    created_at: int
    updated_at: int
    sync_status: SyncStatus = SyncStatus.PENDING
    sync_error: str | None = None
    synced_at: int | None = None
    link: StripeLink | None = None
    chosen_stripe_customer_id: str | None = None
    stripe_as_of: int = 0
    key_generation: int = 0
    """Part of the idempotency key for creating the Stripe customer. It rises when the key must not be used again."""
    version: int = 0
    claim: StripeClaim | None = None
    """The claim as it is stored. The store replaces it when it saves a customer with another link."""
    search_spellings: bool = False
    """True until POM has searched Stripe for other spellings of the address, after it created the Stripe customer."""
    unlinked_emails: tuple[str, ...] = ()
    """Addresses that the customer had while it was not linked. A worker may have created a Stripe customer with one
    of them, if Stripe's response was lost or came too late.
    """
    candidates: tuple[str, ...] = ()
    """Stripe customers with the same address, including the linked one. The office has to choose one of them."""
    history: tuple[CustomerEntry, ...] = ()
    from_stripe: tuple[Field, ...] = ()
    """The fields whose present values came from Stripe. A request that leaves one out does not remove its value."""
    choice_refused: bool = False
    """True if Stripe has refused the chosen Stripe customer, so that the customer cannot be linked to it."""
    former_stripe_ids: tuple[str, ...] = ()
    """Stripe customers that users saw as this customer's before, the newest last. A stale form may name them."""
    offered_by: StripeAccountId | None = None
    """The account that has the candidates. None in a record that an earlier release stored."""
    last_choice: str | None = None
    """The Stripe customer that the office chose last. Unlike the choice itself, it stays after the link is made."""
    erasure: Erasure | None = None
    """Present as soon as a user asked POM to erase the person. It is never removed."""

    @property
    def erased(self) -> bool:
        """Returns True as soon as a user asked POM to erase the person. POM accepts no new data for it then."""
        return self.erasure is not None

    @property
    def edit_tag(self) -> str:
        """Returns the edit tag: it covers all that clients can write, which is the profile and the chosen Stripe
        customer.

        A value that POM took over from Stripe is part of the profile. A link that POM made automatically is not a
        choice.
        """
        return edit_tag_of({"profile": self.profile, "choice": self.last_choice})

    def linked_to(self, account_id: StripeAccountId) -> str | None:
        """Returns the id of the linked Stripe customer on that account, or None if there is no link."""
        return self.link.stripe_customer_id if self.link and self.link.account_id == account_id else None

    def in_step_with(self, account_id: StripeAccountId) -> bool:
        """Returns True if that account has the latest edition."""
        return bool(self.link and self.link.account_id == account_id and self.link.synced_edition == self.edition)

    def is_leaving(self, stripe_customer_id: str) -> bool:
        """Returns True if the office chose a Stripe customer other than this one, which is the present link."""
        return self.chosen_stripe_customer_id not in (None, stripe_customer_id)

    @property
    def waits_for(self) -> StripeAccountId | None:
        """Returns the account that still needs an edit which was made while it was not connected, or None."""
        if self.link is None or self.sync_status is not SyncStatus.NOT_CONNECTED:
            return None
        return None if self.in_step_with(self.link.account_id) else self.link.account_id

    def connected_again(self) -> Self:
        """Returns the customer as `pending`, because its account is connected again. Its edition stays."""
        return replace(self, sync_status=SyncStatus.PENDING)

    @property
    def account_of_status(self) -> StripeAccountId | None:
        """Returns the account that the status is about: the link's account, or the account that has the
        candidates.
        """
        return self.link.account_id if self.link else self.offered_by

    def on_account(self, account_id: StripeAccountId | None) -> Self:
        """Returns the customer as users see it while this account is connected.

        A link to another account, and candidates on it, are left out. The next invoice or save brings the customer to
        the connected account.
        """
        if account_id is None or self.account_of_status in (None, account_id):
            return self
        elsewhere = self.sync_status in STATUSES_OF_ONE_ACCOUNT
        return replace(
            self,
            link=None,
            candidates=(),
            synced_at=None,
            sync_status=SyncStatus.WAITING_FOR_INVOICE if elsewhere else self.sync_status,
            sync_error=None if elsewhere else self.sync_error,
        )

    @property
    def claim_of_link(self) -> StripeClaim | None:
        """Returns the claim that belongs to the link, or None if there is none."""
        link = self.link
        return StripeClaim(link.account_id, link.stripe_customer_id) if link and link.claims else None

    @property
    def last_in_step(self) -> Mapping[Field, InStep]:
        """Returns the values that each field had in POM and in Stripe when both were last in step.

        In a record that was stored before POM kept these values, Stripe is assumed to have POM's profile, unless an
        edit is pending.
        """
        if self.link is None:
            return {}
        if self.link.in_step is not None:
            return self.link.in_step
        return in_step_as_sent(self.profile) if self.link.synced_edition == self.edition else {}

    @property
    def displayed_stripe_id(self) -> str | None:
        """Returns the chosen Stripe customer until the customer is linked to it, and the linked one after that."""
        return self.chosen_stripe_customer_id or self.linked_id

    @property
    def linked_id(self) -> str | None:
        """Returns the id of the linked Stripe customer, on any account."""
        return self.link.stripe_customer_id if self.link else None

    def target_on(self, account_id: StripeAccountId) -> str | None:
        """Returns the Stripe customer to link to, or to stay linked to. A refused choice does not replace a link."""
        linked_id = self.linked_to(account_id)
        return linked_id if linked_id and self.choice_refused else self.chosen_stripe_customer_id or linked_id

    def edited(self, profile: Profile, chosen: str | None, now: int) -> Self:
        """Returns the customer in its next edition, as `pending`. A refused choice is dropped unless there is a new
        one.
        """
        before = None if self.choice_refused else self.chosen_stripe_customer_id
        # Choosing the present link is not a new choice, but it answers an offer of several candidates.
        confirms_link = bool(chosen) and chosen == self.linked_id
        next_choice = None if confirms_link else chosen or before
        former_choice = self.chosen_stripe_customer_id if self.chosen_stripe_customer_id != next_choice else None
        replaced_email = None if self.link or same_address(self.profile.email, profile.email) else self.profile.email
        changed_fields = profile.fields_unlike(self.profile)
        return replace(
            self,
            profile=profile,
            unlinked_emails=_with_newest(self.unlinked_emails, replaced_email, MAX_UNLINKED_EMAILS),
            from_stripe=tuple(field for field in self.from_stripe if field not in changed_fields),
            link=replace(self.link, in_step=self.last_in_step) if self.link else None,
            chosen_stripe_customer_id=next_choice,
            last_choice=chosen or (None if self.choice_refused else self.last_choice),
            choice_refused=False,
            former_stripe_ids=_with_newest(self.former_stripe_ids, former_choice, MAX_FORMER),
            edition=self.edition + 1,
            updated_at=now,
            sync_status=SyncStatus.PENDING,
            sync_error=None,
            candidates=() if confirms_link else self.candidates,
        )

    def linking(self, account_id: StripeAccountId, stripe_customer_id: str) -> Self:
        """Returns the customer with a link to and a claim on this Stripe customer.

        A new link has no fields in step yet, because they were in step with another Stripe customer.
        """
        chosen = self.chosen_stripe_customer_id
        next_choice = None if chosen == stripe_customer_id else chosen
        if self.linked_to(account_id) == stripe_customer_id and self.link is not None:
            link = replace(self.link, in_step=self.last_in_step, claims=True)
            return replace(self, link=link, chosen_stripe_customer_id=next_choice)
        return replace(
            self,
            chosen_stripe_customer_id=next_choice,
            link=StripeLink(account_id, stripe_customer_id, 0, in_step={}, claims=True),
            sync_status=SyncStatus.PENDING,
            sync_error=None,
            stripe_as_of=0,
            search_spellings=False,
            unlinked_emails=(),
            candidates=(),
            choice_refused=False,
            former_stripe_ids=_with_newest(self.former_stripe_ids, self.linked_id, MAX_FORMER),
        )

    def synced(
        self,
        account_id: StripeAccountId,
        fact: CustomerFact,
        edition: int,
        now: int,
        in_step: Mapping[Field, InStep] | None = None,
    ) -> Self:
        """Returns the customer after Stripe received `edition`. It is `pending` if there is a newer edition by
        now.
        """
        current = edition == self.edition
        status, error = SyncStatus.SYNCED, None
        if self.choice_refused:
            status, error = SyncStatus.FAILED, self.sync_error
        elif self.candidates:
            status, error = SyncStatus.NEEDS_CHOICE, choice_text(self.candidates)
        return replace(
            self,
            link=StripeLink(account_id, fact.id, edition, in_step, claims=True),
            sync_status=status if current else SyncStatus.PENDING,
            sync_error=error if current else None,
            synced_at=now,
            stripe_as_of=max(self.stripe_as_of, fact.as_of),
        )

    def with_stripe_values(self, merge: FieldMerge, source: Source, now: int) -> Self:
        """Returns the customer with the values that POM took over from Stripe, and with history entries about
        them.
        """
        profile_changed = merge.profile != self.profile
        from_stripe_before = tuple(field for field in self.from_stripe if field not in merge.taken_over)
        updated = replace(
            self,
            profile=merge.profile,
            from_stripe=(*from_stripe_before, *merge.taken_over),
            edition=self.edition + 1 if profile_changed else self.edition,
            updated_at=now if profile_changed else self.updated_at,
        )
        if merge.taken_over:
            updated = updated.telling(CustomerEvent.TAKEN_OVER, source, now, merge.taken_over)
        if merge.not_taken_over:
            updated = updated.telling(CustomerEvent.NOT_TAKEN_OVER, source, now, merge.not_taken_over)
        return updated

    def telling(
        self,
        kind: CustomerEvent,
        source: Source,
        now: int,
        fields: tuple[Field, ...] = (),
        stripe_id: str | None = None,
    ) -> Self:
        """Returns the customer with one more history entry. Only the newest `MAX_HISTORY` are stored."""
        entry = CustomerEntry(now, kind, source, fields, stripe_id)
        return replace(self, history=(*self.history, entry)[-MAX_HISTORY:])

    def needing_choice(self, choice: ChoiceNeeded) -> Self:
        """Returns the customer as `needs_choice`: the office has to choose one of several Stripe customers."""
        return replace(
            self.not_synced(SyncStatus.NEEDS_CHOICE, choice_text(choice.candidates)),
            candidates=choice.candidates,
            offered_by=choice.account_id,
        )

    def with_refused_choice(self, reason: str) -> Self:
        """Returns the customer as failed, because it cannot be linked to the chosen Stripe customer.

        The present link and the candidates stay.
        """
        return replace(self, sync_status=SyncStatus.FAILED, sync_error=reason, choice_refused=True)

    def not_synced(self, status: SyncStatus, error: str | None) -> Self:
        """Returns the customer with this status and the reason why Stripe does not have it as POM has it."""
        return replace(
            self, sync_status=status, sync_error=error, candidates=self.candidates if self.link is not None else ()
        )

    def with_candidates(self, candidates: tuple[str, ...], now: int) -> Self:
        """Returns the customer after the search for other spellings of its address.

        If there are candidates, the office has to choose one. The link stays until it does.
        """
        account_id = self.link.account_id if self.link else None
        after_search = replace(self, search_spellings=False, candidates=candidates, offered_by=account_id)
        if not candidates:
            return after_search
        with_offer = after_search.telling(CustomerEvent.CHOICE_OFFERED, Source.SWEEP, now, (Field.EMAIL,))
        if self.sync_status is not SyncStatus.SYNCED:
            return with_offer
        return with_offer.not_synced(SyncStatus.NEEDS_CHOICE, choice_text(candidates))

    def unlinked(self) -> Self:
        """Returns the customer without a link. The next sync or invoice links it again.

        It becomes `deleted_in_stripe`, unless a sync is pending or the office chose another Stripe customer.
        """
        leaves_link = self.link is not None and self.is_leaving(self.link.stripe_customer_id)
        keeps_status = leaves_link or self.sync_status is SyncStatus.PENDING
        return replace(
            self,
            link=None,
            chosen_stripe_customer_id=self.chosen_stripe_customer_id if leaves_link else None,
            choice_refused=self.choice_refused and leaves_link,
            former_stripe_ids=_with_newest(self.former_stripe_ids, self.linked_id, MAX_FORMER),
            key_generation=self.key_generation + 1,
            sync_status=self.sync_status if keeps_status else SyncStatus.DELETED_IN_STRIPE,
            sync_error=self.sync_error if keeps_status else None,
            search_spellings=False,
            candidates=(),
        )

    def with_fresh_key(self) -> Self:
        """Returns the customer with a new idempotency key, because Stripe would repeat its failure for the former
        one.
        """
        return replace(self, key_generation=self.key_generation + 1)


def require_not_erased(customer: Customer) -> None:
    """Refuses a customer that is erased or is about to be.

    Raises:
        CustomerErased: somebody asked POM to erase the person.
    """
    if customer.erased:
        raise CustomerErased(
            "customer_erased",
            "This customer has been erased.",
            field="customerId",
            next_step="Save the person as a new customer with another id.",
        )


def _with_newest(values: tuple[str, ...], newest: str | None, at_most: int) -> tuple[str, ...]:
    """Returns the values with `newest` at the end, each value once. Keeps only the last `at_most` values."""
    return values if newest is None else (*(each for each in values if each != newest), newest)[-at_most:]
