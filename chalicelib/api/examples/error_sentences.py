"""The message, the next step and the field of errors, by code. Values in the messages are examples."""

from __future__ import annotations

from collections.abc import Mapping

_WAIT = "Nothing is lost. Wait a moment; repeating the request is safe."
_START_AGAIN = "Start again with Install or Reconnect under Settings, Apps, Stripe."

SENTENCES: Mapping[str, tuple[str, str, str | None]] = {
    "batch_cancelled": (
        "This batch was cancelled.",
        "Bill what is left in a new batch; what is billed already stays billed once.",
        None,
    ),
    "batch_not_found": (
        "There is no batch with this id.",
        "Use the id from the response that created the batch.",
        "batchId",
    ),
    "concurrent_change": (
        "The connection was changed by someone else at the same moment.",
        "Load it again and repeat the request.",
        None,
    ),
    "currency_unsupported": (
        "Stripe does not take the currency XXX.",
        "Use a three-letter ISO 4217 code such as usd.",
        "currency",
    ),
    "cursor_expired": (
        "Changes behind this cursor may have been deleted already.",
        "Request a new cursor with `after=now`, load the lists again, and continue from the new cursor.",
        "after",
    ),
    "cursor_invalid": (
        "This cursor does not belong to this list.",
        "Begin again without `after`, and use the same filters on every page.",
        "after",
    ),
    "customer_email_missing": (
        "This customer has no e-mail address, so Stripe cannot send an invoice.",
        "Add an e-mail address to the customer.",
        "customerId",
    ),
    "customer_erased": (
        "This customer has been erased.",
        "Save the person as a new customer with another id.",
        "customerId",
    ),
    "customer_not_found": (
        "There is no customer with this id.",
        "Look the customer up in the list of customers, or save it with PUT /v1/customers/{id}.",
        "customerId",
    ),
    "database_unavailable": (
        "The database does not respond at the moment.",
        "Wait a moment; repeating the request is safe.",
        None,
    ),
    "draft_deleted": ("The draft was deleted in Stripe.", "Bill its services in a new invoice.", None),
    "email_invalid": (
        "This is not a valid e-mail address.",
        "Correct the address; Stripe sends the invoice there.",
        "email",
    ),
    "erasure_choice_made": (
        "The erasure was requested before with inStripe=keep, which cannot be changed.",
        "Load the erasure to see it. A kept Stripe customer can be deleted in the Stripe dashboard.",
        "inStripe",
    ),
    "erasure_not_found": (
        "Nobody has asked to erase this customer.",
        "Ask for it with DELETE /v1/customers/{id}.",
        "customerId",
    ),
    "import_size_invalid": (
        "An import takes 1 to 5000 customers.",
        "Send at least one customer.",
        "customers",
    ),
    "invoice_creating": (
        "This invoice is still being made in Stripe.",
        "Wait a moment and load it again.",
        None,
    ),
    "invoice_not_draft": (
        "An invoice that is pending is no draft any more.",
        "Open its payment page or its PDF, which show it as the customer has it.",
        None,
    ),
    "invoice_not_editable": (
        "Only a draft can be changed, and this invoice is pending.",
        "Correct it: that voids it and makes a draft with its services.",
        None,
    ),
    "invoice_not_found": (
        "There is no invoice with this id.",
        "Choose the invoice from the list under Invoicing.",
        "invoiceId",
    ),
    "invoice_not_sendable": (
        "An invoice that is void cannot be sent.",
        "Bill its services again.",
        None,
    ),
    "invoice_not_voidable": (
        "25.00 USD of this invoice has been paid, so Stripe does not void it.",
        "Issue a credit note over the 50.00 USD that remains, in the Stripe dashboard. "
        "Then: Refund 25.00 USD in the Stripe dashboard. Its services stay billed in POM.",
        None,
    ),
    "oauth_code_invalid": (
        "Stripe did not accept the authorization code: it has expired or was used before.",
        "Start again with Install or Reconnect.",
        "code",
    ),
    "oauth_denied": ("The connection was not granted in Stripe.", _START_AGAIN, "state"),
    "payload_too_large": ("The body is larger than 256 KiB.", "Send less in one request.", None),
    "organization_erased": (
        "This organization was erased from POM's invoicing.",
        "It cannot be used again. Ask support to set up a new organization.",
        None,
    ),
    "payment_not_found": (
        "There is no payment with this id.",
        "Use the id of a payment as the invoice shows it. If the payment was made on a Stripe account that is no "
        "longer connected, refund it in that account's Stripe dashboard.",
        "paymentId",
    ),
    "payment_terms_unknown": (
        "These payment terms are not known.",
        "Use one of due_on_receipt, net_7, net_15, net_30, net_60, or days_N with N from 0 to 365.",
        "paymentTerms",
    ),
    "precondition_failed": (
        "Somebody has changed this since it was loaded. Nothing was saved.",
        "Compare your changes with `stored`, and repeat the request with this response's `ETag`.",
        "If-Match",
    ),
    "payout_not_found": (
        "There is no payout with this id.",
        "Choose the payout from the list of payouts.",
        "payoutId",
    ),
    "quantity_invalid": (
        "The quantity must be more than 0 and at most 100000.",
        "Correct the quantity, or leave the service out.",
        "lineItems[0].quantity",
    ),
    "queue_unavailable": (
        "The work could not be queued at the moment.",
        "Wait a moment; repeating the request is safe.",
        None,
    ),
    "record_too_large": (
        "This record has grown larger than can be stored.",
        "Continue in a new record; this one stays as it is.",
        None,
    ),
    "role_missing": (
        "This requires the role admin or billing.",
        "Ask an admin of your organization to do it, or to give you the role.",
        None,
    ),
    "secrets_unavailable": (
        "Stripe's credentials cannot be read at the moment.",
        "Wait a moment; repeating the request is safe.",
        None,
    ),
    "sent_today": ("The customer was sent this invoice today.", "Wait until tomorrow.", None),
    "state_foreign": (
        "Somebody else began this connection.",
        "The admin who clicked Install completes it; or start again yourself.",
        "state",
    ),
    "state_unknown": ("This state was not issued by POM.", _START_AGAIN, "state"),
    "state_used": ("This state was used before.", _START_AGAIN, "state"),
    "stripe_account_not_ready": (
        "Stripe does not let this account take payments: its business verification is not complete.",
        "Complete the business verification in the Stripe dashboard. Drafts can still be made.",
        None,
    ),
    "stripe_account_unreachable": (
        "The connection was revoked in Stripe.",
        "An admin can reconnect it under Settings, Apps, Stripe.",
        None,
    ),
    "stripe_answer_unreadable": ("Stripe's response was not understood.", _WAIT, None),
    "stripe_customer_taken": (
        "The Stripe customer cus_NffrFeUfNV2Hib belongs to another customer.",
        "Choose another Stripe customer, or leave stripeCustomerId out, so that POM finds or creates one.",
        "stripeCustomerId",
    ),
    "stripe_failed": ("Stripe failed to process the request.", _WAIT, None),
    "stripe_not_connected": (
        "This organization is not connected to Stripe.",
        "An admin can connect it under Settings, Apps, Stripe.",
        None,
    ),
    "stripe_refused": (
        "Stripe refused: no reason given",
        "Correct what Stripe names and repeat the request.",
        None,
    ),
    "stripe_unreachable": ("Stripe did not respond in time.", _WAIT, None),
    "time_zone_unknown": (
        "This time zone is not known.",
        "Use a name such as America/New_York.",
        "timeZone",
    ),
    "too_many_requests": (
        "The service receives too many requests at the moment.",
        "Wait a moment and repeat the request; repeating is safe with the same Idempotency-Key.",
        None,
    ),
    "unauthorized": (
        "The access token is missing, expired or not valid.",
        "Sign in to Pool Office Manager again and repeat the request with the new token.",
        None,
    ),
    "unavailable": (
        "The request took longer than a request may.",
        "Wait a moment; repeating the request is safe with the same Idempotency-Key.",
        None,
    ),
    "unsupported_media_type": (
        "The body must be JSON in UTF-8.",
        "Send it with Content-Type: application/json.",
        "Content-Type",
    ),
}
"""By code: the message, the next step and the field of an answer."""
