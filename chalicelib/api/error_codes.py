"""Every error code the API can answer, with its status and its meaning: the one list, and part of the contract.

`forbidden`, `not_found`, `too_many_requests` and `unavailable` are API Gateway's own answers, set up in
`infra.template.gateway_responses`.

Codes never change their meaning. A new code in the source needs a line here (a test compares them).
"""

from __future__ import annotations

from collections.abc import Mapping

ERROR_CODES: Mapping[int, Mapping[str, str]] = {
    400: {
        "malformed_json": "The body is not JSON.",
        "malformed_request": "The request cannot be understood at all.",
        "invalid_body": "The body does not have the shape of the contract; `field` says where.",
        "invalid_query": "A query parameter is unknown, repeated or of the wrong type; `field` names it.",
        "invalid_id": "An id in the path cannot be one.",
        "invalid_idempotency_key": "The `Idempotency-Key` is not 1 to 255 printable ASCII characters.",
        "invalid_signature": "A webhook was not signed by Stripe for this endpoint, or too long ago.",
        "state_missing": "The callback came without a state.",
    },
    401: {"unauthorized": "The access token is missing, has expired or is not valid."},
    403: {
        "forbidden": "The gateway does not let the request through.",
        "role_missing": "The caller lacks the role this takes.",
        "state_foreign": "Somebody else, or another organization, began this connection.",
    },
    404: {
        "customer_not_found": "The organization has no customer of this id.",
        "invoice_not_found": "The organization has no invoice of this id.",
        "not_found": "There is nothing at this path, or it does not take this method.",
    },
    405: {"method_not_allowed": "The path does not take this method."},
    409: {
        "account_bound_elsewhere": "The Stripe account belongs to another organization.",
        "concurrent_change": "Somebody else changed the same thing at the same moment.",
        "idempotency_key_reused": "The `Idempotency-Key` was used with another body.",
        "invoice_creating": "The invoice is still being made in Stripe.",
        "invoice_not_sendable": "The invoice is past the point where it can be sent.",
        "invoice_not_voidable": "The invoice cannot be voided in its present status.",
        "invoice_of_other_account": "The invoice was made on a Stripe account that is no longer connected.",
        "service_already_billed": "A service is on another live invoice; the message names it.",
        "state_not_returned": "Stripe has not sent the browser back yet.",
        "state_used": "The state was used before.",
        "stripe_account_unreachable": "The connection was revoked in Stripe.",
        "stripe_not_connected": "The organization is not connected to Stripe.",
    },
    413: {"payload_too_large": "The body is larger than 256 KiB."},
    415: {"unsupported_media_type": "The body is not `application/json` in UTF-8."},
    422: {
        "amount_invalid": "An amount is not a number.",
        "amount_negative": "An amount is below zero.",
        "amount_too_large": "An amount or the total is larger than Stripe takes.",
        "amount_too_precise": "An amount has more decimals than its currency.",
        "currency_mixed": "A line is in another currency than the invoice.",
        "currency_unsupported": "Stripe does not take this currency.",
        "cursor_invalid": "The cursor does not belong to this list.",
        "customer_email_missing": "The customer has no e-mail address.",
        "customer_needs_choice": "Several Stripe customers have this e-mail address; one has to be chosen.",
        "draft_deleted": "The draft was deleted in Stripe while the invoice was being made.",
        "due_date_and_terms": "Both a due date and payment terms were given.",
        "due_date_in_past": "The due date has passed.",
        "due_date_too_far": "The due date is more than five years away.",
        "email_invalid": "This cannot be an e-mail address.",
        "invoice_refused": "The invoice could not be made and was taken back.",
        "invoice_type_unknown": "The invoice type is not known.",
        "lines_missing": "The invoice has no line.",
        "lines_too_many": "The invoice has more than 250 lines, tax included.",
        "oauth_code_invalid": "Stripe did not accept the authorization code.",
        "oauth_denied": "Access was denied in Stripe.",
        "oauth_failed": "Stripe did not complete the authorization.",
        "payment_method_unknown": "The payment method cannot be offered on an invoice.",
        "payment_terms_unknown": "The payment terms are not known.",
        "payment_window_invalid": "The payment window is not 1 to 365 days.",
        "quantity_invalid": "A quantity is not above 0 and at most 100000.",
        "quantity_too_precise": "A quantity has more than 4 decimals.",
        "record_too_large": "The record has grown larger than can be stored.",
        "reminder_days_invalid": "There are too many reminder days, or one is not 1 to 365.",
        "service_repeated": "A service is on the invoice twice.",
        "state_expired": "The authorization took longer than ten minutes.",
        "state_unknown": "The state was never given out.",
        "stripe_account_not_ready": "Stripe does not let the account take payments yet.",
        "stripe_customer_unknown": "Stripe has no customer of the id that was chosen.",
        "stripe_refused": "Stripe refused the request; the message says why.",
        "stripe_resource_missing": "Stripe no longer has the object.",
        "time_zone_unknown": "The time zone is not known.",
        "total_differs": "Stripe computed another total than POM; nothing was sent.",
    },
    429: {"too_many_requests": "There are more requests at the moment than this service takes."},
    500: {"internal_error": "Our fault, and it has been noted."},
    502: {
        "stripe_answer_unreadable": "Stripe's answer was not understood.",
        "stripe_failed": "Stripe failed to process the request.",
        "stripe_key_reused": "Stripe saw the same request otherwise; it is looked into by itself.",
    },
    503: {
        "database_unavailable": "The database does not answer at the moment.",
        "queue_unavailable": "The work could not be queued at the moment.",
        "secrets_unavailable": "Our credentials cannot be read at the moment.",
        "stripe_busy": "Stripe is throttling requests.",
        "stripe_key_rejected": "Stripe rejects our credentials at the moment.",
        "stripe_unreachable": "Stripe did not answer in time.",
        "unavailable": "This took longer than a request may.",
    },
}
