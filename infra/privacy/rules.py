"""The classification: rules by type and by name, and an entry for each field without a rule.

A new field without a rule fails a test. Add it to `ENTRIES`, with the effect of an erasure. Add a new record class to
`SUBJECTS`. A rule covers a text only if the field's name says that the text is an id or one of a few words, because
any other text may contain personal data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from infra.privacy.classes import Classification, DataSubject, ErasureEffect, Kind
from infra.privacy.places import BUS, ENUM_MEMBER, LOGS, Place

CUSTOMER, STAFF, COMPANY, NOBODY = DataSubject
KEPT, REMOVED, EMPTIED = ErasureEffect.KEPT, ErasureEffect.REMOVED, ErasureEffect.EMPTIED

BOOKS: Final = "the company's books"
OPAQUE: Final = "means nothing without the records that it names"
WHO_DID_IT: Final = "who did what, as the opaque id of a user of POM's"
NOT_THEIRS: Final = "no data of a customer"
NAMES_NOBODY: Final = "identifies no person"

SUBJECTS: Final[Mapping[str, DataSubject]] = {
    written.replace("_", " "): whose
    for whose, records in {
        CUSTOMER: (
            "Action Address AddressView AttemptFact BalanceJob BalanceTransaction BatchItem Bucket ChargeFact "
            "CreditNoteFact Customer CustomerChange CustomerEntry CustomerSync CustomerView Deduction "
            "DeductionView DisputeFact DraftDetails DraftEdit DraftTags Erasure ErasureJob FailureView FeePart "
            "InStep IntendedAct Invoice InvoiceChange InvoiceFact InvoiceJob InvoicePaymentFact InvoiceView "
            "ItemError LineItem LineItemView Movement Order OutsidePayment Owner PaymentFailure "
            "PaymentIntentFact Profile RefundFact RefundOrder Refusal Saga Service Settlement Snapshots "
            "StripeClaim StripeLink Tally UnknownInvoice ErasureBlocker claims_row customers_row events_row "
            "invoices_row payment-refs_row payments_row"
        ),
        COMPANY: (
            "AccountFact Act Authorization BankView Batch BatchJob BillingTerms Connection ConnectionChange "
            "ConnectionView Freeze InvoicingPause InvoicingSettings Itemization Part Payout PayoutChange PayoutFact "
            "PayoutTotals PayoutView Reconciliation Reminders Requirement RequirementView Sending SettingsChange "
            "Subject Sweep SyncReport SyncReportView Totals Trial TrialReport UnknownInvoices batches_row "
            "changes_row connections_row oauth-states_row payouts_row summaries_row"
        ),
        NOBODY: "Attempt Canary CanaryRun Pace WebhookCheck WebhookHealth access_line log_line metric",
    }.items()
    for written in records.split()
}
"""The data subject of each record class. A blank is written as `_`."""

ENTRIES: Final[Mapping[Classification, str]] = {
    # Names and addresses
    Classification(CUSTOMER, Kind.NAME, REMOVED): (
        "Profile.first_name Profile.last_name Profile.company_name customers_row.name_key "
        "CustomerView.first_name CustomerView.last_name CustomerView.company_name InvoiceView.customer_name"
    ),
    Classification(CUSTOMER, Kind.CONTACT, REMOVED): (
        "Profile.email Profile.phone Customer.unlinked_emails InStep.pom InStep.stripe "
        "InvoiceFact.customer_email customers_row.email_key CustomerView.email CustomerView.phone "
        "InvoiceView.customer_email"
    ),
    Classification(CUSTOMER, Kind.ADDRESS, REMOVED): (
        "Address.street Address.street2 Address.city Address.state Address.zip_code Address.country "
        "AddressView.street AddressView.street2 AddressView.city AddressView.state AddressView.zip_code "
        "AddressView.country"
    ),
    # Texts of people or of Stripe
    Classification(CUSTOMER, Kind.TEXT, EMPTIED): (
        "LineItem.description Deduction.description Refusal.message ItemError.message "
        "LineItemView.description DeductionView.description"
    ),
    Classification(CUSTOMER, Kind.TEXT, REMOVED): (
        "Service.description Customer.sync_error Order.memo Order.footer DraftDetails.description "
        "DraftDetails.footer DraftDetails.custom_fields Refusal.next_step Refusal.field ItemError.next_step "
        "OutsidePayment.reference Movement.reason Action.reason IntendedAct.reason "
        "BalanceTransaction.description InvoiceView.memo CustomerView.sync_error FailureView.message "
        "FailureView.next_step"
    ),
    Classification(CUSTOMER, Kind.EVENT, ErasureEffect.SHORTENED): "events_row.document events_row.packed",
    # Means of payment
    Classification(CUSTOMER, Kind.PAYMENT, REMOVED): (
        "ChargeFact.brand ChargeFact.last4 ChargeFact.expires Movement.brand Movement.last4"
    ),
    Classification(CUSTOMER, Kind.LINK, REMOVED): (
        "InvoiceFact.hosted_url InvoiceFact.pdf_url ChargeFact.receipt_url InvoiceView.payment_url "
        "InvoiceView.pdf_url"
    ),
    Classification(CUSTOMER, Kind.DIGEST, REMOVED): "Order.fingerprint DraftTags.order DraftTags.in_stripe",
    # Fields without meaning of their own, which are removed with their record
    Classification(CUSTOMER, Kind.ID, REMOVED): (
        "Customer.candidates Customer.chosen_stripe_customer_id Customer.last_choice Customer.offered_by "
        "BatchItem.chosen_stripe_customer_id Service.service_id customers_row.emailless_of "
        "customers_row.status_key"
    ),
    Classification(CUSTOMER, Kind.STATE, REMOVED): (
        "Customer.from_stripe Customer.choice_refused Customer.search_spellings StripeLink.in_step "
        "DraftDetails.payment_method_types BatchItem.left_out Service.quantity Service.position "
        "Service.taxable"
    ),
    Classification(CUSTOMER, Kind.MONEY, REMOVED): "Service.unit_price",
    Classification(CUSTOMER, Kind.TIME, REMOVED): "Service.service_date BatchItem.loaded_before",
    # Data of the company
    Classification(COMPANY, Kind.NAME, KEPT, NOT_THEIRS): "AccountFact.business_name ConnectionView.business_name",
    Classification(COMPANY, Kind.CONTACT, KEPT, NOT_THEIRS): "AccountFact.support_email AccountFact.support_phone",
    Classification(COMPANY, Kind.PAYMENT, KEPT, NOT_THEIRS): (
        "PayoutFact.destination PayoutFact.last4 BankView.name BankView.last4"
    ),
    Classification(COMPANY, Kind.TEXT, KEPT, NOT_THEIRS): (
        "InvoicingSettings.memo InvoicingSettings.footer BillingTerms.memo BillingTerms.footer "
        "PayoutFact.failure_message PayoutFact.statement_descriptor Requirement.message "
        "Requirement.next_step Freeze.reason Connection.disconnect_reason Authorization.error "
        "PayoutView.message PayoutView.next_step PayoutView.statement_descriptor RequirementView.message "
        "InvoicingPause.reason"
    ),
    Classification(
        STAFF, Kind.NAME, KEPT, "an operator's name, which organizations never see"
    ): "Freeze.by Act.operator",
    Classification(STAFF, Kind.ID, KEPT, WHO_DID_IT): "Action.actor",
    Classification(STAFF, Kind.ID, KEPT, "who did what, as a digest of the user's id"): "log_line.user",
    Classification(STAFF, Kind.STATE, KEPT, "from where, as a network of at least 256 addresses"): "log_line.network",
    Classification(COMPANY, Kind.DIGEST, KEPT, NOT_THEIRS): (
        "Authorization.proof_hash Authorization.state_hash oauth-states_row.state_hash Batch.fingerprint"
    ),
    Classification(NOBODY, Kind.DIGEST, KEPT, "of a webhook secret"): "Attempt.fingerprint Canary.fingerprint",
    Classification(NOBODY, Kind.TEXT, KEPT, "a sentence of POM's, or Stripe's name of a fee"): (
        "FeePart.description UnknownInvoice.said TrialReport.message TrialReport.next_step "
        "WebhookCheck.problem WebhookHealth.problem"
    ),
    # Ids whose names do not say so
    Classification(CUSTOMER, Kind.ID, KEPT, OPAQUE): (
        "Customer.former_stripe_ids CustomerView.candidates Erasure.reached InvoiceFact.drafted_for "
        "InvoiceFact.number InvoiceFact.drafted_lines InvoiceView.number InvoiceView.dashboard_url "
        "InvoiceView.replaced_numbers ItemError.number Movement.number Movement.other_charges Owner.number "
        "RefundOrder.nonce Saga.nonce Snapshots.attempts Snapshots.charges Snapshots.credit_notes "
        "Snapshots.disputes Snapshots.mails Snapshots.payment_intents Snapshots.payments Snapshots.refunds "
        "Snapshots.revisions claims_row.claim claims_row.holder claims_row.owner customers_row.stripe_key "
        "events_row.arrival_key events_row.invoice_key events_row.parked_key invoices_row.attention_key "
        "invoices_row.attention_kind_key invoices_row.created_key invoices_row.customer_key "
        "invoices_row.disputed_key invoices_row.due_key invoices_row.group_key invoices_row.number_key "
        "invoices_row.overdue_key invoices_row.status_key invoices_row.updated_key payments_row.time_key"
    ),
    Classification(COMPANY, Kind.ID, KEPT, NOT_THEIRS): (
        "Itemization.pays_again Payout.listed_until Payout.returned_in PayoutView.paid_again_in "
        "PayoutView.pays_again Sending.order Trial.run connections_row.run batches_row.created_key "
        "batches_row.place changes_row.place payouts_row.arrival_key payouts_row.payout_key "
        "payouts_row.place summaries_row.place"
    ),
    # Words and numbers whose names do not say so
    Classification(CUSTOMER, Kind.STATE, KEPT, BOOKS): (
        "Bucket.of ChargeFact.seen DisputeFact.seen InvoiceFact.seen PaymentIntentFact.seen RefundFact.seen "
        "CreditNoteFact.reason DisputeFact.reason RefundFact.reason RefundFact.failure_reason "
        "RefundOrder.reason RefundOrder.refused Erasure.not_deleted_because Erasure.erased_in_pass "
        "events_row.error"
    ),
    Classification(COMPANY, Kind.STATE, KEPT, NOT_THEIRS): (
        "AccountFact.country Act.reason Act.fields SettingsChange.fields AccountFact.payment_capabilities "
        "Batch.counts batches_row.created batches_row.updated changes_row.types"
    ),
    Classification(NOBODY, Kind.STATE, KEPT, NAMES_NOBODY): (
        "log_line.in_stripe log_line.billed_twice log_line.copied log_line.differences log_line.error "
        "log_line.fees_before log_line.found log_line.given_up log_line.latency_ms log_line.level "
        "log_line.location log_line.message log_line.missed log_line.not_tied_out log_line.problem "
        "log_line.queued log_line.reasons log_line.repaired log_line.repeats log_line.route log_line.service "
        "log_line.task log_line.published log_line.too_long log_line.unheard log_line.unpublished log_line.timestamp "
        "log_line.verdict log_line.worker metric.route metric.service access_line.requestId "
        "access_line.method access_line.route access_line.latencyMs access_line.integrationLatencyMs "
        "access_line.integrationStatus access_line.authorizerError access_line.error access_line.bytes"
    ),
}
"""The fields of each class. A blank in a record's name is written as `_`."""

BY_NAME: Final[Mapping[str, Classification]] = {
    f"{record.replace('_', ' ')}.{field}": each
    for each, names in ENTRIES.items()
    for record, field in (name.split(".") for name in names.split())
}

_OWN_TYPES: Final[Mapping[str, tuple[DataSubject, str]]] = {
    "UserId": (STAFF, WHO_DID_IT),
    "OrganizationId": (COMPANY, NOT_THEIRS),
    "StripeAccountId": (COMPANY, NOT_THEIRS),
    "CustomerId": (CUSTOMER, OPAQUE),
    "InvoiceId": (CUSTOMER, OPAQUE),
    "ServiceId": (CUSTOMER, OPAQUE),
    "BatchId": (COMPANY, NOT_THEIRS),
}
"""The types of ids, with the data subject and the reason for retaining them."""

_TIMES: Final = re.compile(
    r"at|created|(.*_)?as_of|epoch|arrival_date|not_before|since|.*_(at|until|by|on|before|since|date)",
)
_SUMS: Final = re.compile(
    r"amount(_.*)?|.*_amount|fees?|net|total(_difference)?|subtotal|tax|(.*_)?balance|unit_price|paid_outside|"
    r"payments|refunds|disputes|other|outside_pom|unexplained"
)
_COUNTS: Final = re.compile(
    r"attempts|corrected|count|.*_count|cursor|days_.*|(.*_)?edition|events_seen|failed|(key_)?generation|good|"
    r"held_back|invoices|lag_seconds|lanes?|left|lines|made_in|milliseconds|never_made|number|parked|payment_window|"
    r"payouts|position|quantity|rate|recovered|refusals_told|repeated|round|sent|turn|unchanged|version"
)
_IDS: Final = re.compile(r"id|.*_id")
_WORDS: Final = re.compile(
    r"active|category|code|(.*_)?currency|exchange_rate|failure_code|field|invoice_type|kind|(failed_)?method|outcome|"
    r"payment_method(s|_types)|payment_terms|(previous_|reconciliation_)?status|source(_type)?|time_zone|type|work"
)
_NUMBERS: Final = frozenset({"int", "Decimal", "date"})
_WHY: Final[Mapping[DataSubject, str]] = {COMPANY: NOT_THEIRS, NOBODY: NAMES_NOBODY, CUSTOMER: BOOKS}


def class_of(place: Place) -> Classification | None:
    """Returns the class of a field; None if no entry and no rule covers it."""
    classification = _class_of(place)
    return (
        classification._replace(effect=ErasureEffect.NOT_HELD, why="")
        if classification is not None and place.stores == {BUS}
        else classification
    )


def _class_of(place: Place) -> Classification | None:
    if place.record not in SUBJECTS or place.name in BY_NAME:
        return BY_NAME.get(place.name) if place.record in SUBJECTS else None
    if len(place.scalars) == 1 and (id_type := _OWN_TYPES.get(next(iter(place.scalars)))) is not None:
        return Classification(id_type[0], Kind.ID, KEPT, id_type[1])
    kind, subject = next(_kinds(place), None), SUBJECTS[place.record]
    if kind is None:
        return None
    return Classification(subject, kind, KEPT, OPAQUE if kind is Kind.ID and subject is CUSTOMER else _WHY[subject])


def _kinds(place: Place) -> Iterator[Kind]:
    """Yields the kinds by which rules classify a field. On the bus and in logs, times and sums are texts."""
    if place.scalars <= {"bool", ENUM_MEMBER}:
        yield Kind.STATE
    if place.scalars <= _NUMBERS or not place.stores.isdisjoint({BUS, LOGS}):
        for form, kind in ((_TIMES, Kind.TIME), (_SUMS, Kind.MONEY), (_COUNTS, Kind.STATE)):
            if form.fullmatch(place.field):
                yield kind
    if place.scalars == {"str"}:
        for form, kind in ((_IDS, Kind.ID), (_WORDS, Kind.STATE)):
            if form.fullmatch(place.field):
                yield kind
